import pytest
from tiny_classifiers import LENGTH, make_bert, make_roberta
from transformers import AutoModel, AutoTokenizer, PretrainedConfig

from spacy_distill.hub import longest_input


@pytest.mark.parametrize("make", [make_bert, make_roberta])
def test_the_least_that_anything_allows(tmp_path, make):
    """Of RoBERTa's positions two are for other things than text."""
    folder = str(make(tmp_path, steps=0))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder)
    for told, expected in ((LENGTH, LENGTH), (10, 10), (int(1e30), LENGTH)):
        tokenizer.model_max_length = told
        assert longest_input(tokenizer, model, model.config) == expected
    # Without a table of positions any length would do; the usual one is taken.
    assert longest_input(tokenizer, model, PretrainedConfig()) == 512

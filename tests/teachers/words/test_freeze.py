import pytest
from small import make_nlp
from spacy.training import Example
from thinc.api import Adam
from tiny_teachers import make_bert_teacher

from spacy_distill.errors import DistillError
from spacy_distill.teachers.words.freeze import freeze_word_embeddings_v1


def test_word_embeddings_stay_and_the_rest_learns(tmp_path):
    nlp = freeze_word_embeddings_v1()(make_bert_teacher(tmp_path))
    bert = nlp.get_pipe("transformer").model.transformer
    words = bert.get_input_embeddings().weight
    inner = bert.encoder.layer[0].output.dense.weight
    before = words.detach().clone(), inner.detach().clone()
    doc = nlp.make_doc("Anna lives in Paris")
    example = Example.from_dict(doc, {"entities": [(0, 4, "PER")]})
    for _ in range(3):
        nlp.update([example], sgd=Adam(0.01))
    assert (words == before[0]).all()
    assert (inner != before[1]).any()


def test_no_such_component():
    with pytest.raises(DistillError, match="component 'transformer', got ner"):
        freeze_word_embeddings_v1()(make_nlp())


def test_no_transformer():
    with pytest.raises(DistillError, match="transformer in 'ner', got none"):
        freeze_word_embeddings_v1("ner")(make_nlp())
    nlp = make_nlp()
    nlp.add_pipe("sentencizer")
    with pytest.raises(DistillError, match="transformer in 'sentencizer', got none"):
        freeze_word_embeddings_v1("sentencizer")(nlp)

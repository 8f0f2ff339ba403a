"""Texts of a Ray data set."""

from functools import partial

import pytest
from executors_here import make_executor
from hash_teacher import HashTeacher

from spacy_distill.annotation.annotate import annotate
from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_folder

TEXTS = [f"Text {number} of Anna" for number in range(50)]


@pytest.mark.slow
def test_a_data_set_gives_the_bytes_of_a_list(tmp_path):
    data = pytest.importorskip("ray.data")
    pytest.importorskip("pandas")
    from spacy_distill.corpora.dataset_texts import DatasetTexts

    load = partial(HashTeacher)
    annotate(HashTeacher(), TEXTS, tmp_path / "list", shard_size=7, progress=False)
    with make_executor("ray", 2) as executor:
        rows = [{"text": text, "number": i} for i, text in enumerate(TEXTS)]
        texts = DatasetTexts(data.from_items(rows, override_num_blocks=5))
        out = tmp_path / "data"
        annotate(load, texts, out, shard_size=7, executor=executor, progress=False)
        with pytest.raises(DistillError, match="with the column 'body', got"):
            DatasetTexts(data.from_items(rows), column="body")
        with pytest.raises(DistillError, match="got 0 in row 1: filter"):
            DatasetTexts(data.from_items(rows), column="number")
    assert sha256_folder(tmp_path / "data") == sha256_folder(tmp_path / "list")

import pytest
import spacy
from small import SENTENCES, write_gold
from spacy.tokens import DocBin

from spacy_distill.docs import read_gold
from spacy_distill.errors import DistillError

NLP = spacy.blank("en")


def test_docs_with_their_entities(tmp_path):
    path = write_gold(tmp_path / "gold.spacy", NLP)
    docs = list(read_gold(path, NLP.vocab))
    assert [doc.text for doc in docs] == [text for text, _ in SENTENCES]
    for doc, (_, spans) in zip(docs, SENTENCES):
        assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == spans
        assert doc.vocab is NLP.vocab


def test_files_of_a_folder_in_order(tmp_path):
    for name in ("c", "a", "b"):
        DocBin(docs=[NLP.make_doc(name)]).to_disk(tmp_path / f"{name}.spacy")
    (tmp_path / "notes.txt").write_text("no gold", encoding="utf-8")
    assert [doc.text for doc in read_gold(tmp_path, NLP.vocab)] == ["a", "b", "c"]


def test_an_empty_file(tmp_path):
    DocBin().to_disk(tmp_path / "empty.spacy")
    with pytest.raises(DistillError, match="got no Docs"):
        list(read_gold(tmp_path / "empty.spacy", NLP.vocab))

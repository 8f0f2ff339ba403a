import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_distill.corpora.sources import read_gold_source, read_unlabelled_source
from spacy_distill.errors import DistillError

LABELS = ("PER", "LOC")


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


@pytest.fixture
def sources(tmp_path, nlp):
    """The same sentence in the three forms."""
    marked = tmp_path / "marked"
    marked.mkdir()
    (marked / "a.txt").write_text("# x/a\n[Ada](PER) left.\n", encoding="utf-8")
    (tmp_path / "columns").write_text("Ada I-PER\nleft O\n. O\n", encoding="utf-8")
    doc = Doc(nlp.vocab, words=["Ada", "left", "."], spaces=[True, False, False])
    doc.set_ents([doc.char_span(0, 3, label="PER")])
    DocBin(docs=[doc]).to_disk(tmp_path / "docs.spacy")
    return [marked, tmp_path / "columns", tmp_path / "docs.spacy"]


def test_all_forms_say_the_same(sources, nlp):
    for path in sources:
        (sentence,) = read_gold_source(path, nlp, labels=LABELS)
        assert [t.text for t in sentence.doc] == ["Ada", "left", "."]
        assert [(e.text, e.label_) for e in sentence.doc.ents] == [("Ada", "PER")]
        assert sentence.doc.vocab is nlp.vocab
    marked, columns, docs = (read_gold_source(path, nlp)[0] for path in sources)
    assert (marked.topic, marked.register) == ("x/a", "x")
    assert columns.topic is docs.topic is docs.register is None


def test_a_label_that_is_not_allowed_is_refused_in_all_forms(sources, nlp):
    for path in sources:
        with pytest.raises(DistillError, match="one of the labels LOC, got 'PER'"):
            read_gold_source(path, nlp, labels=["LOC"])


def test_unlabelled_text_loses_its_annotation(sources, nlp):
    for path in sources[1:]:
        (sentence,) = read_unlabelled_source(path, nlp)
        assert [t.text for t in sentence.doc] == ["Ada", "left", "."]
        assert not sentence.doc.has_annotation("ENT_IOB")
    with pytest.raises(DistillError, match=r"a\.txt:2: expected unlabelled text"):
        read_unlabelled_source(sources[0], nlp)


def test_unlabelled_text_may_be_jsonl(tmp_path, nlp):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "Ada left."}\n{"text": "Bo stayed."}\n', encoding="utf8")
    sentences = read_unlabelled_source(path, nlp)
    assert [s.doc.text for s in sentences] == ["Ada left.", "Bo stayed."]
    assert [s.document for s in sentences] == [0, 1]


def test_gold_needs_annotation(tmp_path, nlp):
    path = tmp_path / "docs.spacy"
    DocBin(docs=[nlp.make_doc("No entities known.")]).to_disk(path)
    with pytest.raises(DistillError, match="expected entity annotation .* in Doc 1"):
        read_gold_source(path, nlp)


def test_missing_and_broken_sources_are_refused(tmp_path, nlp):
    for read in (read_gold_source, read_unlabelled_source):
        with pytest.raises(DistillError, match="Expected a file or folder of .*nope"):
            read(tmp_path / "nope", nlp)
        (tmp_path / "bad.spacy").write_bytes(b"not a DocBin")
        with pytest.raises(DistillError, match=r"bad\.spacy"):
            read(tmp_path / "bad.spacy", nlp)

import pytest
import spacy
from low_resource.corpus import read_corpus
from small import write_gold
from spacy.tokens import Doc, DocBin, Span

from spacy_distill.errors import DistillError


@pytest.fixture
def files(tmp_path):
    nlp = spacy.blank("en")
    return {
        split: write_gold(tmp_path / f"{split}.spacy", nlp, repeat=repeat)
        for split, repeat in (("train", 3), ("dev", 1), ("test", 1))
    }


def write_docs(path, label):
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["Anna", "sleeps"])
    doc.set_ents([Span(doc, 0, 1, label)] if label else [])
    DocBin(docs=[doc]).to_disk(path)
    return path


def read(files, name="mine", **more):
    return read_corpus(name, lang="en", **{**files, **more})


def test_what_is_found(files):
    corpus = read(files)
    assert corpus.labels == ("LOC", "PER")
    assert corpus.sentences == 12
    described = corpus.describe()
    assert described["unlabelled"] == "rest of train"
    assert described["dev"] == described["test"] != described["train"]


def test_contents_count_not_paths(files, tmp_path):
    before = read(files).describe()
    moved = files["train"].rename(tmp_path / "moved.spacy")
    assert read({**files, "train": moved}).describe() == before
    assert read({**files, "train": moved}, unlabelled=moved).describe() != before


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_label_that_train_does_not_have(files, tmp_path, split):
    other = write_docs(tmp_path / "other.spacy", "ANIMAL")
    with pytest.raises(DistillError, match="ANIMAL"):
        read({**files, split: other})


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_faults_of_files(files, tmp_path, split):
    empty = write_docs(tmp_path / "empty.spacy", None)
    with pytest.raises(DistillError, match=r"entities or categories in .*empty\.spacy"):
        read({**files, split: empty})
    with pytest.raises(DistillError, match=r"none\.spacy"):
        read({**files, split: tmp_path / "none.spacy"})
    with pytest.raises(DistillError, match=f"--{split}.*spacy-distill corpus"):
        read({**files, split: tmp_path / "eng.train"})
    garbage = tmp_path / "garbage.spacy"
    garbage.write_bytes(b"garbage")
    with pytest.raises(DistillError, match=r"garbage\.spacy"):
        read({**files, split: garbage})


def test_unlabelled_text_that_is_not_there(files, tmp_path):
    with pytest.raises(DistillError, match=r"none\.jsonl"):
        read(files, unlabelled=tmp_path / "none.jsonl")


@pytest.mark.parametrize("name", ["", "a/b", "..", ".x", "a b"])
def test_names_that_are_no_file_names(files, name):
    with pytest.raises(DistillError, match="corpus name"):
        read(files, name=name)


def test_numbers_of_labels(files):
    corpus = read(files)
    corpus.check_labels([1, 11])
    for wrong in (0, -3, 12, 13):
        with pytest.raises(DistillError, match=f"1 to 11 labels.*got {wrong}"):
            corpus.check_labels([5, wrong])
    # All can be gold where other text is there for the teacher.
    read(files, unlabelled=files["train"]).check_labels([12])

import gc
import random
import weakref

import pytest
import spacy
from hash_teacher import HashTeacher, make_pieces
from spacy.tokens import Doc, DocBin
from tiny_teachers import write_jsonl

from spacy_distill.annotation.annotate import annotate
from spacy_distill.docs import COLUMNS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels import store
from spacy_distill.soft_labels.manifest import Manifest
from spacy_distill.soft_labels.store import SoftLabels

TEXTS = [f"Document number {i} ." for i in range(11)]


@pytest.fixture
def folder(tmp_path):
    texts = write_jsonl(tmp_path / "t.jsonl", TEXTS)
    out = tmp_path / "out"
    annotate(HashTeacher(), texts, out, shard_size=4, progress=False)
    return out


def test_read_gives_everything_in_order(folder):
    nlp = spacy.blank("en")
    labels = SoftLabels(folder)
    labels.check(nlp)
    docs = list(labels.read(nlp))
    assert [doc.text for doc in docs] == TEXTS
    assert all(doc.vocab is nlp.vocab for doc in docs)
    assert all(doc.user_data[COLUMNS] is labels.task.columns for doc in docs)
    teacher = HashTeacher()
    assert labels.task.name == teacher.task.name
    assert labels.task.columns == teacher.task.columns
    for doc in docs:
        (prediction,) = teacher.predict([doc])
        expected = prediction.logits.astype("float16")
        assert (doc.user_data[LOGITS] == expected).all()


def test_shuffled_read_is_repeatable_and_whole(folder):
    nlp, labels = spacy.blank("en"), SoftLabels(folder)
    rng = random.Random(3)
    first = [doc.text for doc in labels.read(nlp, rng)]
    second = [doc.text for doc in labels.read(nlp, rng)]
    again = [doc.text for doc in labels.read(nlp, random.Random(3))]
    assert first == again
    assert first != second
    assert sorted(first) == sorted(second) == sorted(TEXTS)
    # Shard by shard: the documents of one lie together.
    shards = [TEXTS.index(text) // 4 for text in first]
    assert sum(a != b for a, b in zip(shards, shards[1:])) == 2


def test_one_shard_in_memory(folder, monkeypatch):
    alive = weakref.WeakSet()
    most = 0
    read = store.read_shard

    class Shard(list):
        __hash__ = object.__hash__

    def counted(*args, **kwargs):
        nonlocal most
        gc.collect()
        most = max(most, len(alive))
        shard = Shard(read(*args, **kwargs))
        alive.add(shard)
        return shard

    monkeypatch.setattr(store, "read_shard", counted)
    assert sum(1 for _ in SoftLabels(folder).read(spacy.blank("en"))) == len(TEXTS)
    # When a shard is read, the one before it is gone.
    assert most == 0


def test_student_of_another_language(folder):
    with pytest.raises(DistillError, match="language 'en'.*got 'de'"):
        SoftLabels(folder).check(spacy.blank("de"))


def test_student_with_another_tokenizer(folder):
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    with pytest.raises(DistillError, match="tokenizer"):
        SoftLabels(folder).check(nlp)


def test_tokenizer_does_not_matter_to_own_tokens(tmp_path):
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["New York", "is", "big"])
    DocBin(docs=[doc]).to_disk(tmp_path / "t.spacy")
    annotate(HashTeacher(), tmp_path / "t.spacy", tmp_path / "out", progress=False)
    nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    labels = SoftLabels(tmp_path / "out")
    labels.check(nlp)
    assert labels.manifest.tokenizer_hash is None
    assert [t.text for t in next(labels.read(nlp))] == ["New York", "is", "big"]
    with pytest.raises(DistillError, match="language"):
        labels.check(spacy.blank("de"))


def test_nothing_there(tmp_path):
    with pytest.raises(DistillError, match="spacy-distill annotate"):
        SoftLabels(tmp_path / "nowhere")


def test_incomplete(folder):
    manifest = Manifest.read(folder)
    manifest.complete = False
    manifest.shards.clear()
    manifest.write(folder)
    with pytest.raises(DistillError, match="did not finish.*annotate` again"):
        SoftLabels(folder)


@pytest.mark.parametrize("damage", ["cut", "swap", "other teacher", "missing"])
def test_damaged_shard_is_found_on_reading(folder, tmp_path, damage):
    path = folder / "shard-00001.spacy"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "swap":
        path.write_bytes((folder / "shard-00000.spacy").read_bytes())
    elif damage == "other teacher":
        texts = write_jsonl(tmp_path / "t2.jsonl", TEXTS)
        other = tmp_path / "other"
        annotate(HashTeacher(seed=1), texts, other, shard_size=4, progress=False)
        path.write_bytes((other / path.name).read_bytes())
    else:
        path.unlink()
    read = SoftLabels(folder).read(spacy.blank("en"))
    # Up to the damage all is well; then there is an error, and nothing is left out.
    assert [next(read).text for _ in range(4)] == TEXTS[:4]
    with pytest.raises(DistillError, match=r"shard-00001\.spacy"):
        next(read)


def test_word_pieces(tmp_path, folder):
    assert SoftLabels(folder).word_pieces() is None
    texts = write_jsonl(tmp_path / "t2.jsonl", TEXTS)
    teacher = HashTeacher(pieces=make_pieces())
    annotate(teacher, texts, tmp_path / "with", progress=False)
    found = SoftLabels(tmp_path / "with").word_pieces()
    assert found is not None
    assert found.surfaces == make_pieces().surfaces
    path = tmp_path / "with" / store.WORD_PIECES
    path.write_bytes(path.read_bytes().replace(b"na", b"nu"))
    with pytest.raises(DistillError, match="word_pieces"):
        SoftLabels(tmp_path / "with").word_pieces()
    path.unlink()
    with pytest.raises(DistillError, match="word_pieces"):
        SoftLabels(tmp_path / "with").word_pieces()

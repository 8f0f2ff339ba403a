import zlib

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from spacy_distill.docs import COLUMNS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_bytes, sha256_file
from spacy_distill.soft_labels.shards import read_shard, shard_bytes
from spacy_distill.tasks.ner.task import NERTask

TASK = NERTask(["PER"])
NLP = spacy.blank("en")


def write_shard(path, docs):
    data = shard_bytes(docs)
    path.write_bytes(data)
    return sha256_bytes(data)


def make_doc(text="Anna  lives\nin Łódź.", seed=0):
    doc = NLP.make_doc(text)
    logits = np.random.default_rng(seed).normal(size=(len(doc), len(TASK.columns)))
    doc.user_data[LOGITS] = logits.astype(np.float16)
    return doc


def test_round_trip_of_words_spaces_and_logits(tmp_path):
    docs = [make_doc(seed=1), make_doc(""), make_doc("   "), make_doc("x" * 1000)]
    unknown = Doc(NLP.vocab, words=["no", "spaces"])
    unknown.user_data[LOGITS] = np.ones((2, len(TASK.columns)), dtype=np.float16)
    docs.append(unknown)
    checksum = write_shard(tmp_path / "s.spacy", docs)
    assert checksum == sha256_file(tmp_path / "s.spacy")
    vocab = spacy.blank("de").vocab
    found = read_shard(tmp_path / "s.spacy", vocab, TASK, sha256=checksum)
    assert len(found) == len(docs)
    for doc, other in zip(docs, found):
        assert other.vocab is vocab
        assert [t.text for t in other] == [t.text for t in doc]
        assert other.text == doc.text
        assert other.has_unknown_spaces == doc.has_unknown_spaces
        assert set(other.user_data) == {LOGITS, COLUMNS}
        assert other.user_data[LOGITS].dtype == np.float16
        np.testing.assert_array_equal(other.user_data[LOGITS], doc.user_data[LOGITS])
        assert other.user_data[COLUMNS] is TASK.columns


def test_nothing_but_logits_is_stored(tmp_path):
    doc = make_doc()
    doc.ents = [Span(doc, 0, 1, label="PER")]
    doc.spans["ner"] = [Span(doc, 0, 2, label="PER")]
    doc.cats["x"] = 1.0
    doc.user_data["other"] = "thing"
    doc.user_data[COLUMNS] = TASK.columns
    write_shard(tmp_path / "marked", [doc])
    write_shard(tmp_path / "bare", [make_doc()])
    assert (tmp_path / "marked").read_bytes() == (tmp_path / "bare").read_bytes()


def test_a_shard_is_an_ordinary_doc_bin(tmp_path):
    doc = make_doc()
    write_shard(tmp_path / "s.spacy", [doc])
    (found,) = (
        DocBin().from_disk(tmp_path / "s.spacy").get_docs(spacy.blank("en").vocab)
    )
    assert found.text == doc.text
    np.testing.assert_array_equal(found.user_data[LOGITS], doc.user_data[LOGITS])


def test_bytes_do_not_hang_on_what_the_vocab_has_seen(tmp_path):
    write_shard(tmp_path / "a", [make_doc()])
    NLP.make_doc("words quite unheard of so far")
    write_shard(tmp_path / "b", [make_doc()])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("damage", ["cut", "edit", "swap"])
def test_damaged_shard_is_refused_by_its_checksum(tmp_path, damage):
    path = tmp_path / "s.spacy"
    checksum = write_shard(path, [make_doc()])
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[:-7])
    elif damage == "edit":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        write_shard(path, [make_doc(seed=5)])
    with pytest.raises(DistillError, match=r"s\.spacy.*cut short, edited"):
        read_shard(path, NLP.vocab, TASK, sha256=checksum)


def test_missing_shard(tmp_path):
    with pytest.raises(DistillError, match="No such file"):
        read_shard(tmp_path / "s.spacy", NLP.vocab, TASK)


def test_cut_short_without_checksum(tmp_path):
    path = tmp_path / "s.spacy"
    write_shard(path, [make_doc()])
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(DistillError, match="got something else"):
        read_shard(path, NLP.vocab, TASK)


def test_shard_of_another_teacher(tmp_path):
    write_shard(tmp_path / "s.spacy", [make_doc()])
    with pytest.raises(
        DistillError, match=r"document 1 of .*s\.spacy.*another teacher"
    ):
        read_shard(tmp_path / "s.spacy", NLP.vocab, NERTask(["PER", "LOC"]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_stored_logits_have_to_be_finite(tmp_path, bad):
    docs = [make_doc(), make_doc()]
    docs[1].user_data[LOGITS][2, 1] = bad
    write_shard(tmp_path / "s.spacy", docs)
    with pytest.raises(DistillError, match="document 2 of .*NaN or infinity"):
        read_shard(tmp_path / "s.spacy", NLP.vocab, TASK)


@pytest.mark.parametrize("logits", [None, "text", np.zeros((1, 5), dtype=np.float32)])
def test_a_doc_bin_without_soft_labels(tmp_path, logits):
    doc = NLP.make_doc("One")
    if logits is not None:
        doc.user_data[LOGITS] = logits
    DocBin(store_user_data=True, docs=[doc]).to_disk(tmp_path / "s.spacy")
    with pytest.raises(DistillError, match="float16"):
        read_shard(tmp_path / "s.spacy", NLP.vocab, TASK)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_the_bytes_only_distill_errors_come(tmp_path, data):
    """Also where the outer layers (zlib, msgpack) are whole and the inside is not."""
    path = tmp_path / "s.spacy"
    write_shard(path, [make_doc()])
    message = srsly.msgpack_loads(zlib.decompress(path.read_bytes()))
    key = data.draw(st.sampled_from(sorted(message)))
    value = data.draw(st.one_of(st.binary(max_size=9), st.integers(0, 9), st.none()))
    message[key] = [value] if isinstance(message[key], list) else value
    path.write_bytes(zlib.compress(srsly.msgpack_dumps(message)))
    told = None
    try:
        read_shard(path, spacy.blank("en").vocab, TASK)
    except DistillError as error:
        told = str(error)
    assert told is None or "s.spacy" in told

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.manifest import (
    FILE_NAME,
    Dropped,
    Manifest,
    Settings,
    Shard,
)


def make_shard(number=0, **changes):
    fields = {
        "file": f"shard-{number:05d}.spacy",
        "sha256": "ab" * 32,
        "docs": 2,
        "tokens": 10,
        "rows": 10,
        "unaligned": 1,
        "labels": {"PER": 3, "Größe": 0},
        "dropped": [Dropped(2, "Über", "PER", "begins inside a token")],
        "entropy": 0.1 + 0.2,
    }
    return Shard(**{**fields, **changes})


def make_manifest(**changes):
    fields = {
        "teacher": "en_teacher",
        "teacher_hash": "cd" * 32,
        "task": "ner",
        "columns": ("O", "B-PER", "I-PER", "L-PER", "U-PER"),
        "language": "en",
        "tokenizer_hash": None,
        "texts_hash": "ef" * 32,
        "settings": Settings(shard_size=2, window=512, overlap=64),
        "shards": [make_shard(0), make_shard(1, tokens=30, rows=30, entropy=1.5)],
    }
    return Manifest(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [{}, {"shards": []}, {"complete": True, "tokenizer_hash": "a", "word_pieces": "b"}],
)
def test_round_trip(tmp_path, changes):
    manifest = make_manifest(**changes)
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest
    before = (tmp_path / FILE_NAME).read_bytes()
    Manifest.read(tmp_path).write(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert "Größe" in before.decode() or "shards" in changes


@given(st.lists(st.floats(0, 1e12), max_size=5))
def test_sums_survive_the_file_bit_by_bit(tmp_path_factory, entropies):
    folder = tmp_path_factory.mktemp("manifest")
    manifest = make_manifest(
        shards=[make_shard(i, entropy=e) for i, e in enumerate(entropies)]
    )
    manifest.write(folder)
    assert Manifest.read(folder).counts == manifest.counts


def test_counts_are_sums():
    counts = make_manifest().counts
    assert (counts.docs, counts.tokens, counts.unaligned) == (4, 40, 2)
    assert counts.labels == {"PER": 6, "Größe": 0}
    assert counts.dropped == len(make_manifest().dropped) == 2
    assert counts.mean_entropy == pytest.approx(1.8 / 40)
    assert make_manifest(shards=[]).counts.mean_entropy == 0


def test_dropped_entities_are_described_in_one_line():
    dropped = Dropped(3, "New \n York" + " and so on" * 9, "LOC", "ends inside a token")
    assert dropped.describe() == (
        "document 3: 'New York and so on and so on and so on and so on and so o...'"
        " (LOC) ends inside a token"
    )


def test_there_is_no_date_and_no_path(tmp_path):
    make_manifest().write(tmp_path)
    text = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert set(json.loads(text)) == {
        "format",
        "teacher",
        "teacher_hash",
        "task",
        "columns",
        "language",
        "tokenizer_hash",
        "texts_hash",
        "settings",
        "word_pieces",
        "shards",
        "counts",
        "complete",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher_hash": "12" * 32}, "teacher_hash is cdcdcdcdcdcd... there and 1212"),
        ({"task": "textcat"}, "task is ner there and textcat now"),
        ({"columns": ("O",)}, "columns is"),
        ({"language": "de"}, "language is en there and de now"),
        ({"tokenizer_hash": "x"}, "tokenizer_hash is None there and x now"),
        ({"texts_hash": "x"}, "texts_hash"),
        ({"word_pieces": "x"}, "word_pieces"),
        ({"settings": Settings(3, 512, 64)}, "shard_size is 2 there and 3 now"),
        ({"settings": Settings(2, 511, 64)}, "window is 512 there and 511 now"),
        ({"settings": Settings(2, 512, 63)}, "overlap is 64 there and 63 now"),
    ],
)
def test_difference_is_told(changes, message):
    assert message in make_manifest().difference(make_manifest(**changes))


def test_progress_is_no_difference():
    other = make_manifest(shards=[], complete=True, teacher="renamed")
    assert make_manifest().difference(other) is None


def test_missing(tmp_path):
    with pytest.raises(DistillError, match="spacy-distill annotate"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 10_000])
def test_not_json(tmp_path, data):
    (tmp_path / FILE_NAME).write_bytes(data)
    with pytest.raises(DistillError, match="not JSON"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    "data", [b"[]", b"null", b"{}", b'{"format": 1}', b'{"format": 4}']
)
def test_other_format(tmp_path, data):
    (tmp_path / FILE_NAME).write_bytes(data)
    with pytest.raises(DistillError, match="Expected format 3"):
        Manifest.read(tmp_path)


def spoil(tmp_path, change):
    make_manifest().write(tmp_path)
    message = json.loads((tmp_path / FILE_NAME).read_bytes())
    change(message)
    (tmp_path / FILE_NAME).write_text(json.dumps(message), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("columns"),
        lambda m: m.pop("counts"),
        lambda m: m.update(extra=1),
        lambda m: m.update(complete=1),
        lambda m: m.update(columns="O"),
        lambda m: m.update(columns=["O", 1]),
        lambda m: m.update(task=None),
        lambda m: m.update(teacher=None),
        lambda m: m.update(settings=[]),
        lambda m: m["settings"].update(window="512"),
        lambda m: m["settings"].pop("window"),
        lambda m: m["shards"].append(None),
        lambda m: m["shards"][0].update(docs=True),
        lambda m: m["shards"][0].update(labels={"PER": "3"}),
        lambda m: m["shards"][0].update(tokens=11),
        lambda m: m["shards"][0].update(dropped={}),
        lambda m: m["shards"][0].update(dropped=[]),
        lambda m: m["shards"][0]["dropped"].append(None),
        lambda m: m["shards"][0]["dropped"][0].update(document="2"),
        lambda m: m["shards"][0]["dropped"][0].pop("reason"),
        lambda m: m["shards"].pop(),
        lambda m: m["counts"].update(docs=5),
    ],
)
def test_edited_manifest_is_refused(tmp_path, change):
    spoil(tmp_path, change)
    with pytest.raises(DistillError, match="annotate again") as info:
        Manifest.read(tmp_path)
    assert "\n" not in str(info.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=json_values)
def test_any_value_anywhere_is_read_or_refused(tmp_path, data, value):
    def change(message):
        place = data.draw(
            st.sampled_from(
                [
                    message,
                    message["settings"],
                    message["shards"][0],
                    message["shards"][0]["dropped"][0],
                ]
            )
        )
        place[data.draw(st.sampled_from(sorted(place)))] = value

    spoil(tmp_path, change)
    told = None
    try:
        Manifest.read(tmp_path)
    except DistillError as error:
        told = str(error)
    assert told is None or FILE_NAME in told

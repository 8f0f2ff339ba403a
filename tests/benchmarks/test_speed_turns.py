import time

import pytest
import spacy
from small import trained
from speed.batches import Texts
from speed.readers import PipelineReader, load_reader
from speed.streams import ZONE, join, read_lengths, read_stream
from speed.turns import quantile, read_turn

TEXTS = Texts(("Anna went to Paris .", "nothing", "Bob Smith"), (5, 1, 2))


class Clock:
    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


class Timed:
    """Takes as many seconds for a text as it has characters."""

    def __init__(self, clock):
        self.clock, self.read_texts = clock, []

    def read(self, texts, *, batch):
        for text in texts:
            self.clock.now += len(text)
            self.read_texts.append((text, batch))
            yield None


def test_a_turn(monkeypatch):
    reader = Timed(Clock(monkeypatch))
    turn = read_turn(reader, TEXTS, batch=2, order="sorted", batches=2, repeats=2)
    assert [t for t, _ in reader.read_texts] == [TEXTS.texts[i] for i in (1, 2, 0)] * 2
    assert (turn.words, turn.documents, turn.seconds) == (16, 6, 72.0)
    assert (turn.batches, turn.of) == (2, 2)
    assert turn.ms_p50 is None


def test_single_documents(monkeypatch):
    reader = Timed(Clock(monkeypatch))
    turn = read_turn(reader, TEXTS, batch=1, order="reading", batches=5)
    assert (turn.batches, turn.of, turn.seconds) == (3, 3, 36.0)
    assert (turn.ms_p50, turn.ms_p99) == (9000.0, 20000.0)


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 2), (0.51, 3), (0.99, 4), (1, 4), (0, 1)]
)
def test_quantile(share, value):
    assert quantile([4, 1, 3, 2], share) == value


def test_a_stream(monkeypatch):
    reader = PipelineReader(None, lang="en")
    read = []
    pipe = reader.nlp.pipe

    def watched(texts, batch_size):
        read.extend(texts)
        assert batch_size == 7
        yield from pipe(texts, batch_size=batch_size)

    monkeypatch.setattr(reader.nlp, "pipe", watched)
    n = 2 * ZONE + 5
    for zones in (True, False):
        read.clear()
        found = read_stream(reader, TEXTS, documents=n, batch=7, zones=zones, samples=2)
        assert len(read) == n
        assert len({text.rsplit(" ", 1)[1] for text in read}) == n
        assert read[1].startswith("nothing new")
        assert [documents for documents, _ in found["curve"]] == [0, 2 * ZONE, n]
        assert all(mb > 0 for _, mb in found["curve"])
        # Each document has one word more.
        assert found["words"] == n + (n // 3) * 8 + 5


def test_long_documents():
    reader = PipelineReader(None, lang="en")
    reader.nlp.max_length = 30
    assert join(TEXTS, 6) == ("Anna went to Paris . nothing", 6)
    assert join(TEXTS, 7)[1] == 8
    found = read_lengths(reader, TEXTS, lengths=[1, 100], rounds=1)
    assert [point["words"] for point in found] == [5, 101]
    assert all(point["seconds"] > 0 for point in found)
    assert reader.nlp.max_length == 30


def test_pipelines(tmp_path):
    nlp = trained()
    nlp.to_disk(tmp_path / "student")
    reader = load_reader("pipeline", str(tmp_path / "student"), lang="en", threads=1)
    found = [doc.to_json() for doc in reader.read(TEXTS.texts, batch=2)]
    assert found == [nlp(text).to_json() for text in TEXTS.texts]
    assert sum(reader.count_parameters()) > 0
    blank = load_reader("blank", "", lang="de", threads=1)
    assert blank.nlp.lang == "de"
    assert blank.count_parameters() == (0, 0)
    assert isinstance(blank.nlp, spacy.Language)

"""What is measured and what is not, with invented workers."""

import pytest
from speed.group import measure_group
from speed.results import LENGTHS, ROWS, STREAMS, Results
from speed.rounds import Effort
from speed.scaling import measure_lengths, measure_streams
from speed.systems import System

from spacy_distill.errors import DistillError

ONE = System("one", "pipeline", "", "a", is_light=True)
BARE = System("teacher", "transformer", "", "b", orders=("sorted",))
PIPE = System("teacher", "pipeline", "", "c", orders=("reading",))
CELLS = [(1, "sorted"), (1, "reading"), (8, "sorted"), (8, "reading")]


class Place:
    """Starts workers that are none, and knows which have not been ended."""

    def __init__(self, failing=""):
        self.failing, self.log, self.running = failing, [], 0

    def start(self, system, *, threads):
        self.log.append(("start", system.name, system.kind, threads))
        self.running += 1
        return Invented(self, system)


class Invented:
    load_seconds = 1.5

    def __init__(self, place, system):
        self.place, self.system = place, system

    def ask(self, do, **arguments):
        self.place.log.append((do, self.system.name, self.system.kind, arguments))
        if do == self.place.failing:
            raise DistillError("failed")
        single = 2.0 if arguments.get("batch") == 1 else None
        return {
            "read": {
                "words": 30 * arguments.get("repeats", 1),
                "documents": 3,
                "seconds": 1.0,
                "batches": 1,
                "of": 9,
                "ms_p50": single,
                "ms_p99": single,
            },
            "facts": {"parameters": 5, "table": 0},
            "peak": {"peak_mb": 64.0},
            "stream": {"words": 9, "seconds": 1.0, "curve": [[0, 1.0], [5, 2.0]]},
            "lengths": {"lengths": [{"words": 11, "seconds": 0.5}]},
        }[do]

    def end(self):
        self.place.running -= 1


def group(results, place, *systems, cells=CELLS, threads=2):
    return measure_group(
        systems,
        threads=threads,
        cells=cells,
        effort=Effort(rounds=2, seconds=0.0, batches=1),
        loads=2,
        place=place,
        results=results,
        tell=lambda line: None,
    )


def test_rows(tmp_path):
    results, place = Results(tmp_path), Place()
    assert group(results, place, ONE, BARE, PIPE) == 8
    assert place.running == 0
    rows = results.read(ROWS)
    # Each way to be a teacher has its own order, so both fit in one table.
    found = {(r["system"], r["kind"], r["batch"], r["order"]) for r in rows}
    assert found == {
        *(("one", "pipeline", batch, order) for batch, order in CELLS),
        *(("teacher", "transformer", batch, "sorted") for batch in (1, 8)),
        *(("teacher", "pipeline", batch, "reading") for batch in (1, 8)),
    }
    # Loaded twice and once more; interleaved.
    assert [e for e in place.log if e[0] == "start"][:4] == [
        ("start", "one", "pipeline", 2),
        ("start", "teacher", "transformer", 2),
        ("start", "teacher", "pipeline", 2),
        ("start", "one", "pipeline", 2),
    ]
    assert sum(event[0] == "start" for event in place.log) == 9
    (row,) = [
        r
        for r in rows
        if (r["system"], r["batch"], r["order"]) == ("one", 1, "reading")
    ]
    assert row == {
        "system": "one",
        "kind": "pipeline",
        "is_student": False,
        "threads": 2,
        "batch": 1,
        "order": "reading",
        "words_per_second": 30.0,
        "slowest": 30.0,
        "fastest": 30.0,
        "words": 30,
        "documents": 3,
        "repeats": 1,
        "rounds": 2,
        "ms_p50": 2.0,
        "ms_p99": 2.0,
        "peak_mb": 64.0,
        "parameters": 5,
        "table": 0,
        "load_seconds": 1.5,
        "cold_words_per_second": 30.0,
        "disk_mb": 0.0,
        "environment_mb": row["environment_mb"],
        "fingerprint": "a",
    }
    # A transformer keeps nothing of words that it could read cold.
    assert {r["cold_words_per_second"] for r in rows if r["system"] != "one"} == {None}


def test_only_what_is_missing(tmp_path):
    results = Results(tmp_path)
    assert group(results, Place(), ONE, cells=CELLS[:2]) == 2
    place = Place()
    assert group(results, place, ONE, PIPE) == 2 + 2
    read = {
        (name, kind, asked["batch"], asked["order"])
        for do, name, kind, asked in place.log
        if do == "read" and asked["batch"] != 128
    }
    assert read == {
        ("one", "pipeline", 8, "sorted"),
        ("one", "pipeline", 8, "reading"),
        ("teacher", "pipeline", 1, "reading"),
        ("teacher", "pipeline", 8, "reading"),
    }
    place = Place()
    assert group(results, place, ONE, PIPE) == 0
    assert place.log == []
    # Another number of threads, another fingerprint: other figures.
    assert group(results, Place(), ONE, threads=1) == 4
    changed = System("one", "pipeline", "", "z")
    assert group(results, Place(), changed) == 4
    assert len(results.read(ROWS)) == 4 + 2 + 4


@pytest.mark.parametrize("failing", ["facts", "read", "peak"])
def test_no_process_is_left_behind(tmp_path, failing):
    place = Place(failing)
    with pytest.raises(DistillError, match="failed"):
        group(Results(tmp_path), place, BARE, ONE)
    assert place.running == 0


def test_streams_and_lengths(tmp_path):
    results, place = Results(tmp_path), Place()
    more = {"place": place, "results": results, "tell": lambda line: None}
    for _ in range(2):
        measure_streams([ONE], documents=5, **more)
        measure_lengths([ONE], lengths=[10], rounds=1, **more)
    # The second time, nothing is missing.
    assert [event[0] for event in place.log] == [
        *("start", "stream") * 2,
        *("start", "lengths"),
    ]
    assert place.running == 0
    streams = results.read(STREAMS)
    assert [(row["system"], row["zones"]) for row in streams] == [
        ("one", False),
        ("one", True),
    ]
    assert streams[0]["curve"] == [[0, 1.0], [5, 2.0]]
    assert results.read(LENGTHS)[0]["lengths"] == [{"words": 11, "seconds": 0.5}]
    measure_streams([ONE], documents=6, **more)
    measure_lengths([ONE], lengths=[10, 20], rounds=1, **more)
    assert {row["documents"] for row in results.read(STREAMS)} == {6}
    assert results.read(LENGTHS)[0]["asked"] == [10, 20]

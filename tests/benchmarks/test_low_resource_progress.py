import pytest
from low_resource.progress import Progress, duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (89, "89 s"), (91, "2 min"), (3600, "60 min"), (9000, "2 h 30 min")],
)
def test_durations(seconds, told):
    assert duration(seconds) == told


def test_lines_of_a_grid():
    left = {("teacher", 150): 1, ("train gold", 150): 2, ("train both", 300): 1}
    progress = Progress(left=left, runs=12, done=8, jobs=2)
    assert progress.time_left() == "time left not known yet"
    line = progress.end(("teacher", 150), "n150-s0 teacher trained", seconds=240)
    assert line == "[ 8/12] n150-s0 teacher trained (4 min); time left not known yet"
    # Another student is the best guess for a student: (600 + 600) s by two jobs.
    line = progress.end(("train gold", 150), "gold", seconds=600, is_run=True)
    assert line == "[ 9/12] gold (10 min); about 10 min left"
    progress.learn(("train both", 150), 1000)
    progress.learn(("train both", 150), 2000)
    # The same with another number of labels is a better one: (600 + 1500) s.
    assert progress.time_left() == "about 18 min left"
    progress.end(("train gold", 150), "gold", seconds=600, is_run=True)
    line = progress.end(("train both", 300), "both", seconds=30, is_run=True)
    assert line == "[11/12] both (30 s); nothing left"


def test_what_is_not_known_is_not_left_out():
    left = {("teacher", 150): 2, ("train gold", 150): 1}
    progress = Progress(left=left, runs=1, done=0, jobs=1)
    line = progress.end(("teacher", 150), "teacher", seconds=60)
    assert line.endswith("; more than 60 s left")

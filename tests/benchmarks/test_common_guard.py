import subprocess
import sys

import pytest
from common.guard import FILE, claim_folders, locked, settings_hash

from spacy_distill.errors import DistillError

SETTINGS = {"corpus": {"train": "a" * 64}, "steps": [1, 2], "alpha": 0.5}


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_the_same_settings_may_come_again(tmp_path):
    folder = tmp_path / "results"
    claim_folders({folder: SETTINGS})
    before = files(folder)
    (folder / "run.json").write_text("{}", encoding="utf-8")
    again = {**dict(reversed(SETTINGS.items())), "steps": (1, 2)}
    claim_folders({folder: again})
    assert settings_hash(again) == settings_hash(SETTINGS)
    assert files(folder) == {**before, "run.json": b"{}"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alpha": 0.7}, "alpha was 0.5 and is 0.7"),
        ({"more": {"x": True}}, "more.x was not set and is true"),
        ({"steps": [1, 3]}, r"steps was \[1, 2\] and is \[1, 3\]"),
        ({"corpus": {"train": "b" * 64}}, 'corpus.train was "aaaa.* and is "bbbb'),
    ],
)
def test_other_settings_are_refused(tmp_path, change, told):
    folder, new = tmp_path / "results", tmp_path / "new"
    claim_folders({folder: SETTINGS})
    before = files(folder)
    with pytest.raises(DistillError, match=told) as caught:
        claim_folders({new: SETTINGS, folder: {**SETTINGS, **change}})
    assert len(str(caught.value)) < 400
    assert files(folder) == before
    # One that could have been claimed was not.
    assert not new.exists()


def test_a_setting_that_is_gone(tmp_path):
    claim_folders({tmp_path: SETTINGS})
    less = {name: SETTINGS[name] for name in ("corpus", "steps")}
    with pytest.raises(DistillError, match=r"alpha was 0\.5 and is not set"):
        claim_folders({tmp_path: less})


def test_folders_of_something_else(tmp_path):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(DistillError, match="other files"):
        claim_folders({tmp_path: SETTINGS})
    (tmp_path / FILE).write_text("[]", encoding="utf-8")
    with pytest.raises(DistillError, match="something else"):
        claim_folders({tmp_path: SETTINGS})


def test_one_run_at_a_time(tmp_path):
    refused = pytest.raises(DistillError, match="no other run at work")
    with locked(tmp_path), refused, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_what_a_run_leaves_behind_holds_the_lock(tmp_path):
    program = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with locked(tmp_path) as lock:
        child = subprocess.Popen(program, stdin=subprocess.PIPE, pass_fds=(lock,))
    with pytest.raises(DistillError, match="left behind"), locked(tmp_path):
        pass
    child.communicate()
    with locked(tmp_path):
        pass

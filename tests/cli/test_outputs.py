"""Outputs that cannot be written to, told before any work."""

import errno
import os

import pytest
import spacy
from small import write_gold
from tiny_distillation import told
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.cli.common import friendly_errors

# The other arguments name nothing that exists: the output is checked first.
COMMANDS = {
    "distill": ["distill", "no_such_teacher", "none.txt", "-o"],
    "train-teacher": ["train-teacher", "none.cfg", "--transformer", "none", "-o"],
    "annotate": ["annotate", "no_such_teacher", "none.txt", "-o"],
    "quantize": ["quantize", "no_such_pipeline", "-o"],
    "evaluate": ["evaluate", "-p", "a=none", "--gold", "none.spacy", "-o"],
}


def run(command, output):
    args = [*COMMANDS[command], output]
    return CliRunner().invoke(app, list(map(str, args)))


@pytest.fixture
def read_only(tmp_path):
    """A folder that this process may not write to, as another user if need be."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    is_root = os.geteuid() == 0
    # Modules are imported before: another user may not read them.
    for command in COMMANDS:
        run(command, tmp_path / "elsewhere.json")
    if is_root:
        os.seteuid(65534)
    yield folder
    if is_root:
        os.seteuid(0)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_where_a_folder_should_be(tmp_path, command):
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    line = told(run(command, gold / "out.json"))
    assert f"but {gold} is a file: choose another output folder." in line


def test_a_folder_without_permission(read_only):
    for command in COMMANDS:
        line = told(run(command, read_only / "out" / "out.json"))
        assert "Permission denied. Choose another output folder." in line, command


def test_errors_of_the_system_are_one_line(capsys):
    with pytest.raises(SystemExit), friendly_errors():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/out/model-last")
    line = capsys.readouterr().out.strip()
    assert "/out/model-last: No space left on device." in line
    assert len(line.splitlines()) == 1
    # Libraries raise it too, without a number.
    with pytest.raises(OSError, match="no number"), friendly_errors():
        raise OSError("no number")

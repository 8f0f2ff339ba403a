import pytest

from spacy_distill.cli.common import friendly_errors
from spacy_distill.errors import DistillError


def test_one_line_and_status_1(capsys):
    @friendly_errors()
    def command(path: str) -> None:
        raise DistillError(f"Expected a file at\n  {path}: none there.")

    path = "/a/very/long/path" * 20
    with pytest.raises(SystemExit) as info:
        command(path)
    assert info.value.code == 1
    (line,) = capsys.readouterr().out.strip().splitlines()
    assert f"Expected a file at {path}: none there." in line


def test_other_errors_pass_through():
    with pytest.raises(KeyError), friendly_errors():
        raise KeyError("a fault of the program keeps its traceback")

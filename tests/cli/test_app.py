"""The command `spacy-distill` as a whole."""

import subprocess
import sys

import pytest
import typer.main
from typer.testing import CliRunner

from spacy_distill.cli.app import app

COMMANDS = (
    *("corpus", "train-teacher", "annotate", "quantize", "evaluate", "card"),
    *("visualize", "summary"),
)


def run(*args):
    return CliRunner().invoke(app, list(args), terminal_width=200)


def test_commands_in_the_order_in_which_they_are_run():
    assert tuple(typer.main.get_command(app).commands) == COMMANDS
    result = run("--help")
    assert result.exit_code == 0
    places = [result.output.index(f" {name} ") for name in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_all_it_takes_is_explained(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    command = typer.main.get_command(app).commands[name]
    assert command.help
    assert command.help.splitlines()[0] in result.output
    for parameter in command.params:
        assert parameter.help, parameter.name
        for option in parameter.opts:
            assert option in result.output


def test_nothing_asked_for_is_answered_with_help():
    assert "Commands" in run().output


@pytest.mark.parametrize("name", COMMANDS)
def test_missing_arguments(name):
    result = run(name)
    assert result.exit_code == 2
    assert "Missing" in result.output


@pytest.mark.parametrize(
    "args", [["distil"], ["annotate", "a", "b", "-o", "c", "--nonsense"]]
)
def test_unknown_command_or_option(args):
    result = run(*args)
    assert result.exit_code == 2
    assert "No such" in result.output


def test_as_a_process():
    """The status is the shell's, and the one line is all there is."""
    script = "from spacy_distill.cli.app import main; main()"
    args = ["annotate", "no_such_teacher", "no_texts", "-o", "nowhere"]
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "✘" in line]
    assert "Expected a pipeline, installed or in a folder, at 'no_such_teacher'" in line
    assert done.stderr == ""

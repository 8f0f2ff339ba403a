"""The command `spacy-distill` as a whole."""

import os
import subprocess
import sys

import pytest
import spacy
import typer.main
from typer.testing import CliRunner

from spacy_distill import __version__
from spacy_distill.cli.app import app

COMMANDS = (
    *("distill", "init-config", "convert", "split", "corpus", "augment"),
    *("train-teacher", "distill-encoder", "annotate"),
    *("calibrate", "quantize", "evaluate", "card", "package", "visualize", "summary"),
    *("predict", "serve"),
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


def run_process(*args, **env):
    script = "from spacy_distill.cli.app import main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


def test_version():
    result = run("--version")
    assert result.exit_code == 0
    assert result.output == f"spacy-distill {__version__} (spaCy {spacy.__version__})\n"


def test_as_a_module():
    command = [sys.executable, "-m", "spacy_distill", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == run("--version").output


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("anno", "annotate"), ("distill --held", "--held-out"), ("--ver", "--version")],
)
def test_shell_completion(typed, completed):
    """As bash asks, after the script of --show-completion was sourced."""
    words = ["spacy-distill", *typed.split()]
    done = run_process(
        _SPACY_DISTILL_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(words),
        COMP_CWORD=str(len(words) - 1),
    )
    assert done.stdout.split() == [completed]


IMPORTED = """
import sys
from spacy_distill.cli.app import main
sys.argv = ["spacy-distill", *sys.argv[1:]]
try:
    main()
finally:
    slow = {"numpy", "spacy", "thinc", "torch", "transformers"}
    print("imported", *slow & set(sys.modules))
"""


@pytest.mark.parametrize("args", [(), *((name,) for name in COMMANDS)])
def test_help_does_not_wait_for_spacy(args):
    command = [sys.executable, "-c", IMPORTED, *args, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage: spacy-distill" in done.stdout
    assert done.stdout.splitlines()[-1] == "imported"

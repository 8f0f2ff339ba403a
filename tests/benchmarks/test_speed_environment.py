from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
from speed import environment
from speed.environment import describe_machine, installed_bytes


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Invented ones: a needs b, and c only as an extra or on a Python of long ago."""
    requires = {
        "a": ["B-b>=1", "c; extra == 'more'", "c; python_version < '3'"],
        "b-b": ["a"],
        "gone": ["nowhere"],
    }
    for number, name in enumerate(requires, start=1):
        (tmp_path / name).write_bytes(b"x" * 10**number)

    def distribution(name):
        if name not in requires:
            raise PackageNotFoundError(name)
        return SimpleNamespace(
            requires=requires[name],
            files=[name, "gone.pyc"],
            locate_file=lambda file: tmp_path / file,
        )

    monkeypatch.setattr(environment, "distribution", distribution)


@pytest.mark.usefixtures("packages")
def test_sizes():
    assert installed_bytes(["a"]) == 110
    assert installed_bytes(["a", "b-b"]) == 110
    assert installed_bytes(["gone"]) is None


def test_spacy_is_there():
    assert installed_bytes(["spacy"]) > 10**7


def test_a_machine():
    found = describe_machine()
    assert found["machine"].keys() == {"system", "processor", "cores"}
    assert found["versions"]["spacy"].startswith("3.")
    assert describe_machine() == found

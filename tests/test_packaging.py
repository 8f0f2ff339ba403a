"""What is built out of this repository, and installed by others."""

import configparser
import re
import shutil
import subprocess
import sys
import tarfile
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
LIGHT = {"spacy", "thinc", "numpy", "srsly", "typer", "tqdm"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """sdist and wheel, the wheel built out of the sdist as for PyPI."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("packaging")
    copy = folder / "copy"
    copy.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(
        ROOT / "spacy_distill",
        copy / "spacy_distill",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    # There to be left out.
    (copy / "tests").mkdir()
    (copy / "tests" / "test_nothing.py").touch()
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"]
    done = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "dist"


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def info(wheel, name):
    (found,) = [content for path, content in wheel.items() if path.endswith(name)]
    return found


def test_every_module_and_config_and_nothing_else(wheel):
    expected = {
        path.relative_to(ROOT).as_posix()
        for ending in ("*.py", "*.cfg", "py.typed")
        for path in (ROOT / "spacy_distill").rglob(ending)
    }
    assert "spacy_distill/configs/student.cfg" in expected
    packaged = {name for name in wheel if ".dist-info/" not in name}
    assert packaged == expected


def test_what_spacy_package_looks_for(wheel):
    """Without it, pipelines would be packaged without spacy-distill as requirement."""
    assert info(wheel, "top_level.txt").split() == ["spacy_distill"]


def test_entry_points(wheel):
    parser = configparser.ConfigParser(delimiters=["="])
    parser.optionxform = str
    parser.read_string(info(wheel, "entry_points.txt"))
    assert "compact_ner" in parser["spacy_factories"]
    assert "distill" in parser["spacy_cli"]
    assert "spacy-distill" in parser["console_scripts"]
    for section in parser.sections():
        for name, target in parser[section].items():
            module, function = target.split(":")
            file = wheel[f"{module.replace('.', '/')}.py"]
            assert re.search(rf"^def {function}\(", file, re.M), name


def test_every_registered_function_is_an_entry_point(wheel):
    """A decorator alone works only once something has imported its module."""
    listed = info(wheel, "entry_points.txt")
    names = set()
    for content in wheel.values():
        names.update(re.findall(r'^@registry\.\w+\(\s*"([^"]+)"', content, re.M))
    assert len(names) > 8
    assert not {name for name in names if f"\n{name} = " not in f"\n{listed}"}


def test_requirements_are_the_light_ones(wheel):
    metadata = Parser().parsestr(info(wheel, ".dist-info/METADATA"))
    required = metadata.get_all("Requires-Dist")
    always = {re.split(r"[^\w-]", r)[0] for r in required if "extra ==" not in r}
    assert always == LIGHT
    assert metadata["License-Expression"] == "MIT"
    assert {"train", "dev"} <= set(metadata.get_all("Provides-Extra"))
    assert [name for name in wheel if name.endswith("licenses/LICENSE")]


def test_the_sources_are_whole(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "setup.py", "LICENSE", "README.md"} <= names
    assert {"spacy_distill/py.typed", "spacy_distill/configs/student.cfg"} <= names

"""What is built out of this repository, and installed by others."""

import configparser
import json
import re
import shutil
import tarfile
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from clean_environment import CleanEnvironment
from releases import FILES, build, copy_project

from spacy_distill.packaging import SPACY_VERSIONS

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "version_0_1_0"
LIGHT = {"spacy", "thinc", "numpy", "srsly", "typer", "tqdm"}

pytestmark = pytest.mark.slow


PREDICT = """
import json, sys
from pathlib import Path
import spacy

nlp = spacy.load(sys.argv[1])
ents = [nlp(text).ents for text in json.loads(sys.argv[2])]
print(json.dumps([[(e.start_char, e.end_char, e.label_) for e in es] for es in ents]))
"""
KERNEL = """
from spacy_distill.kernel import get_kernel

print(get_kernel())
"""
USE = """
from importlib import resources
from spacy_distill.cli.app import app
from typer.testing import CliRunner

assert "quantize" in CliRunner().invoke(app, ["--help"]).output
config = resources.files("spacy_distill") / "configs" / "student.cfg"
assert "[components.ner]" in config.read_text(encoding="utf-8")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """sdist and wheel, the wheel built out of the sdist as for PyPI."""
    pytest.importorskip("build")
    return build(copy_project(tmp_path_factory.mktemp("packaging") / "copy"))


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def info(wheel, name):
    (found,) = [content for path, content in wheel.items() if path.endswith(name)]
    return found


def test_every_module_config_and_page_and_nothing_else(wheel):
    expected = {
        path.relative_to(ROOT).as_posix()
        for ending in ("*.py", "*.pyi", "*.cfg", "py.typed", "web/*")
        for path in (ROOT / "spacy_distill").rglob(ending)
    }
    assert "spacy_distill/configs/student.cfg" in expected
    packaged = {name for name in wheel if ".dist-info/" not in name}
    assert packaged == expected


def test_the_wheel_of_numpy_alone_is_for_every_platform(built):
    (path,) = built.glob("*.whl")
    assert path.name.endswith("-py3-none-any.whl")


def kernels(folder):
    """Names of the compiled modules in the wheel of a folder."""
    (path,) = folder.glob("*.whl")
    with ZipFile(path) as archive:
        names = archive.namelist()
    assert not [name for name in names if name.endswith((".pyx", ".h", ".cpp"))]
    return [name for name in names if name.endswith((".so", ".pyd"))]


def test_a_wheel_with_the_kernel(tmp_path):
    """Built out of the sdist, as pip does it where there is no wheel."""
    pytest.importorskip("Cython")
    if shutil.which("c++") is None:
        pytest.skip("no compiler")
    folder = build(copy_project(tmp_path / "copy"), SPACY_DISTILL_PURE="0")
    assert len(kernels(folder)) == 1
    environment = CleanEnvironment(tmp_path)
    environment.install(*folder.glob("*.whl"))
    expected = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
    for name, cases in expected.items():
        texts = json.dumps([case["text"] for case in cases])
        found = environment.run(PREDICT + KERNEL, str(FIXTURES / name), texts)
        entities, kernel = found.splitlines()
        assert json.loads(entities) == [case["entities"] for case in cases]
        assert "spacy_distill._kernel" in kernel


def test_without_a_compiler_it_builds_all_the_same(tmp_path):
    pytest.importorskip("Cython")
    none = {"CC": "/no/such/compiler", "CXX": "/no/such/compiler"}
    folder = copy_project(tmp_path / "copy")
    assert kernels(build(folder, SPACY_DISTILL_PURE="0", **none)) == []


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
            # A function, or a table such as the colors of displaCy.
            assert re.search(rf"^(def {function}\(|{function}\b.* = )", file, re.M), (
                name
            )


def test_every_registered_function_is_an_entry_point(wheel):
    """A decorator alone works only once something has imported its module.

    An entry point alone does not work in a pipeline that bundles this package.
    """
    listed = info(wheel, "entry_points.txt")
    names = set()
    for content in wheel.values():
        names.update(re.findall(r'^@registry\.\w+\(\s*"([^"]+)"', content, re.M))
        for constant in re.findall(r"^@registry\.\w+\((\w+)\)", content, re.M):
            names.update(re.findall(rf'^{constant} = "([^"]+)"', content, re.M))
    assert len(names) > 8
    assert not {name for name in names if f"\n{name} = " not in f"\n{listed}"}
    versioned = re.findall(r"^(spacy_distill\.\S+\.v\d+) = ", listed, re.M)
    assert {name for name in names if name.startswith("spacy_distill.")} == {*versioned}


@pytest.fixture(scope="module")
def metadata(wheel):
    return Parser().parsestr(info(wheel, ".dist-info/METADATA"))


def test_requirements_are_the_light_ones(metadata):
    required = metadata.get_all("Requires-Dist")
    always = {re.split(r"[^\w-]", r)[0] for r in required if "extra ==" not in r}
    assert always == LIGHT
    (spacy_versions,) = [r for r in required if r.startswith("spacy<")]
    # Packaged pipelines require the same.
    assert set(spacy_versions[len("spacy") :].split(",")) == set(
        SPACY_VERSIONS.split(",")
    )
    assert {"train", "dev"} <= set(metadata.get_all("Provides-Extra"))


def test_what_an_index_shows(wheel, metadata):
    assert metadata["Author"] == "The spacy-distill developers"
    assert metadata["License-Expression"] == "MIT"
    assert [name for name in wheel if name.endswith("licenses/LICENSE")]
    assert metadata["Requires-Python"] == ">=3.10"
    classifiers = "\n".join(metadata.get_all("Classifier"))
    versions = re.findall(r"Python :: (3\.\d+)", classifiers)
    assert versions == ["3.10", "3.11", "3.12", "3.13"]
    assert metadata["Description-Content-Type"] == "text/markdown"


def relative_links(text):
    """Targets of Markdown and HTML links that lead nowhere outside the repository."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)", text)
    targets += re.findall(r"""(?:href|src|srcset)=["']?([^"'\s>]+)""", text)
    return [target for target in targets if not re.match("https?:|#", target)]


def test_links_of_the_long_description_are_absolute(metadata):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert relative_links(readme)
    description = metadata.get_payload()
    assert description.startswith("# spacy-distill")
    assert relative_links(description) == []
    # The words of the links are still there, and so is code, whatever it contains.
    assert "docs/design.md" in description
    for block in re.findall(r"```.*?```", readme, re.DOTALL):
        assert block in description


def test_links_lead_to_the_repository_where_its_address_is_known(tmp_path):
    folder = copy_project(tmp_path / "copy")
    address = "https://example.org/distill"
    setup = (folder / "setup.py").read_text(encoding="utf-8")
    assert 'REPOSITORY = ""' in setup
    setup = setup.replace('REPOSITORY = ""', f'REPOSITORY = "{address}"')
    (folder / "setup.py").write_text(setup, encoding="utf-8")
    readme = "![A picture](docs/a.svg) of [it](docs/a.md), [there](https://b.org)\n"
    (folder / "README.md").write_text(readme + "`[Rome](LOC)`\n", encoding="utf-8")
    (path,) = build(folder, "--wheel").glob("*.whl")
    with ZipFile(path) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode("utf-8"))
    assert metadata["Project-URL"] == f"Source, {address}"
    assert metadata.get_payload() == (
        f"![A picture]({address}/raw/HEAD/docs/a.svg) of"
        f" [it]({address}/blob/HEAD/docs/a.md), [there](https://b.org)\n"
        "`[Rome](LOC)`\n"
    )


def test_the_sources_are_whole_and_nothing_else(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        files = [member.name for member in archive.getmembers() if member.isfile()]
    names = {name.partition("/")[2] for name in files}
    package = {name for name in names if name.startswith("spacy_distill/")}
    assert {"spacy_distill/py.typed", "spacy_distill/configs/student.cfg"} <= package
    kernel = {name for name in package if "/_kernel" in name}
    endings = (".pyx", ".pyi", "_loops.h")
    assert kernel == {f"spacy_distill/_kernel{ending}" for ending in endings}
    others = {name for name in names - package if ".egg-info/" not in name}
    assert others == {*FILES, "pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"}


def test_installed_beside_spacy_it_predicts_and_has_its_configs(built, tmp_path):
    (path,) = built.glob("*.whl")
    environment = CleanEnvironment(tmp_path)
    environment.install(path)
    installed = {path.name for path in environment.site.iterdir()} - {"bin"}
    assert {name.partition("-")[0] for name in installed} == {"spacy_distill"}
    environment.run(USE)
    expected = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
    cases = expected["qrnn_softmax"]
    texts = json.dumps([case["text"] for case in cases])
    found = json.loads(environment.run(PREDICT, str(FIXTURES / "qrnn_softmax"), texts))
    assert found == [case["entities"] for case in cases]

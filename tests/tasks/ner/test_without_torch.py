"""What a machine needs that only predicts: an environment without torch and
transformers, made of links to this one's packages."""

import ast
import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from small import TEXTS, entities, trained

import spacy_distill

HEAVY = ("torch", "transformers", "spacy_transformers", "tokenizers", "safetensors")
ROOT = Path(spacy_distill.__file__).parent
# Classes of torch modules. They are imported when a layer loss is built for training;
# tests/test_imports.py holds that registering the losses does not import them.
TORCH_CLASSES = ROOT / "losses" / "layer_modules.py"
MODULES = sorted(file for file in ROOT.rglob("*.py") if file != TORCH_CLASSES)


@pytest.fixture(scope="module")
def light_environment(tmp_path_factory):
    """Variables for a Python that has all packages but the heavy ones."""
    folder = tmp_path_factory.mktemp("site")
    for source in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(source).iterdir():
            name = path.name.lower().replace("-", "_")
            if not name.startswith(HEAVY) and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    # An editable installation is found through the path of its sources.
    paths = [str(folder), str(ROOT.parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run(environment, script, *args):
    # -S: no site-packages but the links.
    command = [sys.executable, "-S", "-c", script, *args]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PREDICT = """
import json, sys
import spacy
nlp = spacy.load(sys.argv[1])
docs = list(nlp.pipe(json.loads(sys.argv[2])))
nlp.to_bytes()
with nlp.memory_zone():
    nlp("and again")
heavy = [m for m in sys.modules if m.split(".")[0] in json.loads(sys.argv[3])]
assert not heavy, heavy
print(json.dumps([[(e.text, e.label_) for e in doc.ents] for doc in docs]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("arch", "output"), [("bilstm", "softmax"), ("cnn", "crf")])
def test_predicts_without_torch(light_environment, arch, output, tmp_path):
    nlp = trained(arch, output)
    nlp.to_disk(tmp_path)
    out = run(
        light_environment, PREDICT, str(tmp_path), json.dumps(TEXTS), json.dumps(HEAVY)
    )
    expected = [[list(e) for e in entities(nlp(text))] for text in TEXTS]
    assert json.loads(out) == expected


BLANK = """
import importlib, json, sys
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("compact_ner", name="ner")
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
heavy = [m for m in sys.modules if m.split(".")[0] in json.loads(sys.argv[2])]
assert not heavy, heavy
"""
LIGHT = ("students", "losses", "tasks", "corpora", "soft_labels")


def test_blank_pipelines_and_all_modules_do_without_torch(light_environment):
    files = [file for file in MODULES if file.relative_to(ROOT).parts[0] in LIGHT]
    assert len(files) > 50
    names = [
        ".".join(file.relative_to(ROOT.parent).with_suffix("").parts) for file in files
    ]
    run(light_environment, BLANK, json.dumps(names), json.dumps(HEAVY))


NO_TRAINING = """
import sys
import spacy
from spacy.training import Example
nlp = spacy.load(sys.argv[1])
doc = nlp.make_doc("Anna")
try:
    nlp.update([Example.from_dict(doc, {"entities": ["U-PER"]})])
except ImportError as error:
    print(error)
"""


@pytest.mark.slow
def test_training_without_torch_says_so(light_environment, tmp_path):
    trained().to_disk(tmp_path)
    assert "torch" in run(light_environment, NO_TRAINING, str(tmp_path))


@pytest.mark.parametrize("file", MODULES, ids=lambda f: f.stem)
def test_no_module_imports_torch_as_it_loads(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not [name for name in names if name.split(".")[0] in HEAVY]


def test_everything_registered_can_be_loaded():
    """An ImportError in an entry point would break every spaCy pipeline."""
    found = importlib.metadata.distribution("spacy-distill").entry_points
    assert len(found) > 10
    for entry in found:
        entry.load()

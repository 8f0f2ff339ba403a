"""What a pipeline imports where it only predicts."""

import subprocess
import sys

import pytest

# spaCy imports some of these itself, so what counts is who asks.
SCRIPT = """
import builtins, importlib, sys
import spacy
from spacy.training import Example

ngrams = "spacy_distill.NGramClassifier.v1"
encoder = {
    "@architectures": "spacy_distill.TextClassifier.v1",
    "tok2vec": {"@architectures": "spacy_distill.CharCNNQRNN.v1"},
}

HEAVY = {"torch", "transformers", "spacy_transformers", "typer", "tqdm", "click"}
HEAVY |= {"onnx", "onnxruntime", "tokenizers"}
found = []
really_import = builtins.__import__

def watch(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "")
    if importer.startswith("spacy_distill") and name.split(".")[0] in HEAVY:
        found.append(f"{importer} imports {name}")
    return really_import(name, globals, locals, fromlist, level)

builtins.__import__ = watch
for name in sys.argv[1:]:
    importlib.import_module(name)
spacy.blank("en").add_pipe("compact_ner")
nlp = spacy.blank("en")
for i, model in enumerate(({"@architectures": ngrams}, encoder)):
    nlp.add_pipe("compact_textcat", name=f"textcat_{i}", config={"model": model})
cats = {"cats": {"A": 1.0, "B": 0.0}}
example = Example.from_dict(nlp.make_doc("Anna went to Paris"), cats)
nlp.initialize(lambda: [example])
assert nlp("Anna went to Rome").cats
# The very thing the watch is for would be seen.
exec("import torch", {"__name__": "spacy_distill.probe"})
assert found.pop() == "spacy_distill.probe imports torch"
print(*found, sep="\\n")
"""
MODULES = (
    "spacy_distill",
    "spacy_distill.tasks.ner.component",
    "spacy_distill.tasks.ner.task",
    "spacy_distill.tasks.ner.model",
    "spacy_distill.tasks.textcat.component",
    "spacy_distill.tasks.textcat.model",
    "spacy_distill.tasks.textcat.task",
    "spacy_distill.students.architectures",
    "spacy_distill.students.ngrams",
    "spacy_distill.students.transformer.architecture",
    "spacy_distill.students.transformer.initialization",
    "spacy_distill.students.transformer.states",
    "spacy_distill.students.word_vectors",
    "spacy_distill.losses.distillation",
    "spacy_distill.losses.layers",
    "spacy_distill.corpora.distill_corpus",
    "spacy_distill.corpora.distill_corpus",
    "spacy_distill.corpora.augmentation.augmenters",
    "spacy_distill.soft_labels.store",
    "spacy_distill.students.word_vectors",
    "spacy_distill.teachers.annotations.teacher",
    "spacy_distill.teachers.ensemble",
    "spacy_distill.training.case_aware",
    "spacy_distill.training.fine_tuning",
    "spacy_distill.training.init_lexicon",
    "spacy_distill.training.lexicon_transformer",
    "spacy_distill.teachers.load",
    "spacy_distill.teachers.gliner.teacher",
    "spacy_distill.teachers.gliner2.text_teacher",
    "spacy_distill.teachers.hugging_face.teacher",
    "spacy_distill.teachers.load",
    "spacy_distill.teachers.mapped",
    "spacy_distill.teachers.spacy_pipelines.pipelines",
    "spacy_distill.teachers.spacy_pipelines.span_teachers",
    "spacy_distill.teachers.spacy_pipelines.span_predicting",
    "spacy_distill.teachers.spacy_pipelines.transition",
)


def test_nothing_heavy_is_imported():
    pytest.importorskip("torch")
    command = [sys.executable, "-c", SCRIPT, *MODULES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""

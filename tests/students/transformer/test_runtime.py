"""Prediction by ONNX Runtime, without torch."""

import json
from pathlib import Path

import numpy as np
import pytest
import spacy
from clean_environment import CleanEnvironment
from small import TEXTS, entities
from tiny_transformer_students import make_student, shim_of, train

from spacy_distill.students.transformer.onnx_graph import export, read_weights
from spacy_distill.students.transformer.onnx_session import OnnxSession, find_threads

ROOT = Path(__file__).parents[3]
# The packages that are hidden are given as arguments.
PREDICT = """
import json, sys
hidden = set(json.loads(sys.argv[2]))

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
import spacy
import spacy_distill.tasks.ner.component
import spacy_distill.tasks.ner.model
import spacy_distill.students.transformer.architecture
from spacy_distill import DistillError
nlp = spacy.load(sys.argv[1])
texts = json.loads(sys.argv[3])
try:
    docs = list(nlp.pipe(texts))
except DistillError as error:
    print(json.dumps(str(error)))
else:
    assert not hidden & set(sys.modules)
    nlp.to_disk(sys.argv[4])
    again = spacy.load(sys.argv[4])
    assert [d.to_json() for d in again.pipe(texts)] == [d.to_json() for d in docs]
    print(json.dumps([[(e.text, e.label_) for e in doc.ents] for doc in docs]))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Without torch and transformers, with this package's source code."""
    environment = CleanEnvironment(tmp_path_factory.mktemp("clean"))
    (environment.site / "spacy_distill").symlink_to(ROOT / "spacy_distill")
    return environment


def predict_without(environment, folder, hidden, output):
    arguments = [str(folder), json.dumps(hidden), json.dumps(TEXTS), str(output)]
    return json.loads(environment.run(PREDICT, *arguments).splitlines()[-1])


@pytest.mark.parametrize(
    ("student", "folder"),
    [("trained", "saved"), ("with_lexicon", "saved_with_lexicon")],
)
def test_prediction_needs_no_torch(environment, request, student, folder, tmp_path):
    """Nor does saving what was not trained."""
    nlp, saved = (request.getfixturevalue(name) for name in (student, folder))
    hidden = ["torch", "transformers", "spacy_transformers", "onnx", "onnxscript"]
    found = predict_without(environment, saved, hidden, tmp_path)
    expected = [entities(doc) for doc in nlp.pipe(TEXTS)]
    assert found == [[list(entity) for entity in doc] for doc in expected]


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_missing_runtime_gives_one_line(environment, saved, tmp_path, package):
    line = predict_without(environment, saved, [package], tmp_path)
    assert line == (
        f"Expected the package {package}, which a transformer student needs, got none:"
        ' run pip install "spacy-distill[onnx]".'
    )


def generated_texts(n, seed=0):
    """Texts of known and unknown words, of many lengths."""
    rng = np.random.default_rng(seed)
    words = [word for text in TEXTS for word in text.split()]
    letters = list("abcdefghijklmnopqrstuvwxyzABC\u00e9\u4e2d\U0001f600")
    texts = []
    for _ in range(n):
        length = int(rng.geometric(0.12))
        texts.append(
            " ".join(
                str(rng.choice(words))
                if rng.random() < 0.7
                else "".join(rng.choice(letters, size=rng.integers(1, 7)))
                for _ in range(length)
            )
        )
    return texts


def test_torch_and_onnx_have_the_same_logits_and_entities(trained, saved):
    loaded = spacy.load(saved)
    texts = generated_texts(2000)
    assert max(len(text.split()) for text in texts) > 30
    outputs = []
    for nlp in (trained, loaded):
        docs = [nlp.make_doc(text) for text in texts]
        outputs.append(np.concatenate(nlp.get_pipe("ner").get_logits(docs)))
    assert shim_of(trained)._model is not None
    assert shim_of(loaded)._model is None
    assert np.abs(outputs[0] - outputs[1]).max() < 1e-4
    found = [[entities(doc) for doc in nlp.pipe(texts)] for nlp in (trained, loaded)]
    assert found[0] == found[1]
    assert sum(map(len, found[0])) > 1000


def test_weights_are_in_the_file_once(saved, trained):
    graph = shim_of(spacy.load(saved))._graph
    n_bytes = 4 * shim_of(trained).n_parameters
    size = (saved / "ner" / "model").stat().st_size
    assert n_bytes < len(graph) < size < 1.2 * n_bytes + 60_000
    weights = read_weights(graph)
    state = shim_of(trained).module.state_dict()
    assert weights.keys() == dict(shim_of(trained).module.named_parameters()).keys()
    for name, array in weights.items():
        assert np.array_equal(array, state[name].numpy())


def test_exporting_leaves_the_module_as_it_was(trained):
    module = shim_of(trained).module
    for is_training in (True, False):
        module.train(is_training)
        export(module)
        assert module.training == is_training


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, 1), ("", 1), ("3", 3), ("4,2", 4), ("many", 1), ("0", 1)],
)
def test_threads_follow_the_environment(monkeypatch, saved, value, expected):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if value is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert find_threads() == expected
    session = OnnxSession(shim_of(spacy.load(saved))._graph)._session
    assert session.get_session_options().intra_op_num_threads == expected


def test_a_broken_graph(saved):
    from spacy_distill.errors import DistillError

    with pytest.raises(DistillError, match="model that this version of onnxruntime"):
        OnnxSession(b"no graph")


@pytest.mark.slow
def test_the_same_entities_after_any_amount_of_training(source, tmp_path):
    """On 2,000 documents each, for students that are less sure of themselves."""
    nlp = make_student(source)
    for step in range(6):
        train(nlp, 3, drop=0.1)
        nlp.to_disk(tmp_path / str(step))
        loaded = spacy.load(tmp_path / str(step))
        texts = generated_texts(2000, seed=step + 1)
        assert [entities(doc) for doc in nlp.pipe(texts)] == [
            entities(doc) for doc in loaded.pipe(texts)
        ]

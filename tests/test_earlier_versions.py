"""Pipelines and soft labels that version 0.1.0 wrote still work.

`fixtures/version_0_1_0` has three small students, saved in three storages, with the
entities and probabilities that the version predicted (`expected.json`), and soft labels
in manifest format 2.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from hash_teacher import HashTeacher
from small import TEXTS, make_examples, make_pieces, scores

from spacy_distill.annotation.annotate import annotate
from spacy_distill.docs import COLUMNS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.tasks.ner.tags import biluo_tags

pytestmark = pytest.mark.usefixtures("both_ways")

FOLDER = Path(__file__).parent / "fixtures" / "version_0_1_0"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_pipeline_predicts_the_same(name):
    nlp = spacy.load(FOLDER / name)
    assert sum(len(case["entities"]) for case in EXPECTED[name]) > 10
    for case in EXPECTED[name]:
        doc = nlp(case["text"])
        entities = [[e.start_char, e.end_char, e.label_] for e in doc.ents]
        assert entities == case["entities"]
        assert scores(doc) == pytest.approx(case["scores"], abs=1e-4)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_pipeline_is_saved_as_it_was(name, tmp_path):
    nlp = spacy.load(FOLDER / name)
    nlp.to_disk(tmp_path)
    before = (FOLDER / name / "ner" / "model").read_bytes()
    assert (tmp_path / "ner" / "model").read_bytes() == before


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_pipeline_goes_on_learning(name):
    nlp = spacy.load(FOLDER / name)
    examples = make_examples(nlp)
    first = nlp.update(examples)["ner"]
    optimizer = nlp.resume_training()
    for _ in range(30):
        last = nlp.update(examples, sgd=optimizer)["ner"]
    assert last < first
    assert nlp.initialize(lambda: examples) is not None


def test_soft_labels_are_read_as_ner():
    store = SoftLabels(FOLDER / "soft_labels")
    assert store.task.name == "ner"
    assert store.task.columns == biluo_tags(["PER", "LOC"])
    counts = store.manifest.counts
    assert counts.docs == len(store) == 3 * len(TEXTS)
    assert counts.unaligned > 0
    assert counts.dropped == len(store.manifest.dropped) == 3
    assert store.manifest.dropped[0].text == "Bob"
    assert sum(counts.labels.values()) > 0
    nlp = spacy.blank("en")
    store.check(nlp)
    docs = list(store.read(nlp))
    assert [doc.text for doc in docs] == TEXTS * 3
    teacher = HashTeacher()
    for doc in docs:
        assert doc.user_data[COLUMNS] == store.task.columns
        expected = np.stack([teacher.row(token.text) for token in doc])
        found = doc.user_data[LOGITS]
        np.testing.assert_allclose(found[:, :-1], expected[:, :-1], atol=2e-3)
    pieces = store.word_pieces()
    assert pieces is not None
    assert pieces.surfaces == make_pieces().surfaces


def test_complete_soft_labels_are_not_made_again(tmp_path):
    folder = tmp_path / "soft_labels"
    shutil.copytree(FOLDER / "soft_labels", folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS * 3) + "\n", encoding="utf-8")

    def never():
        raise AssertionError("the teacher was asked again")

    teacher = HashTeacher(
        pieces=make_pieces(), blind=("Paris",), lose=("Bob",), on_batch=never
    )
    manifest = annotate(teacher, texts, folder, shard_size=5, progress=False)
    assert manifest.complete
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_unfinished_soft_labels_are_refused(tmp_path):
    folder = tmp_path / "soft_labels"
    shutil.copytree(FOLDER / "soft_labels", folder)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["complete"] = False
    path.write_text(json.dumps(manifest), encoding="utf-8")
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS * 3) + "\n", encoding="utf-8")
    teacher = HashTeacher(pieces=make_pieces(), blind=("Paris",), lose=("Bob",))
    with pytest.raises(DistillError, match="an earlier version left unfinished"):
        annotate(teacher, texts, folder, shard_size=5, progress=False)
    # The advice of the message.
    shutil.rmtree(folder)
    assert annotate(teacher, texts, folder, shard_size=5, progress=False).complete

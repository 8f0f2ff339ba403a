"""GLiNER2 as a text classifier, against GLiNER2's own functions."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import spacy
from spacy.util import registry
from tiny_classifiers import TEXTS
from tiny_gliner2 import ARCHITECTURES, PIECES, make_gliner2
from tiny_text_classifiers import expit, softmax
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.teachers.gliner2.text_teacher import gliner2_text_teacher_v1
from spacy_distill.teachers.load import load_teacher
from spacy_distill.windows import max_context_ranges

LABELS = ["the mill", "new york", "sea"]
NLP = spacy.blank("en")
# Texts that end with and without punctuation, in capitals, and with odd whitespace.
ALL_TEXTS = [*TEXTS, "Anna sailed!", "BEN met Anna.  ", " \n the\tferry "]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    pytest.importorskip(
        "gliner2", reason="GLiNER2 is not installed: pip install spacy-distill[gliner2]"
    )
    root = tmp_path_factory.mktemp("gliner2")
    return {
        kind: make_gliner2(root / kind, architecture=kind) for kind in ARCHITECTURES
    }


@pytest.fixture(scope="module")
def originals(folders):
    from gliner2 import AutoExtractor

    return {
        kind: AutoExtractor.from_pretrained(str(folder))
        for kind, folder in folders.items()
    }


def probabilities(teacher, texts):
    found = teacher.predict([NLP.make_doc(text) for text in texts])
    logits = np.concatenate([one.logits for one in found])
    assert logits.dtype == np.float32
    return softmax(logits) if teacher.task.exclusive else expit(logits)


def by_classifier(original, texts, labels=LABELS, *, several=False, name="category"):
    """All probabilities, of the classifier in GLiNER2 that gives logits."""
    from gliner2.classification import ClassificationSchema, Classifier

    schema = ClassificationSchema()
    schema = (schema.multi if several else schema.single)(name, labels)
    found = Classifier(original).batch_score(texts, schema)
    return [[one.probability(name, label) for label in labels] for one in found]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_numbers_are_those_of_gliner2(folders, originals, kind, several):
    teacher = gliner2_text_teacher_v1(str(folders[kind]), LABELS, exclusive=not several)
    assert teacher.task.labels == tuple(LABELS)
    found = probabilities(teacher, ALL_TEXTS)
    expected = by_classifier(originals[kind], ALL_TEXTS, several=several)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert np.ptp(found, axis=0).min() > 0.05


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_decisions_are_those_of_classify_text(folders, originals, kind):
    folder, original = str(folders[kind]), originals[kind]
    found = probabilities(gliner2_text_teacher_v1(folder, LABELS), ALL_TEXTS)
    several = probabilities(
        gliner2_text_teacher_v1(folder, LABELS, exclusive=False), ALL_TEXTS
    )
    tasks = {"category": LABELS}
    in_batches = original.batch_classify_text(ALL_TEXTS, tasks, include_confidence=True)
    for text, row, independent, batched in zip(ALL_TEXTS, found, several, in_batches):
        one = original.classify_text(text, tasks, include_confidence=True)["category"]
        assert one["label"] == batched["category"]["label"] == LABELS[row.argmax()]
        assert one["confidence"] == pytest.approx(row.max(), abs=2e-4)
        # Between the least probable label and the others.
        threshold = float(np.sort(independent)[:2].mean())
        task = {"labels": LABELS, "multi_label": True, "cls_threshold": threshold}
        own = original.classify_text(text, {"category": task}, include_confidence=True)
        expected = {
            label: pytest.approx(p, abs=2e-4)
            for label, p in zip(LABELS, independent)
            if p >= threshold
        }
        assert len(expected) == 2
        assert {x["label"]: x["confidence"] for x in own["category"]} == expected


def test_task_name_and_descriptions(folders, originals):
    folder, original = str(folders["span"]), originals["span"]
    plain = probabilities(gliner2_text_teacher_v1(folder, LABELS), TEXTS)
    named = gliner2_text_teacher_v1(folder, LABELS, task_name="ferry")
    expected = by_classifier(original, TEXTS, name="ferry")
    np.testing.assert_allclose(probabilities(named, TEXTS), expected, atol=2e-4)
    texts_of = {"sea": "late", "the mill": "old", "new york": "the"}
    described = probabilities(
        gliner2_text_teacher_v1(folder, LABELS, descriptions=texts_of), TEXTS
    )
    tasks = {"category": {label: texts_of[label] for label in LABELS}}
    own = original.batch_classify_text(TEXTS, tasks, include_confidence=True)
    for row, one in zip(described, own):
        assert one["category"]["label"] == LABELS[row.argmax()]
        assert one["category"]["confidence"] == pytest.approx(row.max(), abs=2e-4)
    assert abs(described - plain).max() > 0.05


def test_long_texts_in_windows(folders, originals):
    teacher = gliner2_text_teacher_v1(str(folders["span"]), LABELS, overlap=6)
    text = " ".join(TEXTS * 3)
    words = text.split()
    parts = teacher._model.split(text)
    windows = [part.words for part in parts]
    assert len(windows) > 4
    assert (windows[0][0], windows[-1][1]) == (0, len(words))
    assert all(right[0] < left[1] for left, right in zip(windows, windows[1:]))
    expected = 0.0
    for (start, end), (first, last) in zip(windows, max_context_ranges(windows)):
        window = " ".join(words[start:end])
        collated = originals["span"].processor.collate_fn_inference(
            [(window, {"classifications": [{"task": "category", "labels": LABELS}]})]
        )
        assert collated.input_ids.shape[1] <= PIECES
        (row,) = by_classifier(originals["span"], [window])
        expected = expected + (last - first) / len(words) * np.array(row)
    found = probabilities(teacher, [TEXTS[0], text])
    np.testing.assert_allclose(found[1], expected, atol=2e-4)
    short = probabilities(teacher, [TEXTS[0]])
    np.testing.assert_allclose(found[0], short[0], atol=2e-4)


def test_a_word_that_is_longer_than_an_input(folders):
    """Its pieces would have no position embeddings."""
    teacher = gliner2_text_teacher_v1(str(folders["span"]), LABELS)
    text = f"anna sailed to {'lo-we_' * 40} in the old mill"
    parts = teacher._model.split(text)
    joined = "".join(part.text.replace(" ", "") for part in parts)
    assert len(parts) > 3
    assert joined == text.replace(" ", "")
    assert np.isfinite(probabilities(teacher, [text])).all()


def test_texts_without_words(folders, originals):
    teacher = gliner2_text_teacher_v1(str(folders["span"]), LABELS)
    found = probabilities(teacher, ["", " \n", TEXTS[0]])
    expected = by_classifier(originals["span"], [""])
    np.testing.assert_allclose(found[:2], expected * 2, atol=2e-4)
    assert teacher.predict([]) == []
    assert teacher.sizes([]) == []


def test_sizes_are_those_of_the_inputs(folders, originals):
    teacher = gliner2_text_teacher_v1(str(folders["span"]), LABELS)
    schema = {"classifications": [{"task": "category", "labels": LABELS}]}
    collate = originals["span"].processor.collate_fn_inference
    sizes = teacher.sizes([NLP.make_doc(text) for text in TEXTS])
    assert sizes == [collate([(x, schema)]).input_ids.shape[1] for x in TEXTS]


def test_categories_of_labels(folders):
    folder = str(folders["span"])
    before = probabilities(gliner2_text_teacher_v1(folder, LABELS), TEXTS)
    categories = {"the mill": "work", "new york": "place", "sea": "place"}
    teacher = gliner2_text_teacher_v1(folder, categories)
    assert teacher.task.labels == ("work", "place")
    expected = np.stack([before[:, 0], before[:, 1:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(probabilities(teacher, TEXTS), expected, atol=1e-3)


@pytest.mark.parametrize("given", ["folder", "object"])
def test_load_teacher(folders, originals, given):
    source = folders["boundary"] if given == "folder" else originals["boundary"]
    for task in ("textcat", "textcat_multilabel"):
        teacher = load_teacher(source, labels=LABELS, task=task)
        assert (teacher.task.name, teacher.name) == (task, "gliner2")
        expected = by_classifier(
            originals["boundary"], TEXTS, several=task != "textcat"
        )
        np.testing.assert_allclose(probabilities(teacher, TEXTS), expected, atol=2e-4)
    mapped = load_teacher(
        source, labels={"the mill": "work", "sea": "water"}, task="textcat"
    )
    assert mapped.task.labels == ("work", "water")
    both = load_teacher(
        [source, lambda texts: ["sea"] * len(texts)], labels=LABELS, task="textcat"
    )
    assert both.task.labels == tuple(LABELS)
    for options in ({}, {"labels": LABELS}, {"task": "textcat"}):
        with pytest.raises(DistillError, match="Expected labels and a task") as info:
            load_teacher(source, **options)
        assert "\n" not in str(info.value)


def test_hash(folders, originals, tmp_path):
    folder = str(folders["span"])
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("All about it.")
    before = gliner2_text_teacher_v1(folder, LABELS).hash
    assert gliner2_text_teacher_v1(str(copy), LABELS).hash == before
    described = {"descriptions": dict.fromkeys(LABELS, "old")}
    others = {
        gliner2_text_teacher_v1(folder, labels, **options).hash
        for labels, options in (
            (LABELS[::-1], {}),
            (LABELS, {"task_name": "topic"}),
            (LABELS, described),
            (LABELS, {"exclusive": False}),
            (LABELS, {"window": PIECES - 1, "overlap": PIECES // 8}),
        )
    }
    # The number of heads is in the encoder's config alone.
    path = copy / "encoder_config" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "num_attention_heads": 4}))
    others.add(gliner2_text_teacher_v1(str(copy), LABELS).hash)
    assert len(others | {before}) == 7


def test_hash_of_an_object(folders, tmp_path):
    from gliner2 import AutoExtractor

    other = make_gliner2(tmp_path, seed=1)
    one, again, different, in_characters = (
        load_teacher(
            AutoExtractor.from_pretrained(str(folder), **options),
            labels=LABELS,
            task="textcat",
        ).hash
        for folder, options in (
            (folders["span"], {}),
            (folders["span"], {}),
            (other, {}),
            (folders["span"], {"word_splitter": "char"}),
        )
    )
    assert one == again
    assert len({one, different, in_characters}) == 3


def test_word_pieces(folders, tmp_path):
    """Texts are in lower case whatever the tokenizer does."""
    copy = shutil.copytree(folders["span"], tmp_path / "cased")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        text = (copy / name).read_text(encoding="utf-8")
        for key in ('"lowercase"', '"do_lower_case"'):
            text = text.replace(f"{key}: true", f"{key}: false")
        (copy / name).write_text(text, encoding="utf-8")
    for folder in (folders["span"], copy):
        pieces = gliner2_text_teacher_v1(str(folder), LABELS).word_pieces()
        assert pieces is not None
        assert pieces.lowercase
        assert {"an", "na", "mill"} <= set(pieces.surfaces)
        assert not any("[" in surface for surface in pieces.surfaces)


def test_from_the_command_line(folders, tmp_path):
    assert registry.misc.get("spacy_distill.GLiNER2TextTeacher.v1")
    config = tmp_path / "teacher.cfg"
    config.write_text(
        "[teacher]\n"
        '@misc = "spacy_distill.GLiNER2TextTeacher.v1"\n'
        f'name = "{folders["span"]}"\n'
        'task_name = "topic"\n'
        "[teacher.labels]\n"
        '"the mill" = "work"\n'
        'sea = "water"\n'
    )
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n")
    out = tmp_path / "out"
    arguments = ["annotate", str(config), str(tmp_path / "texts.txt"), "-o", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    labels = SoftLabels(out)
    assert (labels.manifest.task, labels.manifest.columns) == (
        "textcat",
        ("work", "water"),
    )
    teacher = load_teacher(config)
    assert teacher.hash == labels.manifest.teacher_hash
    best = probabilities(teacher, TEXTS).argmax(axis=1)
    counts = {"work": int((best == 0).sum()), "water": int((best == 1).sum())}
    assert labels.manifest.counts.labels == counts
    # No option of the commands names categories.
    arguments[1] = str(folders["span"])
    result = CliRunner().invoke(app, [*arguments[:-1], str(tmp_path / "other")])
    assert result.exit_code == 1
    assert "write a config" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("labels", "options", "told"),
    [
        (["sea"], {}, r"two or more categories .*got \['sea'\]"),
        ([], {"exclusive": False}, "one or more categories"),
        (["sea", "sea"], {}, "each once"),
        (["sea", " "], {}, "each once"),
        (LABELS, {"task_name": " "}, "a task_name that says"),
        (LABELS, {"descriptions": {"sea": "wet"}}, "got descriptions of sea with the"),
        (LABELS, {"lang": "xyz"}, "language that spaCy knows"),
        (LABELS, {}, r"with a config\.json"),
    ],
)
def test_invalid_options(tmp_path, labels, options, told):
    with pytest.raises(DistillError, match=told) as info:
        gliner2_text_teacher_v1(str(tmp_path), labels, **options)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("labels", "options"),
    [
        (LABELS, {"window": PIECES + 1}),
        (LABELS, {"window": 10}),
        (LABELS, {"overlap": -1}),
        (list(map(str, range(PIECES))), {}),
    ],
)
def test_windows_that_do_not_fit(folders, labels, options):
    with pytest.raises(DistillError, match=f"at most {PIECES} word pieces"):
        gliner2_text_teacher_v1(str(folders["span"]), labels, **options)


def test_a_hub_name_without_a_network():
    with pytest.raises(DistillError, match="huggingface-cli download some/model"):
        gliner2_text_teacher_v1("some/model", LABELS)
    with pytest.raises(DistillError, match="huggingface-cli download some/model"):
        load_teacher("some/model", labels=LABELS, task="textcat")


def test_a_hub_name_in_the_cache(folders, tmp_path):
    """Test the layout in which the hub's library stores what it has downloaded."""
    repository = tmp_path / "models--some--gliner2"
    revision = "0123456789" * 4
    shutil.copytree(folders["span"], repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    # The library reads its settings when it is imported.
    script = (
        "from spacy_distill import load_teacher\n"
        f"options = {{'labels': {LABELS}, 'task': 'textcat'}}\n"
        "teacher = load_teacher('some/gliner2', **options)\n"
        "print(teacher.name, teacher.hash)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = gliner2_text_teacher_v1(str(folders["span"]), LABELS).hash
    assert done.stdout.split()[-2:] == ["some/gliner2", expected]


def test_gliner2_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gliner2", None)
    (tmp_path / "config.json").write_text('{"model_type": "extractor"}')
    told = r"pip install spacy-distill\[gliner2\]"
    for load in (
        lambda: gliner2_text_teacher_v1(str(tmp_path), LABELS),
        lambda: load_teacher(tmp_path, labels=LABELS, task="textcat"),
    ):
        with pytest.raises(DistillError, match=told) as info:
            load()
        assert "\n" not in str(info.value)


@pytest.mark.parametrize("damage", ["weights", "encoder"])
def test_a_damaged_model(folders, tmp_path, damage):
    copy = shutil.copytree(folders["span"], tmp_path / "copy")
    if damage == "weights":
        (copy / "model.safetensors").write_bytes(b"nothing")
    else:
        shutil.rmtree(copy / "encoder_config")
    with pytest.raises(DistillError, match="Could not load the GLiNER2 model") as info:
        gliner2_text_teacher_v1(str(copy), LABELS)
    assert "\n" not in str(info.value)

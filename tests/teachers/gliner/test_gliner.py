import math
import shutil
import sys
import warnings
from collections import Counter

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.util import registry
from taught import (
    assert_predicts_training_data,
    best_spans,
    logits_of,
    unaligned_of,
)
from tiny_classifiers import SENTENCES, TEXTS
from tiny_gliner import PROMPTS, WORDS, make_gliner
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.gliner import model as gliner_model
from spacy_distill.teachers.gliner.model import FoundSpans
from spacy_distill.teachers.gliner.teacher import gliner_teacher_v1
from spacy_distill.teachers.load import load_teacher
from spacy_distill.windows import max_context_ranges

MODES = ("markerV0", "token_level")
KNOWN = sorted({word for text in TEXTS for word in text.split()})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    pytest.importorskip(
        "gliner", reason="GLiNER is not installed: pip install spacy-distill[gliner]"
    )
    root = tmp_path_factory.mktemp("gliner")
    return {mode: make_gliner(root / mode, span_mode=mode) for mode in MODES}


@pytest.fixture(scope="module")
def teachers(folders):
    return {
        mode: gliner_teacher_v1(str(folder), PROMPTS)
        for mode, folder in folders.items()
    }


@pytest.fixture(scope="module")
def originals(folders):
    from gliner import GLiNER

    return {
        mode: GLiNER.from_pretrained(str(folder)) for mode, folder in folders.items()
    }


@pytest.mark.parametrize("mode", MODES)
def test_training_data_is_predicted(teachers, mode):
    teacher = teachers[mode]
    assert_predicts_training_data(teacher)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.9])
def test_entities_match_gliner(folders, originals, mode, threshold):
    teacher = gliner_teacher_v1(
        str(folders[mode]), PROMPTS, threshold=threshold, maybe=0.05
    )

    @settings(max_examples=60, deadline=None)
    @given(words=st.lists(st.sampled_from(KNOWN), min_size=1, max_size=WORDS))
    def check(words):
        doc = Doc(teacher.nlp.vocab, words=words)
        ((logits, _, dropped),) = teacher.predict([doc])
        found = [
            (doc[s].idx, doc[e - 1].idx + len(doc[e - 1]), label)
            for s, e, label in best_spans(teacher, logits)
        ]
        text = " ".join(words)
        (own,) = originals[mode].inference([text], list(PROMPTS), threshold=threshold)
        assert found == [(e["start"], e["end"], PROMPTS[e["label"]]) for e in own]
        assert dropped == ()

    check()


def test_scores_become_probabilities(tmp_path):
    """Test scores above, at and below the threshold, with a text of one word."""
    pytest.importorskip("gliner")
    from gliner import GLiNER

    folder = make_gliner(tmp_path)
    original = GLiNER.from_pretrained(str(folder))
    scores = {
        word: entity["score"]
        for word in KNOWN
        for entity in original.inference([word], ["place"], threshold=0.1)[0]
    }
    word = max(scores, key=scores.__getitem__)
    # Log-odds are products with what this layer gives: scaled, so that they are 0.6's.
    odds = scores[word] / (1 - scores[word])
    layer = original.model.prompt_rep_layer[-1]
    for parameter in layer.parameters():
        parameter.data *= math.log(0.6 / 0.4) / math.log(odds)
    original.save_pretrained(folder)
    ((entity,),) = original.inference([word], ["place"], threshold=0.1)
    score = entity["score"]
    assert score == pytest.approx(0.6, abs=1e-3)
    zone = (1 + score) / 2
    for threshold, maybe, expected in (
        (score / 2, 0.02, 0.5 + 0.5 * (score - score / 2) / (1 - score / 2)),
        (score, 0.02, 0.5),
        (zone, 0.02, 0.5 * score / zone),
        (zone, zone, 0.0),
    ):
        teacher = gliner_teacher_v1(
            str(folder), {"place": "LOC"}, threshold=threshold, maybe=maybe
        )
        (logits,) = logits_of(teacher, [teacher.nlp.make_doc(word)])
        tags = dict(zip(teacher.task.columns, np.exp(logits[0])))
        # At 0.5, O is made the best tag by `favor`.
        assert tags["U-LOC"] == pytest.approx(expected, abs=6e-3)
        assert tags["O"] == pytest.approx(1 - expected, abs=6e-3)
        assert bool(best_spans(teacher, logits)) == (threshold < score)


def test_list_of_labels_and_shared_labels(folders):
    folder = str(folders["markerV0"])
    doc = spacy.blank("en").make_doc(TEXTS[0])
    listed = gliner_teacher_v1(folder, ["person", "place"])
    assert listed.task.columns == biluo_tags(["person", "place"])
    (logits,) = logits_of(listed, [doc])
    assert best_spans(listed, logits) == [(0, 2, "person"), (4, 5, "place")]
    shared = gliner_teacher_v1(folder, {"person": "NAME", "place": "NAME"})
    assert shared.task.columns == biluo_tags(["NAME"])
    (logits,) = logits_of(shared, [doc])
    assert best_spans(shared, logits) == [(0, 2, "NAME"), (4, 5, "NAME")]


@pytest.mark.parametrize("mode", MODES)
def test_long_texts_in_windows(teachers, mode):
    """Test windows limited by words, and by word pieces."""
    model = teachers[mode]._model
    words = " ".join(TEXTS * 2).split()
    many = [*words[:9], *["zebrazebrazebra"] * 9, *words[9:]]
    for text in (words, many):
        (counts,) = model.count_pieces([text])
        windows = model._windows(counts)
        assert len(windows) > 4
        for start, end in windows:
            assert end - start <= WORDS
            assert counts[start:end].sum() + model.n_prompt_pieces <= 60
        # GLiNER warns when it truncates a text.
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            (found,) = model.find([text], [counts], threshold=0.5, maybe=0.1)
        expected = FoundSpans([], [])
        for (start, end), (first, last) in zip(windows, max_context_ranges(windows)):
            (one,) = model.find(
                [text[start:end]], [counts[start:end]], threshold=0.5, maybe=0.1
            )
            for all_, some in zip(expected, one):
                for span in some:
                    if first <= span.start + start < last:
                        all_.append((span.start + start, span.end + start, span.prompt))
        for mine, theirs in zip(found, expected):
            assert sorted(span[:3] for span in mine) == sorted(theirs)
        assert found.entities


def test_long_documents(teachers):
    teacher = teachers["markerV0"]
    docs = [teacher.nlp.make_doc(" ".join(TEXTS * 3)), teacher.nlp.make_doc("ben")]
    rows = logits_of(teacher, docs)
    assert [len(row) for row in rows] == [len(doc) for doc in docs]
    last = [docs[0][s:e].text for s, e, _ in best_spans(teacher, rows[0])][-1]
    assert last == "ben"
    assert teacher.sizes(docs)[0] > 100


def test_odd_documents(teachers):
    teacher = teachers["markerV0"]
    other = spacy.blank("en")
    docs = [
        other.make_doc(""),
        other.make_doc(" \n "),
        # The tokenizer removes control characters, so this word has no pieces.
        Doc(
            other.vocab, words=["anna", "  ", "lowe", "\u0080", "sailed", "to", "porto"]
        ),
        Doc(other.vocab, words=["\u0080"]),
    ]
    predictions = teacher.predict(docs)
    assert [p.logits.shape for p in predictions] == [(len(doc), 9) for doc in docs]
    assert unaligned_of(predictions) == [[], [], [3], [0]]
    assert best_spans(teacher, predictions[2].logits) == [(0, 3, "PER"), (6, 7, "LOC")]
    assert teacher.predict([]) == []
    assert teacher.sizes([]) == []
    assert not any(doc.user_data or doc.ents for doc in docs)


def test_logits_do_not_depend_on_the_batch(teachers):
    teacher = teachers["token_level"]
    docs = [teacher.nlp.make_doc(text) for text in TEXTS]
    for doc, row in zip(docs, logits_of(teacher, docs)):
        np.testing.assert_allclose(row, logits_of(teacher, [doc])[0], atol=2e-3)


def test_hash(folders, tmp_path):
    folder = folders["markerV0"]
    before = gliner_teacher_v1(str(folder), PROMPTS).hash
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("All about it.")
    assert gliner_teacher_v1(str(copy), PROMPTS).hash == before
    others = {
        gliner_teacher_v1(str(copy), labels, **options).hash
        for labels, options in (
            (dict(reversed(PROMPTS.items())), {}),
            ({**PROMPTS, "place": "GPE"}, {}),
            (PROMPTS, {"threshold": 0.6}),
            (PROMPTS, {"maybe": 0.2}),
        )
    }
    assert len(others | {before}) == 5
    assert gliner_teacher_v1(str(folders["token_level"]), PROMPTS).hash != before


def test_word_pieces(teachers):
    pieces = teachers["markerV0"].word_pieces()
    assert pieces is not None
    assert {"an", "na", "mill"} <= set(pieces.surfaces)
    assert not any("ENT" in surface for surface in pieces.surfaces)
    assert pieces.lowercase


def test_from_the_command_line(folders, tmp_path):
    assert registry.misc.get("spacy_distill.GLiNERTeacher.v1")
    config = tmp_path / "teacher.cfg"
    config.write_text(
        "[teacher]\n"
        '@misc = "spacy_distill.GLiNERTeacher.v1"\n'
        f'name = "{folders["markerV0"]}"\n'
        "threshold = 0.6\n"
        "[teacher.labels]\n"
        'person = "PER"\n'
        'place = "LOC"\n'
    )
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n")
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["annotate", str(config), str(tmp_path / "texts.txt"), "-o", str(out)]
    )
    assert result.exit_code == 0, result.output
    labels = SoftLabels(out)
    assert labels.manifest.teacher == "gliner"
    gold = Counter(label for _, entities in SENTENCES for _, _, label in entities)
    assert labels.manifest.counts.labels == gold
    assert labels.word_pieces() is not None
    assert load_teacher(config).hash == labels.manifest.teacher_hash


@pytest.mark.parametrize(
    ("labels", "options", "told"),
    [
        ([], {}, "Expected labels for GLiNER"),
        ({}, {}, "Expected labels for GLiNER"),
        ({"person": ""}, {}, "none of them may be empty"),
        ([" "], {}, "none of them may be empty"),
        (["x"], {"threshold": 1.0}, "threshold=1.0"),
        (["x"], {"maybe": 0.6}, "maybe=0.6"),
        (["x"], {"maybe": 0.0}, "maybe=0.0"),
        (["x"], {"lang": "xyz"}, "language that spaCy knows"),
        (["x"], {}, r"with a gliner_config\.json"),
    ],
)
def test_invalid_options(tmp_path, labels, options, told):
    with pytest.raises(DistillError, match=told) as info:
        gliner_teacher_v1(str(tmp_path), labels, **options)
    assert "\n" not in str(info.value)


def test_a_hub_name_without_a_network():
    with pytest.raises(DistillError, match="huggingface-cli download some/model"):
        gliner_teacher_v1("some/model", ["person"])


def test_gliner_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gliner", None)
    (tmp_path / gliner_model.CONFIG).write_text("{}")
    with pytest.raises(DistillError, match=r"pip install spacy-distill\[gliner\]"):
        gliner_teacher_v1(str(tmp_path), ["person"])


def test_too_many_labels(folders):
    many = [f"a kind of thing number {i}" for i in range(20)]
    with pytest.raises(DistillError, match="leave room for a text, got 20 with"):
        gliner_teacher_v1(str(folders["markerV0"]), many)


def test_a_damaged_model(folders, tmp_path):
    copy = shutil.copytree(folders["markerV0"], tmp_path / "copy")
    (copy / "pytorch_model.bin").write_bytes(b"nothing")
    with pytest.raises(DistillError, match="Could not load the GLiNER model") as info:
        gliner_teacher_v1(str(copy), PROMPTS)
    assert "\n" not in str(info.value)

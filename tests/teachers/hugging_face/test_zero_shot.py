"""Models of natural language inference, against the pipeline of transformers."""

import numpy as np
import pytest
import spacy
import torch
from spacy.util import registry
from tiny_classifiers import TEXTS
from tiny_text_classifiers import expit, make_text_bert, make_text_roberta, softmax
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    pipeline,
)

from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher
from spacy_distill.windows import max_context_ranges, split

NLI = ("contradiction", "neutral", "entailment")
LABELS = ["the mill", "new york", "O"]
HYPOTHESIS = "it was {} ."
LENGTH = 48
NLP = spacy.blank("en")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("inference")
    return {
        "bert": make_text_bert(root / "bert", NLI, length=LENGTH),
        # Other models have the outputs the other way round.
        "roberta": make_text_roberta(root / "roberta", NLI[::-1], length=LENGTH),
        "two": make_text_bert(
            root / "two", ("ENTAILMENT", "not_entailment"), length=LENGTH
        ),
    }


def make(folder, labels=LABELS, hypothesis=HYPOTHESIS, **options):
    created = registry.misc.get("spacy_distill.ZeroShotTextTeacher.v1")
    return created(str(folder), labels=labels, hypothesis=hypothesis, **options)


def probabilities(teacher, texts):
    found = teacher.predict([NLP.make_doc(text) for text in texts])
    logits = np.concatenate([one.logits for one in found])
    assert logits.dtype == np.float32
    return softmax(logits) if teacher.task.exclusive else expit(logits)


def by_pipeline(folder, texts, labels=LABELS, *, several=False):
    classify = pipeline("zero-shot-classification", model=str(folder))
    found = classify(texts, labels, hypothesis_template=HYPOTHESIS, multi_label=several)
    by_label = [dict(zip(one["labels"], one["scores"])) for one in found]
    return [[scores[label] for label in labels] for scores in by_label]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ["bert", "roberta", "two"])
def test_numbers_are_those_of_transformers(folders, kind, several):
    teacher = make(folders[kind], exclusive=not several)
    assert teacher.task.labels == tuple(LABELS)
    expected = by_pipeline(folders[kind], TEXTS, several=several)
    np.testing.assert_allclose(probabilities(teacher, TEXTS), expected, atol=1e-5)


def test_long_texts_in_windows(folders):
    """They are the same for all categories, whatever the length of a hypothesis."""
    folder = folders["bert"]
    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    text = " ".join(TEXTS * 3)
    hypotheses = [HYPOTHESIS.replace("{}", label) for label in LABELS]
    cut = [tokenizer(one, add_special_tokens=False)["input_ids"] for one in hypotheses]
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    room = LENGTH - 3 - max(map(len, cut))
    windows = split(len(ids), window=room, overlap=6)
    assert len(windows) > 2
    expected = 0.0
    for (start, end), (first, last) in zip(windows, max_context_ranges(windows)):
        scores = []
        for hypothesis in cut:
            pair = (ids[start:end], hypothesis)
            whole = tokenizer.build_inputs_with_special_tokens(*pair)
            types = tokenizer.create_token_type_ids_from_sequences(*pair)
            assert len(whole) <= LENGTH
            with torch.inference_mode():
                found = model(
                    torch.tensor([whole]), token_type_ids=torch.tensor([types])
                )
            scores.append(found.logits[0, NLI.index("entailment")].item())
        expected = expected + (last - first) / len(ids) * softmax(scores)
    found = probabilities(make(folder, overlap=6), [TEXTS[0], text])
    np.testing.assert_allclose(found[1], expected, atol=1e-5)


def test_texts_without_words(folders):
    found = probabilities(make(folders["bert"]), ["", " \n", TEXTS[0]])
    np.testing.assert_allclose(found[0], found[1])
    assert not np.allclose(found[0], found[2])
    assert np.isfinite(probabilities(make(folders["roberta"]), [""])).all()


def test_candidates_for_a_category(folders):
    plain = make(folders["bert"])
    candidates = {"the mill": "work", "new york": "place", "O": "place"}
    teacher = make(folders["bert"], candidates)
    assert teacher.task.labels == ("work", "place")
    before = probabilities(plain, TEXTS)
    expected = np.stack([before[:, 0], before[:, 1:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(probabilities(teacher, TEXTS), expected, atol=1e-5)


def test_a_pipeline_object(folders):
    classify = pipeline("zero-shot-classification", model=str(folders["bert"]))
    teacher = load_teacher(classify, labels=LABELS)
    assert teacher.task.labels == tuple(LABELS)
    found = classify(TEXTS, LABELS, hypothesis_template="This text is about {}.")
    for row, one in zip(probabilities(teacher, TEXTS), found):
        expected = dict(zip(one["labels"], one["scores"]))
        assert dict(zip(LABELS, row)) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(DistillError, match="two or more categories to choose from"):
        load_teacher(classify)


def test_the_hash_covers_the_options(folders):
    folder = folders["bert"]
    teachers = [
        make(folder),
        make(folder, LABELS[::-1]),
        make(folder, hypothesis="the {} was late"),
        make(folder, exclusive=False),
        make(folder, window=40),
    ]
    assert len({teacher.hash for teacher in teachers}) == len(teachers)
    assert make(folder).hash == teachers[0].hash


def test_word_pieces(folders):
    assert make(folders["bert"]).word_pieces() is not None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"labels": ["sea"]}, r"two or more categories .*got \['sea'\]"),
        ({"labels": ["sea", "sea"]}, "each once"),
        ({"labels": ["sea", " "]}, "each once"),
        ({"hypothesis": "It is."}, "a hypothesis with {} in place"),
        ({"hypothesis": "it was {} " * 9}, "leave room for a text .* reads 48 word"),
    ],
)
def test_errors(folders, options, told):
    with pytest.raises(DistillError, match=told):
        make(folders["bert"], **options)


def test_other_models(folders, tmp_path):
    folder = make_text_bert(tmp_path / "plain")
    with pytest.raises(DistillError, match="output named 'entailment', got 'sea'"):
        make(folder)
    with pytest.raises(DistillError, match="use it as a spacy_distill.ZeroShotTextTea"):
        load_teacher(folders["bert"])


def test_a_config(folders, tmp_path):
    config = tmp_path / "teacher.cfg"
    config.write_text(
        '[teacher]\n@misc = "spacy_distill.ZeroShotTextTeacher.v1"\n'
        f'name = "{folders["bert"]}"\nlabels = ["sea", "land"]\nexclusive = false\n'
    )
    teacher = load_teacher(config)
    assert (teacher.task.name, teacher.task.labels) == (
        "textcat_multilabel",
        ("sea", "land"),
    )
    config.write_text(
        '[teacher]\n@misc = "spacy_distill.ZeroShotTextTeacher.v1"\n'
        f'name = "{folders["bert"]}"\n[teacher.labels]\nsea = "x"\nland = "y"\n'
    )
    assert load_teacher(config).task.labels == ("x", "y")

"""The report of text classifiers."""

import math

import numpy as np
import pytest
import spacy
from small import TEXTS, write_soft_labels
from small_classifiers import topic_classifier
from spacy.language import Language
from spacy.tokens import DocBin
from texts_with_categories import TOPICS, make_docs, make_topics, texts_of

from spacy_distill.annotation.annotate import annotate
from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.evaluation.references import gold_references, held_out_references
from spacy_distill.evaluation.report import Report, attach_report, get_report
from spacy_distill.evaluation.soft_sample import sample_soft_labels
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.mapped import MappedTeacher

NLP = spacy.blank("en")


def probabilities(nlp, texts):
    return np.array([[d.cats[x] for x in TOPICS] for d in nlp.pipe(texts)])


@pytest.mark.parametrize("name", ["exclusive", "several"])
def test_it_is_read_as_it_was_written(name, request, tmp_path):
    report = request.getfixturevalue(name)
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report
    nlp = spacy.blank("en")
    attach_report(nlp, report)
    public = get_report(nlp)
    assert public.task == report.task
    assert all(not found.worst for found in public.agreement.values())


def test_what_is_in_it(exclusive, exclusive_folder):
    assert exclusive.task == "textcat"
    teacher, student = exclusive.rows
    gold = make_docs(make_topics(80, seed=3), NLP)
    truth = np.array([[doc.cats[x] for x in TOPICS] for doc in gold]).argmax(1)
    loaded = {n: spacy.load(exclusive_folder / n) for n in ("teacher", "student")}
    found = {n: probabilities(nlp, texts_of(gold)) for n, nlp in loaded.items()}
    for row in exclusive.rows:
        accuracy = (found[row.name].argmax(1) == truth).mean()
        assert (row.accuracy, row.f1) == pytest.approx((accuracy, accuracy))
        assert row.parameters > 0
        assert row.size > 0
        words = exclusive.references.words
        assert row.documents_per_second == pytest.approx(
            row.words_per_second * 80 / words
        )
    assert exclusive.references.entities == {
        label: (truth == i).sum() for i, label in enumerate(TOPICS)
    }
    same = found["teacher"].argmax(1) == found["student"].argmax(1)
    agreement = exclusive.agreement["student"]
    assert agreement.f1 == pytest.approx(same.mean())
    assert (agreement.documents, agreement.compared) == (same.sum(), 80)
    # The documents they disagree on, the farthest apart first.
    apart = np.abs(found["teacher"] - found["student"]).max(1)
    wanted = sorted(np.flatnonzero(~same), key=lambda i: -apart[i])[:10]
    assert [pair.document for pair in agreement.worst] == wanted
    assert all(pair.gold for pair in agreement.worst)
    assert exclusive.comparison.f1_share == pytest.approx(student.f1 / teacher.f1)


def test_development_scores(exclusive):
    held = exclusive.development
    assert held.references.documents == 40
    assert held.references.task == "textcat"
    dev = make_docs(make_topics(40, seed=4), NLP)
    nlp = topic_classifier("compact_textcat")
    truth = [max(doc.cats, key=doc.cats.get) for doc in dev]
    found = [max(d.cats, key=d.cats.get) for d in nlp.pipe(texts_of(dev))]
    right = np.mean([a == b for a, b in zip(found, truth)])
    assert held.scores["student"].f1 == pytest.approx(right)


def test_soft_labels(exclusive, exclusive_folder):
    soft = exclusive.soft_labels
    store = SoftLabels(exclusive_folder / "soft_labels")
    logits = np.concatenate([d.user_data[LOGITS] for d in store.read(NLP)])
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    assert (soft.documents, soft.dropped, soft.sampled) == (60, 0, 60)
    best = p.argmax(1)
    columns = store.task.columns
    assert soft.labels == {x: (best == i).sum() for i, x in enumerate(columns)}
    entropy = -(p * np.log(p)).sum(1)
    assert soft.mean_entropy == pytest.approx(entropy.mean(), rel=1e-3)
    assert soft.entropy[-1].high == pytest.approx(math.log(3))
    counted = [((b.low <= entropy) & (entropy < b.high)).sum() for b in soft.entropy]
    assert [b.words for b in soft.entropy] == counted


def test_soft_labels_of_several_categories(several):
    soft = several.soft_labels
    # Each of the three categories is uncertain by itself.
    assert soft.entropy[-1].high == pytest.approx(3 * math.log(2))
    assert sum(b.words for b in soft.entropy) == soft.sampled == 60
    bins = [b.low for b in soft.entropy]
    assert bins == sorted(bins)


def test_two_categories_are_less_uncertain_than_the_last_bound(tmp_path):
    teacher = MappedTeacher(
        load_teacher(topic_classifier()),
        {"food": "food", "sport": "other", "travel": "other"},
    )
    texts = [text for text, _ in make_topics(12)]
    annotate(teacher, texts, tmp_path / "soft", progress=False)
    sample = sample_soft_labels(tmp_path / "soft")
    assert sample.entropy[-1].high == pytest.approx(math.log(2))
    assert sum(b.words for b in sample.entropy) == 12


def test_held_out_soft_labels_are_what_the_teacher_chose(exclusive_folder, exclusive):
    references = held_out_references(exclusive_folder / "soft_labels", 12)
    assert references.scoring.task == "textcat"
    docs, changes = references.read_docs(NLP)
    assert (len(docs), changes) == (12, {"left_out": 0})
    teacher = spacy.load(exclusive_folder / "teacher")
    for doc in docs:
        assert doc.user_data == {}
        found = teacher(doc.text).cats
        assert doc.cats == {x: float(x == max(found, key=found.get)) for x in found}


def test_a_label_map_renames_gold_annotation_and_predictions(exclusive_folder):
    docs = make_docs(make_topics(40, seed=3), NLP)
    for doc in docs:
        doc.cats = {x.upper(): value for x, value in doc.cats.items()}
    source = {"student": str(exclusive_folder / "student")}
    with pytest.raises(DistillError, match=r"""'{"FOOD": "food", "SPORT"""):
        evaluate(source, docs, rounds=0)
    upper = {x.upper(): x for x in TOPICS}
    plain = evaluate(source, make_docs(make_topics(40, seed=3), NLP), rounds=0)
    mapped = evaluate(source, docs, label_map=upper, rounds=0)
    assert mapped.rows[0].f1 == plain.rows[0].f1
    merged = {**upper, "FOOD": "rest", "food": "rest", "SPORT": None, "sport": None}
    left = evaluate(source, docs, label_map=merged, rounds=0)
    assert set(left.references.entities) == {"rest", "travel"}
    assert left.references.left_out == plain.references.entities["sport"]
    assert left.labels == {"student": ["rest", "travel"]}


def test_soft_labels_of_another_task_are_an_error(tmp_path):
    soft = write_soft_labels(tmp_path, TEXTS)
    with pytest.raises(DistillError, match="task, textcat, got ner"):
        evaluate(
            {"student": topic_classifier()},
            make_docs(make_topics(), NLP),
            soft_labels=soft,
        )


def test_gold_without_categories_is_an_error(tmp_path):
    DocBin(docs=[NLP("nothing at all")]).to_disk(tmp_path / "gold.spacy")
    with pytest.raises(DistillError, match="Expected Docs with categories"):
        evaluate({"student": topic_classifier()}, tmp_path / "gold.spacy")


def test_an_untrained_classifier_is_compared_with_nothing():
    untrained = topic_classifier("compact_textcat", steps=0)
    report = evaluate(
        {"teacher": topic_classifier(), "student": untrained},
        make_docs(make_topics(40, seed=3), NLP),
        rounds=0,
    )
    teacher, student = report.rows
    assert (report.is_untrained(teacher), report.is_untrained(student)) == (False, True)
    assert report.comparison.f1_share is None
    assert report.comparison.f1_gain == {}


def test_a_category_that_the_test_data_lack_does_not_end_the_comparison():
    docs = [
        doc for doc in make_docs(make_topics(60, seed=3), NLP) if not doc.cats["sport"]
    ]
    report = evaluate(
        {"teacher": topic_classifier(), "student": topic_classifier(steps=2)},
        docs,
        rounds=0,
    )
    assert any("sport" in row.per_type for row in report.rows)
    assert report.comparison.f1_share is not None


def test_references_without_a_scoring_follow_the_pipeline():
    gold = gold_references(make_docs(make_topics(10), NLP))
    assert gold.find_scoring(topic_classifier()).task == "textcat"


@Language.component("test_food_or_sport", assigns=["doc.cats"])
def food_or_sport(doc):
    doc.cats = {"food": 0.4, "sport": 0.35, "travel": 0.25}
    return doc


def test_a_component_of_the_user_s_own():
    nlp = spacy.blank("en")
    nlp.add_pipe("test_food_or_sport")
    docs = make_docs(make_topics(40, seed=3), NLP)
    report = evaluate({"own": nlp}, docs, rounds=0)
    share = report.references.entities["food"] / 40
    assert report.rows[0].accuracy == pytest.approx(share)
    assert report.is_untrained(report.rows[0])
    assert report.references.baseline >= share
    assert report.labels == {}
    for doc in docs:
        doc.cats = {**doc.cats, "food": 0.0, "sport": 0.0, "travel": 0.0, "new": 1.0}
    with pytest.raises(DistillError, match="Expected own to know the categories"):
        evaluate({"own": nlp}, docs, rounds=0)


def test_a_teacher_is_measured_like_its_pipeline():
    nlp, docs = topic_classifier(), make_docs(make_topics(40, seed=3), NLP)
    report = evaluate({"teacher": load_teacher(nlp), "pipeline": nlp}, docs, rounds=0)
    teacher, pipeline = report.rows
    assert teacher.accuracy == pipeline.accuracy
    assert teacher.ece == pytest.approx(pipeline.ece, abs=1e-3)
    assert teacher.parameters == pipeline.parameters
    assert report.agreement["pipeline"].f1 == 1.0
    assert report.agreement["pipeline"].worst == []

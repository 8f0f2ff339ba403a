"""Reports on a teacher and a student of text classification, as fixtures."""

import pytest
import spacy
from small_classifiers import topic_classifier
from texts_with_categories import make_docs, make_topics

from spacy_distill.annotation.annotate import annotate
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.teachers.load import load_teacher


def measure_classifiers(folder, *, exclusive):
    """Return the report of a spaCy teacher and a `compact_textcat`, with soft labels.

    They are in the folders `teacher`, `student` and `soft_labels`.
    """
    teacher = topic_classifier(
        "textcat" if exclusive else "textcat_multilabel", steps=20
    )
    student = topic_classifier("compact_textcat" if exclusive else "compact_multilabel")
    teacher.to_disk(folder / "teacher")
    student.to_disk(folder / "student")
    texts = [text for text, _ in make_topics(60, seed=5)]
    annotate(load_teacher(teacher), texts, folder / "soft_labels", progress=False)
    nlp = spacy.blank("en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "_SECONDS_A_PASS", 0.0)
        return evaluate(
            {name: str(folder / name) for name in ("teacher", "student")},
            make_docs(make_topics(80, seed=3, exclusive=exclusive), nlp),
            dev=make_docs(make_topics(40, seed=4, exclusive=exclusive), nlp),
            soft_labels=folder / "soft_labels",
            rounds=1,
        )


@pytest.fixture(scope="session")
def exclusive_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("exclusive")


@pytest.fixture(scope="session")
def exclusive(exclusive_folder):
    """The report where each document has one category."""
    return measure_classifiers(exclusive_folder, exclusive=True)


@pytest.fixture(scope="session")
def several(tmp_path_factory):
    """The report where documents may have several categories."""
    return measure_classifiers(tmp_path_factory.mktemp("several"), exclusive=False)

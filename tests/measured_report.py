"""A report on a student and a rule-based teacher, as a fixture."""

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import TEXTS, trained, write_gold, write_soft_labels

from spacy_distill.evaluation import speed
from spacy_distill.evaluation.evaluate import evaluate


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """The report of a rule-based teacher and a student trained on the gold Docs."""
    folder = tmp_path_factory.mktemp("report")
    make_rule_teacher().to_disk(folder / "teacher")
    trained().to_disk(folder / "student")
    sources = {name: str(folder / name) for name in ("teacher", "student")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "_SECONDS_A_PASS", 0.0)
        return evaluate(
            sources,
            write_gold(folder / "gold.spacy", spacy.blank("en")),
            soft_labels=write_soft_labels(folder, TEXTS * 30, lose=("Bob",)),
            rounds=1,
        )

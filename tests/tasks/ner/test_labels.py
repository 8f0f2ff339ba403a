import pytest
import spacy
from spacy.training import Example

from spacy_distill.docs import COLUMNS
from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.tasks.ner.targets import find_labels, survey

NLP = spacy.blank("en")


def make(label=None, teacher=None):
    entities = [f"U-{label}", "O"] if label else ["O", "O"]
    example = Example.from_dict(NLP.make_doc("a b"), {"entities": entities})
    if teacher is not None:
        example.reference.user_data[COLUMNS] = biluo_tags(teacher)
    return example


def find(*examples, given=None):
    return find_labels(survey(examples), given)


def test_of_gold_entities_sorted():
    assert find(make("PER"), make("LOC"), make("PER"), make()) == ("LOC", "PER")


def test_of_the_teacher_in_its_order():
    assert find(make("LOC"), make(teacher=["PER", "LOC", "ORG"])) == (
        "PER",
        "LOC",
        "ORG",
    )


def test_given_ones_in_their_order():
    assert find(make("LOC"), given=["PER", "LOC"]) == ("PER", "LOC")
    assert find(make(teacher=["PER"]), given=["PER"]) == ("PER",)


@pytest.mark.parametrize(
    ("examples", "given", "message"),
    [
        ([make()], None, "got neither"),
        ([make("LOC")], ["PER"], r"labels \['PER'\], got \['LOC'\]"),
        ([make("LOC"), make(teacher=["PER"])], None, r"\['PER'\], got \['LOC'\]"),
        (
            [make(teacher=["PER"])],
            ["LOC"],
            r"teacher's labels \['PER'\].*got \['LOC'\]",
        ),
        ([make(teacher=["A", "B"])], ["B", "A"], "in this order"),
        ([make(teacher=["A"]), make(teacher=["B"])], None, "one label set"),
        ([make()], [], "got neither"),
    ],
)
def test_what_does_not_fit(examples, given, message):
    with pytest.raises(DistillError, match=message):
        find(*examples, given=given)


def test_added_before():
    assert find_labels(survey([make()]), None, ["ORG"]) == ()
    found = survey([make("PER"), make("ORG")])
    assert find_labels(found, ["PER"], ["ORG"]) == ("PER",)

import numpy as np
import pytest
import spacy
from all_paths import COLUMNS
from spacy.tokens import Doc
from spacy.training import Example

from spacy_distill.docs import COLUMNS as TAGS_KEY
from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.targets import get_targets

NLP = spacy.blank("en")
WORDS = ["Anna", "Smith", "saw", "Rome"]


def make(entities=None, logits=None, words=WORDS, predicted=None):
    annotation = {} if entities is None else {"entities": entities}
    doc = Doc(NLP.vocab, words=words)
    example = Example.from_dict(doc, annotation)
    if logits is not None:
        example.reference.user_data[LOGITS] = logits
        example.reference.user_data[TAGS_KEY] = COLUMNS
    if predicted is not None:
        return Example(Doc(NLP.vocab, words=predicted), example.reference)
    return example


def columns(*tags):
    return [COLUMNS.index(tag) if tag else -1 for tag in tags]


def test_gold_and_teacher_side_by_side():
    logits = np.arange(4 * len(COLUMNS), dtype=np.float16).reshape(4, -1)
    targets = get_targets(
        [
            make(["B-PER", "L-PER", "O", "U-LOC"]),
            make(logits=logits),
            make(words=[]),
            make([], logits=logits[::-1]),
            make(),
        ],
        COLUMNS,
    )
    none = [-1] * 4
    outside = [0] * 4
    gold = columns("B-PER", "L-PER", "O", "U-LOC")
    assert targets.gold.tolist() == gold + none + outside + none
    assert targets.gold.dtype == np.int64
    assert targets.has_teacher.tolist() == [False] * 4 + [True] * 8 + [False] * 4
    assert targets.teacher.dtype == np.float32
    np.testing.assert_array_equal(targets.teacher[4:8], logits)
    np.testing.assert_array_equal(targets.teacher[8:12], logits[::-1])
    assert not targets.teacher[:4].any()


@pytest.mark.parametrize(
    ("entities", "expected"),
    [
        (["-", "-", "O", "U-LOC"], (None, None, "O", "U-LOC")),
        (["B-PER", "L-PER", "-", "-"], ("B-PER", "L-PER", None, None)),
        (["-"] * 4, (None,) * 4),
    ],
)
def test_partial_annotation(entities, expected):
    assert get_targets([make(entities)], COLUMNS).gold.tolist() == columns(*expected)


def test_other_tokens():
    # An entity of whole tokens is carried over, one that begins within a token is not.
    gold = ["B-PER", "L-PER", "O", "U-LOC"]
    found = get_targets(
        [make(gold, predicted=["Anna", "Sm", "ith", "saw", "Rome"])], COLUMNS
    )
    assert found.gold.tolist() == columns("B-PER", "I-PER", "L-PER", "O", "U-LOC")
    found = get_targets([make(gold, predicted=["AnnaSmith", "sawRome"])], COLUMNS)
    assert found.gold[0] == COLUMNS.index("U-PER")
    assert found.gold[1] == -1


def test_logits_of_other_tokens():
    logits = np.zeros((4, len(COLUMNS)), dtype=np.float16)
    example = make(logits=logits, predicted=["Anna", "Sm", "ith", "saw", "Rome"])
    with pytest.raises(DistillError, match=r"shape \(5, 9\), got \(4, 9\).*tokenizer"):
        get_targets([example], COLUMNS)


def test_unknown_label():
    with pytest.raises(DistillError, match="got 'U-ORG' in 'Anna Smith saw Rome"):
        get_targets([make(["O", "O", "O", "U-ORG"])], COLUMNS)


def test_many_tags_are_not_all_named():
    tags = [f"B-{i}" for i in range(50)]
    with pytest.raises(DistillError) as error:
        get_targets([make(["O", "O", "O", "U-ORG"])], tags)
    assert len(str(error.value)) < 300
    assert "\n" not in str(error.value)

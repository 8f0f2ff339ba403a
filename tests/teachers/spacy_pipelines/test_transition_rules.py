"""Compare the valid actions with those of spaCy's transition system."""

import numpy as np
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Doc, Span

from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.spacy_pipelines.transition_actions import (
    read_tokens,
    valid_inside,
    valid_outside,
)

LABELS = ("LOC", "PER")
COLUMNS = biluo_tags(LABELS)
NLP = spacy.blank("en")


def make_moves():
    """Create the transition system of a `ner` with LABELS."""
    pipe = NLP.create_pipe("ner")
    assert isinstance(pipe, EntityRecognizer)
    pipe.moves.initialize_actions(
        pipe.moves.get_actions(entity_types=list(LABELS), examples=[])
    )
    return pipe.moves


MOVES = make_moves()


@st.composite
def docs(draw):
    """Draw a Doc with whitespace, sentence starts, entities and blocked tokens."""
    n = draw(st.integers(1, 7))
    words = draw(
        st.lists(st.sampled_from(["a", "b", " ", "\n"]), min_size=n, max_size=n)
    )
    starts = draw(
        st.lists(st.sampled_from([None, True, False]), min_size=n, max_size=n)
    )
    doc = Doc(NLP.vocab, words=words, sent_starts=starts)
    ents, blocked, missing = [], [], []
    place = 0
    while place < n:
        end = min(n, place + draw(st.integers(1, 4)))
        kind = draw(st.sampled_from(["missing", "outside", "blocked", *LABELS]))
        if kind in LABELS:
            ents.append(Span(doc, place, end, label=kind))
        elif kind == "blocked":
            blocked.append(doc[place:end])
        elif kind == "missing":
            missing.append(doc[place:end])
        place = end
    doc.set_ents(ents, blocked=blocked, missing=missing, default="outside")
    return doc


@settings(deadline=None)
@given(st.lists(docs(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_valid_actions_are_those_of_spacy(batch, rng):
    tokens = read_tokens(batch, LABELS)
    outside = valid_outside(tokens, LABELS)
    go_on, end = valid_inside(tokens, LABELS)
    first = 0
    for doc in batch:
        (state,) = MOVES.init_batch([doc])
        label = None
        while not state.is_final():
            row = first + state.B(0)
            valid = [tag for tag in COLUMNS if MOVES.is_valid(state, tag)]
            if MOVES.is_valid(state, "U-"):
                # A blocked token is O, but has a special action.
                valid.append("O")
            # There is a valid action in every reachable state.
            assert valid
            if label is None:
                mine = [tag for tag, may in zip(COLUMNS, outside[row]) if may]
            else:
                column = LABELS.index(label)
                may = {"I": go_on[row, column], "L": end[row, column]}
                mine = [f"{move}-{label}" for move in "IL" if may[move]]
            assert sorted(mine) == sorted(valid)
            taken = rng.choice(valid)
            if taken[0] in "BLU":
                label = taken[2:] if taken[0] == "B" else None
            # Only blocked tokens may be "U-".
            blocked = taken == "O" and not MOVES.is_valid(state, "O")
            MOVES.apply_transition(state, "U-" if blocked else taken)
        first += len(doc)


def test_entity_with_unknown_label():
    doc = Doc(NLP.vocab, words=["a", "b"])
    doc.set_ents([Span(doc, 0, 2, label="ORG")], default="missing")
    tokens = read_tokens([doc], LABELS)
    assert tokens.label.tolist() == [-1, -1]
    # Only O is valid, since the preset entity has no tags.
    only_o = [tag == "O" for tag in COLUMNS]
    np.testing.assert_array_equal(valid_outside(tokens, LABELS), [only_o, only_o])

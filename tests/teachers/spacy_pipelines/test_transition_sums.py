"""Compare sums over paths with an enumeration of all paths by spaCy."""

import numpy as np
import pytest
from stock_pipelines import LABELS, MARKED, TEXTS, make_ner, trained_ner, unmark

from spacy_distill.arrays import softmax
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.spacy_pipelines.transition import follow_path, sum_paths
from spacy_distill.teachers.spacy_pipelines.transition_actions import (
    ActionProbabilities,
)

COLUMNS = biluo_tags(LABELS)
# Short texts, since the number of paths is exponential. They have a sentence start,
# whitespace and a preset entity.
SHORT = ["Mira Holt Tarn", "Old Man Brook in Tarn", "Upper  Linden", "Tarn"]


def prepare(nlp, texts):
    docs = [nlp.make_doc(text) for text in texts]
    docs[1][3].is_sent_start = True
    docs[0].set_ents([docs[0].char_span(10, 14, label="PER")], default="missing")
    return docs


def spell_out(pipe, doc):
    """Sum tag probabilities over all paths: [n_tokens, n_tags]."""
    moves = pipe.moves
    step = pipe.model.predict([doc])
    names = [moves.get_class_name(i) for i in range(moves.n_moves)]
    out = np.zeros((len(doc), len(COLUMNS)))

    def go(state, probability):
        if state.is_final():
            return
        token = state.B(0)
        (scores,) = step.predict([state])
        valid = [i for i, name in enumerate(names) if moves.is_valid(state, name)]
        for i, share in zip(valid, softmax(scores[valid].astype(float))):
            out[token, COLUMNS.index(names[i])] += probability * share
            after = state.copy()
            moves.apply_transition(after, names[i])
            go(after, probability * share)

    go(moves.init_batch([doc])[0], 1.0)
    step.clear_memory()
    return out


@pytest.mark.parametrize("kind", ["own", "no_upper"])
def test_all_paths(kind):
    # With little training, many paths are probable.
    nlp = make_ner(kind, steps=6)
    pipe = nlp.get_pipe("ner")
    docs = prepare(nlp, SHORT)
    lengths = [len(doc) for doc in docs]
    actions = ActionProbabilities(pipe, docs, LABELS)
    found = sum_paths(actions, lengths, density=1e-12)
    expected = np.concatenate([spell_out(pipe, doc) for doc in docs])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (np.sort(expected, axis=1)[:, -2] > 0.05).any()
    # What is not followed is not lost, and less than was asked for: of the entities
    # that begin at a token, so much of each label.
    for density in (0.1, 0.02):
        rough = sum_paths(actions, lengths, density=density)
        off = np.abs(rough - expected).max()
        assert off < density * len(LABELS) * max(lengths)
        assert density < 0.1 or off > 1e-4
        np.testing.assert_allclose(rough.sum(axis=1), 1)


def test_one_path():
    nlp = trained_ner()
    pipe = nlp.get_pipe("ner")
    docs = [nlp.make_doc(unmark(text)[0]) for text in [*MARKED, TEXTS[1]]]
    actions = ActionProbabilities(pipe, docs, LABELS)
    spans = [triple for doc in docs for triple in nlp(doc.text).ents]
    assert spans
    path = []
    for doc in docs:
        column = [0] * len(doc)
        for ent in nlp(doc.text).ents:
            base = 1 + 4 * LABELS.index(ent.label_)
            column[ent.start : ent.end] = [base + 1] * len(ent)
            column[ent.start], column[ent.end - 1] = base, base + 2
            if len(ent) == 1:
                column[ent.start] = base + 3
        path.extend(column)
    rows = follow_path(actions, np.array(path))
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    # A greedy component takes the best action in each state.
    assert rows.argmax(axis=1).tolist() == path
    inside = [COLUMNS[column][0] in "IL" for column in path]
    assert any(inside)
    # Inside an entity, only its end is uncertain.
    np.testing.assert_array_equal((rows[inside] > 0).sum(axis=1) <= 2, True)

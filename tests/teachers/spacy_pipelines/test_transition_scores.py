"""Compare action probabilities with those of spaCy in the same states."""

import numpy as np
import pytest
from stock_pipelines import LABELS, NER, TEXTS, make_ner, trained_ner

from spacy_distill.arrays import softmax
from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.spacy_pipelines.transition_actions import (
    ActionProbabilities,
)

COLUMNS = biluo_tags(LABELS)


def walk(pipe, docs):
    """Run the component greedily and return its states.

    Returns:
        For each token: its row, the start of the open entity or None, and
        {action: probability} of the valid actions.
    """
    moves = pipe.moves
    names = [moves.get_class_name(i) for i in range(moves.n_moves)]
    firsts = np.cumsum([0, *(len(doc) for doc in docs)])
    step = pipe.model.predict(docs)
    states = moves.init_batch(docs)
    number = {id(state): i for i, state in enumerate(states)}
    out = []
    while states:
        scores = step.predict(states)
        for state, row in zip(states, scores):
            valid = [i for i, name in enumerate(names) if moves.is_valid(state, name)]
            shares = softmax(row[valid].astype(float))
            first = firsts[number[id(state)]]
            start = first + state.E(0) if state.entity_is_open() else None
            distribution = dict(zip([names[i] for i in valid], shares))
            out.append((first + state.B(0), start, distribution))
        states = pipe.transition_states(states, scores)
    step.clear_memory()
    return out


@pytest.mark.parametrize("kind", sorted(NER))
def test_states_of_a_walk(kind):
    nlp = trained_ner(kind)
    pipe = nlp.get_pipe("ner")
    docs = [nlp.make_doc(text) for text in TEXTS if text]
    for _, other in nlp.pipeline[:-1]:
        docs = list(other.pipe(docs))
    actions = ActionProbabilities(pipe, docs, LABELS)
    outside = actions.outside()
    n_inside = 0
    for row, start, distribution in walk(pipe, docs):
        if start is None:
            expected = [distribution.get(tag, 0.0) for tag in COLUMNS]
            np.testing.assert_allclose(outside[row], expected, atol=1e-5)
        else:
            n_inside += 1
            label = next(iter(distribution))[2:]
            going = actions.continuing(np.array([row]), np.array([start]))
            expected = distribution.get(f"I-{label}", 0.0)
            np.testing.assert_allclose(
                going[0, LABELS.index(label)], expected, atol=1e-5
            )
    assert n_inside > 3
    actions.close()


def test_label_that_was_never_learned():
    nlp = trained_ner()
    pipe = nlp.get_pipe("ner")
    pipe.add_label("ORG")
    docs = [nlp.make_doc(TEXTS[0])]
    actions = ActionProbabilities(pipe, docs, ("LOC", "ORG", "PER"))
    tags = biluo_tags(("LOC", "ORG", "PER"))
    outside = actions.outside()
    assert not outside[:, [tag.endswith("ORG") for tag in tags]].any()
    np.testing.assert_allclose(outside.sum(axis=1), 1)


def test_model_for_another_task():
    nlp = make_ner(steps=0)
    config = {**nlp.get_pipe_config("ner")["model"], "state_type": "parser"}
    nlp.remove_pipe("ner")
    pipe = nlp.add_pipe("ner", config={"model": config})
    for label in LABELS:
        pipe.add_label(label)
    nlp.initialize()
    with pytest.raises(DistillError, match='3 or 6 tokens, got one for 8.*"ner"'):
        ActionProbabilities(pipe, [nlp.make_doc("a b")], LABELS)

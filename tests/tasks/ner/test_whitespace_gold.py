"""Gold entities that start or end with whitespace, which decoding never predicts."""

import numpy as np
import pytest
import spacy
from all_paths import COLUMNS
from small import entities, make_nlp
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example

from spacy_distill.corpora.distill_corpus import distill_corpus_v1
from spacy_distill.docs import COLUMNS as TAGS_KEY
from spacy_distill.docs import LOGITS, Trimmed, warn_trimmed
from spacy_distill.tasks.ner.gold import gold_tags, trimmed_examples, trimmed_gold
from spacy_distill.tasks.ner.targets import get_targets, survey
from spacy_distill.tasks.ner.task import compact_ner_score

NLP = spacy.blank("en")
SPACES = ["\n", "\t", "  ", "\xa0"]


@pytest.fixture(autouse=True)
def forget_messages():
    warn_trimmed.cache_clear()


def make(words, *spans, predicted=None):
    doc = Doc(NLP.vocab, words=words, spaces=[False] * len(words))
    doc.set_ents([Span(doc, *span) for span in spans])
    other = Doc(NLP.vocab, words=predicted or words, spaces=[False] * len(words))
    return Example(other, doc)


@pytest.mark.parametrize("space", SPACES)
def test_targets(space):
    eg = make([space, "New", "York", space, space], (0, 4, "LOC"), (4, 5, "PER"))
    targets = get_targets([eg], COLUMNS)
    tags = [COLUMNS[column] for column in targets.gold]
    assert tags == ["O", "B-LOC", "L-LOC", "O", "O"]
    # The user's Doc is as it was.
    assert [(e.start, e.end) for e in eg.reference.ents] == [(0, 4), (4, 5)]
    assert not eg.predicted.ents


def test_whitespace_within_an_entity_and_missing_annotation_stay():
    eg = make(["New", "\n", "York", "\n", "x"], (0, 4, "LOC"))
    eg.reference.set_ents(list(eg.reference.ents), missing=[eg.reference[4:5]])
    assert gold_tags(eg) == ["B-LOC", "I-LOC", "L-LOC", "O", None]


def test_whitespace_that_only_the_predicted_tokens_have():
    reference = Doc(NLP.vocab, words=["in", "Oslo\n"], spaces=[True, False])
    reference.set_ents([Span(reference, 1, 2, "LOC")])
    eg = Example(NLP.make_doc(reference.text), reference)
    assert [token.text for token in eg.predicted] == ["in", "Oslo", "\n"]
    assert gold_tags(eg) == ["O", "U-LOC", "O"]


def test_docs_without_any_are_not_copied():
    eg = make(["New", "\n", "York"], (0, 1, "LOC"))
    assert trimmed_gold(eg.reference)[0] is eg.reference
    assert trimmed_examples([eg]) == ([eg], Trimmed())
    bare = Doc(NLP.vocab, words=["a", "\n"])
    assert trimmed_gold(bare)[0] is bare


def test_labels_of_whitespace_alone_are_none():
    found = survey(
        [
            make(["Oslo", "\n"], (0, 2, "LOC")),
            make(["Oslo", "\n"], (0, 1, "PER"), (1, 2, "ODD")),
        ]
    )
    assert found.gold == {"LOC", "PER"}
    assert found.trimmed == Trimmed(trimmed=1, dropped=1)


def test_scores_count_trimmed_gold(caplog):
    eg = make(["in", "Oslo", "\n", "\n"], (1, 3, "LOC"), (3, 4, "LOC"))
    eg.predicted.set_ents([Span(eg.predicted, 1, 2, "LOC")])
    eg.predicted.spans["ner"] = [eg.predicted[1:2]]
    eg.predicted.spans["ner"][0].label_ = "LOC"
    for _ in range(2):
        assert compact_ner_score([eg])["ents_f"] == 1.0
    (message,) = caplog.messages
    assert "data to evaluate on: 1 trimmed, 1 of whitespace alone dropped" in message
    assert [(e.start, e.end) for e in eg.reference.ents] == [(1, 3), (3, 4)]


CITIES = ["Graz", "Lyon", "Porto", "Oslo"]


def write(path, edge):
    """Cities, each with so many tokens of whitespace behind it."""
    docs = []
    for i in range(16):
        doc = NLP.make_doc(
            f"They met in {CITIES[i % 4]}\nand left {CITIES[i // 4 % 4]}\n"
        )
        doc.set_ents(
            [Span(doc, t.i, t.i + 1 + edge, "LOC") for t in doc if t.text in CITIES]
        )
        docs.append(doc)
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.mark.parametrize("reader", [Corpus, distill_corpus_v1])
def test_training_is_that_of_clean_gold(reader, tmp_path, caplog):
    models = []
    for edge in (0, 1):
        path = write(tmp_path / f"{edge}.spacy", edge)
        spacy.util.fix_random_seed(0)
        nlp = make_nlp()
        corpus = reader(path)
        optimizer = nlp.initialize(lambda corpus=corpus, nlp=nlp: list(corpus(nlp)))
        optimizer.learn_rate = 0.02
        for _ in range(40):
            nlp.update(list(corpus(nlp)), sgd=optimizer)
        models.append(nlp)
    assert models[0].get_pipe("ner").model.to_bytes() == (
        models[1].get_pipe("ner").model.to_bytes()
    )
    scores = models[1].evaluate(list(Corpus(tmp_path / "1.spacy")(models[1])))
    clean = models[0].evaluate(list(Corpus(tmp_path / "0.spacy")(models[0])))
    assert scores["ents_f"] == clean["ents_f"] > 0.9
    assert entities(models[1]("in Graz\nand")) == [("Graz", "LOC")]
    # Once for training, with the reader or the component, and once for scoring.
    assert [message.split(": ")[-1] for message in caplog.messages] == [
        "32 trimmed",
        "32 trimmed",
    ]
    where = (
        str(tmp_path / "1.spacy") if reader is distill_corpus_v1 else "training data"
    )
    assert where in caplog.messages[0]


def test_what_initialize_did_not_see_is_told_in_the_first_update(tmp_path, caplog):
    nlp = make_nlp()
    clean = make(["in", "Oslo"], (1, 2, "LOC"))
    nlp.initialize(lambda: [clean])
    nlp.update([clean])
    assert not caplog.messages
    for _ in range(2):
        nlp.update([clean, make(["in", "Oslo", "\n"], (1, 3, "LOC"))])
    (message,) = caplog.messages
    assert message.endswith("1 trimmed")


def test_logits_and_gold_side_by_side():
    eg = make(["Oslo", "\n"], (0, 2, "LOC"))
    logits = np.zeros((2, len(COLUMNS)), dtype=np.float16)
    eg.reference.user_data.update({LOGITS: logits, TAGS_KEY: COLUMNS})
    targets = get_targets([eg], COLUMNS)
    assert [COLUMNS[i] for i in targets.gold] == ["U-LOC", "O"]
    assert targets.has_teacher.all()

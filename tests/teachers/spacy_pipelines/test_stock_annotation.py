"""Annotate with spaCy's own components and read the soft labels."""

import numpy as np
import pytest
import spacy
from stock_pipelines import (
    MARKED,
    TEXTS,
    decoded,
    make_spancat,
    trained_ner,
    triples,
    unmark,
)
from tiny_teachers import write_jsonl

from spacy_distill.annotation.annotate import annotate
from spacy_distill.docs import LOGITS
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.teachers.load import load_teacher

SENTENCES = [unmark(text)[0] for text in MARKED]
# The last two texts are longer than a window.
ALL = [*TEXTS, *SENTENCES, " ".join(SENTENCES), "\n\n".join(reversed(SENTENCES))]


def ruler_before_ner():
    nlp = trained_ner()
    ruler = nlp.add_pipe("entity_ruler", before="ner")
    ruler.add_patterns([{"label": "MILL", "pattern": "old mill"}])
    nlp.add_pipe("sentencizer", first=True)
    return nlp


def ruler(factory, **config):
    nlp = spacy.blank("en")
    rules = nlp.add_pipe(factory, config=config)
    rules.add_patterns(
        [
            {
                "label": "PER",
                "pattern": [{"TEXT": "Mira"}, {"TEXT": "Holt", "OP": "?"}],
            },
            {"label": "LOC", "pattern": [{"IS_TITLE": True}, {"TEXT": "Tarn"}]},
            {"label": "LOC", "pattern": "Tarn"},
        ]
    )
    return nlp


PIPELINES = {
    "ner": trained_ner,
    "ner with a listener": lambda: trained_ner("listener"),
    "beam_ner": lambda: trained_ner("beam"),
    "ner behind a ruler": ruler_before_ner,
    "spancat": make_spancat,
    "spancat_singlelabel": lambda: make_spancat(
        "spancat_singlelabel", allow_overlap=False
    ),
    "entity_ruler": lambda: ruler("entity_ruler"),
    "span_ruler": lambda: ruler("span_ruler", annotate_ents=True),
}


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_soft_labels_decode_to_the_pipelines_spans(name, tmp_path):
    nlp = PIPELINES[name]()
    nlp.to_disk(tmp_path / "teacher")
    texts = write_jsonl(tmp_path / "texts.jsonl", ALL)
    manifest = annotate(
        load_teacher(tmp_path / "teacher"),
        texts,
        tmp_path / "out",
        shard_size=7,
        window=16,
        overlap=4,
        batch_words=60,
        progress=False,
    )
    soft_labels = SoftLabels(tmp_path / "out")
    docs = list(soft_labels.read(spacy.blank("en")))
    assert len(docs) == len(ALL)
    n_entities = 0
    for doc, expected in zip(docs, nlp.pipe(ALL)):
        found = decoded(doc.user_data[LOGITS], soft_labels.task.columns)
        if name == "spancat":
            spans = list(expected.spans.get("sc", []))
            # Spans without overlaps are found, and all found spans are predicted.
            assert set(found) <= set(triples(spans))
            alone = [s for s in spans if not any(_overlap(s, o) for o in spans)]
            assert set(triples(alone)) <= set(found)
        elif name == "spancat_singlelabel":
            assert found == sorted(triples(expected.spans.get("sc", [])))
        else:
            assert found == triples(expected.ents)
        n_entities += len(found)
    assert n_entities > 10
    assert sum(manifest.counts.labels.values()) == n_entities
    assert manifest.counts.mean_entropy > 0
    assert np.isfinite(manifest.counts.mean_entropy)


def _overlap(a, b):
    return a is not b and a.start < b.end and b.start < a.end

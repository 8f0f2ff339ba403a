"""Teacher-labelled text as anyone can train on: entities instead of logits."""

from pathlib import Path

import spacy
from spacy.tokens import DocBin, Span

from spacy_distill.corpora.texts import read_texts
from spacy_distill.files import write_atomically
from spacy_distill.lattice.decode import decode
from spacy_distill.lattice.scores import grammar_transitions
from spacy_distill.lattice.spans import tags_to_spans
from spacy_distill.pipeline.decoding import allowed_tags
from spacy_distill.soft_labels.keys import LOGITS
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.tags import tag_grammar


def write_pseudo_labels(
    soft_labels: Path, texts: Path, out: Path, *, lang: str
) -> None:
    """Write the teacher's entities as a `.spacy` file: the very pseudo labels that
    students learn from, decoded from the stored logits.

    texts: what the soft labels were made of. lang: its language.

    Raises DistillError if either cannot be read.
    """
    nlp = spacy.blank(lang)
    store = SoftLabels(soft_labels)
    grammar = tag_grammar(store.tags)
    transitions = grammar_transitions(grammar)
    doc_bin = DocBin()
    # From the texts, as shards do not keep whether a Doc knows its spaces.
    for doc, soft in zip(read_texts(texts, nlp), store.read(nlp)):
        best = decode(
            soft.user_data[LOGITS],
            [len(soft)],
            grammar=grammar,
            transitions=transitions,
            is_crf=False,
            allowed=[allowed_tags(doc, store.tags)],
        )
        spans = tags_to_spans([store.tags[tag] for tag in best])
        doc.set_ents([Span(doc, start, end, label) for start, end, label in spans])
        doc_bin.add(doc)
    write_atomically(out, doc_bin.to_bytes())

"""Teacher-labelled text as anyone can train on: entities instead of logits."""

from pathlib import Path

import spacy
from spacy.tokens import DocBin

from spacy_distill.corpora.texts import read_texts
from spacy_distill.docs import LOGITS
from spacy_distill.files import write_atomically
from spacy_distill.soft_labels.store import SoftLabels


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
    doc_bin = DocBin()
    # From the texts, as shards do not keep whether a Doc knows its spaces.
    for doc, soft in zip(read_texts(texts, nlp), store.read(nlp)):
        store.task.annotate([doc], [soft.user_data[LOGITS]])
        doc_bin.add(doc)
    write_atomically(out, doc_bin.to_bytes())

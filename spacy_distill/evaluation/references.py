"""Annotated Docs that predictions are compared with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ..docs import LOGITS, read_gold
from ..files import sha256_bytes, sha256_path
from ..label_maps import LabelMap
from ..soft_labels.store import SoftLabels
from ..tasks.textcat.task import TextCatTask
from .choose_scoring import scoring_of_pipeline, scoring_of_task
from .rows import GOLD, TEACHER
from .scoring import Scoring


@dataclass(frozen=True)
class References:
    """Annotated Docs that predictions are compared with.

    Attributes:
        read: Reads the Docs with a pipeline's vocab.
        path: Where they are from, for display.
        sha256: Fingerprint of the data.
        kind: "gold", or "teacher" if the annotation is the teacher's predictions:
            scores are then agreement with the teacher, not quality.
        role: What the data are, e.g. "test data".
        label_map: New labels of the annotation and of predictions; see `relabel`.
        scoring: What is scored; None for what the pipeline predicts.
    """

    read: Callable[[Language], Iterator[Doc]]
    path: str
    sha256: str
    kind: str
    role: str
    label_map: LabelMap = field(default_factory=dict)
    scoring: Optional[Scoring] = None

    def find_scoring(self, nlp: Language) -> Scoring:
        """Return what is scored of a pipeline."""
        return self.scoring or scoring_of_pipeline(nlp)

    def read_docs(self, nlp: Language) -> Tuple[List[Doc], Dict[str, int]]:
        """Read the Docs as they are scored: see `Scoring.prepare`.

        Returns:
            The Docs that have tokens and count, and fields of `ReferenceCounts`, such
            as the number of trimmed entities.

        Raises:
            DistillError: If there are no Docs, or if none is annotated.
        """
        docs = [doc for doc in self.read(nlp) if len(doc)]
        scoring = self.find_scoring(nlp)
        return scoring.prepare(docs, self.label_map, source=self.path)


def gold_references(
    gold: Union[str, Path, Iterable[Doc]],
    *,
    role: str = "test data",
    label_map: Optional[LabelMap] = None,
) -> References:
    """Return gold annotation to compare with.

    Args:
        gold: `.spacy` file or folder, or annotated Docs.
        role: What the data are.
        label_map: New labels of the annotation and of predictions.
    """
    labels = dict(label_map or {})
    if isinstance(gold, (str, Path)):
        path = Path(gold)
        # Reading errors come before the error of a checksum of nothing.
        if not path.exists():
            next(read_gold(path, Language().vocab), None)
        return References(
            lambda nlp: read_gold(path, nlp.vocab),
            str(gold),
            sha256_path(path),
            GOLD,
            role,
            labels,
        )
    data = DocBin(docs=list(gold)).to_bytes()
    return References(
        lambda nlp: DocBin().from_bytes(data).get_docs(nlp.vocab),
        "Docs in memory",
        sha256_bytes(data),
        GOLD,
        role,
        labels,
    )


def held_out_references(soft_labels: Path, number: int) -> References:
    """Return held-out predictions of the teacher to compare with.

    Args:
        soft_labels: Folder of soft labels.
        number: Documents that training left out; see `SoftLabels.read_held_out`.
    """
    store = SoftLabels(soft_labels)

    def read(nlp: Language) -> Iterator[Doc]:
        for doc in store.read_held_out(nlp, number):
            store.task.annotate([doc], [doc.user_data[LOGITS]])
            if isinstance(store.task, TextCatTask):
                store.task.harden(doc)
            doc.user_data = {}
            yield doc

    sha256 = sha256_path(soft_labels / "manifest.json")
    return References(
        read,
        str(soft_labels),
        sha256,
        TEACHER,
        "held-out documents of the soft labels",
        scoring=scoring_of_task(store.task),
    )

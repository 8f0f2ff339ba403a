"""The runs of a grid, by name and in order."""

from dataclasses import dataclass
from itertools import product
from typing import List, Optional, Sequence, Tuple

STUDENTS = ("gold", "pseudo", "logits", "distilled", "second")
# In the order in which tables and figures have them.
SYSTEMS = ("teacher", *STUDENTS, "second_teacher", "stock")
ENCODERS = ("qrnn", "bilstm", "dilated_cnn")
CLASSIFIERS = ("softmax", "crf")
WORD_INITS = ("teacher", "random")


@dataclass(frozen=True)
class Variant:
    """A system, and the choices that a student's grid has (None for the others)."""

    system: str
    encoder: Optional[str] = None
    classifier: Optional[str] = None
    word_init: Optional[str] = None

    @property
    def parts(self) -> Tuple[str, ...]:
        """The choices made, in order."""
        parts = (self.system, self.encoder, self.classifier, self.word_init)
        return tuple(part for part in parts if part is not None)

    @property
    def rank(self) -> Tuple[int, ...]:
        """Sorts variants as tables have them."""

        def place(part: Optional[str], parts: Sequence[str]) -> int:
            return parts.index(part) if part in parts else -1

        return (
            place(self.encoder, ENCODERS),
            place(self.classifier, CLASSIFIERS),
            place(self.word_init, WORD_INITS),
            place(self.system, SYSTEMS),
        )


# The student that labels the text from which a second round starts.
RELABELLING = Variant("pseudo", ENCODERS[0], CLASSIFIERS[0], WORD_INITS[0])


@dataclass(frozen=True)
class Run:
    """One system, trained and measured once.

    labels: gold sentences. seed: of the draw and of all training.
    """

    labels: int
    seed: int
    variant: Variant

    @property
    def cell(self) -> str:
        """What runs with the same gold share: their folder's name."""
        return cell_name(self.labels, self.seed)

    @property
    def name(self) -> str:
        """Of the run's files, without ending."""
        return "-".join([self.cell, *self.variant.parts])


def cell_name(labels: int, seed: int) -> str:
    """The name of what all runs with the same gold sentences share."""
    return f"n{labels}-s{seed}"


def enumerate_runs(
    *,
    labels: Sequence[int],
    seeds: Sequence[int],
    systems: Sequence[str],
    encoders: Sequence[str],
    classifiers: Sequence[str],
    word_inits: Sequence[str],
) -> List[Run]:
    """All runs of a grid, each once, in the order in which they are best made.

    Teacher and stock come once for each number of labels and seed. The first encoder,
    classifier and word start are run for all labels and seeds before the next, and
    all labels for the first seed before the next, so that a grid cut short has whole
    lines.
    """
    runs = []
    students = [system for system in systems if system in STUDENTS]
    choices = list(product(encoders, classifiers, word_inits)) if students else []
    for number, choice in enumerate(choices or [()]):
        for seed, n in product(seeds, labels):
            for system in systems:
                if system in students:
                    runs.append(Run(n, seed, Variant(system, *choice)))
                elif not number:
                    runs.append(Run(n, seed, Variant(system)))
    return list(dict.fromkeys(runs))

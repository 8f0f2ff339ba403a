"""`spacy-distill split`: one gold corpus into training, development and test files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, List, Optional

from typer import Argument, Option
from wasabi import msg

from .common import friendly_errors
from .options import GoldTask, Scheme, StrictGold, TagColumn, WordColumn

if TYPE_CHECKING:
    from ..corpora.split import SplitPart


@friendly_errors()
def split_cli(
    gold: Annotated[
        Path, Argument(help="Gold annotation of any format, as for convert.")
    ],
    output: Annotated[
        Path,
        Option(
            "--output", "-o", help="Folder for train.spacy, dev.spacy and test.spacy."
        ),
    ],
    train: Annotated[float, Option(help="Share of the training part.")] = 0.8,
    dev: Annotated[
        float, Option(help="Share of the development part; the rest is for the test.")
    ] = 0.1,
    seed: Annotated[int, Option(help="Of the draw.")] = 0,
    per_label: Annotated[
        Optional[int],
        Option(
            min=1,
            help="Keep so many training sentences of each label as gold. The others go"
            " to unlabelled/texts.spacy, without annotation.",
        ),
    ] = None,
    lang: Annotated[str, Option(help="Language whose tokenizer splits text.")] = "en",
    scheme: Scheme = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    strict: StrictGold = False,
    task: GoldTask = None,
) -> None:
    """Split gold annotation at random, with each label's share in every part.

    A label that a part lacks, because too few sentences have it, is named.
    """
    from ..corpora.split import split_gold
    from ..docs import blank_pipeline

    found = split_gold(
        gold,
        output,
        blank_pipeline(lang),
        train=train,
        dev=dev,
        seed=seed,
        per_label=per_label,
        scheme=scheme,
        word_column=word_column,
        tag_column=tag_column,
        strict=strict,
        task=task,
    )
    for note in found.notes:
        msg.text(note)
    labels = sorted({label for part in found.parts.values() for label in part.labels})
    rows = [
        (name, f"{part.documents:,}", *_cells(part, labels))
        for name, part in found.parts.items()
    ]
    header = ("", "sentences", *labels)
    msg.table(rows, header=header, aligns=("l", *"r" * (len(header) - 1)), divider=True)
    for warning in found.warnings:
        msg.warn(warning)
    msg.good(f"Wrote {', '.join(found.parts)} to {output}")


def _cells(part: "SplitPart", labels: List[str]) -> List[str]:
    if not part.labels:
        return ["-"] * len(labels)
    return [f"{part.labels.get(label, 0):,}" for label in labels]

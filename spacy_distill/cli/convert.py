"""`spacy-distill convert`: gold annotation of any format as a `.spacy` file."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, List

from typer import Argument, Option
from wasabi import msg

from .common import friendly_errors
from .options import GoldTask, Scheme, StrictGold, TagColumn, WordColumn

if TYPE_CHECKING:
    from spacy.tokens import Doc


@friendly_errors()
def convert_cli(
    gold: Annotated[
        Path,
        Argument(
            help="Gold annotation: JSON of annotation tools, CSV with text and label,"
            " brat, columns, mark-up or .spacy, a file or a folder. The content"
            " decides, not the name."
        ),
    ],
    output: Annotated[Path, Option("--output", "-o", help="File to write (.spacy).")],
    lang: Annotated[str, Option(help="Language whose tokenizer splits text.")] = "en",
    scheme: Scheme = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    strict: StrictGold = False,
    task: GoldTask = None,
) -> None:
    """Convert gold annotation to spaCy's format, for --gold and --dev of distill.

    How the files were read is printed, and what was repaired, trimmed or dropped.
    """
    from ..corpora.convert import convert_gold
    from ..docs import blank_pipeline

    source = convert_gold(
        gold,
        output,
        blank_pipeline(lang),
        scheme=scheme,
        word_column=word_column,
        tag_column=tag_column,
        strict=strict,
        task=task,
    )
    for note in source.notes:
        msg.text(note)
    if source.trimmed.total:
        msg.warn(
            f"Entities that start or end with whitespace: {source.trimmed.trimmed:,}"
            f" trimmed, {source.trimmed.dropped:,} of whitespace alone dropped"
        )
    labels = Counter(label for s in source for label in _labels(s.doc))
    counts = ", ".join(f"{label} {labels[label]:,}" for label in sorted(labels))
    msg.good(f"Wrote {len(source):,} documents to {output}: {counts}")


def _labels(doc: "Doc") -> List[str]:
    """Return the labels of a Doc's entities, and its categories."""
    categories = [label for label, value in doc.cats.items() if value >= 0.5]
    return [ent.label_ for ent in doc.ents] + categories

"""`spacy-distill quantize`: a smaller copy of a pipeline."""

from pathlib import Path
from typing import Annotated, List, Optional

from typer import Argument, Option
from wasabi import msg

from . import options
from .common import friendly_errors, import_code


@friendly_errors()
def quantize_cli(
    model: Annotated[str, Argument(help="Pipeline, installed or a folder.")],
    output: Annotated[
        Path, Option("--output", "-o", help="Folder to write to, new or empty.")
    ],
    storage: Annotated[
        str, Option(help="How parameters are written: int8, float16 or float32.")
    ] = "int8",
    words: Annotated[
        Optional[int],
        Option(
            min=0,
            help="Words that keep a row of their own; the others are composed from"
            " word pieces. Without it: for int8, 15,000 of a component for entities and"
            " 5,000 of one for categories; else all.",
        ),
    ] = None,
    known_words: Annotated[
        Optional[int],
        Option(
            min=0,
            help="Words that stay of those the student knows from pretrained vectors,"
            " the most frequent ones. Without it: all.",
        ),
    ] = None,
    table_bits: Annotated[
        Optional[float],
        Option(
            min=1.0,
            max=8.0,
            help="Bits that a number of the word, piece and n-gram tables has at most,"
            " zipped. Without it: for int8, 3.5 of a component for entities and 3 of"
            " one for categories; else as many as they have.",
        ),
    ] = None,
    gold: Annotated[
        Optional[Path],
        Option(
            help="File or folder (.spacy) to compare entities and categories on, before"
            " and after."
        ),
    ] = None,
    code: options.Code = None,
) -> None:
    """Store a pipeline small: parameters in fewer bits, and fewer words.

    `spacy package` then makes a small wheel of it. int8 loses little, float16 next to
    nothing.
    """
    from ..compression.comparison import OUTPUTS
    from ..compression.quantize import Figures, quantize
    from ..reports.table import megabytes, percent

    import_code(code)
    done = quantize(
        model,
        output,
        storage=storage,
        words=words,
        known_words=known_words,
        table_bits=table_bits,
        gold=gold,
    )

    def cells(figures: Figures) -> List[str]:
        size = [megabytes(figures.folder), megabytes(figures.zipped)]
        counts = (figures.words, figures.known, figures.ngrams)
        rows = [f"{count:,}" for count in counts]
        scores = [percent(figures.scores[name]) for name in shown]
        return [*size, *(row for row, there in zip(rows, has_rows) if there), *scores]

    # A transformer student has none of them.
    has_rows = (done.before.words, done.before.known, done.before.ngrams)
    titles = {
        name: title for output in OUTPUTS for name, title in output.titles.items()
    }
    shown = [name for name in titles if name in done.before.scores]
    tables = ("Words with a row", "Known words", "N-grams with a row")
    names = [
        *("On disk", "Zipped"),
        *(name for name, there in zip(tables, has_rows) if there),
        *(titles[name] for name in shown),
    ]
    rows = list(zip(names, cells(done.before), cells(done.after)))
    header = ("", "before", "after")
    msg.table(rows, header=header, aligns=("l", "r", "r"), divider=True)
    if words is not None and done.bare > words:
        msg.warn(
            f"{done.bare:,} words keep their rows, since they cannot be composed from"
            " word pieces."
        )
    if gold is not None:
        msg.text(
            f"{done.differing:,} of {done.documents:,} documents got other"
            f" {' or '.join(done.compared)}."
        )
    if done.after.zipped >= done.before.zipped:
        msg.warn(
            "Nothing became smaller: the pipeline was stored with such settings before."
        )
    msg.good(f"Wrote {output}")

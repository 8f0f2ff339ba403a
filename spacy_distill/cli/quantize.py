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
            " word pieces. Without it: 15,000 for int8, else all.",
        ),
    ] = None,
    table_bits: Annotated[
        Optional[float],
        Option(
            min=1.0,
            max=8.0,
            help="Bits that a number of the word and piece tables has at most, zipped."
            " Without it: 3.5 for int8, else as many as they have.",
        ),
    ] = None,
    gold: Annotated[
        Optional[Path],
        Option(
            help="File or folder (.spacy) to compare entities on, before and after."
        ),
    ] = None,
    code: options.Code = None,
) -> None:
    """Store a pipeline small: parameters in fewer bits, and fewer words.

    `spacy package` then makes a small wheel of it. int8 loses little, float16 next to
    nothing.
    """
    from ..compression.quantize import Figures, quantize
    from ..reports.table import megabytes, percent

    import_code(code)
    done = quantize(
        model,
        output,
        storage=storage,
        words=words,
        table_bits=table_bits,
        gold=gold,
    )

    def cells(figures: Figures) -> List[str]:
        size = [megabytes(figures.folder), megabytes(figures.zipped)]
        f1 = [] if figures.f1 is None else [percent(figures.f1)]
        return [*size, f"{figures.words:,}", *f1]

    names = ["On disk", "Zipped", "Words with a row", "F1"]
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
            f"{done.differing:,} of {done.documents:,} documents got other entities."
        )
    if done.after.zipped >= done.before.zipped:
        msg.warn(
            "Nothing became smaller: the pipeline was stored with such settings before."
        )
    msg.good(f"Wrote {output}")

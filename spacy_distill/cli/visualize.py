"""`spacy-distill visualize`: teacher and student on the same texts, as pictures."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, List, Optional, Union

from typer import Argument, Option
from wasabi import msg

from ..errors import DistillError
from . import options
from .common import friendly_errors, import_code

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from ..evaluation.categories import CategoryPair
    from ..evaluation.entities import SideBySide


@friendly_errors()
def visualize_cli(
    teacher: Annotated[
        str, Argument(help="Pipeline (package or folder) or teacher, as for annotate.")
    ],
    student: Annotated[str, Argument(help="Installed pipeline or folder of one.")],
    output: Annotated[Path, Option("--output", "-o", help="Folder to write to.")],
    texts: Annotated[
        Optional[Path],
        Option(help="File or folder of .txt, .jsonl or .spacy (also .gz)."),
    ] = None,
    text: Annotated[
        Optional[List[str]], Option(help="A text; may be repeated.")
    ] = None,
    limit: Annotated[int, Option(min=1, help="Texts on the page at most.")] = 50,
    svg_limit: Annotated[
        int,
        Option(
            min=1,
            help="Texts in the picture at most: the first with entities or categories.",
        ),
    ] = 4,
    code: options.Code = None,
) -> None:
    """Show the predictions of teacher and student on the same texts, side by side.

    Writes comparison.html, one page that needs no other file, and comparison.svg, a
    picture for a README.
    """
    from ..docs import load_pipeline
    from ..evaluation.choose_scoring import choose_scoring
    from ..evaluation.predictors import find_spans_key, load_predictor
    from ..files import write_atomically
    from ..reports.views import view_of
    from ..reports.wording import wording_of

    if texts is None and not text:
        raise DistillError("Expected --texts FILE or --text '...', got neither.")
    import_code(code)
    teacher_nlp, student_nlp = load_predictor(teacher), load_pipeline(student)
    scoring = choose_scoring({"teacher": teacher_nlp, "student": student_nlp}, list)
    docs = [
        list(nlp.pipe(_read(nlp, text or [], texts, limit)))
        for nlp in (teacher_nlp, student_nlp)
    ]
    spans_key = find_spans_key(student_nlp)
    pairs = [scoring.pair(*pair, spans_key=spans_key) for pair in zip(*docs)]
    view = view_of(scoring.task)
    direction = student_nlp.vocab.writing_system.get("direction", "ltr")
    page = view.page(pairs, lang=student_nlp.lang or "", direction=direction)
    picture = view.picture(_with_any(pairs)[:svg_limit], direction=direction)
    for name, content in (("comparison.html", page), ("comparison.svg", picture)):
        write_atomically(output / name, content.encode("utf-8"))
    same = sum(not pair.differing for pair in pairs)
    msg.text(f"{len(pairs)} texts: the {wording_of(scoring.task).same} in {same}")
    msg.good(f"Wrote comparison.html and comparison.svg to {output}")


def _read(
    nlp: "Language", given: List[str], texts: Optional[Path], limit: int
) -> List["Doc"]:
    from ..corpora.texts import read_texts

    docs = [nlp.make_doc(text) for text in given]
    if texts is not None:
        docs += islice(read_texts(texts, nlp), max(limit - len(docs), 0))
    return docs[:limit]


def _with_any(
    pairs: List[Union["SideBySide", "CategoryPair"]],
) -> List[Union["SideBySide", "CategoryPair"]]:
    """Those in which either has found something; all if there are none."""
    return [pair for pair in pairs if pair.teacher or pair.student] or pairs

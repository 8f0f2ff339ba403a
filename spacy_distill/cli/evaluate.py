"""`spacy-distill evaluate`: teacher, baselines and student side by side."""

from pathlib import Path
from typing import Annotated, Dict, List, Optional

from typer import Option
from wasabi import msg

from ..errors import DistillError
from . import options
from .common import friendly_errors, import_code


@friendly_errors()
def evaluate_cli(
    pipeline: Annotated[
        List[str],
        Option(
            "--pipeline",
            "-p",
            help="NAME=PIPELINE, an installed one or a folder; or NAME=TEACHER, as for"
            " annotate. Repeat it: the teacher first, the distilled student last.",
        ),
    ],
    gold: Annotated[Path, Option(help="Test file or folder (.spacy).")],
    output: Annotated[
        Path,
        Option(
            "--output",
            "-o",
            help="Report to write (.json); beside it go a table in Markdown (.md) and a"
            " page with plots (.html).",
        ),
    ],
    dev: Annotated[
        Optional[Path],
        Option(
            help="Development file or folder (.spacy), for scores beside those on"
            " --gold. Without it: those that `distill` stored with a student."
        ),
    ] = None,
    soft_labels: Annotated[
        Optional[Path],
        Option(help="Folder of soft labels that the students learned from."),
    ] = None,
    label_map: Annotated[
        Optional[str],
        Option(
            metavar="JSON",
            help="New labels of gold annotation and predictions, null to drop one:"
            ' \'{"PERSON": "PER", "DATE": null}\'. Other labels stay.',
        ),
    ] = None,
    rounds: Annotated[
        int,
        Option(
            min=0,
            help="Rounds of measuring speed; the median counts. 0: not measured.",
        ),
    ] = 5,
    code: options.Code = None,
) -> None:
    """Score pipelines on the same gold data, with their size and speed.

    The last pipeline is compared with the first.
    """
    from ..evaluation.evaluate import evaluate
    from ..files import check_writable
    from ..reports.files import write_report
    from .common import parse_label_map, print_report

    if output.suffix != ".json":
        raise DistillError(
            f"Expected a name that ends in .json for --output, got {output}."
        )
    check_writable(output.parent)
    import_code(code)
    report = evaluate(
        _parse(pipeline),
        gold,
        dev=dev,
        soft_labels=soft_labels,
        label_map=parse_label_map(label_map),
        rounds=rounds,
    )
    *paths, page = write_report(report, output)
    print_report(report)
    msg.good(f"Wrote {', '.join(map(str, paths))} and {page}")


def _parse(pipelines: List[str]) -> Dict[str, str]:
    sources: Dict[str, str] = {}
    for given in pipelines:
        name, equals, path = given.partition("=")
        if not (name and equals and path):
            raise DistillError(
                "Expected --pipeline NAME=PIPELINE as in teacher=work/teacher, got"
                f" {given!r}."
            )
        if name in sources:
            raise DistillError(
                f"Expected pipelines with different names, got {name!r} twice."
            )
        sources[name] = path
    return sources

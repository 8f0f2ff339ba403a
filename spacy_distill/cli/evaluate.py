"""`spacy-distill evaluate`: teacher, baselines and student side by side."""

from pathlib import Path
from typing import Annotated, Dict, List, Optional

from typer import Option
from wasabi import msg

from ..errors import DistillError
from .errors import friendly_errors


@friendly_errors()
def evaluate_cli(
    pipeline: Annotated[
        List[str],
        Option(
            "--pipeline",
            "-p",
            help="NAME=PIPELINE, an installed one or a folder. Repeat it: the teacher"
            " first, the distilled student last.",
        ),
    ],
    gold: Annotated[Path, Option(help="Test file or folder (.spacy).")],
    output: Annotated[
        Path,
        Option(
            "--output",
            "-o",
            help="Report to write (.json); a table in Markdown goes beside it (.md).",
        ),
    ],
    soft_labels: Annotated[
        Optional[Path],
        Option(help="Folder of soft labels that the students learned from."),
    ] = None,
    rounds: Annotated[
        int, Option(min=1, help="Rounds of measuring speed; the median counts.")
    ] = 5,
) -> None:
    """Score pipelines on the same gold data, with their size and speed.

    The last pipeline is compared with the first.
    """
    from ..files import write_atomically
    from ..reports.markdown import report_markdown
    from ..reports.report import make_report
    from ..reports.terminal import print_report

    if output.suffix != ".json":
        raise DistillError(
            f"Expected a name that ends in .json for --output, got {output}."
        )
    report = make_report(_parse(pipeline), gold, soft_labels=soft_labels, rounds=rounds)
    report.write(output)
    beside = output.with_suffix(".md")
    write_atomically(beside, report_markdown(report).encode("utf-8"))
    print_report(report)
    msg.good(f"Wrote {output} and {beside}")


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

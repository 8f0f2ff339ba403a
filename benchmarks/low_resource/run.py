"""Teacher, students and stock spaCy at few labels; see README.md beside this file."""

import argparse
import signal
import sys
from itertools import product
from pathlib import Path
from typing import Optional, Sequence

if not __package__:
    # Of a script, its own folder is on the path; the package is in the one around it.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from common.guard import claim_folders, locked

from low_resource.cell import Cell, Machine
from low_resource.corpus import read_corpus
from low_resource.figure import draw_figure
from low_resource.grid import (
    CLASSIFIERS,
    ENCODERS,
    SYSTEMS,
    WORD_INITS,
    enumerate_runs,
)
from low_resource.processes import Processes
from low_resource.results import RUNS, read_results
from low_resource.rows import gather_rows, write_rows
from low_resource.schedule import run_tasks
from low_resource.settings import ROOT, read_settings
from low_resource.table import figure_stem, has_figure, report_markdown
from low_resource.work import GridWork
from spacy_distill.cli.common import friendly_errors
from spacy_distill.errors import DistillError
from spacy_distill.files import write_atomically

LABELS = (150, 300, 750, 1500, 3000)
SEEDS = (0, 1, 2)
TABLE = "low_resource.md"


@friendly_errors()
def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run a grid, or what is left of it, and report on all results there are."""
    args = _parser().parse_args(arguments)
    # So `kill` ends the grid as Ctrl-C does, and what it has started with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if args.report_only:
            report(args.results)
        else:
            run_grid(args)
    except KeyboardInterrupt:
        _tell("Ended before the end: the same command goes on.")
        sys.exit(1)


def run_grid(args: argparse.Namespace) -> None:
    """Make the runs that have no result yet, then report.

    Raises DistillError before anything is run for what cannot be run so, and at the
    end if runs have failed.
    """
    _check(args)
    settings = read_settings(args.settings)
    corpus = read_corpus(
        args.corpus,
        train=args.train.resolve(),
        dev=args.dev.resolve(),
        test=args.test.resolve(),
        unlabelled=args.unlabelled and args.unlabelled.resolve(),
        lang=settings.lang,
    )
    corpus.check_labels(args.labels)
    runs = enumerate_runs(
        labels=args.labels,
        seeds=args.seeds,
        systems=args.systems,
        encoders=args.encoders,
        classifiers=args.classifiers,
        word_inits=args.word_init,
    )
    work = (args.work / corpus.name).resolve()
    results = (args.results / RUNS / corpus.name).resolve()
    description = {"corpus": corpus.describe(), **settings.describe()}
    with locked(work) as lock:
        # Students leave nothing in the working folder that others read, so one teacher
        # can serve results of several settings.
        shared = {"corpus": corpus.describe(), **settings.describe_teacher()}
        claim_folders(
            {work: shared, results: description},
            instead="another corpus name or folder",
        )
        machine = Machine(
            Processes(threads=args.threads, lock=lock), args.gpu_id, args.jobs
        )
        cells = {}
        for labels, seed in product(args.labels, args.seeds):
            cell = Cell(
                work,
                labels=labels,
                seed=seed,
                corpus=corpus,
                settings=settings,
                machine=machine,
            )
            cells[cell.name] = cell
        grid = GridWork(
            runs,
            cells,
            results=results,
            settings=description,
            keep_models=args.keep_models,
            jobs=args.jobs,
            tell=_tell,
        )
        _tell(f"{len(runs)} runs, {len(grid.left)} of them to be made")
        errors = run_tasks(
            grid.tasks(),
            jobs=args.jobs,
            on_error=lambda name, error: _tell(f"{name} failed: {error}"),
            on_end=machine.processes.end,
        )
        if len(read_results(results)):
            report(args.results)
    if errors:
        name, error = next(iter(errors.items()))
        more = f" ({len(errors) - 1} more failed)" if len(errors) > 1 else ""
        raise DistillError(f"{name} failed{more}: {error}")


def report(results: Path) -> None:
    """Gather all results of all corpora, and write rows, table and figures; a figure
    where there is more than one size.

    Raises DistillError if there are none, or if they do not belong together.
    """
    rows = gather_rows(results)
    summary, table = write_rows(results, rows), results / TABLE
    write_atomically(table, report_markdown(rows).encode("utf-8"))
    written = [summary, table]
    for corpus in dict.fromkeys(row["corpus"] for row in rows):
        mine = [row for row in rows if row["corpus"] == corpus]
        if has_figure(mine):
            stem = results / figure_stem(corpus)
            written += draw_figure(mine, stem=stem, title=corpus)
    _tell("Wrote " + ", ".join(map(str, written)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    data = parser.add_argument_group("corpus")
    for split, use in (("train", "draw from"), ("dev", "choose"), ("test", "measure")):
        data.add_argument(f"--{split}", type=Path, help=f".spacy file to {use} with")
    data.add_argument(
        "--unlabelled",
        type=Path,
        help="text for the teacher (else: the training sentences that are not drawn)",
    )
    data.add_argument("--corpus", help="what the results call it")
    grid = parser.add_argument_group("grid, whole unless parts are chosen")
    grid.add_argument("--labels", type=int, nargs="+", default=LABELS)
    grid.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    for name, choices in (
        ("systems", SYSTEMS),
        ("encoders", ENCODERS),
        ("classifiers", CLASSIFIERS),
        ("word-init", WORD_INITS),
    ):
        grid.add_argument(f"--{name}", nargs="+", choices=choices, default=choices)
    place = parser.add_argument_group("place and machine")
    place.add_argument(
        *("-o", "--results"),
        type=Path,
        default=ROOT / "benchmarks" / "results",
        help="folder for results, table and figure",
    )
    place.add_argument(
        "--work",
        type=Path,
        default=ROOT / "work" / "low_resource",
        help="folder for teachers, soft labels and logs",
    )
    place.add_argument("--settings", type=Path, help="what differs from settings.cfg")
    place.add_argument("--jobs", type=int, default=1, help="runs at once")
    place.add_argument("--threads", type=int, default=1, help="of each run")
    place.add_argument("--gpu-id", type=int, default=-1, help="for teachers; -1: CPU")
    place.add_argument(
        "--keep-models", action="store_true", help="do not remove trained students"
    )
    place.add_argument(
        "--report-only",
        action="store_true",
        help="run nothing; make summary, table and figure from the results there are",
    )
    return parser


def _check(args: argparse.Namespace) -> None:
    missing = [
        f"--{name}"
        for name in ("train", "dev", "test", "corpus")
        if getattr(args, name) is None
    ]
    if missing:
        raise DistillError(
            f"Expected a corpus to run on, got no {', '.join(missing)}: give the files"
            " and a name, or --report-only."
        )
    if min(args.jobs, args.threads) < 1 or min(args.seeds) < 0:
        raise DistillError(
            "Expected --jobs and --threads of 1 or more and --seeds of 0 or more, got"
            f" {args.jobs}, {args.threads} and {min(args.seeds)}."
        )


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()

"""How fast pipelines are, all on the same texts; see README.md beside this file."""

import argparse
import json
import signal
import sys
from itertools import product
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

if not __package__:
    # Of a script, its own folder is on the path; the package is in the one around it.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from common.guard import FILE, claim_folders, locked

from spacy_distill.cli.common import friendly_errors
from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_bytes, write_atomically
from speed.batches import ORDERS, Texts
from speed.environment import describe_machine
from speed.figure import draw_scaling, draw_speeds
from speed.group import Place, measure_group
from speed.light import light_environment
from speed.memory import core_count
from speed.prepare import prepare
from speed.results import FOLDER, LENGTHS, ROWS, STREAMS, Results
from speed.rounds import Effort
from speed.scaling import measure_lengths, measure_streams
from speed.systems import STOCK, TOKENIZER, Sources, parse_berts
from speed.table import report_markdown
from speed.texts import read_corpus

ROOT = Path(__file__).resolve().parents[2]
TABLE = "speed.md"
BATCHES = (1, 32, 64, 128)
LENGTH_STEPS = (1_000, 3_000, 10_000, 30_000, 100_000)


@friendly_errors()
def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Measure, or what is left of it, and report on all results there are."""
    args = _parser().parse_args(arguments)
    # So `kill` ends the run as Ctrl-C does, and its workers with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if not args.report_only:
            run(args)
        report(args.results)
    except KeyboardInterrupt:
        _tell("Ended before the end: the same command goes on.")
        sys.exit(1)


def run(args: argparse.Namespace) -> None:
    """Measure what has no figure yet.

    Raises DistillError before anything is measured for what cannot be, and where a
    system fails.
    """
    _check(args)
    sources = Sources(
        teacher=args.teacher,
        students=_named(args.student),
        stock=args.stock,
        lang=args.lang,
        berts=parse_berts(args.bert),
        pure=args.pure,
    )
    chosen = args.systems or sources.names()
    sources.check(chosen)
    texts = read_corpus(args.texts, lang=args.lang)
    effort = Effort(rounds=args.rounds, seconds=args.seconds, batches=args.at_least)
    work, folder = args.work.resolve(), (args.results / FOLDER).resolve()
    systems = sources.list_systems(chosen, work / "made")
    results = Results(args.results)
    with locked(work):
        claim_folders({folder: _describe(texts, sources, effort)})
        if args.again:
            for name in dict.fromkeys(system.name for system in systems):
                _tell(f"{name}: {results.remove(name)} figures removed")
        logs = work / "logs"
        prepare(
            systems,
            sources,
            made=work / "made",
            log=logs / "make.log",
            tell=_tell,
        )
        texts.save(work / "texts.json")
        place = Place(
            lang=args.lang,
            texts=work / "texts.json",
            logs=logs,
            light=light_environment(work / "light"),
        )
        for threads in args.threads or sorted({1, core_count()}):
            measure_group(
                systems,
                threads=threads,
                cells=list(product(sorted(set(args.batches)), ORDERS)),
                effort=effort,
                loads=args.loads,
                place=place,
                results=results,
                tell=_tell,
            )
        light = [s for s in systems if s.is_student or s.name == TOKENIZER]
        if args.stream:
            measure_streams(
                light, documents=args.stream, place=place, results=results, tell=_tell
            )
        if args.lengths:
            measure_lengths(
                [s for s in systems if s in light or s.name == STOCK],
                lengths=sorted(set(args.lengths)),
                rounds=args.rounds,
                place=place,
                results=results,
                tell=_tell,
            )


def report(results: Path) -> None:
    """Gather all figures, and write lists, table and plots.

    Raises DistillError if there are none.
    """
    found = Results(results)
    rows, streams, lengths = map(found.read, (ROWS, STREAMS, LENGTHS))
    if not rows:
        raise DistillError(
            f"Expected figures in {results / FOLDER}, got none: run without"
            " --report-only first, or name another folder."
        )
    made_with = json.loads((results / FOLDER / FILE).read_bytes())["settings"]
    written = [found.write_summary(kind) for kind in (ROWS, STREAMS, LENGTHS)]
    table = report_markdown(rows, streams=streams, lengths=lengths, made_with=made_with)
    write_atomically(results / TABLE, table.encode("utf-8"))
    written.append(results / TABLE)
    written += draw_speeds(rows, stem=results / "speed")
    if streams or lengths:
        written += draw_scaling(streams, lengths, stem=results / "speed_scaling")
    _tell("Wrote " + ", ".join(map(str, written)))


def _describe(texts: Texts, sources: Sources, effort: Effort) -> Dict[str, Any]:
    """What all figures in a folder have in common."""
    content = json.dumps([texts.texts, texts.words]).encode("utf-8")
    return {
        "texts": {
            "documents": len(texts.texts),
            "words": sum(texts.words),
            "sha256": sha256_bytes(content),
        },
        "lang": sources.lang,
        "berts": {name: vars(size) for name, size in sources.berts.items()},
        "effort": vars(effort),
        **describe_machine(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_argument_group("what is measured")
    what.add_argument("--texts", type=Path, help=".txt, .jsonl, .spacy, or a folder")
    what.add_argument("--teacher", help="pipeline with a transformer")
    what.add_argument(
        "--student",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=PIPELINE",
        help="pipelines with compact_ner, by names",
    )
    what.add_argument(
        "--pure",
        nargs="+",
        default=[],
        metavar="NAME",
        help="students to run in numpy alone, without the compiled kernel",
    )
    what.add_argument("--stock", help="trained pipeline with ner (else one is made)")
    what.add_argument("--systems", nargs="+", help="some of them (else: all)")
    what.add_argument("--threads", type=int, nargs="+", help="(else: 1 and all cores)")
    what.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    what.add_argument("--lang", default="en", help="whose tokenizer counts words")
    what.add_argument(
        "--bert",
        nargs="+",
        default=[],
        metavar="NAME=LAYERS,WIDTH,HEADS",
        help="another size for bert_base or bert_large",
    )
    much = parser.add_argument_group("much text")
    much.add_argument(
        "--stream", type=int, default=100_000, help="documents of a stream; 0: none"
    )
    much.add_argument(
        "--lengths",
        type=int,
        nargs="*",
        default=LENGTH_STEPS,
        help="words in one document",
    )
    effort = parser.add_argument_group("effort")
    defaults = Effort()
    effort.add_argument("--rounds", type=int, default=defaults.rounds)
    effort.add_argument(
        "--seconds", type=float, default=defaults.seconds, help="of a turn"
    )
    effort.add_argument(
        "--at-least", type=int, default=defaults.batches, help="batches of a turn"
    )
    effort.add_argument("--loads", type=int, default=3, help="times to load each")
    place = parser.add_argument_group("place")
    place.add_argument(
        *("-o", "--results"),
        type=Path,
        default=ROOT / "benchmarks" / "results",
        help="folder for results, table and plots",
    )
    place.add_argument(
        "--work",
        type=Path,
        default=ROOT / "work" / "speed",
        help="folder for what is made on the way: transformers, logs",
    )
    place.add_argument(
        "--again",
        action="store_true",
        help="remove the figures there are of these systems, and measure them anew",
    )
    place.add_argument(
        "--report-only",
        action="store_true",
        help="measure nothing; make table and plots from the results there are",
    )
    return parser


def _check(args: argparse.Namespace) -> None:
    if args.texts is None:
        raise DistillError(
            "Expected --texts to read, got none: name a file or folder of documents, or"
            " give --report-only."
        )
    numbers: Dict[str, Sequence[float]] = {
        "--threads": args.threads or (1,),
        "--batches": args.batches,
        "--lengths": args.lengths or (1,),
        "--rounds": (args.rounds,),
        "--at-least": (args.at_least,),
        "--loads": (args.loads,),
    }
    for name, values in numbers.items():
        if min(values) < 1:
            raise DistillError(
                f"Expected {name} of 1 or more, got {min(values)}: give more."
            )
    if args.seconds < 0 or args.stream < 0:
        raise DistillError(
            "Expected --seconds and --stream of 0 or more, got"
            f" {args.seconds} and {args.stream}: give more."
        )


def _named(students: Sequence[str]) -> Dict[str, str]:
    named: Dict[str, str] = {}
    for text in students:
        name, _, source = text.partition("=")
        if not source or name in named:
            raise DistillError(
                "Expected --student NAME=PIPELINE, with a name of its own for each, got"
                f" {text!r}."
            )
        named[name] = source
    return named


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()

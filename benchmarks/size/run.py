"""Roads to a small model, alone and together; see README.md beside this file."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

if not __package__:
    # Of a script, its own folder is on the path; the package is in the one around it.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from common.code import code_hash
from common.guard import dump_json, settings_hash

from size.measure import measure_student, measure_teacher
from size.table import report_markdown
from size.variants import STUDENT, TEACHER, Variant
from spacy_distill.cli.common import friendly_errors
from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_path, write_atomically

ROOT = Path(__file__).resolve().parents[2]
Row = Dict[str, Any]
SYSTEMS: Dict[str, Tuple[Callable[..., Row], Dict[str, Variant]]] = {
    "teacher": (measure_teacher, TEACHER),
    "student": (measure_student, STUDENT),
}


@friendly_errors()
def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Measure what has no figure yet, and report on all that there are."""
    args = _parser().parse_args(arguments)
    path = args.results / "size.json"
    rows = {(row["system"], row["variant"]): row for row in _read(path)}
    for system, (measure, variants) in SYSTEMS.items():
        source = getattr(args, system)
        if source is None:
            continue
        fingerprint = _fingerprint(source, args)
        for name, variant in variants.items():
            if rows.get((system, name), {}).get("fingerprint") == fingerprint:
                continue
            print(f"{system}, {name}", flush=True)
            rows[system, name] = {
                "system": system,
                "variant": name,
                **variant._asdict(),
                **measure(str(source), variant, dev=args.dev, test=args.test),
                "fingerprint": fingerprint,
            }
            # After each, so that a run that is ended goes on.
            write_atomically(path, dump_json(_sorted(rows)))
    table = report_markdown(_sorted(rows))
    write_atomically(path.with_suffix(".md"), table.encode("utf-8"))
    print(table)


def _fingerprint(source: Path, args: argparse.Namespace) -> str:
    """Of all that a figure hangs on."""
    gold = [args.test] if args.dev is None else [args.test, args.dev]
    files = [sha256_path(path) for path in (source, *gold)]
    return settings_hash({"files": files, "code": code_hash()})


def _sorted(rows: Dict[Tuple[str, str], Row]) -> List[Row]:
    order = [(system, name) for system in SYSTEMS for name in SYSTEMS[system][1]]
    return [rows[key] for key in order if key in rows]


def _read(path: Path) -> List[Row]:
    if not path.exists():
        return []
    try:
        rows: List[Row] = json.loads(path.read_bytes())
        return [row for row in rows if row["system"] and row["variant"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DistillError(
            f"Expected rows of this benchmark in {path}, got something else"
            f" ({type(error).__name__}): name another folder."
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--student", type=Path, help="folder of a student")
    parser.add_argument("--teacher", type=Path, help="folder of its teacher")
    parser.add_argument("--test", type=Path, required=True, help="gold (.spacy)")
    parser.add_argument("--dev", type=Path, help="likewise")
    parser.add_argument(
        "-o", "--results", type=Path, default=ROOT / "benchmarks" / "results"
    )
    return parser


if __name__ == "__main__":
    main()

"""`spacy-distill annotate`: run a teacher over unlabelled text."""

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Dict, List, Optional, Tuple

from typer import Argument, Option
from wasabi import msg

from ..errors import DistillError
from ..windows import BATCH_WORDS, OVERLAP, SHARD_SIZE, WINDOW
from . import options
from .common import friendly_errors, import_code, parse_label_map, use_device
from .interrupts import resumable
from .workers import find_executor

if TYPE_CHECKING:
    from ..soft_labels.manifest import Manifest
    from ..teachers.base import Teacher

# Dropped entities that the summary names.
_MOST_NAMED = 5


@friendly_errors()
def annotate_cli(
    teacher: options.Teacher,
    texts: Annotated[
        str,
        Argument(
            help="File or folder of .txt (a document a line), .jsonl or .spacy, of"
            " mark-up or of column files; each also .gz, or at an address."
        ),
    ],
    output: options.OutputFolder,
    also: Annotated[
        Optional[List[str]],
        Option(
            help="Another teacher; give it again for more. What is stored is the mean"
            " of the probabilities of all."
        ),
    ] = None,
    label_map: options.LabelMap = None,
    component: options.Component = None,
    n_process: options.NProcess = None,
    executor: options.ExecutorName = None,
    workers: options.Workers = None,
    address: options.Address = None,
    shard_size: options.ShardSize = SHARD_SIZE,
    batch_words: Annotated[
        int, Option(min=1, help="Words, or word pieces, in a padded batch.")
    ] = BATCH_WORDS,
    window: Annotated[
        int, Option(min=1, help="Words that the teacher reads at once.")
    ] = WINDOW,
    overlap: Annotated[
        int, Option(min=0, help="Words that neighbouring windows share.")
    ] = OVERLAP,
    replace: Annotated[
        bool,
        Option(
            "--replace",
            help="Remove soft labels of other work (teacher, texts) from the folder.",
        ),
    ] = False,
    strict: options.Strict = None,
    task: options.Task = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Print nothing but errors.")
    ] = False,
) -> None:
    """Run a teacher over unlabelled text, once, and store its logits.

    A run that was cut short goes on where it stopped when it is started again.
    """
    # Imported here, since a help text does not need them.
    from ..addresses import as_path
    from ..annotation.annotate import annotate
    from ..corpora.texts import as_texts
    from ..files import check_writable

    folder = as_path(output)
    check_writable(folder)
    load = partial(
        _load,
        teacher,
        also=also,
        labels=parse_label_map(label_map),
        component=component,
        strict=strict,
        task=task,
        code=code,
    )
    run_by = find_executor(
        n_process, executor=executor, workers=workers, address=address
    )
    if run_by is not None and gpu_id >= 0:
        raise DistillError(
            f"Expected workers on CPUs, got --gpu-id {gpu_id}: leave it out, or"
            " annotate from Python with RayActors(gpus=1)."
        )
    use_device(gpu_id, quiet=quiet)
    with resumable(soft_labels=folder):
        # Workers load their own.
        given = load() if run_by is None else load
        source = as_texts(texts)
        if not quiet:
            for note in source.notes:
                msg.text(f"Texts: {note}")
        before, done = _begun(folder)
        start = time.perf_counter()
        manifest = annotate(
            given,
            source,
            folder,
            shard_size=shard_size,
            batch_words=batch_words,
            window=window,
            overlap=overlap,
            replace=replace,
            executor=run_by,
            progress=not quiet,
        )
    seconds = time.perf_counter() - start
    if not quiet:
        words = manifest.counts.tokens
        if before is not None and before.difference(manifest) is None:
            words -= done
        _print_summary(manifest, folder, words / seconds if words else None)


def _load(
    teacher: str,
    *,
    also: Optional[List[str]],
    labels: Optional[Dict[str, Optional[str]]],
    component: Optional[str],
    strict: Optional[bool],
    task: Optional[str],
    code: Optional[Path],
) -> "Teacher":
    """Load the teacher, in this process or in a worker."""
    from ..teachers.load import ensemble_teacher_v1, load_teacher
    from ..teachers.mapped import MappedTeacher
    from ..teachers.source_kinds import has_tasks

    import_code(code)
    # Of several teachers, the task is that of those that may be of any.
    own_task = task if not also or has_tasks(teacher) else None
    loaded = load_teacher(teacher, component=component, strict=strict, task=own_task)
    if also:
        members = {teacher: loaded}
        loaded = ensemble_teacher_v1(members=members, paths=also, task=task)
    return loaded if labels is None else MappedTeacher(loaded, labels)


def _begun(output: Path) -> Tuple[Optional["Manifest"], int]:
    """The manifest of an earlier run, if any, and the words that it annotated."""
    from ..soft_labels.manifest import FILE_NAME, Manifest

    if not (output / FILE_NAME).exists():
        return None, 0
    records = [
        json.loads(record.read_bytes()) for record in output.glob("shard-*.json")
    ]
    return Manifest.read(output), sum(record["tokens"] for record in records)


def _print_summary(
    manifest: "Manifest", output: Path, words_per_second: Optional[float]
) -> None:
    counts = manifest.counts
    size = sum(f.stat().st_size for f in output.iterdir() if f.is_file())
    rows: List[Tuple[str, str]] = [
        ("Documents", f"{counts.docs:,}"),
        ("Words", f"{counts.tokens:,}"),
    ]
    # On a rerun of finished work there is no speed to tell.
    if words_per_second is not None:
        rows.append(("Words a second", f"{words_per_second:,.0f}"))
    rows.append(("Unaligned words", f"{counts.unaligned:,}"))
    rows.append(("Dropped entities", f"{counts.dropped:,}"))
    rows.append(("Entropy (nats a word)", f"{counts.mean_entropy:.4f}"))
    for label, count in counts.labels.items():
        rows.append((f"Entities {label}", f"{count:,}"))
    rows.append(("Size on disk", f"{size / 1e6:,.1f} MB"))
    msg.good(f"Soft labels are complete: {output}")
    msg.table(rows, aligns=("l", "r"))
    for entity in manifest.dropped[:_MOST_NAMED]:
        msg.text(f"Dropped in {entity.describe()}.")
    if counts.dropped > _MOST_NAMED:
        msg.text(f"All {counts.dropped:,} dropped entities are in the manifest.")

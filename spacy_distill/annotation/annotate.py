"""Run a teacher over unlabelled text, once, and store its predictions."""

from dataclasses import asdict
from dataclasses import replace as replace_fields
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Sequence, Union

from tqdm.auto import tqdm

from ..addresses import as_path
from ..corpora.text_shards import read_shards
from ..corpora.texts import Texts, TextSource, as_texts
from ..errors import DistillError
from ..executors import Executor
from ..shards import write_shard
from ..soft_labels.manifest import Manifest, Settings
from ..teachers.base import Teacher
from ..windows import BATCH_WORDS, OVERLAP, SHARD_SIZE, WINDOW, check_window
from .plan import Plan, begin, finish, plan_annotation
from .shard import AnnotatedShard, ShardAnnotator


def annotate(
    teacher: Union[Teacher, Callable[[], Teacher]],
    texts: TextSource,
    out: Union[str, Path],
    *,
    shard_size: int = SHARD_SIZE,
    batch_words: int = BATCH_WORDS,
    window: int = WINDOW,
    overlap: int = OVERLAP,
    replace: bool = False,
    executor: Optional[Executor] = None,
    progress: bool = True,
) -> Manifest:
    """Store a teacher's logits for every document.

    The shards are planned before work starts, and each is annotated by itself. If the
    folder contains the beginning of the same work (teacher, texts and settings), only
    the shards that are missing are annotated, and the result has the same bytes as if
    it had not been interrupted.

    Args:
        teacher: The teacher; or a function that loads it, which an executor calls in
            each worker, such as `partial(load_teacher, "en_core_web_sm")`.
        texts: A path, or strings or Docs; see `corpora.texts.as_texts`.
        out: Folder for the soft labels, or an address such as `s3://bucket/folder`.
        shard_size: Documents in a shard. One shard at a time is in memory.
        batch_words: Most words (word pieces, if the teacher has any) in a batch,
            padding included. It limits the teacher's memory.
        window: Longer documents, in tokens, are split into windows. Each token's logits
            are from the window in which it has most context. A teacher that needs whole
            documents gets them whole.
        overlap: Tokens that neighbouring windows share.
        replace: Remove soft labels of other work from `out` first.
        executor: Annotates shards elsewhere: `executors.Processes` or
            `executors.RayActors`. None annotates one after the other in this process.
            The result has the same bytes, and any executor goes on with what another
            one began.
        progress: Show a progress bar.

    Returns:
        The manifest of the completed folder.

    Raises:
        DistillError: If an executor is given a teacher that is loaded, if `out`
            contains anything else, if a text cannot be read or the
            teacher cannot predict it, if a logit is not finite (nothing of that shard
            is written then), or if the disk is full.
    """
    if shard_size < 1 or batch_words < 1:
        raise DistillError(
            "Expected shards of 1 document or more and batches of 1 word or more, got"
            f" shard_size={shard_size} and batch_words={batch_words}."
        )
    check_window(window, overlap)
    load = None if isinstance(teacher, Teacher) else teacher
    loaded = teacher if isinstance(teacher, Teacher) else teacher()
    if executor is not None and load is None:
        raise DistillError(
            "Expected a function that loads the teacher, since each worker loads its"
            f" own, got the teacher {loaded.name}: give"
            f" partial(load_teacher, {loaded.name!r}), for example."
        )
    texts, out = as_texts(texts), as_path(out)
    settings = Settings(shard_size=shard_size, window=window, overlap=overlap)
    plan = plan_annotation(loaded, texts, settings)
    pending = begin(plan, out, replace=replace)
    if pending:
        run_shards(
            loaded,
            texts,
            plan,
            pending,
            out,
            batch_words=batch_words,
            executor=executor,
            load=load,
            progress=progress,
        )
    return finish(plan, out)


def run_shards(
    teacher: Teacher,
    texts: Texts,
    plan: Plan,
    pending: Sequence[int],
    out: Path,
    *,
    batch_words: int = BATCH_WORDS,
    executor: Optional[Executor] = None,
    load: Optional[Callable[[], Teacher]] = None,
    progress: bool = True,
) -> None:
    """Annotate shards, and write each as soon as it is annotated.

    Args:
        teacher: The teacher.
        texts: The texts of the plan.
        plan: The plan.
        pending: Numbers of the shards, ascending.
        out: The folder of soft labels.
        batch_words: Most words in a batch.
        executor: Annotates them elsewhere; None in this process, one after the other.
        load: Loads the teacher in a worker of the executor.
        progress: Show a progress bar.
    """
    shards = read_shards(
        texts, teacher.nlp, shard_size=plan.settings.shard_size, pending=pending
    )
    done = plan.n_docs - sum(plan.stop(i) - plan.start(i) for i in pending)
    with _Progress(plan.n_docs, done=done, show=progress) as bar:
        if executor is None:
            annotator = ShardAnnotator(
                teacher, plan, batch_words=batch_words, on_batch=bar.update
            )
            annotated: Iterator[AnnotatedShard] = map(annotator, shards)
        else:
            assert load is not None
            # Word pieces are large, and no worker needs them.
            plan = replace_fields(plan, word_pieces=None)
            worker = partial(_load_annotator, load, plan, batch_words)
            annotated = executor.run(worker, shards)
        for data, record in annotated:
            write_shard(out, record.file, data, asdict(record))
            if executor is not None:
                bar.update(record.docs, record.tokens)


def _load_annotator(
    load: Callable[[], Teacher], plan: Plan, batch_words: int
) -> ShardAnnotator:
    """Load the teacher in a worker."""
    teacher = load()
    if teacher.hash != plan.manifest.teacher_hash:
        raise DistillError(
            f"Expected the teacher {plan.manifest.teacher} in a worker as it is here,"
            " got another one: put the same files at the same path on all hosts."
        )
    return ShardAnnotator(teacher, plan, batch_words=batch_words)


class _Progress:
    """A bar with documents, their rate, the time left, and words per second."""

    def __init__(self, total: int, *, done: int, show: bool) -> None:
        self._words = 0
        self._bar = tqdm(
            total=total,
            initial=done,
            desc="Annotating",
            unit="doc",
            dynamic_ncols=True,
            disable=not show,
        )

    def update(self, docs: int, words: int) -> None:
        self._words += words
        if not self._bar.disable:
            seconds = max(self._bar.format_dict["elapsed"], 1e-6)
            self._bar.set_postfix_str(
                f"{self._words / seconds:,.0f} words/s", refresh=False
            )
        self._bar.update(docs)

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *error: Optional[Any]) -> None:
        self._bar.close()

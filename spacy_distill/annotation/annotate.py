"""Run a teacher over unlabelled text, once, and store its predictions."""

from itertools import islice
from pathlib import Path
from typing import Any, Optional, Sequence, Union

from tqdm.auto import tqdm

from ..corpora.texts import Texts, TextSource, as_texts
from ..errors import DistillError
from ..soft_labels.manifest import Manifest, Settings
from ..teachers.base import Teacher
from ..windows import BATCH_WORDS, OVERLAP, SHARD_SIZE, WINDOW, check_window
from .plan import Plan, begin, finish, plan_annotation
from .shard import annotate_shard, write_shard


def annotate(
    teacher: Teacher,
    texts: TextSource,
    out: Union[str, Path],
    *,
    shard_size: int = SHARD_SIZE,
    batch_words: int = BATCH_WORDS,
    window: int = WINDOW,
    overlap: int = OVERLAP,
    replace: bool = False,
    progress: bool = True,
) -> Manifest:
    """Store a teacher's logits for every document.

    The shards are planned before work starts, and each is annotated by itself. If the
    folder contains the beginning of the same work (teacher, texts and settings), only
    the shards that are missing are annotated, and the result has the same bytes as if
    it had not been interrupted.

    Args:
        teacher: The teacher.
        texts: A path, or strings or Docs; see `corpora.texts.as_texts`.
        out: Folder for the soft labels.
        shard_size: Documents in a shard. One shard at a time is in memory.
        batch_words: Most words (word pieces, if the teacher has any) in a batch,
            padding included. It limits the teacher's memory.
        window: Longer documents, in tokens, are split into windows. Each token's logits
            are from the window in which it has most context. A teacher that needs whole
            documents gets them whole.
        overlap: Tokens that neighbouring windows share.
        replace: Remove soft labels of other work from `out` first.
        progress: Show a progress bar.

    Returns:
        The manifest of the completed folder.

    Raises:
        DistillError: If `out` contains anything else, if a text cannot be read or the
            teacher cannot predict it, if a logit is not finite (nothing of that shard
            is written then), or if the disk is full.
    """
    if shard_size < 1 or batch_words < 1:
        raise DistillError(
            "Expected shards of 1 document or more and batches of 1 word or more, got"
            f" shard_size={shard_size} and batch_words={batch_words}."
        )
    check_window(window, overlap)
    texts, out = as_texts(texts), Path(out)
    settings = Settings(shard_size=shard_size, window=window, overlap=overlap)
    plan = plan_annotation(teacher, texts, settings)
    pending = begin(plan, out, replace=replace)
    if pending:
        run_local(
            teacher,
            texts,
            plan,
            pending,
            out,
            batch_words=batch_words,
            progress=progress,
        )
    return finish(plan, out)


def run_local(
    teacher: Teacher,
    texts: Texts,
    plan: Plan,
    pending: Sequence[int],
    out: Path,
    *,
    batch_words: int = BATCH_WORDS,
    progress: bool = True,
) -> None:
    """Annotate shards one after the other in this process.

    Args:
        teacher: The teacher.
        texts: The texts of the plan.
        plan: The plan.
        pending: Numbers of the shards, ascending.
        out: The folder of soft labels.
        batch_words: Most words in a batch.
        progress: Show a progress bar.
    """
    done = plan.n_docs - sum(plan.stop(i) - plan.start(i) for i in pending)
    with _Progress(plan.n_docs, done=done, show=progress) as bar:
        # One pass over the texts serves all shards in a row.
        stream, position = texts.read(teacher.nlp), 0
        for number in pending:
            start, stop = plan.start(number), plan.stop(number)
            if start != position:
                stream = texts.read(teacher.nlp, start)
            docs = list(islice(stream, stop - start))
            position = stop
            shard = annotate_shard(
                teacher,
                docs,
                plan,
                number,
                batch_words=batch_words,
                on_batch=bar.update,
            )
            write_shard(out, number, shard)


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

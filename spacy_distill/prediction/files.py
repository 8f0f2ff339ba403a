"""Predict many texts into a file, which a killed run goes on with."""

import json
import math
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Type,
    Union,
)

from tqdm.auto import tqdm

from ..addresses import as_path, path_exists, remove_folder
from ..corpora.text_entries import TextEntry
from ..corpora.text_shards import read_shards
from ..corpora.texts import TextSource, as_texts
from ..docs import blank_pipeline
from ..errors import DistillError
from ..executors import Executor
from ..files import (
    TEMPORARY,
    check_new_file,
    open_atomically,
    sha256_bytes,
    to_json,
    write_atomically,
)
from ..shards import read_record, write_shard
from ..windows import PREDICTED_SHARD_SIZE
from .formats import ShardWriter, find_writer
from .sources import PredictsTexts

_BATCH = 128
_RUN = "run.json"

Source = Union[PredictsTexts, Callable[[], PredictsTexts]]


@dataclass(frozen=True)
class Predicted:
    """What was predicted.

    Attributes:
        documents: Number of texts.
        earlier: How many of them an earlier run had done.
        failed: How many have an error in place of predictions.
    """

    documents: int
    earlier: int
    failed: int


class _Shard(NamedTuple):
    """Texts of a shard."""

    number: int
    texts: List[str]


@dataclass(frozen=True)
class _Record:
    """What is known of a shard that is done."""

    sha256: str
    documents: int
    failed: int


class _PredictedShard(NamedTuple):
    """A predicted shard that is not written yet."""

    number: int
    data: bytes
    record: _Record


def predict_file(
    source: Source,
    texts: TextSource,
    output: Union[str, Path],
    *,
    shard_size: int = PREDICTED_SHARD_SIZE,
    executor: Optional[Executor] = None,
    lang: str = "en",
    progress: bool = True,
) -> Predicted:
    """Predict texts, and write the predictions into a file, in their order.

    A `.jsonl` file has a line for each text, with `text` and what the pipeline
    predicts: `entities` (`start` and `end` by characters, `label`, `score`) and `cats`;
    or an `error`. A `.parquet` file has the same as columns, and a `.spacy` file has
    Docs. Shards of the texts are predicted one by one into a folder beside the file,
    whose name ends in `.part`: the same call goes on after it was killed.

    Args:
        source: What predicts; or a function that loads it, which an executor calls in
            each worker, such as `partial(LocalPipeline, "en_core_web_sm")`.
        texts: A path or an address, or strings or Docs; see `as_texts`. Tokens of their
            own are not used.
        output: The file, which must not exist, or its address.
        shard_size: Texts in a shard. With several workers, there should be many shards
            for each.
        executor: Predicts shards elsewhere: `executors.Processes` or
            `executors.RayActors`. None predicts one after the other in this process.
            The result has the same bytes if all compute on one thread, see
            `executors.use_one_thread`.
        lang: Language whose tokenizer reads mark-up.
        progress: Show a progress bar.

    Returns:
        How many texts were predicted.

    Raises:
        DistillError: If the file exists or has another ending, if an executor is given
            a source that is loaded, if a text cannot be read, or if an unfinished file
            is of other texts or of another pipeline.
    """
    output = as_path(output)
    writer = find_writer(output)
    check_new_file(output)
    load = source if callable(source) else None
    loaded: Any = source if load is None else load()
    writer.check(loaded)
    if executor is not None and load is None:
        raise DistillError(
            "Expected a function that loads the pipeline, since each worker loads its"
            " own, got one that is loaded: give partial(LocalPipeline, name)."
        )
    if shard_size < 1:
        raise DistillError(f"Expected shards of 1 text or more, got {shard_size}.")
    given = as_texts(texts)
    part = output.with_name(f"{output.name}.part")
    _begin(
        part,
        {
            "texts": given.hash,
            "model": loaded.fingerprint,
            "shard_size": shard_size,
        },
    )
    files = [
        f"shard-{number:05d}{output.suffix}"
        for number in range(math.ceil(len(given) / shard_size))
    ]
    records = [_read_record(part, file) for file in files]
    pending = [number for number, record in enumerate(records) if record is None]
    earlier = sum(record.documents for record in records if record is not None)
    nlp = blank_pipeline(lang)
    shards = (
        _Shard(number, [_text(entry) for entry in entries])
        for number, entries in read_shards(
            given, nlp, shard_size=shard_size, pending=pending
        )
    )
    with _bar(len(given), done=earlier, show=progress) as bar:
        if executor is None or not pending:
            work = partial(_predict_shard, loaded, writer, on_batch=bar.update)
            predicted: Iterator[_PredictedShard] = map(work, shards)
        else:
            assert load is not None
            worker = partial(_load_worker, load, loaded.fingerprint, writer)
            predicted = executor.run(worker, shards)
        for number, data, record in predicted:
            write_shard(part, files[number], data, asdict(record))
            records[number] = record
            if executor is not None:
                bar.update(record.documents)
    with open_atomically(output) as file:
        writer.assemble([part / name for name in files], file)
    remove_folder(part)
    failed = sum(record.failed for record in records if record is not None)
    return Predicted(documents=len(given), earlier=earlier, failed=failed)


def _predict_shard(
    source: PredictsTexts,
    writer: Type[ShardWriter],
    shard: _Shard,
    *,
    on_batch: Optional[Callable[[int], Any]] = None,
) -> _PredictedShard:
    """Predict a shard. The result depends on the arguments alone."""
    source.begin_shard()
    written = writer()
    for start in range(0, len(shard.texts), _BATCH):
        batch = shard.texts[start : start + _BATCH]
        written.add(source, batch)
        if on_batch is not None:
            on_batch(len(batch))
    data = written.data()
    record = _Record(sha256_bytes(data), len(shard.texts), written.failed)
    return _PredictedShard(shard.number, data, record)


def _load_worker(
    load: Callable[[], PredictsTexts], fingerprint: str, writer: Type[ShardWriter]
) -> Callable[[_Shard], _PredictedShard]:
    """Load the pipeline in a worker."""
    source = load()
    if source.fingerprint != fingerprint:
        raise DistillError(
            "Expected the pipeline in a worker as it is here, got another one: put the"
            " same files at the same path on all hosts."
        )
    return partial(_predict_shard, source, writer)


def _text(entry: TextEntry) -> str:
    content = entry.content
    return content if isinstance(content, str) else content.text


def _begin(part: Path, run: Dict[str, Any]) -> None:
    """Begin a folder of predicted shards, or go on with the one that is there."""
    state = part / _RUN
    if path_exists(state):
        if json.loads(state.read_bytes()) != run:
            raise DistillError(
                f"Expected unfinished predictions of the same texts by the same"
                f" pipeline in {part}, got those of others: remove it to begin again,"
                " or choose another output."
            )
    elif part.exists() and not (part.is_dir() and _is_empty(part)):
        raise DistillError(
            f"Expected unfinished predictions in {part}, got something else: move it"
            " away, or choose another output."
        )
    else:
        write_atomically(state, to_json(run))
    for left_over in part.glob(TEMPORARY):
        left_over.unlink()


def _is_empty(folder: Path) -> bool:
    # Names with a dot are, most likely, what a killed run left.
    return all(path.name.startswith(".") for path in folder.iterdir())


def _read_record(part: Path, file: str) -> Optional[_Record]:
    record = read_record(part, file)
    return None if record is None else _Record(**record)


def _bar(total: int, *, done: int, show: bool) -> Any:
    return tqdm(
        total=total,
        initial=done,
        desc="Predicting",
        unit="doc",
        dynamic_ncols=True,
        disable=not show,
    )

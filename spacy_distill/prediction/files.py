"""Predict many texts into a file, which a killed run goes on with."""

import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterator, List, Protocol, Union

import srsly
from spacy.language import Language
from tqdm.auto import tqdm

from ..corpora.texts import Texts, TextSource, as_texts
from ..docs import blank_pipeline, load_pipeline
from ..errors import DistillError
from ..files import check_new_file, sha256_path, write_atomically
from .predictor import PredictionError, Predictor, Result

_SUFFIX = ".jsonl"
_BATCH = 128


class PredictsTexts(Protocol):
    """Predicts texts: a pipeline, or a service.

    Attributes:
        fingerprint: Identifies it, so that a run goes on with the same only.
    """

    fingerprint: str

    def predict(self, texts: List[str]) -> List[Dict[str, Any]]:
        """Return `entities` and `cats` of each text, or an `error`."""
        ...


class LocalPipeline:
    """A pipeline in this process.

    Args:
        model: Installed package or folder.
    """

    def __init__(self, model: Union[str, Path]) -> None:
        nlp = load_pipeline(model)
        assert nlp.path is not None
        self.nlp = nlp
        self.fingerprint = sha256_path(nlp.path)
        self._predictor = Predictor(nlp)

    def predict(self, texts: List[str]) -> List[Dict[str, Any]]:
        """Predict texts; see `PredictsTexts`."""
        refused: Dict[int, str] = {}
        for number, text in enumerate(texts):
            try:
                self._predictor.check(text)
            except DistillError as error:
                refused[number] = str(error)
        good = [text for number, text in enumerate(texts) if number not in refused]
        results = iter(self._predictor.predict(good))
        return [
            {"error": refused[number]}
            if number in refused
            else self._line(next(results))
            for number in range(len(texts))
        ]

    def _line(self, result: Union[Result, PredictionError]) -> Dict[str, Any]:
        if isinstance(result, PredictionError):
            return {"error": str(result)}
        line: Dict[str, Any] = {}
        if self._predictor.has_entities:
            line["entities"] = [
                {"start": e.start, "end": e.end, "label": e.label, "score": e.score}
                for e in result.entities
            ]
        if self._predictor.has_categories:
            line["cats"] = result.categories
        return line


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


def predict_file(
    source: PredictsTexts,
    texts: TextSource,
    output: Union[str, Path],
    *,
    lang: str = "en",
    progress: bool = True,
) -> Predicted:
    """Predict texts, and write a line of JSON for each, in their order.

    A line has the `text`, and what the pipeline predicts: `entities` (`start` and `end`
    by characters, `label`, `score`) and `cats`; or an `error`. Until it is complete,
    the file has the ending `.part`: the same call goes on after it was killed.

    Args:
        source: What predicts.
        texts: A path, or strings or Docs; see `as_texts`. Tokens of their own are not
            used.
        output: The file (`.jsonl`), which must not exist.
        lang: Language whose tokenizer reads mark-up.
        progress: Show a progress bar.

    Returns:
        How many texts were predicted.

    Raises:
        DistillError: If the file exists or has another ending, if a text cannot be
            read, or if an unfinished file is of other texts or of another pipeline.
    """
    output = Path(output)
    if output.suffix != _SUFFIX:
        raise DistillError(
            f"Expected a file to write to that ends in {_SUFFIX}, got {output}: name it"
            f" {output.with_suffix(_SUFFIX)}."
        )
    check_new_file(output)
    given = as_texts(texts)
    part = output.with_name(f"{output.name}.part")
    with _open_part(part, {"texts": given.hash, "model": source.fingerprint}) as file:
        done = _count_lines(file)
        failed = 0
        with _bar(len(given), done=done, show=progress) as bar:
            for batch in _batches(given, blank_pipeline(lang), done):
                lines = source.predict(batch)
                failed += sum("error" in line for line in lines)
                for text, line in zip(batch, lines):
                    row = {"text": text, **line}
                    file.write(f"{json.dumps(row, ensure_ascii=False)}\n".encode())
                file.flush()
                bar.update(len(batch))
    part.replace(output)
    with suppress(OSError):
        _state_path(part).unlink()
    return Predicted(documents=len(given), earlier=done, failed=failed)


def _batches(texts: Texts, nlp: Language, start: int) -> Iterator[List[str]]:
    found = (doc.text for doc in texts.read(nlp, start))
    while batch := list(islice(found, _BATCH)):
        yield batch


def _state_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _open_part(part: Path, run: Dict[str, str]) -> BinaryIO:
    """Open an unfinished file to go on with, or a new one."""
    state = _state_path(part)
    if part.exists() and state.exists():
        if srsly.read_json(state) != run:
            raise DistillError(
                f"Expected an unfinished file of the same texts and pipeline at {part},"
                " got one of others: remove it to begin again, or choose another"
                " output."
            )
        return part.open("r+b")
    part.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(state, json.dumps(run).encode("utf-8"))
    return part.open("w+b")


def _count_lines(file: BinaryIO) -> int:
    """Count the complete lines of a file, and go to the end of the last one."""
    number = end = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        number, end = number + 1, end + len(line)
    file.seek(end)
    file.truncate()
    return number


def _bar(total: int, *, done: int, show: bool) -> Any:
    return tqdm(
        total=total,
        initial=done,
        desc="Predicting",
        unit="doc",
        dynamic_ncols=True,
        disable=not show,
    )

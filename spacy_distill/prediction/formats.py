"""Files of predictions: JSON lines, Parquet, and spaCy's DocBin."""

import io
import json
import shutil
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Protocol, Sequence, Type

from spacy.tokens import DocBin

from ..errors import DistillError
from .sources import LocalPipeline, PredictsTexts, whole_characters

# Bytes in memory of a row group, the unit in which Parquet files are read.
_ROW_GROUP = 64 * 1024 * 1024


class ShardWriter(Protocol):
    """Collects the predictions of a shard, and assembles the file of all shards.

    Attributes:
        suffix: Ending of the file.
        failed: How many texts failed.
    """

    suffix: str
    failed: int

    @staticmethod
    def check(source: PredictsTexts) -> None:
        """Check that predictions of a source can be written.

        Raises:
            DistillError: If not.
            ModuleNotFoundError: If a library is not installed.
        """
        ...

    def add(self, source: PredictsTexts, texts: List[str]) -> None:
        """Predict a batch of texts, and collect the predictions."""
        ...

    def data(self) -> bytes:
        """Return the shard as the content of a file."""
        ...

    @staticmethod
    def assemble(shards: Sequence[Path], file: BinaryIO) -> None:
        """Write the file of all shards.

        Args:
            shards: Files of the shards, in order.
            file: The file.
        """
        ...


class _RowWriter:
    """Collects a row for each text."""

    def __init__(self) -> None:
        self.failed = 0
        self.rows: List[Dict[str, Any]] = []

    @staticmethod
    def check(source: PredictsTexts) -> None:
        """Check nothing: rows can be of any source."""

    def add(self, source: PredictsTexts, texts: List[str]) -> None:
        """Predict a batch of texts, and collect the predictions."""
        for text, row in zip(texts, source.predict(texts)):
            self.failed += "error" in row
            self.rows.append({"text": whole_characters(text), **row})


class JsonlWriter(_RowWriter):
    """Writes an object for each text on a line of its own."""

    suffix = ".jsonl"

    def data(self) -> bytes:
        """Return the shard as the content of a file."""
        lines = [f"{json.dumps(row, ensure_ascii=False)}\n" for row in self.rows]
        return "".join(lines).encode("utf-8")

    @staticmethod
    def assemble(shards: Sequence[Path], file: BinaryIO) -> None:
        """Write the file of all shards."""
        for shard in shards:
            with shard.open("rb") as part:
                shutil.copyfileobj(part, file)


class ParquetWriter(_RowWriter):
    """Writes the columns `text`, `entities`, `cats` and `error` of a Parquet file.

    All pipelines have the same columns: what one does not predict is null.
    """

    suffix = ".parquet"

    @staticmethod
    def check(source: PredictsTexts) -> None:
        """Check that pyarrow is installed."""
        import pyarrow  # noqa: F401

    def data(self) -> bytes:
        """Return the shard as the content of a file."""
        import pyarrow as pa
        from pyarrow import parquet

        label, score = ("label", pa.string()), ("score", pa.float64())
        place = [("start", pa.int64()), ("end", pa.int64())]
        schema = pa.schema(
            [
                ("text", pa.string()),
                ("entities", pa.list_(pa.struct([*place, label, score]))),
                ("cats", pa.list_(pa.struct([label, score]))),
                ("error", pa.string()),
            ]
        )
        rows = [{**row, "cats": _pairs(row.get("cats"))} for row in self.rows]
        sink = io.BytesIO()
        parquet.write_table(pa.Table.from_pylist(rows, schema), sink)
        return sink.getvalue()

    @staticmethod
    def assemble(shards: Sequence[Path], file: BinaryIO) -> None:
        """Write the file of all shards."""
        import pyarrow as pa
        from pyarrow import parquet

        writer: Any = None
        tables: List[Any] = []
        for number, shard in enumerate(shards, 1):
            tables.append(parquet.read_table(io.BytesIO(shard.read_bytes())))
            if writer is None:
                writer = parquet.ParquetWriter(file, tables[0].schema)
            size = sum(table.nbytes for table in tables)
            if size >= _ROW_GROUP or number == len(shards):
                writer.write_table(pa.concat_tables(tables))
                tables = []
        writer.close()


class DocBinWriter:
    """Writes Docs with all annotation, as `spacy convert` does.

    Docs of texts that failed have no annotation. The file is read and written whole.
    """

    suffix = ".spacy"

    def __init__(self) -> None:
        self.failed = 0
        self._docs = DocBin()

    @staticmethod
    def check(source: PredictsTexts) -> None:
        """Check that the source is a pipeline here, as services send no tokens."""
        if not isinstance(source, LocalPipeline):
            raise DistillError(
                "Expected a pipeline for Docs in a .spacy file, got a service, which"
                " sends no tokens: write .jsonl or .parquet."
            )

    def add(self, source: PredictsTexts, texts: List[str]) -> None:
        """Predict a batch of texts, and collect the predictions."""
        assert isinstance(source, LocalPipeline)
        docs, failed = source.annotate(texts)
        self._docs.merge(docs)
        self.failed += failed

    def data(self) -> bytes:
        """Return the shard as the content of a file."""
        return self._docs.to_bytes()

    @staticmethod
    def assemble(shards: Sequence[Path], file: BinaryIO) -> None:
        """Write the file of all shards."""
        docs = DocBin()
        for shard in shards:
            docs.merge(DocBin().from_bytes(shard.read_bytes()))
        file.write(docs.to_bytes())


_WRITERS: Dict[str, Type[ShardWriter]] = {
    writer.suffix: writer for writer in (JsonlWriter, ParquetWriter, DocBinWriter)
}


def find_writer(output: Path) -> Type[ShardWriter]:
    """Return what writes a file, by its ending.

    Args:
        output: The file.

    Raises:
        DistillError: If it has another ending.
    """
    if output.suffix not in _WRITERS:
        raise DistillError(
            f"Expected a file to write to that ends in {', '.join(_WRITERS)}, got"
            f" {output}: name it {output.with_suffix('.jsonl')}, for example."
        )
    return _WRITERS[output.suffix]


def _pairs(cats: Any) -> Any:
    if cats is None:
        return None
    return [{"label": label, "score": score} for label, score in cats.items()]

"""Read lexicons from files, and give their words vectors."""

from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional

import numpy as np
import srsly
from spacy.tokens import Doc

from ...errors import DistillError
from ..word_vectors import WordVectorSource, random_vectors
from .matching import Lexicon

_ENDINGS = (".txt", ".jsonl")


def read_lexicon(
    path: Path,
    *,
    columns: bool = False,
    min_characters: int = 2,
    texts: Optional[Iterable[Doc]] = None,
) -> Lexicon:
    """Read the words of a lexicon from a file.

    Empty lines are skipped, and a word that is there several times counts once. Words
    are in the order of the file.

    Args:
        path: A file with a word on each line: `.txt`, or `.jsonl` with a string or an
            object with a `text` on each line. White space around words is ignored.
        columns: Whether the lines of a `.txt` file have further columns after white
            space, which are ignored, as the frequencies and tags in dictionaries of
            segmenters. Words cannot have spaces then.
        min_characters: Shorter words are left out.
        texts: Keep only words that occur in these texts; None keeps all.

    Returns:
        The lexicon.

    Raises:
        DistillError: If the file cannot be read, or if no words are left.
    """
    path = Path(path)
    check_lexicon(path)
    # A dict keeps the order.
    found: Dict[str, None] = dict.fromkeys(_read_words(path, columns))
    found.pop("", None)
    if not found:
        raise DistillError(
            f"Expected a word on each line of {path}, got none: choose another lexicon."
        )
    words = [word for word in found if len(word) >= min_characters]
    if not words:
        raise DistillError(
            f"Expected words of {min_characters} or more characters in {path}, got"
            f" {len(found):,} that are shorter: reduce min_characters."
        )
    lexicon = Lexicon(words)
    return lexicon if texts is None else _keep_used(lexicon, texts, path)


def check_lexicon(path: Path) -> None:
    """Check that there is a lexicon, without reading it.

    Args:
        path: See `read_lexicon`.

    Raises:
        DistillError: If there is none.
    """
    path = Path(path)
    if path.suffix not in _ENDINGS:
        raise DistillError(
            f"Expected a lexicon in a file {' or '.join(_ENDINGS)}, got {path}: convert"
            " or rename it."
        )
    if not path.is_file():
        raise DistillError(
            f"Expected a lexicon at {path}, got no file there: check the path."
        )


def lexicon_vectors(
    lexicon: Lexicon, source: Optional[WordVectorSource], width: int
) -> np.ndarray:
    """Return initial vectors for the words of a lexicon.

    Args:
        lexicon: The lexicon.
        source: Source of the vectors; random if None.
        width: Their width.

    Returns:
        float32 [n_words, width].

    Raises:
        DistillError: If the source returns vectors of another shape, or some that are
            not finite.
    """
    start = source if source is not None else random_vectors
    vectors = np.asarray(start(lexicon.words, width).vectors, dtype=np.float32)
    if vectors.shape != (len(lexicon), width):
        raise DistillError(
            f"Expected word vectors of shape {(len(lexicon), width)}, got"
            f" {vectors.shape}: set the width of the lexicon to that of its source."
        )
    if not np.isfinite(vectors).all():
        raise DistillError(
            "Expected word vectors of finite numbers, got others: choose another source"
            " of vectors for the lexicon."
        )
    return vectors


def _read_words(path: Path, columns: bool) -> Iterator[str]:
    """Yield the word of each line, which may be empty."""
    try:
        lines: List[str] = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DistillError(
            f"Expected a lexicon in UTF-8 at {path}, got an error: {error}. Save it in"
            " UTF-8."
        ) from error
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and path.suffix == ".jsonl":
            yield _parse(text, f"{path}, line {number}")
        else:
            yield text.split(maxsplit=1)[0] if columns and text else text


def _parse(line: str, place: str) -> str:
    try:
        entry: Any = srsly.json_loads(line)
    except ValueError:
        entry = None
    word = entry.get("text") if isinstance(entry, dict) else entry
    if not isinstance(word, str):
        raise DistillError(
            f'Expected a string or an object with a "text" in {place}, got {line[:60]}:'
            " correct it, or name the file .txt."
        )
    return word.strip()


def _keep_used(lexicon: Lexicon, texts: Iterable[Doc], path: Path) -> Lexicon:
    used = {match.word for doc in texts for match in lexicon.find(doc)}
    if not used:
        raise DistillError(
            f"Expected words of {path} in the training texts, got none of"
            f" {len(lexicon):,}, such as {lexicon.words[0]!r}: choose a lexicon of"
            " their language, or set columns = true if its lines have further columns."
        )
    return Lexicon([lexicon.words[number] for number in sorted(used)])

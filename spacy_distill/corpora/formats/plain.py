"""The texts of annotated text, without the annotation."""

from pathlib import Path
from typing import List, Set, Union

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...errors import DistillError
from .categories.json_objects import is_category_tuple
from .categories.read import find_annotations, read_texts
from .read import annotated_files, has_other_form, is_annotated, read_checked
from .records import UNANNOTATED
from .values import file_values


def is_more_than_lines(path: Union[str, Path]) -> bool:
    """Whether a path is annotated text other than JSON lines with a `text`.

    Those can be read line by line, as any JSON lines with texts.

    Args:
        path: A file or folder.

    Returns:
        True for annotated text whose texts `plain_texts` has to read.
    """
    return is_annotated(path) and not all(map(_is_lines, annotated_files(path)))


def plain_texts(path: Union[str, Path]) -> List[Union[str, Doc]]:
    """Read the texts of annotated text, each once.

    An array of objects with a `text` and no spans is read, too. Texts that do not count
    as annotated are left out, unless none counts.

    Args:
        path: A file or folder, see `read_checked`.

    Returns:
        The texts, as Docs if they have tokens of their own.

    Raises:
        DistillError: With file and line, for what cannot be read; or if some texts have
            tokens of their own and some not.
    """
    found_in = find_annotations(path)
    if found_in.categories is not None and found_in.spans is None:
        return list(read_texts(path))
    texts = read_checked(path, needs_spans=False)
    counted = [text for text in texts if text.left_out is None]
    if not counted:
        counted = [text for text in texts if text.left_out == UNANNOTATED]
    if len({text.words is None for text in counted}) > 1:
        raise DistillError(
            f"Expected either text or tokens in {path}, found both: they would be"
            " tokenized differently, so put them in two folders."
        )
    vocab = Vocab()
    found: List[Union[str, Doc]] = []
    seen: Set[str] = set()
    for text in counted:
        if text.text in seen:
            continue
        seen.add(text.text)
        if text.words is None:
            found.append(text.text)
        else:
            words, spaces = list(text.words), list(text.spaces or ())
            found.append(Doc(vocab, words=words, spaces=spaces))
    if not found:
        raise DistillError(f"Expected texts in {path}, found none: check the path.")
    return found


def _is_lines(file: Path) -> bool:
    if not file.name.endswith((".jsonl", ".jsonl.gz")):
        return False
    try:
        first = next(file_values(file).values, None)
    except DistillError:
        # Whoever reads the lines tells it.
        return True
    if first is None:
        return True
    other = has_other_form(first.value) or is_category_tuple(first.value)
    return not (first.place.item or other)

"""Read annotation files as votes on texts."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from spacy.util import logger

from ...corpora.columns import read_columns
from ...corpora.file_kinds import is_column_file
from ...corpora.formats.checked import CheckedText, check_texts
from ...corpora.formats.offsets import Repair
from ...corpora.formats.read import read_checked
from ...corpora.formats.records import AnnotatedText, Place, RawSpan
from ...corpora.formats.spans import InvalidSpan, name_spans
from ...docs import blank_pipeline
from ...errors import DistillError
from ...tasks.ner.decoding import ScoredSpan


class Vote(NamedTuple):
    """An annotator's spans in a text.

    Attributes:
        place: Where it is in the file, e.g. "line 3".
        annotator: Name of the annotator; None if there is none.
        spans: Valid spans with character offsets, sorted, without overlaps.
        invalid: The other spans of the text.
        unknown: Ranges of characters on which the annotator does not vote.
    """

    place: str
    annotator: Optional[str]
    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]
    unknown: Sequence[Tuple[int, int]] = ()


@dataclass(frozen=True)
class AnnotationFile:
    """Contents of an annotation file.

    Attributes:
        votes: Votes on each text, in the order of the file. Trailing whitespace of a
            text is removed, which does not change the offsets.
        labels: Requested labels, or else the labels of the valid spans, in order of
            first appearance.
        left_out: Number of texts that do not count, by reason, such as "reject".
        invalid: All invalid spans, in the order of the file.
        repaired: Spans that contradicted their own text and were moved to it.
    """

    votes: Dict[str, List[Vote]]
    labels: Tuple[str, ...]
    left_out: Dict[str, int]
    invalid: List[InvalidSpan]
    repaired: List[Repair]

    @property
    def annotators(self) -> Tuple[str, ...]:
        """Names of the annotators, in order of first appearance."""
        names = (vote.annotator for votes in self.votes.values() for vote in votes)
        return tuple(dict.fromkeys(name for name in names if name is not None))


def read_annotations(
    path: Path,
    *,
    labels: Optional[Sequence[str]] = None,
    tag_names: Optional[Sequence[str]] = None,
    lang: str = "en",
    strict: bool = True,
) -> AnnotationFile:
    """Read a file of span annotations, or a folder of them.

    The formats are those of `corpora.formats`: objects with `text` and spans as of
    Prodigy or doccano, tasks of Label Studio, rows of Hugging Face, spaCy's training
    JSON, and brat's `.ann` beside `.txt`; or a single file is one of columns, as
    `read_columns` reads. A span may have a `score` in [0, 1] (default
    1). A text counts if its `answer` is "accept" or missing. The annotator's name is
    that in `_annotator_id`, `_session_id` or `annotator`, or Label Studio's.

    Args:
        path: The file or folder.
        labels: Labels that spans may have. By default, any label is valid.
        tag_names: Names of tags that are numbers, in the order of the numbers.
        lang: Language of a column file, which decides about spaces between its words.
        strict: Whether tags of a column file that its scheme does not allow in their
            place are an error. If not, they are repaired, which is logged.

    Returns:
        The contents of the file. Invalid spans do not raise an error; they are listed
        in the result.

    Raises:
        DistillError: With the line number, for what cannot be read; or if the file has
            no text that counts or no labels.
    """
    if not path.exists():
        raise DistillError(
            f"Expected a file of annotations at {path}, got no file: check the path."
        )
    if is_column_file(path):
        columns = _read_columns(path, lang=lang, strict=strict)
        texts = check_texts(columns, labels=labels)
    else:
        texts = read_checked(path, labels=labels, tag_names=tag_names)
    votes: Dict[str, List[Vote]] = {}
    counted: List[CheckedText] = [text for text in texts if text.left_out is None]
    for text in counted:
        vote = Vote(
            place=text.place.short,
            annotator=text.annotator,
            spans=text.spans,
            invalid=text.invalid,
            unknown=text.unknown,
        )
        votes.setdefault(text.text.rstrip(), []).append(vote)
    found = [span.label for text in counted for span in text.spans]
    names = tuple(dict.fromkeys(found if labels is None else labels))
    invalid = [span for text in counted for span in text.invalid]
    if not names:
        listed = f" ({name_spans(invalid)})" if invalid else ""
        raise DistillError(
            f"Expected spans with labels in {path}, got no valid one in {len(counted)}"
            f" accepted texts{listed}: add annotations with labels."
        )
    return AnnotationFile(
        votes=votes,
        labels=names,
        left_out=dict(Counter(t.left_out for t in texts if t.left_out is not None)),
        invalid=invalid,
        repaired=[repair for text in counted for repair in text.repaired],
    )


def _read_columns(path: Path, *, lang: str, strict: bool) -> List[AnnotatedText]:
    vocab = blank_pipeline(lang).vocab
    file = read_columns(path, vocab)
    if strict:
        try:
            read_columns(path, vocab, strict=True)
        except DistillError as error:
            raise DistillError(
                f"{error} With --skip such tags are repaired (in a config, on_invalid ="
                ' "skip").'
            ) from error
    logger.info("%s: %s", path, file.notes[0])
    for note in file.notes[1:]:
        logger.warning("%s: %s", path, note)
    return [
        AnnotatedText(
            Place(path, sentence.line),
            sentence.doc.text,
            [
                RawSpan(ent.start_char, ent.end_char, ent.label_)
                for ent in sentence.doc.ents
            ],
            document=sentence.document,
        )
        for sentence in file.sentences
    ]

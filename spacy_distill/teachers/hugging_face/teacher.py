"""Any token classifier of Hugging Face as teacher."""

from functools import cached_property
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import sha256_bytes
from ...hub import Located, hash_model, locate, shown_name
from ...tasks.ner.tags import biluo_tags
from ...tokenizer_pieces import tokenizer_pieces
from ...words import WordPieces
from ..base import LostEntity, Teacher
from ..probabilities import favour, log_probabilities
from .alignment import Offsets, align, model_words
from .label_schemes import LabelScheme, read_scheme
from .scheme_conversion import convert, entities, spread
from .token_classifier import Pieces, TokenClassifier

POOLINGS = ("first", "mean", "max")


@registry.misc("spacy_distill.HuggingFaceTeacher.v1")
def hugging_face_teacher_v1(
    name: str,
    lang: str = "en",
    pooling: str = "first",
    window: Optional[int] = None,
    overlap: Optional[int] = None,
) -> Teacher:
    """A Hugging Face token classifier (`AutoModelForTokenClassification`) as teacher.

    name: a folder with the model and a fast tokenizer, or a hub name.
    lang: language of the blank pipeline whose tokens the soft labels are for.
    pooling: what counts for a word of several pieces: its "first" piece, the "mean" of
        their probabilities, or the surest one ("max"). "first" is how most models are
        trained.
    window: the most word pieces that the model reads at once; by default as many as it
        takes. overlap: how many neighbouring windows share; by default an eighth.

    Labels may be in BIO, IOB1, BILUO, BILOU, BIOES or plain (`PER`); they become BILUO
    as `scheme_conversion` tells. The entities decoded from the logits are those of the
    model's own best labels, wherever these keep to the tokens of `lang`; those that do
    not are named by `lost_entities`.

    Raises DistillError if there is no such model, no such language, for labels of no or
    of several schemes, and for options out of range.
    """
    if pooling not in POOLINGS:
        raise DistillError(
            f"Expected pooling to be one of {', '.join(POOLINGS)}, got {pooling!r}."
        )
    nlp = blank_pipeline(lang)
    located = locate(name)
    classifier = TokenClassifier(located, source=name, window=window, overlap=overlap)
    return HuggingFaceTeacher(
        classifier,
        read_scheme(classifier.labels, source=name),
        located,
        nlp=nlp,
        pooling=pooling,
        name=shown_name(name),
    )


class _Read(NamedTuple):
    """What came of one Doc."""

    logits: np.ndarray
    blind: np.ndarray
    lost: List[LostEntity]


class HuggingFaceTeacher(Teacher):
    """A token classifier of Hugging Face; see `hugging_face_teacher_v1`."""

    def __init__(
        self,
        classifier: TokenClassifier,
        scheme: LabelScheme,
        located: Located,
        *,
        nlp: Language,
        pooling: str,
        name: str,
    ) -> None:
        self._classifier = classifier
        self._scheme = scheme
        self._located = located
        self._nlp = nlp
        self._pooling = pooling
        self._name = name
        self._read: List[_Read] = []

    @property
    def name(self) -> str:
        """The folder's name, or the hub's."""
        return self._name

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags of the model's labels."""
        return biluo_tags(self._scheme.labels)

    @property
    def nlp(self) -> Language:
        """A blank pipeline."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the model's files and the options."""
        classifier = self._classifier
        files = hash_model(self._located.folder)
        options = f"{self._pooling} {classifier.window} {classifier.overlap}"
        return sha256_bytes(f"{files} {options}".encode())

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return log-probabilities, float32 [n_tokens, n_tags], for each Doc."""
        pieces = self._classifier.cut([doc.text for doc in docs])
        found = self._classifier.probabilities(pieces)
        self._read = [self._read_doc(*args) for args in zip(docs, pieces, found)]
        return [read.logits for read in self._read]

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc, the framing ones included."""
        cut = self._classifier.cut([doc.text for doc in docs])
        return [len(p.before) + len(p.ids) + len(p.after) for p in cut]

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Mark the tokens that no word piece stands for, white space aside."""
        return [read.blind for read in self._read]

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name the model's entities that do not begin and end where tokens do."""
        return [read.lost for read in self._read]

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the model's pieces with their input embeddings."""
        return tokenizer_pieces(self._classifier.tokenizer, self._classifier.embeddings)

    def _read_doc(self, doc: Doc, pieces: Pieces, probabilities: np.ndarray) -> _Read:
        words = model_words(doc.text, pieces.offsets, pieces.word_ids)
        places = [None if t.is_space else (t.idx, t.idx + len(t)) for t in doc]
        units = align(places, words)
        of_units = self._pool(probabilities, [unit.pieces for unit in units])
        converted = spread(convert(self._scheme, of_units), units, len(doc))
        of_words = self._pool(probabilities, [word.pieces for word in words])
        blind = np.array([place is not None for place in places], dtype=bool)
        for unit in units:
            blind[list(unit.tokens)] = False
        own = entities(convert(self._scheme, of_words).path, self._scheme.labels)
        kept = entities(converted.path, self._scheme.labels)
        return _Read(
            logits=log_probabilities(favour(*converted)),
            blind=blind,
            lost=_lost(
                doc.text,
                [(words[s].start, words[e - 1].end, label) for s, e, label in own],
                places,
                [(doc[s].idx, doc[s:e].end_char, label) for s, e, label in kept],
            ),
        )

    def _pool(
        self, probabilities: np.ndarray, groups: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """One distribution for each group of pieces: [n_groups, n_labels]."""
        if self._pooling == "first":
            chosen = [group[0] for group in groups]
        elif self._pooling == "max":
            surest = probabilities.max(axis=1)
            chosen = [max(group, key=lambda piece: surest[piece]) for group in groups]
        else:
            means = [probabilities[list(group)].mean(axis=0) for group in groups]
            return np.array(means).reshape(len(groups), probabilities.shape[1])
        return probabilities[np.array(chosen, dtype=np.int64)]


def _lost(
    text: str,
    own: Sequence[Tuple[int, int, str]],
    places: Sequence[Optional[Offsets]],
    kept: Sequence[Tuple[int, int, str]],
) -> List[LostEntity]:
    """Find the entities that the tokens do not carry as they are.

    own, kept: what the model said and what the tokens carry, by characters.
    places: of the tokens; None for white space.
    """
    filled = [(token, place) for token, place in enumerate(places) if place is not None]
    starts = {place[0] for _, place in filled}
    ends = {place[1] for _, place in filled}
    carried = set(kept)
    lost = []
    for start, end, label in own:
        if (start, end, label) in carried:
            continue
        faults = ["begins"] * (start not in starts) + ["ends"] * (end not in ends)
        told = [f"{' and '.join(faults)} inside a token"] if faults else []
        told.append(_what_became_of((start, end, label), kept, text))
        touched = next(token for token, place in filled if place[1] > start)
        lost.append(LostEntity(touched, text[start:end], label, ", ".join(told)))
    return lost


def _what_became_of(
    entity: Tuple[int, int, str], kept: Sequence[Tuple[int, int, str]], text: str
) -> str:
    start, end, label = entity
    for first, last, other in kept:
        if other == label and first < end and start < last:
            whole = first <= start and end <= last
            left = repr(text[first:last])
            return f"is now {left}" if whole else f"only {left} is left"
    return "is gone"

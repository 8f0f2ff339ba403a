"""GLiNER as teacher: label names are all that it needs."""

from functools import cached_property
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import sha256_bytes
from ...hub import Located, hash_model, locate, shown_name
from ...tasks.ner.decoding import ScoredSpan
from ...tasks.ner.tags import biluo_tags
from ...tokenizer_pieces import tokenizer_pieces
from ...words import WordPieces
from ..base import LostEntity, Teacher
from ..probabilities import (
    favour,
    keep_spans,
    log_probabilities,
    span_columns,
    span_probabilities,
)
from .model import CONFIG, Found, GLiNERModel


@registry.misc("spacy_distill.GLiNERTeacher.v1")
def gliner_teacher_v1(
    name: str,
    labels: Union[Dict[str, str], List[str]],
    threshold: float = 0.5,
    maybe: float = 0.1,
    lang: str = "en",
) -> Teacher:
    """A GLiNER model, asked for entities by the names of their labels.

    name: a folder with the model, or a hub name.
    labels: what to ask for and the label it gets (`person = "PER"`), or a list of what
        is both. Several names may share a label.
    threshold: a span that scores above it is an entity, as in GLiNER.
    maybe: a span that scores above it, but not above the threshold, is a soft label: no
        entity, but more than nothing.
    lang: language of the blank pipeline whose tokens the soft labels are for.

    GLiNER reads these tokens as its words, so no entity is lost to alignment. Scores
    become probabilities with the threshold at 0.5: linear from 0 to it, and from it to
    1. The entities decoded from the logits are GLiNER's own answer.

    Raises DistillError if GLiNER or the model is not there, for labels that are none,
    and for thresholds out of range.
    """
    prompts = labels if isinstance(labels, dict) else {label: label for label in labels}
    if not prompts or not all(key.strip() and value for key, value in prompts.items()):
        raise DistillError(
            "Expected labels for GLiNER to ask for, such as ['person'] or"
            f" {{'person': 'PER'}}, got {labels!r}: none of them may be empty."
        )
    # With less than that, nearly every span would be one.
    if not 0.01 <= maybe <= threshold < 1.0:
        raise DistillError(
            f"Expected 0.01 <= maybe <= threshold < 1, got maybe={maybe} and"
            f" threshold={threshold}."
        )
    nlp = blank_pipeline(lang)
    located = locate(name, config=CONFIG)
    return GLiNERTeacher(
        GLiNERModel(located, source=name, prompts=list(prompts)),
        located,
        labels=prompts,
        threshold=threshold,
        maybe=maybe,
        nlp=nlp,
        name=shown_name(name),
    )


class GLiNERTeacher(Teacher):
    """A GLiNER model; see `gliner_teacher_v1`."""

    def __init__(
        self,
        model: GLiNERModel,
        located: Located,
        *,
        labels: Dict[str, str],
        threshold: float,
        maybe: float,
        nlp: Language,
        name: str,
    ) -> None:
        self._model = model
        self._located = located
        self._labels = labels
        self._threshold = threshold
        self._maybe = maybe
        self._nlp = nlp
        self._name = name
        self._blind: List[np.ndarray] = []
        self._lost: List[List[LostEntity]] = []

    @property
    def name(self) -> str:
        """The folder's name, or the hub's."""
        return self._name

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags of the labels, in the order in which they were given."""
        return biluo_tags(list(dict.fromkeys(self._labels.values())))

    @property
    def nlp(self) -> Language:
        """A blank pipeline."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the model's files, the labels and the thresholds."""
        files = hash_model(self._located.folder, config=CONFIG)
        # Not sorted: GLiNER's answers depend on the order in which it is asked.
        options = f"{list(self._labels.items())} {self._threshold!r} {self._maybe!r}"
        return sha256_bytes(f"{files} {options}".encode())

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return log-probabilities, float32 [n_tokens, n_tags], for each Doc."""
        tokens = [[t.i for t in doc if not t.is_space] for doc in docs]
        texts = [[doc[i].text for i in mine] for doc, mine in zip(docs, tokens)]
        counts = self._model.count_pieces(texts)
        self._blind = [np.zeros(len(doc), dtype=bool) for doc in docs]
        for i, pieces in enumerate(counts):
            # To GLiNER, a word without pieces would shift all that follow.
            seen = pieces > 0
            self._blind[i][[t for t, s in zip(tokens[i], seen) if not s]] = True
            tokens[i] = [t for t, s in zip(tokens[i], seen) if s]
            texts[i] = [word for word, s in zip(texts[i], seen) if s]
            counts[i] = pieces[seen]
        found = self._model.find(
            texts, counts, threshold=self._threshold, maybe=self._maybe
        )
        self._lost, out = [], []
        for doc, mine, one in zip(docs, tokens, found):
            logits, lost = self._read(doc, mine, one)
            self._lost.append(lost)
            out.append(logits)
        return out

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc, the labels' own included."""
        counts = self._model.count_pieces([[t.text for t in doc] for doc in docs])
        return [int(pieces.sum()) + self._model.framing for pieces in counts]

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Mark the tokens that no word piece stands for, white space aside."""
        return self._blind

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name what two windows of a long Doc do not agree on: entities that cross."""
        return self._lost

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the encoder's pieces with their input embeddings."""
        return tokenizer_pieces(self._model.tokenizer, self._model.embeddings)

    def _read(
        self, doc: Doc, tokens: List[int], found: Found
    ) -> Tuple[np.ndarray, List[LostEntity]]:
        """Turn what was found among some of a Doc's tokens into logits for all."""
        decided = [
            Span(doc, tokens[s], tokens[e - 1] + 1, label=self._labels[prompt])
            for s, e, prompt, _ in found.decided
        ]
        scores = [span.score for span in found.decided]
        kept, lost = keep_spans(decided, scores, list(self._labels.values()))
        # Names that share a label do not add up: "city" and "town" are one thing.
        best: Dict[Tuple[int, int, str], float] = {}
        for start, end, prompt, score in found.candidates:
            place = (tokens[start], tokens[end - 1] + 1, self._labels[prompt])
            best[place] = max(score, best.get(place, 0.0))
        soft = [ScoredSpan(*p, self._probability(s)) for p, s in best.items()]
        probabilities = span_probabilities(len(doc), soft, self.tags)
        columns = span_columns(len(doc), kept, self.tags)
        return log_probabilities(favour(probabilities, columns)), lost

    def _probability(self, score: float) -> float:
        if score <= self._threshold:
            return 0.5 * score / self._threshold
        return 0.5 + 0.5 * (score - self._threshold) / (1.0 - self._threshold)

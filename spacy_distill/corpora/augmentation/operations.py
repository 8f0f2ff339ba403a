"""Make new texts of a document: mask, replace and sample its words.

After Tang et al. 2019 (arXiv 1903.12136) and Peirsman 2019 (sampled sentences). The new
texts are for a teacher to label; gold annotation of the whole text does not hold for
them. Entities do, as they are not changed and not cut.
"""

from random import Random
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from spacy.attrs import ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE
from spacy.tokens import Doc

from .passage import Passage
from .replacements import Replacements
from .settings import Augmentation

_ENTITY_ATTRS = [ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID]


class Changes(NamedTuple):
    """Words of a document that are changed.

    Attributes:
        masked: Indices of masked tokens.
        replaced: New words by index of the token.
    """

    masked: Tuple[int, ...] = ()
    replaced: Dict[int, str] = {}


class Variant(NamedTuple):
    """A new text, as tokens of a document.

    Attributes:
        doc: The document.
        tokens: Indices of the tokens that are kept, ascending.
        words: The words in their place.
    """

    doc: Doc
    tokens: Tuple[int, ...]
    words: Tuple[str, ...]

    @property
    def spaces(self) -> List[bool]:
        """Whether there is a space after each word."""
        spaces = [bool(self.doc[i].whitespace_) for i in self.tokens]
        # A text that is cut ends without one.
        if self.tokens and len(self.tokens) < len(self.doc):
            spaces[-1] = False
        return spaces

    @property
    def text(self) -> str:
        """The text."""
        pairs = zip(self.words, self.spaces)
        return "".join(word + " " * space for word, space in pairs)

    def to_doc(self, entities: Optional[Doc] = None) -> Doc:
        """Return the text as a Doc with the entities of the document.

        Args:
            entities: A Doc with the same tokens, whose vocab and entities the new Doc
                gets; by default the document.

        Returns:
            A Doc with a token for each word, and without other annotation. Tokens whose
            entity annotation is missing have none.
        """
        source = self.doc if entities is None else entities
        doc = Doc(source.vocab, words=list(self.words), spaces=self.spaces)
        doc.has_unknown_spaces = source.has_unknown_spaces
        if self.tokens:
            values: Any = source.to_array(_ENTITY_ATTRS)
            doc.from_array(_ENTITY_ATTRS, values[list(self.tokens)])
        return doc


def change_words(
    passage: Passage,
    *,
    mask_rate: float = 0.0,
    replace_rate: float = 0.0,
    replacements: Optional[Replacements] = None,
    rng: Random,
) -> Changes:
    """Choose words to mask and to replace.

    Args:
        passage: The document.
        mask_rate: Probability that a free word is masked.
        replace_rate: Probability that it is replaced. A word without a replacement
            stays.
        replacements: Where replacements are from; not needed if none are replaced.
        rng: Source of randomness.

    Returns:
        The changes. Punctuation, whitespace and entities are never among them.
    """
    masked: List[int] = []
    replaced: Dict[int, str] = {}
    for i in passage.free:
        drawn = rng.random()
        if drawn < mask_rate:
            masked.append(i)
        elif drawn < mask_rate + replace_rate and replacements is not None:
            word = replacements.sample(passage.doc[i], rng)
            if word is not None:
                replaced[i] = word
    return Changes(tuple(masked), replaced)


def sample_ngram(
    passage: Passage, *, longest: int, rng: Random
) -> Optional[Tuple[int, ...]]:
    """Choose an n-gram, which begins and ends with a word and cuts no entity.

    Its number of words is drawn first, so short and long ones are equally likely.

    Args:
        passage: The document.
        longest: Most words. Punctuation between words is not counted.
        rng: Source of randomness.

    Returns:
        Indices of its tokens; None if there is none.
    """
    words = passage.words
    longest = min(longest, len(words))
    for n in rng.sample(range(1, longest + 1), longest):
        ngrams = [
            (start, end + 1)
            for start, end in zip(words, words[n - 1 :])
            if not passage.cuts_entity(start) and not passage.cuts_entity(end + 1)
        ]
        if ngrams:
            return tuple(range(*rng.choice(ngrams)))
    return None


def sample_sentences(passage: Passage, *, rng: Random) -> Optional[Tuple[int, ...]]:
    """Choose some sentences, at least one and not all, which cut no entity.

    Args:
        passage: The document.
        rng: Source of randomness.

    Returns:
        Indices of their tokens, in order; None if there is one sentence only.
    """
    sentences = passage.sentences
    if len(sentences) < 2:
        return None
    n = rng.randrange(1, len(sentences))
    chosen = sorted(rng.sample(range(len(sentences)), n))
    tokens = [i for number in chosen for i in range(*sentences[number])]
    # Drop line breaks at the end, unless an entity has them.
    words = set(passage.words)
    while tokens[-1] not in words and passage.doc[tokens[-1]].is_space:
        tokens.pop()
    return tuple(tokens)


def make_variant(
    passage: Passage,
    settings: Augmentation,
    replacements: Optional[Replacements],
    rng: Random,
) -> Optional[Variant]:
    """Make a new text of a document.

    Words are masked and replaced first; then an n-gram or sentences may be sampled of
    what they have become.

    Args:
        passage: The document.
        settings: The settings, for one round.
        replacements: Where replacements are from; not needed at a `replace_rate` of 0.
        rng: Source of randomness.

    Returns:
        The new text, which may be that of the document; None if no word is left that
        is not masked.
    """
    changes = change_words(
        passage,
        mask_rate=settings.mask_rate,
        replace_rate=settings.replace_rate,
        replacements=replacements,
        rng=rng,
    )
    tokens: Optional[Sequence[int]] = None
    drawn = rng.random()
    if drawn < settings.ngram_rate:
        tokens = sample_ngram(passage, longest=settings.ngram_words, rng=rng)
    elif drawn < settings.ngram_rate + settings.sentence_rate:
        tokens = sample_sentences(passage, rng=rng)
    if tokens is None:
        tokens = range(len(passage.doc))
    masked = set(changes.masked)
    left = set(passage.words).intersection(tokens) - masked
    # Gold annotation may have entities of whitespace.
    if all(passage.doc[i].is_space for i in left):
        return None
    words = tuple(
        settings.mask if i in masked else changes.replaced.get(i, passage.doc[i].text)
        for i in tokens
    )
    return Variant(passage.doc, tuple(tokens), words)

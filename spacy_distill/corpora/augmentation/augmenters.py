"""Augmenters for `[corpora.train.augmenter]` of a config."""

import random
from typing import Callable, Iterator, Optional

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from ...docs import bare_doc, load_pipeline
from .operations import Variant, make_variant
from .passage import Passage
from .replacements import Replacements, find_replacements
from .settings import MASK, NGRAM_WORDS, Augmentation

Augmenter = Callable[[Language, Example], Iterator[Example]]


@registry.augmenters("spacy_distill.augment_texts.v1")
def augment_texts_v1(
    mask_rate: float = 0.1,
    replace_rate: float = 0.1,
    ngram_rate: float = 0.25,
    sentence_rate: float = 0.25,
    mask: str = MASK,
    ngram_words: int = NGRAM_WORDS,
    rounds: int = 1,
    pipeline: Optional[str] = None,
    keep_cats: bool = False,
) -> Augmenter:
    """Create an augmenter that yields each Example and new ones made of it.

    The new Examples have the gold entities with their labels, as these are neither
    changed nor cut. They have no other annotation: gold `cats` are for the whole text
    as it was, so augmented text for a classifier is to be labelled by a teacher
    (`spacy-distill augment`), and Examples without `cats` teach a classifier nothing.

    Replacements are words of the same part of speech in the texts so far, by frequency.
    Parts of speech are those of `pipeline`, or else gold annotation. Without either,
    replacements are the nearest neighbours in the word vectors of the pipeline that is
    trained.

    Args:
        mask_rate: Probability that a word is masked, see `Augmentation`.
        replace_rate: Probability that a word is replaced.
        ngram_rate: Probability that only an n-gram of the text is kept.
        sentence_rate: Probability that only some of its sentences are kept.
        mask: What masked words become.
        ngram_words: Words of the longest n-gram.
        rounds: New Examples of each Example, at most: those with the same text as
            before, and without words that are not masked, are left out.
        pipeline: Pipeline that tags words and splits sentences; a package or a folder.
        keep_cats: Keep gold `cats`, where a part of the text is enough to tell them.

    Raises:
        DistillError: If a setting is out of its range; when the first Example is read,
            if there is nothing to replace words with.
    """
    settings = Augmentation(
        mask_rate=mask_rate,
        replace_rate=replace_rate,
        ngram_rate=ngram_rate,
        sentence_rate=sentence_rate,
        mask=mask,
        ngram_words=ngram_words,
        rounds=rounds,
    )
    tagger: Optional[Language] = None
    replacements: Optional[Replacements] = None

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        nonlocal tagger, replacements
        yield example
        if pipeline is not None and tagger is None:
            tagger = load_pipeline(pipeline)
        passage = _read_passage(example.reference, tagger)
        if settings.replace_rate and passage.free:
            if replacements is None:
                replacements = find_replacements(passage.doc, tagger or nlp)
            replacements.add(passage)
        # spaCy seeds the global generator.
        rng = random.Random(random.getrandbits(64))
        seen = {passage.doc.text}
        for _ in range(settings.rounds):
            variant = make_variant(passage, settings, replacements, rng)
            if variant is not None and variant.text not in seen:
                seen.add(variant.text)
                yield _make_example(nlp, example.reference, variant, keep_cats)

    return augment


@registry.augmenters("spacy_distill.mask_words.v1")
def mask_words_v1(
    rate: float = 0.1, mask: str = MASK, keep_cats: bool = False
) -> Augmenter:
    """Create an augmenter that yields each Example, and it with masked words.

    Entities stay, and all other annotation is dropped, see `augment_texts_v1`.

    Args:
        rate: Probability that a word is masked.
        mask: What masked words become.
        keep_cats: Keep gold `cats`.
    """
    return augment_texts_v1(rate, 0.0, 0.0, 0.0, mask=mask, keep_cats=keep_cats)


@registry.augmenters("spacy_distill.replace_words.v1")
def replace_words_v1(
    rate: float = 0.1, pipeline: Optional[str] = None, keep_cats: bool = False
) -> Augmenter:
    """Create an augmenter that yields each Example, and it with replaced words.

    Entities stay, and all other annotation is dropped, see `augment_texts_v1`.

    Args:
        rate: Probability that a word is replaced.
        pipeline: Pipeline that tags words.
        keep_cats: Keep gold `cats`.
    """
    return augment_texts_v1(0.0, rate, 0.0, 0.0, pipeline=pipeline, keep_cats=keep_cats)


@registry.augmenters("spacy_distill.sample_ngram.v1")
def sample_ngram_v1(
    rate: float = 0.25, ngram_words: int = NGRAM_WORDS, keep_cats: bool = False
) -> Augmenter:
    """Create an augmenter that yields each Example, and n-grams of some.

    Entities stay, and all other annotation is dropped, see `augment_texts_v1`.

    Args:
        rate: Probability that an n-gram is sampled.
        ngram_words: Words of the longest n-gram.
        keep_cats: Keep gold `cats`.
    """
    return augment_texts_v1(
        0.0, 0.0, rate, 0.0, ngram_words=ngram_words, keep_cats=keep_cats
    )


@registry.augmenters("spacy_distill.sample_sentences.v1")
def sample_sentences_v1(
    rate: float = 0.25, pipeline: Optional[str] = None, keep_cats: bool = False
) -> Augmenter:
    """Create an augmenter that yields each Example, and some sentences of some.

    Entities stay, and all other annotation is dropped, see `augment_texts_v1`.

    Args:
        rate: Probability that sentences are sampled.
        pipeline: Pipeline that splits sentences. Without it they are gold annotation,
            or end with `.`, `!` and `?`.
        keep_cats: Keep gold `cats`.
    """
    return augment_texts_v1(0.0, 0.0, 0.0, rate, pipeline=pipeline, keep_cats=keep_cats)


def _read_passage(reference: Doc, tagger: Optional[Language]) -> Passage:
    if tagger is None:
        return Passage(reference)
    return Passage(tagger(bare_doc(reference, tagger.vocab)), entities=reference)


def _make_example(
    nlp: Language, reference: Doc, variant: Variant, keep_cats: bool
) -> Example:
    """Return an Example with a reference's entities, as spaCy's corpus makes it."""
    doc = variant.to_doc(reference)
    if keep_cats:
        doc.cats = dict(reference.cats)
    # Docs without known spaces have no text that could be tokenized again.
    known = not reference.has_unknown_spaces
    return Example(nlp.make_doc(doc.text) if known else bare_doc(doc), doc)

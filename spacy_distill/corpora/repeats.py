"""Search for word sequences that occur in more than one sentence."""

from collections import defaultdict
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

Gram = Tuple[str, ...]


class RepeatedRun(NamedTuple):
    """A repeated word sequence.

    Attributes:
        words: The words of the sequence.
        sentences: Indices of the sentences that contain it, ascending.
    """

    words: Gram
    sentences: Tuple[int, ...]


def repeated_runs(
    sentences: Sequence[Sequence[str]], *, at_least: int
) -> List[RepeatedRun]:
    """Find all word sequences that occur in two or more sentences.

    A sequence that is contained in a longer one is omitted, unless it occurs in more
    sentences.

    Args:
        sentences: Words of each sentence.
        at_least: Minimum number of words.

    Returns:
        The sequences, longest first, then in order of first appearance.
    """
    places = _repeated_ngrams(sentences, at_least)
    found: Dict[Gram, Tuple[int, ...]] = {}
    while places:
        longer = _extend_ngrams(sentences, places)
        members = {gram: _sentence_indices(where) for gram, where in places.items()}
        kept = dict(members)
        for gram, where in longer.items():
            for part in (gram[:-1], gram[1:]):
                if kept.get(part) == _sentence_indices(where):
                    del kept[part]
        found.update(kept)
        places = longer
    runs = [RepeatedRun(words, where) for words, where in found.items()]
    return sorted(runs, key=lambda run: (-len(run.words), run.sentences))


def longest_repeat(sentences: Sequence[Sequence[str]], *, at_most: int) -> int:
    """Return the length of the longest sequence that occurs in two or more sentences.

    Args:
        sentences: Words of each sentence.
        at_most: Maximum length to search for.

    Returns:
        Length in words, 0 if no word is repeated.
    """
    for n in range(at_most, 0, -1):
        if _repeated_ngrams(sentences, n):
            return n
    return 0


# n-gram -> (sentence, first word) of each occurrence, in order
_Occurrences = Dict[Gram, List[Tuple[int, int]]]


def _repeated_ngrams(sentences: Sequence[Sequence[str]], n: int) -> _Occurrences:
    places: _Occurrences = defaultdict(list)
    for number, words in enumerate(sentences):
        for i in range(len(words) - n + 1):
            places[tuple(words[i : i + n])].append((number, i))
    return _filter_repeated(places)


def _extend_ngrams(
    sentences: Sequence[Sequence[str]], places: _Occurrences
) -> _Occurrences:
    # An (n + 1)-gram repeats only if both n-grams in it repeat.
    starts: Set[Tuple[int, int]] = {
        place for where in places.values() for place in where
    }
    longer: _Occurrences = defaultdict(list)
    for gram, where in places.items():
        for number, i in where:
            if (number, i + 1) in starts:
                one_more = sentences[number][i + len(gram)]
                longer[gram + (one_more,)].append((number, i))
    return _filter_repeated(longer)


def _filter_repeated(places: _Occurrences) -> _Occurrences:
    return {
        gram: where
        for gram, where in places.items()
        if len(_sentence_indices(where)) > 1
    }


def _sentence_indices(where: List[Tuple[int, int]]) -> Tuple[int, ...]:
    return tuple(sorted({number for number, _ in where}))

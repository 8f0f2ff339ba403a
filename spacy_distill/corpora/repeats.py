"""Word sequences that stand in more than one sentence."""

from collections import defaultdict
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

Gram = Tuple[str, ...]


class RepeatedRun(NamedTuple):
    """A word sequence and the sentences it stands in (their numbers, ascending)."""

    words: Gram
    sentences: Tuple[int, ...]


def repeated_runs(
    sentences: Sequence[Sequence[str]], *, at_least: int
) -> List[RepeatedRun]:
    """Find every run of `at_least` words or more that stands in two sentences.

    Of runs inside one another only the longest is kept, unless the shorter one stands
    in more sentences. Longest first, then in order of first appearance.
    """
    places = _repeated_grams(sentences, at_least)
    found: Dict[Gram, Tuple[int, ...]] = {}
    while places:
        longer = _one_word_longer(sentences, places)
        members = {gram: _members(where) for gram, where in places.items()}
        kept = dict(members)
        for gram, where in longer.items():
            for part in (gram[:-1], gram[1:]):
                if kept.get(part) == _members(where):
                    del kept[part]
        found.update(kept)
        places = longer
    runs = [RepeatedRun(words, where) for words, where in found.items()]
    return sorted(runs, key=lambda run: (-len(run.words), run.sentences))


def longest_repeat(sentences: Sequence[Sequence[str]], *, at_most: int) -> int:
    """Return the length of the longest repeated run, looking up to `at_most`."""
    for n in range(at_most, 0, -1):
        if _repeated_grams(sentences, n):
            return n
    return 0


# gram -> (sentence, first word) of each of its places, in order
_Places = Dict[Gram, List[Tuple[int, int]]]


def _repeated_grams(sentences: Sequence[Sequence[str]], n: int) -> _Places:
    places: _Places = defaultdict(list)
    for number, words in enumerate(sentences):
        for i in range(len(words) - n + 1):
            places[tuple(words[i : i + n])].append((number, i))
    return _in_two_sentences(places)


def _one_word_longer(sentences: Sequence[Sequence[str]], places: _Places) -> _Places:
    # A run of n + 1 words repeats only if both its runs of n words do.
    starts: Set[Tuple[int, int]] = {
        place for where in places.values() for place in where
    }
    longer: _Places = defaultdict(list)
    for gram, where in places.items():
        for number, i in where:
            if (number, i + 1) in starts:
                one_more = sentences[number][i + len(gram)]
                longer[gram + (one_more,)].append((number, i))
    return _in_two_sentences(longer)


def _in_two_sentences(places: _Places) -> _Places:
    return {gram: where for gram, where in places.items() if len(_members(where)) > 1}


def _members(where: List[Tuple[int, int]]) -> Tuple[int, ...]:
    return tuple(sorted({number for number, _ in where}))

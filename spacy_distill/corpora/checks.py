"""Figures that show what a corpus holds and that its splits are apart."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from .repeats import longest_repeat, repeated_runs
from .sources import SourceSentence

Split = Sequence[SourceSentence]
Name = Tuple[str, ...]

# Shorter runs repeat by chance ("at the end of the day"); seven words are a template.
TEMPLATE_WORDS = 7


@dataclass(frozen=True)
class Counts:
    """How much there is. entities: mentions by label, most frequent label first."""

    documents: int
    sentences: int
    tokens: int
    entities: Dict[str, int]


@dataclass(frozen=True)
class SplitFigures:
    """Counts of a split, and of its registers (none outside mark-up)."""

    total: Counts
    registers: Dict[str, Counts]


@dataclass(frozen=True)
class NameOverlap:
    """How many entity names of split `of` stand in the splits `within` too.

    A name is an entity's tokens without regard to case; its label does not matter. In
    a gold split it counts where it is an entity, in unlabelled text wherever it stands.
    names: distinct names of `of`. mentions: its entities, every one counted.
    share_of_names, share_of_mentions: 0 to 1. shared: the names, sorted.
    """

    of: str
    within: Tuple[str, ...]
    names: int
    mentions: int
    share_of_names: float
    share_of_mentions: float
    shared: Tuple[str, ...]


@dataclass(frozen=True)
class SharedTopic:
    """A topic and the splits it stands in."""

    topic: str
    splits: Tuple[str, ...]


@dataclass(frozen=True)
class Repeat:
    """A run of words that stands in two or more sentences.

    places: `split:sentence`, numbered from 1, and the topic if there is one.
    """

    words: str
    length: int
    places: Tuple[str, ...]


@dataclass(frozen=True)
class CorpusFigures:
    """All figures of a corpus.

    longest_repeat: words in the longest run that two sentences of any splits share.
    repeats: every such run of `TEMPLATE_WORDS` words or more, longest first.
    """

    splits: Dict[str, SplitFigures]
    name_overlap: Tuple[NameOverlap, ...]
    shared_topics: Tuple[SharedTopic, ...]
    longest_repeat: int
    repeats: Tuple[Repeat, ...]

    def to_json(self) -> Dict[str, Any]:
        """Return the figures as what JSON can hold."""
        return asdict(self)


def check_corpus(
    gold: Mapping[str, Split], *, unlabelled: Mapping[str, Split]
) -> CorpusFigures:
    """Count and compare the splits of a corpus.

    gold: annotated splits by name, in order: each is compared with those before it.
    unlabelled: the others.
    """
    splits = {**gold, **unlabelled}
    places = [
        f"{name}:{number}" + (f" {sentence.topic}" if sentence.topic else "")
        for name, split in splits.items()
        for number, sentence in enumerate(split, start=1)
    ]
    words = [_words(sentence) for split in splits.values() for sentence in split]
    repeats = tuple(
        Repeat(
            " ".join(run.words), len(run.words), tuple(places[i] for i in run.sentences)
        )
        for run in repeated_runs(words, at_least=TEMPLATE_WORDS)
    )
    return CorpusFigures(
        splits={name: _split_figures(split) for name, split in splits.items()},
        name_overlap=_name_overlaps(gold, unlabelled),
        shared_topics=shared_topics(splits),
        longest_repeat=(
            repeats[0].length
            if repeats
            else longest_repeat(words, at_most=TEMPLATE_WORDS - 1)
        ),
        repeats=repeats,
    )


def shared_topics(splits: Mapping[str, Split]) -> Tuple[SharedTopic, ...]:
    """Return the topics that stand in more than one split."""
    found: Dict[str, List[str]] = defaultdict(list)
    for name, split in splits.items():
        for topic in dict.fromkeys(s.topic for s in split if s.topic):
            found[topic].append(name)
    return tuple(
        SharedTopic(topic, tuple(names))
        for topic, names in found.items()
        if len(names) > 1
    )


def _split_figures(split: Split) -> SplitFigures:
    registers: Dict[str, List[SourceSentence]] = defaultdict(list)
    for sentence in split:
        if sentence.register:
            registers[sentence.register].append(sentence)
    return SplitFigures(
        total=_counts(split),
        registers={name: _counts(registers[name]) for name in sorted(registers)},
    )


def _counts(split: Split) -> Counts:
    entities = Counter(entity.label_ for s in split for entity in s.doc.ents)
    return Counts(
        documents=len({sentence.document for sentence in split}),
        sentences=len(split),
        tokens=sum(len(sentence.doc) for sentence in split),
        entities=dict(sorted(entities.items(), key=lambda item: (-item[1], item[0]))),
    )


def _name_overlaps(
    gold: Mapping[str, Split], unlabelled: Mapping[str, Split]
) -> Tuple[NameOverlap, ...]:
    mentions = {name: _mentions(split) for name, split in gold.items()}
    overlaps = []
    for i, of in enumerate(mentions):
        earlier = tuple(mentions)[:i]
        groups = [(name,) for name in earlier]
        for within in [*groups, earlier] if len(earlier) > 1 else groups:
            known = {name for split in within for name in mentions[split]}
            overlaps.append(_name_overlap(of, within, mentions[of], known))
        if earlier:
            for name, split in unlabelled.items():
                known = _names_in_text(set(mentions[of]), split)
                overlaps.append(_name_overlap(of, (name,), mentions[of], known))
    return tuple(overlaps)


def _mentions(split: Split) -> List[Name]:
    return [
        tuple(token.lower_ for token in entity) for s in split for entity in s.doc.ents
    ]


def _names_in_text(names: Set[Name], split: Split) -> Set[Name]:
    lengths = {len(name) for name in names}
    found: Set[Name] = set()
    for sentence in split:
        words = tuple(token.lower_ for token in sentence.doc)
        for n in lengths:
            found.update(words[i : i + n] for i in range(len(words) - n + 1))
        found &= names
    return found


def _name_overlap(
    of: str, within: Tuple[str, ...], mentions: List[Name], known: Set[Name]
) -> NameOverlap:
    names = set(mentions)
    shared = names & known
    return NameOverlap(
        of=of,
        within=within,
        names=len(names),
        mentions=len(mentions),
        share_of_names=_share(len(shared), len(names)),
        share_of_mentions=_share(
            sum(name in known for name in mentions), len(mentions)
        ),
        shared=tuple(sorted(" ".join(name) for name in shared)),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _words(sentence: SourceSentence) -> List[str]:
    """Lower-case words: punctuation would let a template hide behind a comma."""
    return [
        token.lower_ for token in sentence.doc if any(c.isalnum() for c in token.text)
    ]

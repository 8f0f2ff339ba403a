"""Statistics of a corpus and checks for overlap between its splits."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from .gold_files import SourceSentence
from .repeats import longest_repeat, repeated_runs

Split = Sequence[SourceSentence]
Name = Tuple[str, ...]

# Shorter sequences repeat by chance ("at the end of the day"); a repeat of seven words
# suggests a template.
TEMPLATE_WORDS = 7


@dataclass(frozen=True)
class Counts:
    """Size of a split or of a register.

    Attributes:
        documents: Number of documents.
        sentences: Number of sentences.
        tokens: Number of tokens.
        entities: Number of mentions by label, most frequent label first.
        categories: Number of documents by category of text, likewise.
    """

    documents: int
    sentences: int
    tokens: int
    entities: Dict[str, int]
    categories: Dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SplitFigures:
    """Statistics of a split.

    Attributes:
        total: Size of the whole split.
        registers: Size of each register; empty for formats other than markup.
    """

    total: Counts
    registers: Dict[str, Counts]


@dataclass(frozen=True)
class NameOverlap:
    """Overlap of the entity names of one split with other splits.

    A name is the lowercase tokens of an entity, whatever its label. In gold splits it
    is matched against entities, in unlabelled text against any sequence of tokens.

    Attributes:
        of: The split whose names are looked up.
        within: The splits they are looked up in.
        names: Number of distinct names in `of`.
        mentions: Number of entities in `of`.
        share_of_names: Share of the names that also occur in `within`, from 0 to 1.
        share_of_mentions: Share of the mentions whose name also occurs in `within`,
            from 0 to 1.
        shared: The shared names, sorted.
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
    """A topic that occurs in more than one split.

    Attributes:
        topic: "register/topic".
        splits: Names of the splits.
    """

    topic: str
    splits: Tuple[str, ...]


@dataclass(frozen=True)
class Repeat:
    """A word sequence that occurs in two or more sentences.

    Attributes:
        words: The words, joined by spaces.
        length: Number of words.
        places: `split:sentence` of each occurrence, numbered from 1, followed by the
            topic if there is one.
    """

    words: str
    length: int
    places: Tuple[str, ...]


@dataclass(frozen=True)
class SourceFigures:
    """How a source was read.

    Attributes:
        notes: Kinds of files, columns, and what was left out, a line each.
        trimmed: Number of entities that lost whitespace at an end.
        dropped: Number of entities that were whitespace alone.
    """

    notes: Tuple[str, ...]
    trimmed: int = 0
    dropped: int = 0


@dataclass(frozen=True)
class CorpusFigures:
    """All statistics of a corpus.

    Attributes:
        splits: Statistics of each split.
        name_overlap: Overlap of entity names between splits.
        shared_topics: Topics that occur in more than one split.
        longest_repeat: Length in words of the longest sequence that two sentences of
            any splits share.
        repeats: All such sequences of at least `TEMPLATE_WORDS` words, longest first.
        sources: How the source of each split was read.
    """

    splits: Dict[str, SplitFigures]
    name_overlap: Tuple[NameOverlap, ...]
    shared_topics: Tuple[SharedTopic, ...]
    longest_repeat: int
    repeats: Tuple[Repeat, ...]
    sources: Dict[str, SourceFigures] = field(default_factory=dict)

    def to_json(self) -> Dict[str, Any]:
        """Return the statistics as a JSON-serializable dict."""
        return asdict(self)


def check_corpus(
    gold: Mapping[str, Split], *, unlabelled: Mapping[str, Split]
) -> CorpusFigures:
    """Compute the statistics of a corpus and compare its splits.

    Args:
        gold: Annotated splits by name. Each is compared with those before it.
        unlabelled: Unlabelled splits by name.

    Returns:
        The statistics.
    """
    splits = {**gold, **unlabelled}
    places = [
        f"{name}:{number}" + (f" {sentence.topic}" if sentence.topic else "")
        for name, split in splits.items()
        for number, sentence in enumerate(split, start=1)
    ]
    words = [_lower_words(sentence) for split in splits.values() for sentence in split]
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
    """Return the topics that occur in more than one split.

    Args:
        splits: Splits by name.

    Returns:
        The topics in order of first appearance.
    """
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
    categories = Counter(
        name for s in split for name, value in s.doc.cats.items() if value >= 0.5
    )
    return Counts(
        documents=len({sentence.document for sentence in split}),
        sentences=len(split),
        tokens=sum(len(sentence.doc) for sentence in split),
        entities=_sorted(entities),
        categories=_sorted(categories),
    )


def _sorted(counts: Dict[str, int]) -> Dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


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


def _lower_words(sentence: SourceSentence) -> List[str]:
    """Return the lowercase tokens of a sentence that contain a letter or digit.

    Punctuation is ignored, so that a comma does not hide a repeated template.
    """
    return [
        token.lower_ for token in sentence.doc if any(c.isalnum() for c in token.text)
    ]

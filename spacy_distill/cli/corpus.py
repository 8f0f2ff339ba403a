"""`spacy-distill corpus`: gold and unlabelled text into the files of a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, List

from typer import Option
from wasabi import msg

from ..errors import DistillError
from .common import friendly_errors
from .options import GoldTask, Scheme, StrictGold, TagColumn, WordColumn

if TYPE_CHECKING:
    from ..corpora.checks import CorpusFigures, SourceFigures

_SOURCE = "mark-up, columns, JSON, CSV, brat or .spacy, a file or a folder"


@friendly_errors()
def corpus_cli(
    train: Annotated[Path, Option(help=f"Gold to train on: {_SOURCE}.")],
    dev: Annotated[Path, Option(help="Gold to choose the best step by, likewise.")],
    test: Annotated[Path, Option(help="Gold to measure with at the end, likewise.")],
    output: Annotated[Path, Option("--output", "-o", help="Folder to write to.")],
    unlabelled: Annotated[
        str,
        Option(
            help="Text for the teacher: .txt with a document a line, .jsonl, .spacy,"
            " mark-up or columns, a file or a folder. Without it: the training"
            " sentences that --n-labels leaves over."
        ),
    ] = "",
    n_labels: Annotated[
        int,
        Option(min=0, help="Draw so many training sentences as gold; 0 takes all."),
    ] = 0,
    seed: Annotated[int, Option(help="Of the draw.")] = 0,
    lang: Annotated[str, Option(help="Language whose tokenizer cuts mark-up.")] = "en",
    labels: Annotated[
        str, Option(help="The entity labels that may occur, with commas.")
    ] = "PER,ORG,LOC,MISC",
    scheme: Scheme = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    strict: StrictGold = False,
    task: GoldTask = None,
) -> None:
    """Make train, dev, test and unlabelled files out of annotated text.

    Gold is text with mark-up ('[Porto](LOC)'), columns with a word and its tag on each
    line (CoNLL-2003, CoNLL-U, GermEval and others), JSON of annotation tools, brat, or
    .spacy. The content of a file decides, not its name. Figures, and how each source
    was read, go to corpus.json.
    """
    # Imported here, since a help text does not need them.
    from ..corpora.build import FIGURES_FILE, build_corpus
    from ..docs import blank_pipeline

    allowed = [label.strip() for label in labels.split(",") if label.strip()]
    if not allowed:
        raise DistillError(
            f"Expected entity labels with commas as in PER,ORG, got '{labels}': name at"
            " least one."
        )
    figures = build_corpus(
        train=train,
        dev=dev,
        test=test,
        unlabelled=unlabelled or None,
        n_labels=n_labels,
        seed=seed,
        nlp=blank_pipeline(lang),
        labels=allowed,
        scheme=scheme,
        word_column=word_column,
        tag_column=tag_column,
        strict=strict,
        task=task,
        out=output,
    )
    _print_sources(figures)
    _print_figures(figures, allowed)
    msg.good(f"Wrote the corpus and {FIGURES_FILE} to {output}")


def _print_sources(figures: "CorpusFigures") -> None:
    for name, source in figures.sources.items():
        for note in source.notes:
            msg.text(f"{name}: {note}")
        if source.trimmed or source.dropped:
            msg.warn(f"{name}: {_describe_trimmed(source)}")


def _describe_trimmed(source: "SourceFigures") -> str:
    parts = []
    if source.trimmed:
        parts.append(f"{_entities(source.trimmed)} trimmed of whitespace")
    if source.dropped:
        verb = "was" if source.dropped == 1 else "were"
        many = str(source.dropped) if parts else _entities(source.dropped)
        parts.append(f"{many} {verb} whitespace alone and {verb} dropped")
    return ", ".join(parts)


def _entities(n: int) -> str:
    return f"{n:,} {'entity' if n == 1 else 'entities'}"


def _print_figures(figures: "CorpusFigures", labels: List[str]) -> None:
    from ..corpora.build import GOLD_SPLITS
    from ..corpora.checks import TEMPLATE_WORDS

    categories = sorted(
        {name for split in figures.splits.values() for name in split.total.categories}
    )
    labels = categories or labels
    rows = []
    for name, split in figures.splits.items():
        total = split.total
        counts = total.categories if categories else total.entities
        mentions = [str(counts.get(label, 0)) for label in labels]
        if name not in GOLD_SPLITS:
            mentions = ["-"] * len(labels)
        rows.append((name, total.documents, total.sentences, total.tokens, *mentions))
    header = ("", "documents", "sentences", "tokens", *labels)
    msg.table(rows, header=header, aligns=("l", *"r" * (len(header) - 1)), divider=True)
    for overlap in figures.name_overlap:
        msg.text(
            f"Names of {overlap.of} that {' or '.join(overlap.within)} has:"
            f" {overlap.share_of_names:.1%} of {overlap.names} names,"
            f" {overlap.share_of_mentions:.1%} of {overlap.mentions} mentions"
        )
    msg.text(
        f"Longest run of words in two sentences: {figures.longest_repeat};"
        f" runs of {TEMPLATE_WORDS} or more: {len(figures.repeats)}"
    )
    msg.text(f"Topics in two splits: {len(figures.shared_topics)}")

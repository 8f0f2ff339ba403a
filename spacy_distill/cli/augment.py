"""`spacy-distill augment`: more unlabelled text, made of what there is."""

from pathlib import Path
from typing import Annotated, Optional

from typer import Argument, Option
from wasabi import msg

from . import options
from .common import friendly_errors, import_code


@friendly_errors()
def augment_cli(
    texts: Annotated[
        Path,
        Argument(
            help="File or folder of .txt (a document a line), .jsonl or .spacy, of"
            " mark-up or of column files; each also .gz."
        ),
    ],
    output: Annotated[
        Path, Option("--output", "-o", help="File to write (.jsonl), a new one.")
    ],
    pipeline: Annotated[
        Optional[str],
        Option(
            help="Pipeline with a tagger, or else with word vectors, to replace words."
            " Its sentences are used, and its entities stay whole."
        ),
    ] = None,
    transformer: Annotated[
        Optional[str],
        Option(
            help="Transformer (folder, installed package or hub name) by whose word"
            " pieces words are replaced by similar ones of the texts. It is not run."
        ),
    ] = None,
    lang: Annotated[
        str, Option(help="Language of the texts, without --pipeline.")
    ] = "en",
    mask_rate: Annotated[float, Option(help="Share of words that are masked.")] = 0.1,
    replace_rate: Annotated[
        float,
        Option(
            help="Share of words that are replaced: by others of their part of speech,"
            " or by similar ones."
        ),
    ] = 0.1,
    ngram_rate: Annotated[
        float, Option(help="Share of texts that are cut to an n-gram.")
    ] = 0.25,
    sentence_rate: Annotated[
        float, Option(help="Share of texts that are cut to some of their sentences.")
    ] = 0.25,
    mask: Annotated[
        str, Option(help="What masked words become; for RoBERTa it is <mask>.")
    ] = "[MASK]",
    ngram_words: Annotated[int, Option(help="Words of the longest n-gram.")] = 5,
    rounds: Annotated[
        int, Option(help="New texts of each text, before duplicates are left out.")
    ] = 5,
    originals: Annotated[
        bool,
        Option("--originals/--no-originals", help="Write the texts themselves, too."),
    ] = True,
    seed: Annotated[int, Option(help="Of what is drawn.")] = 0,
    code: options.Code = None,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Print nothing but errors.")
    ] = False,
) -> None:
    """Make more unlabelled text by changing what there is.

    Words are masked or replaced, and texts are cut to an n-gram or to some of their
    sentences. The teacher labels the new texts, in annotate or distill, like any
    other. Texts that are repeated, or that would be empty, are not written, and their
    number is printed.
    """
    # Imported here, since a help text does not need them.
    from ..corpora.augmentation.augment import augment, check_output
    from ..corpora.augmentation.settings import Augmentation
    from ..corpora.texts import as_texts
    from ..docs import blank_pipeline, load_pipeline

    check_output(output, texts)
    settings = Augmentation(
        mask_rate=mask_rate,
        replace_rate=replace_rate,
        ngram_rate=ngram_rate,
        sentence_rate=sentence_rate,
        mask=mask,
        ngram_words=ngram_words,
        rounds=rounds,
        originals=originals,
    )
    import_code(code)
    source = as_texts(texts)
    nlp = load_pipeline(pipeline) if pipeline else blank_pipeline(lang)
    if not quiet:
        for note in source.notes:
            msg.text(f"Texts: {note}")
        if source.own_tokens:
            msg.warn("Texts: only text is written, without the tokens of these files")
    done = augment(
        source,
        output,
        settings=settings,
        nlp=nlp,
        transformer=transformer,
        seed=seed,
        progress=not quiet,
    )
    if quiet:
        return
    msg.good(
        f"Wrote {done.originals + done.augmented:,} texts to {output}:"
        f" {done.originals:,} of {done.documents:,} as they were and"
        f" {done.augmented:,} new"
    )
    msg.text(
        f"Left out: {done.duplicates:,} duplicates, {done.empty:,} without words that"
        " are not masked"
    )

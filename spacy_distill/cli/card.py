"""`spacy-distill card`: a model card and meta data for a pipeline to be packaged."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Optional

import srsly
from typer import Argument, Option
from wasabi import msg

from ..errors import DistillError
from ..files import write_atomically
from .common import friendly_errors


@friendly_errors()
def card_cli(
    model: Annotated[Path, Argument(help="Folder of the pipeline to be packaged.")],
    report: Annotated[Path, Option(help="What `spacy-distill evaluate` wrote.")],
    name: Annotated[
        str, Option(help="Name of the package, without the language: compact_ner.")
    ],
    version: Annotated[str, Option(help="Version of the package.")],
    output: Annotated[
        Optional[Path],
        Option(
            "--output",
            "-o",
            help="Folder to copy the pipeline to first; without it the pipeline's own"
            " folder is written to.",
        ),
    ] = None,
    row: Annotated[
        Optional[str],
        Option(help="The pipeline's name in the report; without it the last one."),
    ] = None,
    lang_name: Annotated[
        Optional[str],
        Option(help="The language in words; without it spaCy's name for it."),
    ] = None,
    license_: Annotated[
        str, Option("--license", help="License of the package.")
    ] = "MIT",
    description: Annotated[
        Optional[str], Option(help="What the pipeline is, in a sentence.")
    ] = None,
    data: Annotated[str, Option(help="What it was trained on, in Markdown.")] = "",
    teacher: Annotated[str, Option(help="What it was distilled from.")] = "",
    teacher_license: Annotated[str, Option(help="The teacher's license.")] = "",
    author: Annotated[str, Option(help="Who made it.")] = "",
    url: Annotated[str, Option(help="Where to find out more.")] = "",
) -> None:
    """Write README.md and fill in meta.json of a pipeline, for `spacy package`."""
    from ..docs import load_pipeline
    from ..evaluation.predictors import find_spans_key
    from ..evaluation.report import Report
    from ..evaluation.size import has_torch_parameters
    from ..reports.card import CardFacts, default_description, fill_meta, model_card

    measured = Report.read(report)
    its_row = measured.find_row(row)
    meta_path = model / "meta.json"
    if not meta_path.is_file():
        raise DistillError(
            f"Expected the folder of a pipeline, got {model} without meta.json in it."
        )
    nlp = load_pipeline(model)
    lang = nlp.lang or ""
    _check_names(lang, name, version)
    language = lang_name or type(nlp).__name__
    facts = CardFacts(
        package=f"{lang}_{name}",
        version=version,
        language=language,
        labels=[label for labels in nlp.pipe_labels.values() for label in labels],
        spans_key=find_spans_key(nlp),
        needs_torch=has_torch_parameters(nlp),
        description=description or default_description(language, its_row),
        license=license_,
        data=data,
        teacher=teacher,
        teacher_license=teacher_license,
        author=author,
        url=url,
    )
    if output is not None:
        _copy(model, output)
        meta_path = output / "meta.json"
    meta = fill_meta(srsly.read_json(meta_path), facts, its_row, lang=lang)
    text = json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(meta_path, text.encode("utf-8"))
    readme = meta_path.with_name("README.md")
    write_atomically(readme, model_card(facts, measured, its_row).encode("utf-8"))
    msg.good(f"Wrote {readme} and {meta_path}")


def _copy(model: Path, output: Path) -> None:
    try:
        shutil.copytree(model, output, dirs_exist_ok=True)
    except OSError as error:
        raise DistillError(
            f"Could not copy {model} to {output}: {error.strerror or error}."
        ) from error


def _check_names(lang: str, name: str, version: str) -> None:
    """As `spacy package` and pip will want them, but now."""
    from packaging.version import InvalidVersion, Version

    if not (name.isidentifier() and name.isascii()):
        raise DistillError(
            "Expected a --name of letters, digits and underscores as in compact_ner,"
            f" got {name!r}."
        )
    if name.startswith(f"{lang}_"):
        raise DistillError(
            f"Expected a --name without the language, which {lang}_ in {name!r} is:"
            f" try {name[len(lang) + 1 :]!r}."
        )
    try:
        Version(version)
    except InvalidVersion as error:
        raise DistillError(
            f"Expected a --version as in 0.1.0, got {version!r}."
        ) from error

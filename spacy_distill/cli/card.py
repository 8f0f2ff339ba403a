"""`spacy-distill card`: a model card and meta data for a pipeline to be packaged."""

from pathlib import Path
from typing import Annotated, Optional

from typer import Argument, Option
from wasabi import msg

from . import options
from .common import friendly_errors, import_code


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
        str,
        Option(
            "--license",
            help="License of the package; without it that of meta.json, if any.",
        ),
    ] = "",
    description: Annotated[
        Optional[str],
        Option(help="What the pipeline is, in a sentence; without it from meta.json."),
    ] = None,
    data: Annotated[str, Option(help="What it was trained on, in Markdown.")] = "",
    teacher: Annotated[str, Option(help="What it was distilled from.")] = "",
    teacher_license: Annotated[str, Option(help="The teacher's license.")] = "",
    author: Annotated[str, Option(help="Who made it.")] = "",
    url: Annotated[str, Option(help="Where to find out more.")] = "",
    code: options.Code = None,
) -> None:
    """Write README.md and fill in meta.json of a pipeline, for `spacy package`."""
    from ..packaging import PackageInfo, write_card

    import_code(code)
    info = PackageInfo(
        name=name,
        version=version,
        lang_name=lang_name or "",
        license=license_,
        description=description or "",
        data=data,
        teacher=teacher,
        teacher_license=teacher_license,
        author=author,
        url=url,
    )
    readme = write_card(model, report, info, row=row, output=output)
    msg.good(f"Wrote {readme} and {readme.with_name('meta.json')}")

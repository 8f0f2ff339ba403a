"""`spacy-distill card`: a model card and meta data for a pipeline to be packaged."""

from pathlib import Path
from typing import Annotated, Optional

from typer import Argument, Option
from wasabi import msg

from .common import friendly_errors, import_code
from .options import (
    Author,
    Code,
    Data,
    Description,
    DistilledFrom,
    LanguageName,
    License,
    PackageName,
    TeacherLicense,
    Url,
)


@friendly_errors()
def card_cli(
    model: Annotated[Path, Argument(help="Folder of the pipeline to be packaged.")],
    report: Annotated[Path, Option(help="What `spacy-distill evaluate` wrote.")],
    name: PackageName,
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
    lang_name: LanguageName = "",
    license_: License = "",
    description: Description = "",
    data: Data = "",
    teacher: DistilledFrom = "",
    teacher_license: TeacherLicense = "",
    author: Author = "",
    url: Url = "",
    code: Code = None,
) -> None:
    """Write README.md and fill in meta.json of a pipeline, for `spacy package`."""
    from ..packaging import PackageInfo, write_card

    import_code(code)
    info = PackageInfo(
        name=name,
        version=version,
        lang_name=lang_name,
        license=license_,
        description=description,
        data=data,
        teacher=teacher,
        teacher_license=teacher_license,
        author=author,
        url=url,
    )
    readme = write_card(model, report, info, row=row, output=output)
    msg.good(f"Wrote {readme} and {readme.with_name('meta.json')}")

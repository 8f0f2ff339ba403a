"""`spacy-distill package`: an installable wheel of a pipeline."""

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
def package_cli(
    model: Annotated[str, Argument(help="The pipeline: a folder or a package.")],
    output: Annotated[Path, Option("--output", "-o", help="Folder for the package.")],
    name: PackageName,
    version: Annotated[str, Option(help="Version of the package.")] = "0.1.0",
    bundle: Annotated[
        bool,
        Option(
            "--bundle",
            help="Put the modules of spacy-distill that prediction needs into the"
            " wheel, so that it requires spaCy alone.",
        ),
    ] = False,
    report: Annotated[
        Optional[Path],
        Option(
            help="What `spacy-distill evaluate` wrote, with the pipeline in its last"
            " row; without it the report of the run that distilled the pipeline."
        ),
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
    """Build an installable wheel of a pipeline, with a model card."""
    from ..packaging import PackageInfo, package, required_packages

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
    wheel = package(model, output, info=info, report=report, bundle=bundle, code=code)
    msg.good(f"Wrote {wheel} ({wheel.stat().st_size / 1e6:.1f} MB)")
    others = [x for x in required_packages(wheel.parent.parent) if x != "spacy"]
    text = f"It requires {' and '.join(['spaCy', *others])}"
    if others == ["spacy-distill"]:
        msg.text(f"{text}. With --bundle, it requires spaCy alone.")
    else:
        msg.text(f"{text}." if others else f"{text} alone.")

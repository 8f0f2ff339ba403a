"""`spacy-distill distill-encoder`: a smaller encoder from a transformer's layers."""

from pathlib import Path
from typing import Annotated, Optional

import typer
from typer import Argument, Option

from . import options
from .common import friendly_errors, import_code, parse_overrides
from .interrupts import exit_interrupted


@friendly_errors()
def distill_encoder_cli(
    ctx: typer.Context,
    transformer: Annotated[
        str,
        Argument(
            help="Hugging Face model (folder, installed package, owner/model), or spaCy"
            " pipeline with a transformer."
        ),
    ],
    texts: Annotated[
        Path,
        Argument(
            help="File or folder of .txt (a document a line), .jsonl or .spacy, of"
            " mark-up or of column files; each also .gz."
        ),
    ],
    output: Annotated[
        Path,
        Option("--output", "-o", help="Folder to save the encoder to."),
    ],
    config: Annotated[
        Optional[Path],
        Option(help="Config; see init-config --name encoder. By default the shipped."),
    ] = None,
    code: options.Code = None,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Print nothing but errors.")
    ] = False,
) -> None:
    """Distill a transformer into a smaller encoder, on texts without labels.

    The encoder learns to compute what the transformer's layers compute. It is the
    source of a transformer student. A run that was cut short goes on from its last
    checkpoint when it is started again. A GPU is used if there is one. Settings of the
    config can be overridden with arguments such as --encoder.layers 2.
    """
    from ..training.checkpoint import FILE_NAME
    from ..training.general_distillation.distill_encoder import distill_encoder

    overrides = parse_overrides(ctx.args, ctx=ctx)
    import_code(code)
    try:
        distill_encoder(
            transformer,
            texts,
            output,
            config=config,
            overrides=overrides,
            progress=not quiet,
        )
    except KeyboardInterrupt:
        where = "begins again"
        if (output / FILE_NAME).exists():
            where = f"goes on from the last checkpoint in {output}"
        exit_interrupted(f"The same command {where}.")

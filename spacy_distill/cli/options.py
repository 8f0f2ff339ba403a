"""Arguments and options that several commands have.

Only typer is imported here: help must not wait for spaCy or torch.
"""

from pathlib import Path
from typing import Annotated, Optional

from typer import Argument, Option

Teacher = Annotated[
    str,
    Argument(
        help="Pipeline (package or folder), Hugging Face token classifier (folder or"
        " owner/model), file of annotations (JSON, brat, columns), or config of one"
        " (.cfg)."
    ),
]
# Strings, since `Path` joins the slashes of an address.
OutputFolder = Annotated[
    str,
    Option(
        "--output",
        "-o",
        metavar="PATH",
        help="Folder to write to, or its address (s3://bucket/folder).",
    ),
]
OutputFile = Annotated[
    str,
    Option(
        "--output",
        "-o",
        metavar="PATH",
        help="File to write to (.jsonl, .parquet or .spacy), or its address.",
    ),
]
Component = Annotated[
    Optional[str], Option(help="The teacher's component, if several fit.")
]
Strict = Annotated[
    Optional[bool],
    Option(
        "--strict/--skip",
        help="For a file of annotations with invalid spans: reject the file, or leave"
        " them out, and move spans to their own text where it is once nearby. Strict by"
        " default.",
    ),
]
Task = Annotated[
    Optional[str],
    Option(
        help="For a file of annotations with spans and categories, which to teach: ner,"
        " textcat or textcat_multilabel (several for a text). By default what there is."
    ),
]
Preset = Annotated[
    Optional[str],
    Option(
        help="Which student: small, default, accurate (entities only) or transformer,"
        " with word vectors from --paths.word_vectors, if given. In place of a config."
    ),
]
LabelMap = Annotated[
    Optional[str],
    Option(
        metavar="JSON",
        help="New label of each of the teacher's labels, null for none:"
        ' \'{"PERSON": "PER", "DATE": null}\'.',
    ),
]
HeldOut = Annotated[
    Optional[float],
    Option(
        help="Without gold annotation for development: texts to hold out for"
        " evaluation, a number or a share below 1. By default a tenth, at most 1,000."
    ),
]
Rounds = Annotated[
    int,
    Option(
        min=1,
        help="Rounds of distillation. In each further one the student labels the texts,"
        " and another transformer is fine-tuned on that to teach the next student. It"
        " pays with few gold sentences.",
    ),
]
RoundTeacher = Annotated[
    Optional[Path],
    Option(
        help="Config of the teachers of further rounds; see init-config --name teacher."
        " By default the shipped one, for English."
    ),
]
Scheme = Annotated[
    Optional[str],
    Option(help="Tag scheme of column files, such as BIO. By default it is detected."),
]
WordColumn = Annotated[
    Optional[int],
    Option(
        help="Column of the words in column files, from 1, or -1 for the last. By"
        " default it is detected."
    ),
]
TagColumn = Annotated[
    Optional[int], Option(help="Column of the entity tags, likewise.")
]
StrictGold = Annotated[
    bool,
    Option(
        "--strict",
        help="Refuse invalid spans and tags, instead of repairing or dropping them and"
        " telling how many.",
    ),
]
GoldTask = Annotated[
    Optional[str],
    Option(
        "--task",
        help="What to read of a file with spans and categories: ner, textcat or"
        " textcat_multilabel (several for a text). Without it: what there is.",
    ),
]
# What runs the work of a command.
NProcess = Annotated[
    Optional[int],
    Option(
        min=1,
        help="Processes on this machine, each with one thread. By default all is done"
        " in this process.",
    ),
]
ExecutorName = Annotated[
    Optional[str],
    Option("--executor", metavar="ray", help="What runs workers: a Ray cluster."),
]
Workers = Annotated[
    Optional[int], Option(min=1, help="Workers on the Ray cluster: 1 by default.")
]
Address = Annotated[
    Optional[str],
    Option(
        help="Address of the Ray cluster, or auto for one that runs here. By default"
        " one is started."
    ),
]
ShardSize = Annotated[int, Option(min=1, help="Documents in a shard.")]
GpuId = Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU.")]
Code = Annotated[
    Optional[Path],
    Option(
        "--code",
        "-c",
        help="Python file with registered functions of your own, imported first.",
    ),
]

# What a package says about itself.
PackageName = Annotated[
    str,
    Option("--name", help="Name of the package, without the language: compact_ner."),
]
LanguageName = Annotated[
    str, Option(help="The language in words; without it spaCy's name for it.")
]
License = Annotated[
    str,
    Option(
        "--license",
        help="License of the package; without it that of meta.json, if any.",
    ),
]
Description = Annotated[
    str,
    Option(help="What the pipeline is, in a sentence; without it from meta.json."),
]
Data = Annotated[str, Option(help="What it was trained on, in Markdown.")]
DistilledFrom = Annotated[str, Option("--teacher", help="What it was distilled from.")]
TeacherLicense = Annotated[str, Option(help="The teacher's license.")]
Author = Annotated[str, Option(help="Who made it.")]
Url = Annotated[str, Option(help="Where to find out more.")]

# Settings of a config are passed as further arguments: --training.max_steps 1000.
WITH_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}

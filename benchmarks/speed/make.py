"""Make what systems read with, in a process of its own: `make.py JSON`.

Its weights and files lie in a folder then, so that loading them, their size and their
memory can be measured as those of any other. The JSON is a list, for each system the
arguments of `make`.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, Dict, List

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])


def make(
    *, name: str, folder: str, teacher: str, size: Dict[str, int], lang: str
) -> None:
    """Make a system's folder, whole or not at all.

    name: of the system. teacher: a pipeline, if it needs one. size: of a BERT, see
    `systems.BertSize`.

    Raises DistillError if the teacher cannot serve.
    """
    out = Path(folder)
    # Under another name until it is whole: what is there is not made again.
    half = out.with_name(f".{out.name}.making")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    _make(name, half, teacher, size, lang)
    half.rename(out)


def _make(
    name: str, folder: Path, teacher: str, size: Dict[str, int], lang: str
) -> None:
    # Torch is imported only where a transformer is wanted.
    if name == "stock_cnn":
        from speed.make_stock import make_stock

        make_stock(folder, lang=lang)
        return
    from speed.make_transformers import make_bert, make_onnx, make_teacher

    if name == "teacher":
        make_teacher(folder, teacher=teacher)
    elif name == "teacher_onnx_int8":
        make_onnx(folder, teacher=teacher)
    else:
        make_bert(folder, teacher=teacher, **size)


def main() -> None:
    from spacy_distill.cli.common import friendly_errors

    tasks: List[Dict[str, Any]] = json.loads(sys.argv[1])
    with friendly_errors():
        for task in tasks:
            make(**task)


if __name__ == "__main__":
    main()

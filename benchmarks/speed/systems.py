"""What is measured, and how it is read."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence, Tuple

from common.code import code_hash
from common.guard import settings_hash
from spacy.util import get_installed_models, get_package_path, load_config

from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_folder

from .batches import ORDERS

# A pipeline's source is its folder, a transformer's what `make.py` made of it; a blank
# pipeline has none.
KINDS = ("transformer", "onnx", "pipeline", "blank")
TEACHERS = ("bert_base", "bert_large", "teacher", "teacher_onnx_int8")
STOCK = "stock_cnn"
TOKENIZER = "tokenizer"
FIXED = (*TEACHERS, STOCK, TOKENIZER)
ONNX_PACKAGES = ("onnx", "onnxruntime")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*")


@dataclass(frozen=True)
class BertSize:
    """The size of a BERT, as its paper has it: feed-forward layers are four times as
    wide."""

    layers: int
    width: int
    heads: int


BERT_SIZES = {
    "bert_base": BertSize(layers=12, width=768, heads=12),
    "bert_large": BertSize(layers=24, width=1024, heads=16),
}


@dataclass(frozen=True)
class System:
    """One way to read texts. A teacher has two: bare, at its best, and as pipeline.

    kind: one of KINDS. source: its folder; "" for none. orders: of ORDERS, those that
        it is measured in.
    fingerprint: of all that its speed depends on; figures of another are of no use.
    requires: the packages that it needs, by their names on PyPI.
    is_student: of spacy-distill's. is_light: needs no torch, and so has none around.
    is_pure: without the compiled kernel.
    """

    name: str
    kind: str
    source: str
    fingerprint: str
    orders: Tuple[str, ...] = ORDERS
    requires: Tuple[str, ...] = ("spacy",)
    is_student: bool = False
    is_light: bool = False
    is_pure: bool = False


@dataclass(frozen=True)
class Sources:
    """What a user names.

    teacher: a pipeline with a transformer. students: by name. stock: a trained
        pipeline instead of one made here; None for that.
    berts: sizes by name. pure: names of students that run without the compiled kernel.
    """

    teacher: Optional[str]
    students: Mapping[str, str]
    stock: Optional[str]
    lang: str
    berts: Mapping[str, BertSize]
    pure: Collection[str] = ()

    def names(self) -> List[str]:
        """The names of all systems that can be measured, in order of tables."""
        order = [*TEACHERS, STOCK, *self.students, TOKENIZER]
        if self.teacher is None:
            order = [name for name in order if name not in TEACHERS]
        return order

    def check(self, chosen: Sequence[str]) -> None:
        """Raise DistillError unless the chosen systems can be measured."""
        for name in self.students:
            if not _NAME.fullmatch(name) or name in FIXED:
                raise DistillError(
                    "Expected a name of letters, digits, '_' and '.' for a student, and"
                    f" none of {', '.join(FIXED)}, got {name!r}: files are named by it."
                )
        for name in self.pure:
            if name not in self.students:
                raise DistillError(
                    f"Expected names of students as --pure, got {name!r}: name it with"
                    f" --student {name}=PIPELINE as well."
                )
        for name in chosen:
            if name in TEACHERS and self.teacher is None:
                raise DistillError(
                    f"Expected a pipeline as --teacher for {name}, whose word pieces"
                    " come from it, got none: name one, or choose others with"
                    " --systems."
                )
            if name not in self.names():
                raise DistillError(
                    f"Expected some of {', '.join(self.names())} as --systems, got"
                    f" {name!r}: name a student with --student {name}=PIPELINE."
                )
        if set(chosen) & set(TEACHERS):
            assert self.teacher is not None
            if "transformer" not in _factories(self.teacher):
                raise DistillError(
                    "Expected a pipeline with a component `transformer` (of"
                    f" spacy-transformers) as --teacher, got {self.teacher!r} with"
                    f" {_listed(self.teacher)}: name the teacher, not its student."
                )
        for name, source in self.students.items():
            factories = _factories(source)
            if "compact_ner" not in factories or "transformer" in factories:
                raise DistillError(
                    "Expected a pipeline with `compact_ner` and without a transformer"
                    f" as --student {name}, got {source!r} with {_listed(source)}:"
                    " name what `spacy distill` has trained."
                )
        if self.stock is not None and "ner" not in _factories(self.stock):
            raise DistillError(
                f"Expected a pipeline with spaCy's `ner` as --stock, got {self.stock!r}"
                f" with {_listed(self.stock)}: leave it out to have one made."
            )
        if "teacher_onnx_int8" in chosen:
            _check_onnx()

    def list_systems(self, chosen: Sequence[str], made: Path) -> List[System]:
        """The chosen systems; those that `make.py` makes lie in folders of `made`, by
        their names.

        Raises DistillError for a pipeline that is not there.
        """
        systems: List[System] = []
        teacher = ""
        if self.teacher is not None and set(chosen) & set(TEACHERS):
            teacher = sha256_folder(find_folder(self.teacher))
        for name in chosen:
            systems += self._make_systems(name, made / name, teacher)
        return systems

    def _make_systems(self, name: str, folder: Path, teacher: str) -> List[System]:
        if name in self.berts:
            size = self.berts[name]
            fingerprint = _fingerprint(teacher=teacher, size=vars(size))
            return [_transformer(name, folder, fingerprint)]
        if name == "teacher":
            assert self.teacher is not None
            as_pipeline = System(
                name,
                "pipeline",
                str(find_folder(self.teacher)),
                _fingerprint(teacher=teacher, code=code_hash()),
                orders=("reading",),
                requires=("spacy-distill", "spacy-transformers"),
            )
            bare = _transformer(name, folder, _fingerprint(teacher=teacher))
            return [System(**{**vars(bare), "orders": ("sorted",)}), as_pipeline]
        if name == "teacher_onnx_int8":
            requires = ("onnxruntime", "tokenizers")
            fingerprint = _fingerprint(teacher=teacher, onnx="int8")
            return [System(name, "onnx", str(folder), fingerprint, requires=requires)]
        if name == STOCK:
            source, fingerprint = folder, _fingerprint(stock="made", lang=self.lang)
            if self.stock is not None:
                source = find_folder(self.stock)
                fingerprint = _fingerprint(stock=sha256_folder(source))
            return [System(name, "pipeline", str(source), fingerprint, is_light=True)]
        if name == TOKENIZER:
            fingerprint = _fingerprint(lang=self.lang)
            return [System(name, "blank", "", fingerprint, is_light=True)]
        source = find_folder(self.students[name])
        is_pure = name in self.pure
        code = {"code": code_hash(), "pure": is_pure}
        return [
            System(
                name,
                "pipeline",
                str(source),
                _fingerprint(student=sha256_folder(source), **code),
                requires=("spacy-distill",),
                is_student=True,
                is_light=True,
                is_pure=is_pure,
            )
        ]


def find_folder(source: str) -> Path:
    """The folder of a pipeline: of that path, or within an installed package.

    Raises DistillError if there is none.
    """
    folder = Path(source)
    if not folder.is_dir() and source in get_installed_models():
        (folder,) = (p.parent for p in get_package_path(source).glob("*/config.cfg"))
    if not (folder / "config.cfg").is_file():
        raise DistillError(
            f"Expected a pipeline, installed or in a folder, at {source!r}, found none:"
            " check the name."
        )
    return folder.resolve()


def parse_berts(sizes: Sequence[str]) -> Dict[str, BertSize]:
    """BERTs of other sizes than BERT_SIZES: "NAME=LAYERS,WIDTH,HEADS" each.

    Raises DistillError for another name or form.
    """
    berts = dict(BERT_SIZES)
    for text in sizes:
        name, _, numbers = text.partition("=")
        parts = numbers.split(",")
        if name not in berts or len(parts) != 3 or not all(map(str.isdigit, parts)):
            raise DistillError(
                f"Expected --bert NAME=LAYERS,WIDTH,HEADS with a name of"
                f" {', '.join(berts)}, got {text!r}."
            )
        layers, width, heads = map(int, parts)
        if not layers or not heads or not width or width % heads:
            raise DistillError(
                f"Expected a width that the heads divide in --bert, got {text!r}."
            )
        berts[name] = BertSize(layers, width, heads)
    return berts


def _transformer(name: str, folder: Path, fingerprint: str) -> System:
    requires = ("torch", "transformers")
    return System(name, "transformer", str(folder), fingerprint, requires=requires)


def _check_onnx() -> None:
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if missing:
        raise DistillError(
            f"Expected {' and '.join(missing)} for teacher_onnx_int8, not installed:"
            " pip install 'spacy-distill[bench]', or choose the other systems with"
            " --systems."
        )


def _fingerprint(**parts: Any) -> str:
    return settings_hash(parts)


def _factories(source: str) -> List[str]:
    config = load_config(find_folder(source) / "config.cfg")
    components = config["components"]
    names = config["nlp"]["pipeline"]
    return [components[name].get("factory", "?") for name in names]


def _listed(source: str) -> str:
    return ", ".join(_factories(source)) or "no components"

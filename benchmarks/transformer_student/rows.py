"""The rows of the tables: objectives, sizes, and the default student beside them."""

from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

from common.cells import file_name
from spacy.language import Language
from thinc.api import Config
from wasabi import Printer

from spacy_distill import distill_encoder
from spacy_distill.docs import load_pipeline
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.student import train_student
from transformer_student.corpora import CORPORA, CorpusSpec

OBJECTIVES = Path(__file__).parent / "objectives"
# Steps of the default student, of 64 sentences.
QRNN_STEPS = 1500


class Row(NamedTuple):
    """A student.

    Attributes:
        config: Name of a shipped config.
        objective: Name of a file in `objectives` that changes it.
        soft: Whether it learns from the teacher's predictions.
        layers: Layers of a transformer; None for a third of the teacher's.
        first_stage: What `distill-encoder` takes as teacher before: "pretrained" or
            "teacher" (fine-tuned); None for no first stage.
        settings: Settings of the config by dotted name.
    """

    config: str = "transformer_student"
    objective: Optional[str] = None
    soft: bool = True
    layers: Optional[int] = None
    first_stage: Optional[str] = None
    settings: Dict[str, Any] = {}

    @property
    def is_transformer(self) -> bool:
        """Whether the student is a transformer."""
        return self.config.startswith("transformer")


# What the paper's table III compares: students of one size.
UNDISTILLED, ADAPTIVE = "undistilled", "adaptive weight"
COMPARED: Dict[str, Row] = {
    UNDISTILLED: Row(soft=False),
    "logits": Row(objective="logits"),
    "DistilBERT": Row(objective="distilbert"),
    "BERT-PKD": Row(objective="bert_pkd"),
    "TinyBERT": Row(objective="tinybert", first_stage="teacher"),
    ADAPTIVE: Row("transformer_layers"),
}
# Changes of the last.
_WEIGHTS = (
    "components.ner.loss.alpha",
    "initialize.after_init.callbacks.layer_teacher.theta",
)
VARIANTS: Dict[str, Row] = {
    # theta falls to 0 at the end, not after half of the steps.
    "adaptive weight, b = 0": Row(
        "transformer_layers", settings={f"{weight}.b": 0.0 for weight in _WEIGHTS}
    ),
    "fixed weight": Row(objective="fixed_weight"),
    "adaptive weight, two stages": Row("transformer_layers", first_stage="pretrained"),
}
# Table V: other numbers of layers.
SIZES: Dict[str, Row] = {
    f"adaptive weight, {layers} layers": Row("transformer_layers", layers=layers)
    for layers in (2, 3, 4, 6)
}
_ADAPTIVE_ALPHA = {
    "components.ner.loss.divergence": "soft_cross_entropy",
    "components.ner.loss.alpha": {
        "@schedules": "spacy_distill.adaptive_alpha.v1",
        "step": QRNN_STEPS,
    },
}
_COLUMNS = {"initialize.before_init.callbacks.lexicon.columns": True}
# With the words of a lexicon, whose lines have further columns.
WITH_LEXICON: Dict[str, Row] = {
    "adaptive weight, lexicon": Row("transformer_layers", objective="lexicon"),
    "QRNN, lexicon": Row("student_lexicon", settings=_COLUMNS),
}
DEFAULT_STUDENTS: Dict[str, Row] = {
    "QRNN, gold": Row("student", soft=False),
    "QRNN": Row("student"),
    "QRNN, adaptive weight": Row("student", settings=_ADAPTIVE_ALPHA),
}
ROWS: Dict[str, Row] = {
    **COMPARED,
    **VARIANTS,
    **SIZES,
    **DEFAULT_STUDENTS,
    **WITH_LEXICON,
}


def train_row(
    name: str,
    corpus: str,
    folder: Path,
    seed: int,
    *,
    transformer: str,
    lexicon: Optional[Path],
    bfloat16: bool,
) -> Language:
    """Train the student of a row, and save it as `pipelines/ROW/model-best`.

    Args:
        name: The row.
        corpus: The corpus.
        folder: Folder with its files, its teacher and its soft labels.
        seed: Seed.
        transformer: The pretrained transformer.
        lexicon: A file of words, for rows with a lexicon.
        bfloat16: Whether to multiply matrices in bfloat16.

    Returns:
        The best pipeline by the development set.
    """
    row = ROWS[name]
    out = folder / "pipelines" / file_name(name)
    config = row_config(row, CORPORA[corpus], folder, seed, bfloat16=bfloat16)
    if name in WITH_LEXICON:
        config["paths"]["lexicon"] = str(lexicon)
    if row.first_stage is not None:
        config["training"]["max_steps"] //= 2
        encoder = _first_stage(
            *(row, config, folder),
            transformer=transformer,
            bfloat16=bfloat16,
            out=out / "encoder",
        )
        config["paths"]["transformer"] = str(encoder)
    train_student(config, out, is_kept=False, say=Printer())
    return load_pipeline(out / "model-best")


def usual_layers(corpus: str) -> int:
    """Return the layers of transformer students whose row has no number of them.

    Args:
        corpus: The corpus.
    """
    return _a_third(CORPORA[corpus])


def _a_third(spec: CorpusSpec) -> int:
    return spec.layers // 3


def row_config(
    row: Row, spec: CorpusSpec, folder: Path, seed: int, *, bfloat16: bool
) -> Config:
    """Return the config of a row, variables not filled in."""
    steps = spec.steps if row.is_transformer else QRNN_STEPS
    settings: Dict[str, Any] = {
        "paths.train": str(folder / "train.spacy"),
        "paths.dev": str(folder / "dev.spacy"),
        # All students know the same words, also those of gold annotation alone.
        "paths.soft_labels": str(folder / "soft_labels"),
        "nlp.lang": spec.lang,
        "system.seed": seed,
        "training.max_steps": steps,
        "training.eval_frequency": steps // 6,
        **row.settings,
    }
    config = read_config(CONFIGS / f"{row.config}.cfg", settings, interpolate=False)
    config["training"]["logger"]["progress_bar"] = None
    if not row.soft:
        config["corpora"]["train"]["soft_labels"] = None
    if not row.is_transformer:
        return config
    if row.objective is not None:
        changes = Config().from_disk(
            OBJECTIVES / f"{row.objective}.cfg", interpolate=False
        )
        config = config.merge(changes)
    teacher = str(folder / "teacher" / "model-best")
    config["paths"]["transformer"] = teacher
    if "teacher" in config["paths"]:
        config["paths"]["teacher"] = teacher
    config["components"]["ner"]["model"]["tok2vec"]["layers"] = row.layers or _a_third(
        spec
    )
    # Characters are word pieces, and the others are of a hundred languages.
    start = config["initialize"]["before_init"]
    start = start.get("callbacks", {}).get("transformer", start)
    start["prune_vocabulary"] = spec.lang == "zh"
    callback = config["initialize"]["after_init"]
    callback = callback.get("callbacks", {}).get("fine_tuning", callback)
    callback["bfloat16"] = bfloat16
    return config


def _first_stage(
    row: Row,
    config: Config,
    folder: Path,
    *,
    transformer: str,
    bfloat16: bool,
    out: Path,
) -> Path:
    """Distill an encoder from a teacher's layers, on the unlabelled text."""
    fine_tuned = str(folder / "teacher" / "model-best")
    student = config["components"]["ner"]["model"]["tok2vec"]
    settings = {
        **{f"encoder.{name}": student[name] for name in _SIZES},
        "training.seed": config["system"]["seed"],
        # Both stages together have the steps of one.
        "training.max_steps": config["training"]["max_steps"],
        "training.bfloat16": bfloat16,
    }
    return distill_encoder(
        transformer if row.first_stage == "pretrained" else fine_tuned,
        folder / "unlabelled",
        out,
        overrides=settings,
        progress=False,
    )


_SIZES = ("layers", "width", "feed_forward_width", "heads", "max_length")

"""Soft labels if they are missing, then training, then what came of it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional

import srsly
from spacy.util import load_config
from thinc.api import Config, require_cpu
from wasabi import msg

from ..errors import DistillError
from .config import config_errors, find_dev_gold, read_training_config
from .run_report import measure_teacher, report_run

if TYPE_CHECKING:
    from ..teachers.base import Teacher

_SCORES = {"F1": "ents_f", "precision": "ents_p", "recall": "ents_r"}


def distill(
    teacher: str,
    student_config: Path,
    output: Optional[Path],
    *,
    overrides: Optional[Dict[str, Any]] = None,
    use_gpu: int = -1,
    component: Optional[str] = None,
    strict: Optional[bool] = None,
) -> None:
    """Distil a teacher into a student; see `python -m spacy distill --help`.

    component, strict: see `teachers.load.load_teacher`.
    output: folder for model-best and model-last; nothing is saved without one.
    overrides: dotted names of config settings and their values.
    RAISES: DistillError if the config is faulty, if paths are missing, or if existing
        soft labels are another teacher's.
    """
    overrides = dict(overrides or {})
    config = read_training_config(student_config, overrides)
    soft_labels = _soft_labels_folder(config, output)
    overrides["paths.soft_labels"] = str(soft_labels)
    loaded = _annotate(
        teacher,
        config,
        soft_labels,
        use_gpu=use_gpu,
        component=component,
        strict=strict,
    )
    gold = find_dev_gold(config) if output is not None else None
    # Now, where the teacher is at hand, and on the device it was loaded on.
    taught = None if gold is None else measure_teacher(loaded, gold)
    # A large one would be in the student's way.
    del loaded
    config = load_config(student_config, overrides=overrides, interpolate=False)
    with config_errors(student_config):
        train_student(config, output)
    if output is not None:
        report_run(output, teacher, taught, gold=gold, soft_labels=soft_labels)


def train_student(config: Config, output: Optional[Path]) -> None:
    """Initialize and train the student on the CPU, as `spacy train` does."""
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train

    msg.divider("Training the student")
    # The teacher may have run on a GPU.
    require_cpu()
    if output is not None:
        Path(output).mkdir(parents=True, exist_ok=True)
    nlp = init_nlp(config, use_gpu=-1)
    msg.good("Initialized the student")
    _, saved = train(nlp, output, use_gpu=-1)
    if output is None or saved is None:
        msg.good("Trained; nothing saved without --output")
        return
    best = Path(output) / "model-best"
    scores = srsly.read_json(best / "meta.json")["performance"]
    rows = [
        (f"Development {name}", f"{100 * scores[key]:.2f}")
        for name, key in _SCORES.items()
        # A config may leave scores out.
        if scores.get(key) is not None
    ]
    msg.divider("Student")
    msg.table([*rows, ("Saved in", str(best))])
    msg.good(f'nlp = spacy.load("{best}")')


def _soft_labels_folder(config: Config, output: Optional[Path]) -> Path:
    path = config.get("paths", {}).get("soft_labels")
    if path:
        return Path(path)
    if output is None:
        raise DistillError(
            "Expected paths.soft_labels in the config or an --output folder to put "
            "the soft labels in, got neither: add --paths.soft_labels FOLDER."
        )
    return Path(output) / "soft_labels"


def _annotate(
    teacher: str,
    config: Config,
    soft_labels: Path,
    *,
    use_gpu: int,
    component: Optional[str],
    strict: Optional[bool],
) -> "Teacher":
    from ..annotation.annotate import annotate
    from ..cli.common import use_device
    from ..soft_labels.manifest import FILE_NAME, Manifest
    from ..soft_labels.store import SoftLabels
    from ..teachers.load import load_teacher

    # Empty, as from a variable of a project that was left empty, counts as none.
    texts = config.get("paths", {}).get("unlabelled") or None
    if texts is None and not soft_labels.exists():
        raise DistillError(
            f"Expected soft labels in {soft_labels} or texts in paths.unlabelled, got "
            "neither: add --paths.unlabelled TEXTS."
        )
    use_device(use_gpu)
    loaded = load_teacher(teacher, component=component, strict=strict)
    if texts is None:
        stored = SoftLabels(soft_labels).manifest.teacher_hash
        if stored != loaded.hash:
            raise DistillError(
                f"Expected soft labels of {teacher} in {soft_labels}, got another "
                "teacher's: choose another --paths.soft_labels, or remove the folder."
            )
        return loaded
    msg.divider("Annotating with the teacher")
    begun = (soft_labels / FILE_NAME).exists()
    # Begun with other shards or windows, it is to be used, or carried on, as it is.
    settings = asdict(Manifest.read(soft_labels).settings) if begun else {}
    annotate(loaded, Path(texts), soft_labels, **settings)
    return loaded

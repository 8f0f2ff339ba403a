"""Distill a slow, accurate pipeline into a compact spaCy package.

The public API is imported lazily (PEP 562), so that a pipeline that only predicts
imports nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from .annotation.annotate import annotate
    from .compression.quantize import quantize
    from .corpora.augmentation.augment import augment
    from .corpora.augmentation.settings import Augmentation
    from .errors import DistillError
    from .evaluation.calibrate import calibrate
    from .evaluation.evaluate import evaluate
    from .evaluation.report import Report, get_report
    from .packaging import PackageInfo, package
    from .soft_labels.store import SoftLabels
    from .teachers.base import Prediction, Teacher
    from .teachers.load import load_teacher
    from .training.distill import distill
    from .training.general_distillation.distill_encoder import distill_encoder

__version__ = "0.1.0"

__all__ = [
    "Augmentation",
    "DistillError",
    "PackageInfo",
    "Prediction",
    "Report",
    "SoftLabels",
    "Teacher",
    "annotate",
    "augment",
    "calibrate",
    "distill",
    "distill_encoder",
    "evaluate",
    "get_report",
    "load_teacher",
    "package",
    "quantize",
]

_MODULES = {
    "Augmentation": "corpora.augmentation.settings",
    "DistillError": "errors",
    "PackageInfo": "packaging",
    "Prediction": "teachers.base",
    "Report": "evaluation.report",
    "SoftLabels": "soft_labels.store",
    "Teacher": "teachers.base",
    "annotate": "annotation.annotate",
    "augment": "corpora.augmentation.augment",
    "calibrate": "evaluation.calibrate",
    "distill": "training.distill",
    "distill_encoder": "training.general_distillation.distill_encoder",
    "evaluate": "evaluation.evaluate",
    "get_report": "evaluation.report",
    "load_teacher": "teachers.load",
    "package": "packaging",
    "quantize": "compression.quantize",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> List[str]:
    return sorted([*globals(), *__all__])

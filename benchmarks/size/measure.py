"""One variant of a pipeline: made, and measured."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Optional

import numpy as np
from spacy.language import Language

from spacy_distill.compression.quantize import quantize
from spacy_distill.compression.shrink import compact_pipes
from spacy_distill.docs import load_pipeline
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.measure import predict
from spacy_distill.evaluation.references import gold_references
from spacy_distill.evaluation.size import count_parameters, layers, zipped_bytes
from spacy_distill.tasks.ner.task import compact_ner_score

from .pruning import prune_magnitudes
from .variants import Variant

Row = Dict[str, Any]


def measure_student(
    source: str, variant: Variant, *, dev: Optional[Path], test: Path
) -> Row:
    """Save a student so, load it, and measure it.

    Raises DistillError if it has no `compact_ner`, or cannot be loaded.
    """
    with TemporaryDirectory() as folder:
        out = Path(folder) / "student"
        if variant.quantize:
            quantize(source, out, storage=variant.storage)
        else:
            nlp = load_pipeline(source)
            pipes = compact_pipes(nlp)
            prune_magnitudes(nlp, variant.pruned)
            for _, pipe in pipes:
                pipe.storage = variant.storage
            nlp.to_disk(out)
        nlp = load_pipeline(out)
        return {
            **_figures(nlp, dev, test),
            "parameters": sum(count_parameters(nlp)),
            "nonzero": _nonzero(nlp),
            "zipped_mb": zipped_bytes(out) / 1e6,
        }


def measure_teacher(
    source: str, variant: Variant, *, dev: Optional[Path], test: Path
) -> Row:
    """Change a teacher's torch modules so, and measure it. Its size is that of its
    folder, with these modules in place of those in there.

    Raises DistillError if it has none, or cannot be loaded.
    """
    from . import torch_int8

    nlp = load_pipeline(source)
    before = torch_int8.zipped_state(nlp)
    if not before or nlp.path is None:
        raise DistillError(
            f"Expected a teacher whose weights are torch's at {source}, got"
            f" {', '.join(nlp.pipe_names)}."
        )
    parameters = sum(count_parameters(nlp))
    prune_magnitudes(nlp, variant.pruned)
    if variant.storage == "int8":
        torch_int8.quantize_linear(nlp)
    after = torch_int8.zipped_state(nlp)
    return {
        **_figures(nlp, dev, test),
        "parameters": parameters,
        "nonzero": _nonzero(nlp) + torch_int8.nonzero(nlp),
        "zipped_mb": (zipped_bytes(nlp.path) - before + after) / 1e6,
    }


def _figures(nlp: Language, dev: Optional[Path], test: Path) -> Row:
    """F1 in percent."""
    return {
        f"{name}_f1": None if gold is None else 100 * _f1(nlp, gold)
        for name, gold in (("dev", dev), ("test", test))
    }


def _f1(nlp: Language, gold: Path) -> float:
    f1: float = compact_ner_score(predict(nlp, gold_references(gold)))["ents_f"]
    return f1


def _nonzero(nlp: Language) -> int:
    """How many of Thinc's parameters are not zero."""
    return sum(
        int(np.count_nonzero(np.asarray(node.get_param(name))))
        for node in {id(node): node for node in layers(nlp)}.values()
        for name in node.param_names
        if node.has_param(name)
    )

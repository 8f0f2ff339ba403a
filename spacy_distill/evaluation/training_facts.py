"""How a pipeline was trained, as far as its config contains it."""

from typing import Any, Dict, Optional

from spacy.language import Language

from ..tasks.ner.component import CompactNER
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL
from .choose_scoring import is_exclusive
from .rows import NER, TrainingFacts

_LOSS = "spacy_distill.DistillationLoss.v1"


def find_training_facts(nlp: Language) -> Optional[TrainingFacts]:
    """Read how a student was trained from its config.

    Args:
        nlp: A pipeline.

    Returns:
        The facts; None if it has no `compact_ner` and no text classifier, or if the
        config does not contain its training corpus.
    """
    tasks = _find_tasks(nlp)
    try:
        config: Dict[str, Any] = nlp.config.interpolate()
        section, _, corpus = str(config["training"]["train_corpus"]).partition(".")
        block = config[section][corpus]
    # A config may have any form; then nothing is known.
    except Exception:
        return None
    if not tasks or not isinstance(block, dict):
        return None
    gold, soft = bool(block.get("gold", block.get("path"))), block.get("soft_labels")
    if not gold and not soft:
        return None
    name, task = list(tasks.items())[-1]
    loss = config["components"].get(name, {}).get("loss", {})
    if loss.get("@misc") != _LOSS:
        return TrainingFacts(gold=gold, soft_labels=bool(soft), task=task)
    alpha = loss.get("alpha")
    return TrainingFacts(
        gold=gold,
        soft_labels=bool(soft),
        alpha=alpha.get("@schedules") if isinstance(alpha, dict) else alpha,
        temperature=loss.get("temperature"),
        divergence=loss.get("divergence"),
        min_confidence=loss.get("min_confidence"),
        weight_by_confidence=loss.get("weight_by_confidence"),
        task=task,
    )


def _find_tasks(nlp: Language) -> Dict[str, str]:
    """Return the task of each component that may have been trained, by its name."""
    tasks: Dict[str, str] = {}
    for name, pipe in nlp.pipeline:
        if isinstance(pipe, CompactNER):
            tasks[name] = NER
        elif "doc.cats" in nlp.get_pipe_meta(name).assigns:
            tasks[name] = EXCLUSIVE if is_exclusive(pipe) else MULTILABEL
    return tasks

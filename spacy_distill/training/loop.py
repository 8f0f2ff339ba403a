"""The loop of `spacy train`, which a killed training goes on with."""

import json
import os
import random
import shutil
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import (
    IO,
    Any,
    Callable,
    Collection,
    Dict,
    Iterator,
    List,
    Optional,
    Tuple,
)

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    clean_output_dir,
    create_before_to_disk_callback,
    create_evaluation_callback,
    create_train_batches,
    train_while_improving,
    update_meta,
)
from spacy.util import registry, resolve_dot_names
from thinc.api import Config, fix_random_seed, set_gpu_allocator
from wasabi import Printer

from ..files import sha256_bytes, sha256_path
from .checkpoint import (
    Checkpoint,
    OtherRunError,
    load_checkpoint,
    remove_checkpoint,
    save_checkpoint,
)
from .pipeline_state import get_state, set_state

# Scores and steps of evaluations.
Results = List[Tuple[float, int]]


def train(
    nlp: Language,
    output: Path,
    *,
    use_gpu: int = -1,
    stdout: Optional[IO[str]] = None,
    stderr: Optional[IO[str]] = None,
) -> None:
    """Train a pipeline as `spacy.training.loop.train` does, with checkpoints.

    Before each evaluation but the first, a checkpoint is written to the output folder.
    A training that was killed goes on from there if it is started again with the same
    config and data, and ends with the same weights. The checkpoint is removed at the
    end.

    Args:
        nlp: The initialized pipeline.
        output: Existing folder for `model-best` and `model-last`.
        use_gpu: GPU, which must be active already; -1 for the CPU.
        stdout: Takes messages; None for `sys.stdout`.
        stderr: Takes progress bars; None for `sys.stderr`.
    """
    stdout = stdout or sys.stdout
    config = nlp.config.interpolate()
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    allocator = config["training"]["gpu_allocator"]
    if use_gpu >= 0 and allocator:
        set_gpu_allocator(allocator)
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    say = Printer(no_print=True)
    run = fingerprint(config)
    checkpoint = _find_checkpoint(output, run, stdout=stdout)
    if checkpoint is None:
        clean_output_dir(output)
    training = _Training(nlp, config, settings, output, run=run)
    stdout.write(say.info(f"Pipeline: {nlp.pipe_names}") + "\n")
    steps = training.steps(checkpoint)
    if checkpoint is not None:
        stdout.write(say.info(f"Going on from step {training.first}") + "\n")
    rate = training.optimizer.learn_rate
    stdout.write(say.info(f"Initial learn rate: {rate}") + "\n")
    frozen = settings["frozen_components"]
    with nlp.select_pipes(disable=frozen):
        log_step, finalize_logger = settings["logger"](
            nlp, stdout, stderr or sys.stderr
        )
    try:
        for info, is_best in steps:
            if is_best is not None:
                with nlp.select_pipes(disable=frozen):
                    update_meta(settings, nlp, info)
                training.save(is_best=is_best)
                info["output_path"] = str(output / DIR_MODEL_LAST)
            log_step(info if is_best is not None else None)
    finally:
        finalize_logger()
        training.save(is_best=False)
    remove_checkpoint(output)
    path = output / DIR_MODEL_LAST
    stdout.write(say.good("Saved pipeline to output directory", path) + "\n")


class _Training:
    """A pipeline in training.

    Args:
        nlp: The pipeline.
        config: Its config.
        settings: What its section [training] resolves to.
        output: The output folder.
        run: Fingerprint of the run.

    Attributes:
        first: The first step, above 0 if the training was resumed.
    """

    def __init__(
        self,
        nlp: Language,
        config: Config,
        settings: Dict[str, Any],
        output: Path,
        *,
        run: str,
    ) -> None:
        self.nlp = nlp
        self.settings = settings
        self.output = output
        self.run = run
        self.first = 0
        self.optimizer = settings["optimizer"]
        self._words = 0
        self._results: Results = []
        self._before_to_disk = create_before_to_disk_callback(
            settings["before_to_disk"]
        )
        names = [settings["train_corpus"], settings["dev_corpus"]]
        self._train_corpus, self._dev_corpus = resolve_dot_names(config, names)

    def steps(
        self, checkpoint: Optional[Checkpoint]
    ) -> Iterator[Tuple[Dict[str, Any], Optional[bool]]]:
        """Prepare the training, from a checkpoint if there is one.

        Args:
            checkpoint: The checkpoint.

        Returns:
            What loggers are told of each step, and whether an evaluation was the best;
            None if there was none.
        """
        settings = self.settings
        batches = _with_own_random(
            create_train_batches(
                self.nlp,
                self._train_corpus,
                settings["batcher"],
                settings["max_epochs"],
            )
        )
        dropout = settings["dropout"]
        if checkpoint is not None:
            state = checkpoint.state
            self.first, self._words = state["step"], state["words"]
            self._results = [(score, step) for score, step in state["results"]]
            # The order of batches depends on random numbers, so they are drawn again.
            next(islice(batches, self.first, self.first), None)
            for _ in range(self.first):
                self.optimizer.step_schedules()
            if not isinstance(dropout, float):
                next(islice(dropout, self.first, self.first), None)
            set_state(self.nlp, self.optimizer, state["pipeline"])
            checkpoint.restore_random()
        most = settings["max_steps"]
        found = train_while_improving(
            self.nlp,
            self.optimizer,
            batches,
            create_evaluation_callback(
                self.nlp, self._dev_corpus, settings["score_weights"]
            ),
            dropout=dropout,
            accumulate_gradient=settings["accumulate_gradient"],
            patience=settings["patience"],
            max_steps=most - self.first if most else 0,
            eval_frequency=settings["eval_frequency"],
            exclude=settings["frozen_components"],
            annotating_components=settings["annotating_components"],
            before_update=self._before_update(),
        )
        return self._count_from_first(found)

    def save(self, *, is_best: bool) -> None:
        """Save the pipeline as the last, and as the best.

        Args:
            is_best: Whether it is the best so far.
        """
        last, best = (self.output / name for name in (DIR_MODEL_LAST, DIR_MODEL_BEST))
        with self.nlp.use_params(self.optimizer.averages):
            self._before_to_disk(self.nlp).to_disk(last)
        if is_best:
            shutil.rmtree(best, ignore_errors=True)
            shutil.copytree(last, best)

    def _before_update(self) -> Callable[[Language, Dict[str, Any]], None]:
        given = self.settings["before_update"]
        most, every = self.settings["max_steps"], self.settings["eval_frequency"]
        # Which spaCy's own text classifiers do without; they train in minutes.
        can_save = find_spec("torch") is not None

        def before_update(nlp: Language, args: Dict[str, Any]) -> None:
            step = self.first + args["step"]
            is_due = args["step"] and step % every == 0 and can_save
            # After the last step there is nothing to go on with.
            if is_due and (not most or step < most):
                state = {
                    "step": step,
                    "words": self._words,
                    "results": [list(result) for result in self._results],
                    "pipeline": get_state(nlp, self.optimizer),
                }
                save_checkpoint(self.output, state, run=self.run)
            if given is not None:
                given(nlp, {**args, "step": step})

        return before_update

    def _count_from_first(
        self, found: Iterator[Tuple[Any, Dict[str, Any], Optional[bool]]]
    ) -> Iterator[Tuple[Dict[str, Any], Optional[bool]]]:
        """Number steps from the first of all, and compare with earlier evaluations."""
        words = self._words
        for _, info, is_best in found:
            results: Results = info["checkpoints"]
            if is_best is not None and len(results) == 1:
                # spaCy's own list, which patience looks at: it counts from this start.
                results[:0] = [(s, step - self.first) for s, step in self._results]
            if is_best is not None:
                self._results = [(s, step + self.first) for s, step in results]
                is_best = info["score"] == max(self._results)[0]
            self._words = words + info["words"]
            yield (
                {
                    **info,
                    "step": info["step"] + self.first,
                    "words": self._words,
                    "checkpoints": self._results,
                },
                is_best,
            )


def _find_checkpoint(
    folder: Path, run: str, *, stdout: IO[str]
) -> Optional[Checkpoint]:
    try:
        return load_checkpoint(folder, run=run)
    except OtherRunError:
        text = (
            "The training begins again: the unfinished one in this folder had other"
            " settings or data, or its checkpoint cannot be read"
        )
        stdout.write(Printer(no_print=True).info(text) + "\n")
        remove_checkpoint(folder)
        return None


def fingerprint(config: Config, *, without: Collection[str] = ()) -> str:
    """Return a hash of what a training depends on: the config, and files it names.

    Args:
        config: The config, with its variables filled in.
        without: Paths in it whose content does not count.
    """
    named = {
        value
        for section in ("paths", "corpora", "initialize")
        for value in _strings(config.get(section, {}))
    }
    there = [value for value in named - {*without} if os.path.exists(value)]
    paths = {value: sha256_path(value) for value in there}
    parts = {"paths": paths, "config": config.to_str()}
    return sha256_bytes(json.dumps(parts, sort_keys=True).encode("utf-8"))


def _strings(block: Any) -> Iterator[str]:
    """Yield the strings in a block of a config that may be paths."""
    if isinstance(block, dict):
        for value in block.values():
            yield from _strings(value)
    elif isinstance(block, str) and Path(block).name:
        yield block


def _with_own_random(batches: Iterator[Any]) -> Iterator[Any]:
    """Draw batches with a random state of their own, which begins as the current one.

    Components may draw random numbers in an update. A resumed training draws the
    batches before without updates.
    """
    return _draw(batches, random.getstate())


def _draw(batches: Iterator[Any], own: Any) -> Iterator[Any]:
    while True:
        outer = random.getstate()
        random.setstate(own)
        try:
            batch = next(batches)
        except StopIteration:
            return
        finally:
            own = random.getstate()
            random.setstate(outer)
        yield batch

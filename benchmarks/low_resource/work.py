"""A grid as tasks: what is still to be done, what it waits for, and what it tells."""

import shutil
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from spacy_distill.errors import DistillError

from .cell import Cell
from .grid import Run, Variant
from .progress import Kind, Progress
from .results import Result, read_results, result_file, variant_of, write_result
from .schedule import Task
from .stages import do_stage, stages_up_to, trained_by
from .train import needed_stage, run_folder, train_and_measure

_DONE = {
    "corpus": "corpus drawn",
    "teacher": "teacher trained",
    "annotate": "text annotated",
    "label": "teacher-labelled text written",
    "student": "student for a second round trained",
    "relabel": "text labelled by it",
    "second_teacher": "second teacher trained",
    "second_annotate": "text annotated again",
}


class GridWork:
    """The work of a grid.

    runs: those that are asked for. cells: by name. results: the folder of the
    corpus's results. settings: the description that results carry. keep_models:
    leave trained students in their cells. tell: prints a line.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        cells: Mapping[str, Cell],
        *,
        results: Path,
        settings: Mapping[str, Any],
        keep_models: bool,
        jobs: int,
        tell: Callable[[str], None],
    ) -> None:
        self.left = [run for run in runs if not result_file(results, run).exists()]
        self._cells = cells
        self._results = results
        self._settings = settings
        self._keep_models = keep_models
        self._tell = tell
        stages = {
            (stage, cells[run.cell])
            for run in self.left
            for stage in _missing(cells[run.cell], run)
        }
        kinds: Counter = Counter(_kind_of(run) for run in self.left)
        kinds.update((stage, cell.labels) for stage, cell in stages)
        self._progress = Progress(
            left=kinds, runs=len(runs), done=len(runs) - len(self.left), jobs=jobs
        )
        for result in read_results(results):
            self._learn(result)

    def tasks(self) -> List[Task]:
        """Tasks for the runs without a result, each after the stages it needs."""
        tasks: Dict[str, Task] = {}
        for run in self.left:
            cell = self._cells[run.cell]
            missing = _missing(cell, run)
            # Stages follow one upon the other, and the run upon the last.
            needs: Tuple[str, ...] = ()
            for stage in missing:
                name = f"{cell.name} {stage}"
                work = partial(self._do_stage, cell, stage)
                tasks[name] = Task(name, work, needs)
                needs = (name,)
            tasks[run.name] = Task(run.name, partial(self._do_run, run), needs)
        return list(tasks.values())

    def _do_stage(self, cell: Cell, stage: str) -> None:
        do_stage(cell, stage)
        seconds = cell.record(stage)["seconds"]
        text = f"{cell.name} {_DONE[stage]}"
        self._tell(self._progress.end((stage, cell.labels), text, seconds=seconds))

    def _do_run(self, run: Run) -> None:
        start = time.perf_counter()
        cell = self._cells[run.cell]
        self._check_teacher(cell)
        result = train_and_measure(run, cell, settings=self._settings)
        write_result(self._results, run, result)
        if not self._keep_models:
            shutil.rmtree(run_folder(run, cell))
        what = " ".join(run.variant.parts)
        scores = " ".join(f"{s} {result[s]['f1']:.1f}" for s in ("dev", "test"))
        line = self._progress.end(
            _kind_of(run),
            f"{cell.name} {what}: {scores}",
            seconds=time.perf_counter() - start,
            is_run=True,
        )
        self._tell(line)

    def _check_teacher(self, cell: Cell) -> None:
        """One draw has one teacher: else a difference between two of its runs would be
        one between two teachers too."""
        teacher = cell.record("teacher")["sha256"]
        for result in read_results(self._results):
            same_cell = (result["labels"], result["seed"]) == (cell.labels, cell.seed)
            if same_cell and result["teacher_sha256"] != teacher:
                raise DistillError(
                    f"Expected the teacher that the results of {cell.name} in"
                    f" {self._results} are of, but {cell.folder} has another, trained"
                    " anew: remove those results, or bring the old folder back."
                )

    def _learn(self, result: Result) -> None:
        """Let an earlier result tell how long such work takes."""
        variant = variant_of(result)
        stages = {name: stage["seconds"] for name, stage in result["stages"].items()}
        own = stages.pop("evaluate")
        trained = trained_by(variant)
        if trained is not None:
            stages[trained] = stages.pop("train")
        else:
            own += stages.pop("train")
        self._progress.learn((_kind_name(variant), result["labels"]), own)
        for stage, seconds in stages.items():
            self._progress.learn((stage, result["labels"]), seconds)


def _missing(cell: Cell, run: Run) -> List[str]:
    """The stages that a run needs and its cell has not done, in their order."""
    needed = stages_up_to(needed_stage(run))
    return [stage for stage in needed if not cell.is_done(stage)]


def _kind_of(run: Run) -> Kind:
    return _kind_name(run.variant), run.labels


def _kind_name(variant: Variant) -> str:
    # What a stage has trained is only measured.
    group = "measure" if trained_by(variant) else "train"
    return f"{group} {' '.join(variant.parts)}"

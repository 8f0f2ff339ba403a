"""What all runs with the same gold sentences share: corpus, teacher, soft labels."""

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

from common.guard import dump_json

from spacy_distill.corpora.build import FIGURES_FILE
from spacy_distill.files import sha256_bytes, sha256_folder, write_atomically

from .commands import annotate_command, corpus_command, teacher_command
from .corpus import Corpus
from .grid import cell_name
from .processes import Processes
from .pseudo_labels import write_pseudo_labels
from .settings import Settings, batch_size
from .steps import Steps


@dataclass(frozen=True)
class Machine:
    """Where the work is done. gpu_id: for teachers, -1 for the CPU. jobs: at once."""

    processes: Processes
    gpu_id: int
    jobs: int

    def describe(self, seconds: float, *, gpu: bool = True) -> Dict[str, Any]:
        """Seconds, and what they depend on. gpu: whether a GPU would have been used."""
        return {
            "seconds": round(seconds, 1),
            "gpu_id": self.gpu_id if gpu else -1,
            "threads": self.processes.threads,
            "jobs": self.jobs,
        }


class Cell:
    """A folder for one draw of gold sentences, and all that is made from it.

    Each stage leaves a record when it is finished, and is then not done again. One
    that was cut short begins anew, so that its seconds are right.
    """

    def __init__(
        self,
        work: Path,
        *,
        labels: int,
        seed: int,
        corpus: Corpus,
        settings: Settings,
        machine: Machine,
    ) -> None:
        self.labels = labels
        self.seed = seed
        self.name = cell_name(labels, seed)
        self.folder = work / self.name
        self.corpus = corpus
        self.settings = settings
        self.machine = machine

    @property
    def gold(self) -> Path:
        """The folder of the drawn corpus."""
        return self.folder / "corpus"

    @property
    def teacher(self) -> Path:
        """The fine-tuned teacher."""
        return self.folder / "teacher" / "model-best"

    @property
    def soft_labels(self) -> Path:
        """The folder of the teacher's logits."""
        return self.folder / "soft_labels"

    @property
    def labelled(self) -> Path:
        """The folder of gold and teacher-labelled text, for stock spaCy."""
        return self.folder / "labelled"

    def sentences(self, *splits: str) -> int:
        """How many sentences these splits of the drawn corpus have."""
        figures = json.loads((self.gold / FIGURES_FILE).read_bytes())["splits"]
        return sum(int(figures[split]["total"]["sentences"]) for split in splits)

    def teacher_steps(self) -> Steps:
        """How long the teacher trains."""
        settings = self.settings
        batch = batch_size(settings.teacher_config, settings.overrides["teacher"])
        return settings.steps["teacher"].plan(
            self.sentences("train"), labels=self.labels, batch=batch
        )

    def is_done(self, stage: str) -> bool:
        """Whether one of STAGES is finished."""
        return self._record(stage).exists()

    def record(self, stage: str) -> Dict[str, Any]:
        """The seconds of a finished stage, and where it was done."""
        record: Dict[str, Any] = json.loads(self._record(stage).read_bytes())
        return record

    def do(self, stage: str) -> None:
        """Do one of STAGES, after those before it.

        Raises DistillError if it fails.
        """
        self.begin_log(stage)
        start = time.perf_counter()
        STAGES[stage](self)
        seconds = time.perf_counter() - start
        record = self.machine.describe(seconds)
        if stage == "teacher":
            record["sha256"] = _components_hash(self.teacher)
        write_atomically(self._record(stage), dump_json(record))

    def begin_log(self, name: str) -> None:
        """Remove what an earlier attempt has printed."""
        self._log(name).unlink(missing_ok=True)

    def run(self, command: Sequence[str], *, log: str) -> float:
        """Run a command and return its seconds; see `Processes.run`."""
        return self.machine.processes.run(
            command, log=self._log(log), folder=self.folder
        )

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def _record(self, stage: str) -> Path:
        return self.folder / "done" / f"{stage}.json"


def _draw(cell: Cell) -> None:
    command = corpus_command(
        cell.corpus,
        labels=cell.labels,
        seed=cell.seed,
        lang=cell.settings.lang,
        out=cell.gold,
    )
    cell.run(command, log="corpus")


def _train_teacher(cell: Cell) -> None:
    folder = cell.teacher.parent
    shutil.rmtree(folder, ignore_errors=True)
    command = teacher_command(
        cell.settings,
        gold=cell.gold,
        out=folder,
        steps=cell.teacher_steps(),
        seed=cell.seed,
        gpu_id=cell.machine.gpu_id,
    )
    cell.run(command, log="teacher")
    # As big as the best, and of no use.
    shutil.rmtree(folder / "model-last")


def _annotate(cell: Cell) -> None:
    shutil.rmtree(cell.soft_labels, ignore_errors=True)
    command = annotate_command(
        teacher=cell.teacher,
        gold=cell.gold,
        out=cell.soft_labels,
        gpu_id=cell.machine.gpu_id,
    )
    cell.run(command, log="annotate")


def _label(cell: Cell) -> None:
    cell.labelled.mkdir(exist_ok=True)
    shutil.copy(cell.gold / "train.spacy", cell.labelled / "gold.spacy")
    write_pseudo_labels(
        cell.soft_labels,
        cell.gold / "unlabelled",
        cell.labelled / "teacher.spacy",
        lang=cell.settings.lang,
    )


def _components_hash(pipeline: Path) -> str:
    """One SHA-256 over the components' folders; the config has paths in it."""
    folders = sorted(path for path in pipeline.iterdir() if path.is_dir())
    parts = [f"{path.name} {sha256_folder(path)}\n" for path in folders]
    return sha256_bytes("".join(parts).encode("utf-8"))


# Each rests on those before it; the last serves stock spaCy alone.
STAGES: Dict[str, Callable[[Cell], None]] = {
    "corpus": _draw,
    "teacher": _train_teacher,
    "annotate": _annotate,
    "label": _label,
}


def stages_up_to(stage: str) -> List[str]:
    """A stage and all that it rests on, in order."""
    names = list(STAGES)
    return names[: names.index(stage) + 1]

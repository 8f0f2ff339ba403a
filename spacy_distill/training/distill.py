"""Distill a teacher into a student: annotate, train, evaluate."""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Union

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from wasabi import Printer

from ..annotation.annotate import annotate
from ..corpora.texts import TextSource
from ..errors import DistillError
from ..files import check_writable, write_atomically
from ..soft_labels.manifest import FILE_NAME, Manifest
from ..soft_labels.store import SoftLabels
from ..tasks.textcat.task import TextCatTask
from ..teachers.base import Teacher
from ..teachers.load import TeacherSource, load_teacher
from ..teachers.mapped import MappedTeacher
from .config import (
    check_categories_of_gold,
    check_task,
    config_errors,
    follow_teacher,
    hold_out,
    read_config,
)
from .labels import LabelMap, check_labels, check_predictions
from .outcome import find_references, measure_teacher, report_student
from .preparation import Prepared, check_gold_files, prepare
from .presets import DEFAULT, check_preset, preset_config, preset_settings
from .rounds import (
    check_rounds,
    finish_round,
    is_finished,
    mark_round,
    next_soft_labels,
    next_teacher,
)
from .schedule import Schedule, without_overridden
from .student import (
    find_amount,
    find_schedule,
    keep_end,
    offer_vectors,
    override,
    train_student,
)

GoldSource = Union[str, Path, Iterable[Doc]]


def distill(
    teacher: TeacherSource,
    texts: Optional[TextSource] = None,
    *,
    train: Optional[GoldSource] = None,
    dev: Optional[GoldSource] = None,
    output: Optional[Union[str, Path]] = None,
    soft_labels: Optional[Union[str, Path]] = None,
    preset: Optional[str] = None,
    config: Optional[Union[str, Path]] = None,
    overrides: Optional[Mapping[str, Any]] = None,
    held_out: Optional[float] = None,
    component: Optional[str] = None,
    strict: Optional[bool] = None,
    labels: Optional[Union[Sequence[str], Mapping[str, Optional[str]]]] = None,
    task: Optional[str] = None,
    label_map: Optional[LabelMap] = None,
    rounds: int = 1,
    round_teacher: Optional[Union[str, Path]] = None,
    progress: bool = True,
) -> Language:
    """Distill a teacher into a student.

    The teacher annotates the texts, the student is trained on its predictions and on
    gold annotation, if there is any, and both are evaluated. Gold annotation for
    development also calibrates the student's probabilities. Without it, some of the
    texts are held out: scores are then agreement with the teacher, and probabilities
    are not calibrated.

    In a further round, the student labels the texts, another transformer is fine-tuned
    on that and on the gold annotation, and it teaches the next student.

    An interrupted annotation continues when the same call is made again with the same
    `output` or `soft_labels`, an interrupted training with the same `output`.

    Args:
        teacher: Name, path or object; see `load_teacher`.
        texts: Unlabelled texts: a path, or strings or Docs. Not needed if `soft_labels`
            are complete.
        train: Gold annotation for training: a `.spacy` file or folder, or Docs.
        dev: Gold annotation for development, likewise.
        output: Folder for the student (`model-best`, `model-last`), the soft labels and
            the report. Without it nothing is saved.
        soft_labels: Folder for the soft labels; by default in `output`.
        preset: Which student: "small", "default", "accurate" (entities only) or
            "transformer"; see docs/few_labels.md. Word vectors for it go to overrides,
            as "paths.word_vectors".
        config: Config of the student, in place of a preset.
        overrides: Settings of the config by dotted name, e.g.
            {"training.max_steps": 500, "schedule.passes": 20}.
        held_out: Texts to hold out if there is no `dev`: a number, or a share below 1.
            By default a tenth, at most 1,000.
        component: See `load_teacher`.
        strict: See `load_teacher`.
        labels: See `load_teacher`.
        task: See `load_teacher`.
        label_map: New label of each of the teacher's labels, None for none; see
            `MappedTeacher`.
        rounds: Number of rounds. Those before the last are in `round-1` and so on in
            `output`, and are not repeated when the same call is made again. The soft
            labels of the first teacher stay where they are with one round.
        round_teacher: Config of the teachers of later rounds; by default the one that
            `train_teacher` has, for English.
        progress: Show progress bars and messages.

    Returns:
        The trained student. `get_report(nlp)` returns its report.

    Raises:
        DistillError: If the config, the teacher, the texts or the annotation cannot be
            used, or if existing soft labels are another teacher's.
    """
    say = Printer(no_print=not progress)
    if rounds < 1:
        raise DistillError(f"Expected 1 or more rounds, got {rounds}.")
    check_preset(preset, config)
    if output is not None:
        check_writable(output)
    with TemporaryDirectory() if output is None else nullcontext(output) as folder:
        run = _Run(
            Path(folder),
            preset or DEFAULT,
            is_kept=output is not None,
            say=say,
        )
        settings = dict(overrides or {})
        for name, given in (("train", train), ("dev", dev)):
            if given is not None:
                settings[f"paths.{name}"] = run.gold_file(given, name)
        if soft_labels is not None:
            settings["paths.soft_labels"] = str(soft_labels)
        options: Dict[str, Any] = {
            "component": component,
            "strict": strict,
            "labels": labels,
            "task": task,
        }
        earlier: List[Path] = []
        for number in range(1, rounds + 1):
            prepared = run.prepare(
                teacher, texts, config, settings, held_out=held_out, options=options
            )
            if number == 1:
                check_rounds(rounds, prepared, round_teacher)
            if number == rounds:
                nlp = run.distill(teacher, prepared, label_map, run.folder, earlier)
                break
            place = run.folder / f"round-{number}"
            mark = mark_round(prepared, run.teacher_hash(), label_map, round_teacher)
            if is_finished(place, mark):
                say.info(f"Round {number} is finished")
            else:
                nlp = run.distill(teacher, prepared, label_map, place)
                finish_round(
                    place,
                    nlp,
                    prepared,
                    mark=mark,
                    number=number,
                    round_teacher=round_teacher,
                    say=say,
                )
            earlier.append(place)
            teacher, label_map = next_teacher(place), None
            # Others are of the first teacher.
            options = dict.fromkeys(options)
            settings["paths.soft_labels"] = str(next_soft_labels(place))
        if output is None:
            # The folder is gone when this returns.
            nlp._path = None
    return nlp


class _Run:
    """One run of `distill`, in a folder."""

    def __init__(
        self, folder: Path, preset: str, *, is_kept: bool, say: Printer
    ) -> None:
        self.folder = folder
        # Where there is no config.
        self.preset = preset
        self.is_kept = is_kept
        self.say = say
        # Until the student is trained: a large one would take memory that it needs.
        self.teacher: Optional[Teacher] = None

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

    def prepare(
        self,
        teacher: TeacherSource,
        texts: Optional[TextSource],
        config: Optional[Union[str, Path]],
        settings: Mapping[str, Any],
        *,
        held_out: Optional[float],
        options: Mapping[str, Any],
    ) -> Prepared:
        """Check the settings of a round, and load its teacher."""
        self.teacher = None
        if config is None:
            check_gold_files(settings)
            # What the teacher predicts determines the student.
            lang = str(settings.get("nlp.lang", "en"))
            self.teacher = load_teacher(teacher, lang=lang, **options)
            config = preset_config(
                self.preset,
                categories=isinstance(self.teacher.task, TextCatTask),
                vectors=bool(settings.get("paths.word_vectors")),
            )
            chosen = preset_settings(self.preset, self.teacher, teacher, settings)
            settings = {**chosen, **settings}
        prepared = prepare(
            Path(config), settings, texts=texts, folder=self.folder, held_out=held_out
        )
        if self.teacher is None:
            self.teacher = load_teacher(teacher, lang=prepared.lang, **options)
        return prepared

    def teacher_hash(self) -> str:
        """Return the fingerprint of the teacher that is loaded."""
        assert self.teacher is not None
        return self.teacher.hash

    def distill(
        self,
        teacher: TeacherSource,
        prepared: Prepared,
        label_map: Optional[LabelMap],
        folder: Path,
        earlier: Sequence[Path] = (),
    ) -> Language:
        """Annotate, train and evaluate.

        Args:
            teacher: The teacher as given, for its name.
            prepared: The run; its teacher is loaded.
            label_map: New labels of the teacher's.
            folder: Folder for the student and the report.
            earlier: Folders of earlier rounds, which the report is to have.
        """
        loaded, self.teacher = self.teacher, None
        assert loaded is not None
        config = read_config(prepared.path, prepared.settings)
        check_task(config, loaded.task, prepared.path)
        if isinstance(loaded.task, TextCatTask):
            follow_teacher(config, loaded.task, prepared.settings)
            check_categories_of_gold(config, exclusive=loaded.task.exclusive)
        for warning in prepared.warnings:
            self.say.warn(warning)
        original = loaded.task.labels
        if label_map is not None:
            loaded = MappedTeacher(loaded, dict(label_map))
        unknown = check_labels(
            prepared.gold_labels,
            loaded.task.labels,
            original=original,
            label_map=label_map,
            categories=isinstance(loaded.task, TextCatTask),
        )
        if unknown is not None:
            self.say.warn(unknown)
        self.annotate(loaded, teacher, prepared)
        store = SoftLabels(prepared.soft_labels)
        predicted = check_predictions(
            store, prepared.gold_labels, is_gold_enough=prepared.trains_on_gold
        )
        for warning in predicted:
            self.say.warn(warning)
        config = offer_vectors(self.configure(store, prepared), loaded.nlp)
        references = find_references(config, prepared)
        # While the teacher is loaded, on the device it was loaded on.
        taught = None
        if not prepared.without_dev and references is not None:
            taught = measure_teacher(loaded, references, say=self.say)
        name = loaded.name if not isinstance(teacher, (str, Path)) else str(teacher)
        del loaded
        with config_errors(prepared.path):
            train_student(config, folder, is_kept=self.is_kept, say=self.say)
        return report_student(
            folder,
            teacher=name,
            taught=taught,
            references=references,
            soft_labels=prepared.soft_labels,
            earlier=earlier,
            say=self.say,
        )

    def annotate(
        self, loaded: Teacher, teacher: TeacherSource, prepared: Prepared
    ) -> None:
        """Annotate the texts, unless that is done; check existing soft labels."""
        texts, folder = prepared.texts, prepared.soft_labels
        if texts is None:
            if SoftLabels(folder).manifest.teacher_hash != loaded.hash:
                raise DistillError(
                    f"Expected soft labels of {teacher} in {folder}, got another "
                    "teacher's: choose another --paths.soft_labels, or remove the"
                    " folder."
                )
            return
        self.say.divider("Annotating with the teacher")
        for note in texts.notes:
            self.say.text(f"Texts: {note}")
        self.say.info(f"{loaded.name} annotates {len(texts):,} documents")
        # Begun with other shards or windows, the work continues with those.
        begun = (folder / FILE_NAME).exists()
        shards = asdict(Manifest.read(folder).settings) if begun else {}
        annotate(loaded, texts, folder, progress=not self.say.no_print, **shards)

    def configure(self, store: SoftLabels, prepared: Prepared) -> Config:
        """Return the config of the student, with what follows from the data."""
        path, settings = prepared.path, prepared.settings
        config = read_config(path, settings, interpolate=False)
        if prepared.without_dev:
            config = hold_out(config, prepared.soft_labels, prepared.held_out)
            self.say.info(
                f"No gold annotation for development: {prepared.held_out:,} of"
                f" {len(store):,} documents are held out. Scores are agreement with the"
                " teacher, and probabilities are not calibrated."
            )
        if isinstance(store.task, TextCatTask):
            config = follow_teacher(config, store.task, settings)
        amount = find_amount(config, path, store, prepared.held_out)
        schedule = find_schedule(config, path, amount)
        if schedule is not None:
            config = override(config, without_overridden(schedule.settings(), settings))
            self.say.info(f"Student: {_describe(schedule, config)}")
        return keep_end(config, amount, say=self.say)


def _describe(schedule: Schedule, config: Config) -> str:
    steps = config.interpolate()["training"]["max_steps"]
    if steps != schedule.steps:
        return f"{steps} steps, as given"
    return schedule.describe()

"""What all runs of a grid have in common, from a file of settings."""

from configparser import Error as ParserError
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from spacy.util import load_config
from thinc.api import Config, ConfigValidationError

from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_file, sha256_folder

from .grid import ENCODERS, STUDENTS
from .steps import StepRule

ROOT = Path(__file__).parents[2]
DEFAULTS = Path(__file__).with_name("settings.cfg")

# What the grid sets itself, for each run anew.
_SET_BY_GRID = (
    "nlp.lang",
    "system.seed",
    "paths",
    "training.max_steps",
    "training.eval_frequency",
    "components.ner.model.output",
)
# For the teacher and stock spaCy the grid leaves the model alone, for stock the steps.
_OPEN = {
    "teacher": ("components.ner.model.output",),
    "stock": ("training.max_steps", "training.eval_frequency"),
}


@dataclass(frozen=True)
class Settings:
    """See `settings.cfg` for what each means.

    teacher_config, student_config: files. steps: rules for both teachers, student, gold
    and second. overrides: of them, stock and each of the students' systems.
    encoders: sections, by the encoder's name; empty ones leave the config's own.
    """

    lang: str
    transformer: str
    teacher_config: Path
    student_config: Path
    steps: Dict[str, StepRule]
    overrides: Dict[str, Dict[str, Any]]
    encoders: Dict[str, Dict[str, Any]]
    optimize: str

    def overrides_of(self, name: str) -> Dict[str, Any]:
        """What is changed in the config: a student's system adds to what all students
        have, the second teacher to what the first has."""
        general = "student" if name in STUDENTS else "teacher"
        return {**self.overrides[general], **self.overrides[name]}

    def describe_teacher(self) -> Dict[str, Any]:
        """All that corpus, teacher and soft labels depend on, paths by contents."""
        folder = Path(self.transformer)
        return {
            "lang": self.lang,
            "teacher": {
                "config": sha256_file(self.teacher_config),
                "transformer": (
                    sha256_folder(folder) if folder.is_dir() else self.transformer
                ),
                "steps": asdict(self.steps["teacher"]),
                "overrides": self.overrides["teacher"],
            },
        }

    def describe(self) -> Dict[str, Any]:
        """All that any run depends on, paths by contents."""
        return {
            **self.describe_teacher(),
            "student": {
                "config": sha256_file(self.student_config),
                "steps": asdict(self.steps["student"]),
                "overrides": self.overrides["student"],
            },
            **{
                system: self._describe_system(system)
                for system in (*STUDENTS, "second_teacher")
            },
            "encoders": self.encoders,
            "stock": {"optimize": self.optimize, "overrides": self.overrides["stock"]},
        }

    def _describe_system(self, system: str) -> Dict[str, Any]:
        described: Dict[str, Any] = {"overrides": self.overrides[system]}
        # The others train as long as "student" says.
        if system in self.steps:
            described["steps"] = asdict(self.steps[system])
        return described


def read_settings(path: Optional[Path] = None) -> Settings:
    """Read the default settings, with those of a file laid over them.

    path: a file like `settings.cfg` that names only what differs.

    Raises DistillError for a file that cannot be read, a name that is not there in
    `settings.cfg`, a value of the wrong kind, or an override of what the grid sets.
    """
    values = _read(DEFAULTS)
    if path is not None:
        given = _read(path)
        _check_names(given, values, path)
        values = values.merge(given)
    source = path if path is not None else DEFAULTS
    overrides = {
        name: dict(section["overrides"])
        for name, section in values.items()
        if "overrides" in section
    }
    for name, settings in overrides.items():
        _check_overrides(name, settings, source)
    return Settings(
        lang=_text(values["corpus"], "lang", source),
        transformer=_text(values["teacher"], "transformer", source),
        teacher_config=_config_file(values["teacher"], source),
        student_config=_config_file(values["student"], source),
        steps={
            name: _step_rule(name, section["steps"], source)
            for name, section in values.items()
            if "steps" in section
        },
        overrides=overrides,
        encoders={name: dict(values["encoders"][name]) for name in ENCODERS},
        optimize=_text(values["stock"], "optimize", source),
    )


def batch_size(config: Path, overrides: Mapping[str, Any]) -> int:
    """How many sentences a config's training takes at a step.

    Raises DistillError for a config that cannot be read so, or without such a number.
    """
    try:
        training = load_config(config, overrides=dict(overrides))["training"]
        size = training["batcher"]["size"]
    except (KeyError, OSError, ParserError, ConfigValidationError) as error:
        raise DistillError(
            f"Expected a config with [training.batcher] in {config}, got:"
            f" {_one_line(error)}."
        ) from error
    if not isinstance(size, int) or size < 1:
        raise DistillError(
            "Expected a whole number of sentences as [training.batcher] size in"
            f" {config}, from which the steps are reckoned, got {size!r}."
        )
    return size


def _read(path: Path) -> Config:
    try:
        return Config().from_disk(path)
    except (OSError, UnicodeDecodeError, ParserError, ConfigValidationError) as error:
        raise DistillError(
            f"Expected a file of settings at {path}, got: {_one_line(error)}."
        ) from error


def _check_names(
    given: Mapping[str, Any], known: Mapping[str, Any], path: Path, *, within: str = ""
) -> None:
    """What stands under `overrides` and for an encoder is free, all else is known."""
    for name, value in given.items():
        if name not in known:
            raise DistillError(
                f"Expected one of {', '.join(known)} in {within or 'the file'} of"
                f" {path}, got {name!r}: see {DEFAULTS.name}."
            )
        if isinstance(known[name], dict) != isinstance(value, dict):
            raise DistillError(
                f"Expected {name!r} as in {DEFAULTS.name}, got something else in"
                f" {path}: a section there is a section, a value a value."
            )
        if isinstance(value, dict) and name != "overrides" and within != "[encoders]":
            _check_names(value, known[name], path, within=f"[{name}]")


def _check_overrides(name: str, overrides: Mapping[str, Any], path: Path) -> None:
    for setting in overrides:
        taken = any(
            f"{setting}.".startswith(f"{own}.")
            for own in _SET_BY_GRID
            if own not in _OPEN.get(name, ())
        )
        if taken or "." not in setting:
            raise DistillError(
                f"Expected settings that the grid leaves open in [{name}.overrides] of"
                f" {path}, got {setting!r}: take it out."
            )


def _text(section: Mapping[str, Any], name: str, path: Path) -> str:
    value = section[name]
    if not isinstance(value, str) or not value:
        raise DistillError(f"Expected a text as {name!r} in {path}, got {value!r}.")
    return value


def _config_file(section: Mapping[str, Any], path: Path) -> Path:
    file = ROOT / _text(section, "config", path)
    if not file.is_file():
        raise DistillError(
            f"Expected a config at {file}, which {path} names, got nothing there: paths"
            " are looked for from the root of the repository."
        )
    return file


def _step_rule(name: str, section: Mapping[str, Any], path: Path) -> StepRule:
    rule = StepRule(**section)
    counts = (rule.at_least, rule.evaluations, rule.few_labels)
    whole = all(isinstance(count, int) for count in counts)
    number = all(isinstance(p, (int, float)) for p in (rule.passes, rule.few_passes))
    if not (whole and number and rule.at_least > 0 and rule.evaluations > 0):
        raise DistillError(
            f"Expected whole numbers from 1 on in [{name}.steps] of {path}, got"
            f" {dict(section)}."
        )
    fewest = min(rule.passes, rule.few_passes)
    if fewest < 0:
        raise DistillError(
            f"Expected 0 passes or more in [{name}.steps] of {path}, got {fewest}."
        )
    most = rule.at_most
    if most is not None and not (isinstance(most, int) and most >= rule.at_least):
        raise DistillError(
            f"Expected a whole number, {rule.at_least} (at_least) or more, as at_most "
            f"in [{name}.steps] of {path}, got {most!r}."
        )
    return rule


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

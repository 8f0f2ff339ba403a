"""The model card of a packaged pipeline."""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional

from ..evaluation.environment import LIBRARIES
from ..evaluation.report import Report
from ..evaluation.rows import NER, Quantization, Row, TrainingFacts
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL
from .caveats import Caveat, caveats, describe_quantization
from .markdown import (
    describe,
    describe_calibration,
    describe_training,
    main_table,
    markdown_caveat,
    score_name,
    type_header,
    type_score_name,
)
from .table import (
    calibration_cells,
    calibration_header,
    markdown_table,
    millions,
    percent,
    type_cells,
)
from .wording import capitalize, wording_of

# Around the note on quantization, so that a later one takes its place.
_NOTE, _NOTE_END = "<!-- quantized -->", "<!-- /quantized -->"


@dataclass(frozen=True)
class CardFacts:
    """Contents of a card that are not measured. Empty strings are left out.

    Attributes:
        package: Name of the package, including the language code.
        version: Version of the package.
        language: Name of the language.
        labels: Labels that the pipeline predicts.
        spans_key: Key of scored entities in `doc.spans`; None without probabilities.
        numpy_only: Whether all components are known to run on numpy.
        description: One sentence about the pipeline.
        license: License of the package.
        data: What the pipeline was trained on, in Markdown.
        teacher: What it was distilled from.
        teacher_license: License of the teacher.
        author: Who made it.
        url: Where to find out more.
    """

    package: str
    version: str
    language: str
    labels: List[str]
    spans_key: Optional[str]
    numpy_only: bool
    description: str
    license: str = ""
    data: str = ""
    teacher: str = ""
    teacher_license: str = ""
    author: str = ""
    url: str = ""


@dataclass
class _Page:
    parts: List[str] = field(default_factory=list)

    def add(self, *parts: str) -> None:
        self.parts += [part for part in parts if part]

    def section(self, title: str, *parts: str) -> None:
        """Add a section, unless it is empty."""
        if any(parts):
            self.add(f"## {title}", *parts)


def model_card(facts: CardFacts, report: Report, row: Row) -> str:
    """Render the README of a pipeline in Markdown.

    Args:
        facts: What is not measured.
        report: The report with the pipeline's row.
        row: The pipeline's measurements.
    """
    page = _Page()
    page.add(f"# {facts.package}", facts.description)
    page.add(_task_tag(report))
    task = _CARD_TASKS[report.task]
    page.section("Use", _use(facts, task))
    page.section("Measured", *_measured(report, row))
    page.section(task.labels, ", ".join(f"`{label}`" for label in facts.labels))
    page.section("Probabilities", *_probabilities(facts, report, row, task))
    page.section("Training data", *_training_data(facts, report, row))
    page.section("Teacher", _teacher(facts, report, row))
    page.section("Limits", *_limits(facts, report, row))
    page.section("Versions", _versions(report))
    page.section("License" if facts.license else "Author", _license(facts))
    return "\n\n".join(page.parts) + "\n"


def _task_tag(report: Report) -> str:
    """Name the task by its tag on model hubs, of a text classifier."""
    tag = _CARD_TASKS[report.task].tag
    return f"Task: `{tag}`." if tag else ""


def add_quantization_note(card: str, done: Quantization) -> str:
    """Say on a model card that its figures are of the pipeline before quantization.

    Args:
        card: The card, in Markdown; any README will do.
        done: How the pipeline was quantized.

    Returns:
        The card with a note below its title, in place of an earlier one.
    """
    card = re.sub(f"{_NOTE}.*?{_NOTE_END}\n*", "", card, flags=re.DOTALL)
    title = re.match(r"#[^\n]*\n+", card)
    end = title.end() if title else 0
    quote = markdown_caveat(Caveat(describe_quantization(done)))
    note = f"{_NOTE}\n{quote}\n{_NOTE_END}"
    return f"{card[:end].rstrip()}\n\n{note}\n\n{card[end:]}".lstrip()


def fill_meta(
    meta: Dict[str, Any], facts: CardFacts, report: Report, row: Row, *, lang: str
) -> Dict[str, Any]:
    """Fill in a pipeline's meta.json.

    Args:
        meta: The meta data so far. What the facts leave empty stays as it is.
        facts: Name, version, license and so on.
        report: The report with the pipeline's row.
        row: Its measurements, for `performance`. Those of a pipeline that was
            quantized since then are left out.
        lang: Language code.

    Returns:
        New meta data.
    """
    name = facts.package[len(lang) + 1 :]
    given = {
        "description": facts.description,
        "license": facts.license,
        "author": facts.author,
        "url": facts.url,
    }
    filled = {
        **meta,
        **{key: value or meta.get(key, "") for key, value in given.items()},
        "name": name,
        "version": facts.version,
        "sources": meta.get("sources", []),
    }
    if facts.teacher:
        source = {"name": facts.teacher, "license": facts.teacher_license}
        filled["sources"] = [{key: value for key, value in source.items() if value}]
    if report.quantization is None:
        filled["performance"] = _performance(report, row)
    return filled


def _performance(report: Report, row: Row) -> Dict[str, Any]:
    """Return scores by spaCy's names, or as "agreement" without gold annotation."""
    task = _CARD_TASKS[report.task]
    prefix = "agreement" if report.is_agreement else task.prefix
    performance: Dict[str, Any] = {
        f"{prefix}_{task.micro}f": row.f1,
        f"{prefix}_{task.micro}p": row.precision,
        f"{prefix}_{task.micro}r": row.recall,
        f"{prefix}_{task.per_type}": {
            label: {"p": s.precision, "r": s.recall, "f": s.f1}
            for label, s in row.per_type.items()
        },
    }
    if row.accuracy is not None:
        performance[f"{prefix}_acc"] = row.accuracy
        performance[f"{prefix}_macro_f"] = row.macro_f1
    held = None if report.development is None else report.development.scores
    if held is not None and row.name in held:
        score = held[row.name]
        performance[f"dev_{task.prefix}_{task.micro}f"] = score.f1
        performance[f"dev_{task.prefix}_{task.micro}p"] = score.precision
        performance[f"dev_{task.prefix}_{task.micro}r"] = score.recall
    if row.ece is not None:
        performance[f"{task.prefix}_ece"] = row.ece
    if row.words_per_second is not None:
        performance["speed"] = row.words_per_second
    return performance


def default_description(
    language: str, training: Optional[TrainingFacts], *, task: str = NER
) -> str:
    """Describe a pipeline in one sentence, without figures.

    Args:
        language: Name of the language.
        training: How it was trained; None if unknown.
        task: Name of the task that was measured.
    """
    distilled = training is not None and training.soft_labels
    by = "a student of a teacher's predictions" if distilled else "a pipeline"
    return f"{_CARD_TASKS[task].describe(language)}, by {by}."


@dataclass(frozen=True)
class _CardTask:
    """What a card says about a task.

    Attributes:
        predicts: What a pipeline predicts in text of a language.
        labels: Heading of the labels.
        tag: Tag of the task on the Hugging Face hub, shown on the card; empty for none.
        limit: Sentence about how many labels a text may have.
        prefix: Of spaCy's names of scores.
        micro: Of the names of overall precision, recall and F1.
        per_type: Name of the scores of each label.
    """

    predicts: str
    labels: str
    tag: str
    limit: str
    prefix: str
    micro: str
    per_type: str

    def describe(self, language: str) -> str:
        """Return what a pipeline predicts in text of a language."""
        return self.predicts.format(language=language)


_CATEGORIES = _CardTask(
    predicts="One category for each text in {language}",
    labels="Categories",
    tag="text-classification",
    limit="Each text gets exactly one category.",
    prefix="cats",
    micro="micro_",
    per_type="f_per_type",
)
_CARD_TASKS = {
    NER: _CardTask(
        predicts="Named entities in {language} text",
        labels="Labels",
        tag="",
        limit="Entities do not overlap.",
        prefix="ents",
        micro="",
        per_type="per_type",
    ),
    EXCLUSIVE: _CATEGORIES,
    MULTILABEL: replace(
        _CATEGORIES,
        predicts="Any number of categories for each text in {language}",
        limit="A text may get several categories or none.",
    ),
}


def _use(facts: CardFacts, task: _CardTask) -> str:
    lines = [
        "import spacy",
        "",
        f'nlp = spacy.load("{facts.package}")',
        'doc = nlp("...")',
    ]
    if task.tag:
        lines.append("print(doc.cats)")
    elif facts.spans_key is None:
        lines += ["for ent in doc.ents:", "    print(ent.text, ent.label_)"]
    else:
        lines += [
            f'group = doc.spans["{facts.spans_key}"]',
            'for ent, probability in zip(group, group.attrs["scores"]):',
            "    print(ent.text, ent.label_, probability)",
        ]
    wheel = f"{facts.package}-{facts.version}-py3-none-any.whl"
    code = "\n".join(lines)
    runs_on = (
        "" if not facts.numpy_only else "\n\nIt runs on numpy; torch is not needed."
    )
    return f"```bash\npip install {wheel}\n```\n\n```python\n{code}\n```{runs_on}"


def _measured(report: Report, row: Row) -> List[str]:
    references = report.references
    words = wording_of(report.task)
    data = (
        "There is no gold annotation: scores are the agreement with the teacher on the"
        if report.is_agreement
        else "It was measured on the"
    )
    parts = [
        f"This pipeline is `{row.name}`. {data} {references.role}:"
        f" {words.describe_data(references)}.",
        main_table(report),
        *(markdown_caveat(caveat) for caveat in caveats(report)),
    ]
    held = report.development
    if held is not None:
        parts[0] += (
            f" The {held.references.role}, by which the step of training was chosen,"
            f" are {words.describe_data(held.references)}."
        )
    if report.comparison is not None and report.comparison.pipeline == row.name:
        parts += describe(report.comparison, words)
    parts += [f"{capitalize(words.by_label)} (`{row.name}`):"]
    parts += [markdown_table(type_header(report), type_cells(row))]
    return parts


def _probabilities(
    facts: CardFacts, report: Report, row: Row, task: _CardTask
) -> List[str]:
    if row.ece is None or (facts.spans_key is None and not task.tag):
        return []
    return [
        *(_cats_explained(report) if task.tag else _scores_explained(facts, row)),
        *_calibrated(report, row),
        f"Calibration on the {report.references.role} (expected calibration error"
        f" {row.ece:.3f}):",
        markdown_table(calibration_header(report.task), calibration_cells(row)),
    ]


def _cats_explained(report: Report) -> List[str]:
    """Explain the probabilities of categories."""
    if report.task == MULTILABEL:
        return [
            "`doc.cats` has the probability of each category, whatever the others are."
            " From 0.5 the text has it."
        ]
    return [
        "`doc.cats` has the probability of each category; their sum is 1. The text has"
        " the most probable one."
    ]


def _scores_explained(facts: CardFacts, row: Row) -> List[str]:
    """Explain the probabilities of entities."""
    return [
        f'`doc.spans["{facts.spans_key}"]` has the entities of `doc.ents` in the same'
        ' order; its `.attrs["scores"]` is a float32 array with the probability of'
        " each: that exactly these words are an entity with this label, given the"
        " text."
        + (
            " Entities that another component sets before have 1.0."
            if len(row.components) > 1
            else ""
        ),
    ]


def _calibrated(report: Report, row: Row) -> List[str]:
    if row.raw_ece is None:
        return []
    described = describe_calibration(row, wording_of(report.task))
    return [f"The probabilities are calibrated: {described}"]


def _training_data(facts: CardFacts, report: Report, row: Row) -> List[str]:
    parts = [facts.data]
    soft = report.soft_labels
    training = report.training.get(row.name)
    if soft is not None and training is not None and training.soft_labels:
        parts.append(
            f"The teacher annotated {soft.documents:,} unlabelled documents"
            f" ({soft.words:,} words)."
        )
    if training is not None:
        first, *others = describe_training(training)
        parts.append(" ".join([f"The pipeline was trained on {first}", *others]))
    return parts


def _teacher(facts: CardFacts, report: Report, row: Row) -> str:
    described = []
    if facts.teacher:
        license = facts.teacher_license
        described.append(
            facts.teacher + (f" (license: {license})" if license else "") + "."
        )
    training, soft = report.training.get(row.name), report.soft_labels
    if not facts.teacher and soft is not None and training and training.soft_labels:
        described.append(f"The soft labels name it `{soft.teacher}`.")
    first = report.rows[0]
    if first.name != row.name:
        size = ""
        if first.parameters is not None:
            size = f"{millions(first.parameters)} parameters and "
        words, name = wording_of(report.task), score_name(report)
        name = words.score if name == words.main_score else name
        described.append(
            f"In the table, `{first.name}` has {size}{name} {percent(first.f1)}."
        )
    return " ".join(described)


def _limits(facts: CardFacts, report: Report, row: Row) -> List[str]:
    training = report.training.get(row.name)
    task = _CARD_TASKS[report.task]
    limits = [
        f"- The scores were measured on the {report.references.role} alone: measure on"
        " texts of your own before you rely on it.",
        f"- It reads {facts.language} and knows the {task.labels.lower()} above, no"
        f" others. {task.limit}",
    ]
    if len(row.per_type) > 1:
        label, score = min(row.per_type.items(), key=lambda item: item[1].f1)
        f1 = percent(score.f1)
        name = type_score_name(report)
        kind = "category" if task.tag else "entity type"
        limits.insert(1, f"- The weakest {kind} is `{label}`: {name} {f1}.")
    if training is not None and training.soft_labels:
        limits.append(
            "- It learned from the predictions of a teacher, its mistakes included."
        )
    return ["\n".join(limits)]


def _versions(report: Report) -> str:
    names = ("python", *LIBRARIES)
    shown = [f"{name} {report.versions[name]}" for name in names]
    return f"Measured with {', '.join(shown)}."


def _license(facts: CardFacts) -> str:
    author = f"[{facts.author}]({facts.url})" if facts.url else facts.author
    named = [part for part in (facts.license, author or facts.url) if part]
    return f"{', '.join(named)}." if named else ""

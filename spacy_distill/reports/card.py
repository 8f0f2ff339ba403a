"""The model card of a packaged pipeline."""

import re
from dataclasses import dataclass, field
from typing import List

from ..evaluation.environment import LIBRARIES
from ..evaluation.report import Report
from ..evaluation.rows import Quantization, Row
from ..tasks.textcat.task import MULTILABEL
from .card_facts import CARD_TASKS, CardFacts, CardTask
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
    task = CARD_TASKS[report.task]
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
    tag = CARD_TASKS[report.task].tag
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


def _use(facts: CardFacts, task: CardTask) -> str:
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
        ""
        if not facts.numpy_only
        else f"\n\nIt runs on {facts.runtime}; torch is not needed."
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
    facts: CardFacts, report: Report, row: Row, task: CardTask
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
    task = CARD_TASKS[report.task]
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

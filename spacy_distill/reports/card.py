"""The model card of a packaged pipeline."""

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from ..evaluation.environment import LIBRARIES
from ..evaluation.report import Report
from ..evaluation.rows import Quantization, Row, TrainingFacts
from .caveats import Caveat, caveats, describe_quantization
from .markdown import (
    describe,
    describe_calibration,
    describe_training,
    main_table,
    markdown_caveat,
    score_header,
    score_name,
)
from .table import (
    CALIBRATION_HEADER,
    TYPE_HEADER,
    calibration_cells,
    markdown_table,
    millions,
    percent,
    type_cells,
)

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
    page.section("Use", _use(facts))
    page.section("Measured", *_measured(report, row))
    page.section("Labels", ", ".join(f"`{label}`" for label in facts.labels))
    page.section("Probabilities", *_probabilities(facts, report, row))
    page.section("Training data", *_training_data(facts, report, row))
    page.section("Teacher", _teacher(facts, report, row))
    page.section("Limits", *_limits(facts, report, row))
    page.section("Versions", _versions(report))
    page.section("License" if facts.license else "Author", _license(facts))
    return "\n\n".join(page.parts) + "\n"


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
    prefix = "agreement" if report.is_agreement else "ents"
    performance: Dict[str, Any] = {
        f"{prefix}_f": row.f1,
        f"{prefix}_p": row.precision,
        f"{prefix}_r": row.recall,
        f"{prefix}_per_type": {
            label: {"p": s.precision, "r": s.recall, "f": s.f1}
            for label, s in row.per_type.items()
        },
    }
    held = None if report.development is None else report.development.scores
    if held is not None and row.name in held:
        score = held[row.name]
        performance["dev_ents_f"] = score.f1
        performance["dev_ents_p"] = score.precision
        performance["dev_ents_r"] = score.recall
    if row.ece is not None:
        performance["ents_ece"] = row.ece
    if row.words_per_second is not None:
        performance["speed"] = row.words_per_second
    return performance


def default_description(language: str, training: Optional[TrainingFacts]) -> str:
    """Describe a pipeline in one sentence, without figures.

    Args:
        language: Name of the language.
        training: How it was trained; None if unknown.
    """
    distilled = training is not None and training.soft_labels
    by = "a student of a teacher's predictions" if distilled else "a pipeline"
    return f"Named entities in {language} text, by {by}."


def _use(facts: CardFacts) -> str:
    lines = [
        "import spacy",
        "",
        f'nlp = spacy.load("{facts.package}")',
        'doc = nlp("...")',
    ]
    if facts.spans_key is None:
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
    data = (
        "There is no gold annotation: scores are the agreement with the teacher on the"
        if report.is_agreement
        else "It was measured on the"
    )
    parts = [
        f"This pipeline is `{row.name}`. {data} {references.role}:"
        f" {references.documents:,} documents with {references.words:,} words and"
        f" {sum(references.entities.values()):,} entities.",
        main_table(report),
        *(markdown_caveat(caveat) for caveat in caveats(report)),
    ]
    held = report.development
    if held is not None:
        parts[0] += (
            f" The {held.references.role}, by which the step of training was chosen,"
            f" are {held.references.documents:,} documents with"
            f" {held.references.words:,} words and"
            f" {sum(held.references.entities.values()):,} entities."
        )
    if report.comparison is not None and report.comparison.pipeline == row.name:
        parts += describe(report.comparison)
    parts += [f"By entity type (`{row.name}`):"]
    parts += [markdown_table(score_header(report, TYPE_HEADER), type_cells(row))]
    return parts


def _probabilities(facts: CardFacts, report: Report, row: Row) -> List[str]:
    if facts.spans_key is None or row.ece is None:
        return []
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
        *(
            [f"They are calibrated: {describe_calibration(row)}"]
            if row.raw_ece is not None
            else []
        ),
        f"Calibration on the {report.references.role} (expected calibration error"
        f" {row.ece:.3f}):",
        markdown_table(CALIBRATION_HEADER, calibration_cells(row)),
    ]


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
        name = score_name(report)
        described.append(
            f"In the table, `{first.name}` has {size}{name} {percent(first.f1)}."
        )
    return " ".join(described)


def _limits(facts: CardFacts, report: Report, row: Row) -> List[str]:
    training = report.training.get(row.name)
    limits = [
        f"- The scores were measured on the {report.references.role} alone: measure on"
        " texts of your own before you rely on it.",
        f"- It reads {facts.language} and knows the labels above, no others. Entities"
        " do not overlap.",
    ]
    if len(row.per_type) > 1:
        label, score = min(row.per_type.items(), key=lambda item: item[1].f1)
        f1 = percent(score.f1)
        name = score_name(report)
        limits.insert(1, f"- The weakest entity type is `{label}`: {name} {f1}.")
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

"""The model card: what a packaged pipeline is, what it can do and what not."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from ..evaluation.environment import LIBRARIES
from ..evaluation.measure import Row
from ..evaluation.report import Report
from .markdown import describe
from .table import (
    CALIBRATION_HEADER,
    HEADER,
    TYPE_HEADER,
    calibration_cells,
    markdown_table,
    millions,
    percent,
    table_cells,
    type_cells,
)


@dataclass(frozen=True)
class CardFacts:
    """What a card says that no measurement tells.

    package: name of the package, language code included. version: its version.
    language: the language's name. labels: what the pipeline finds.
    spans_key: where the probabilities are; None if there are none.
    needs_torch: whether the pipeline has torch parameters.
    data: what the pipeline was trained on; empty if nobody said.
    """

    package: str
    version: str
    language: str
    labels: List[str]
    spans_key: Optional[str]
    needs_torch: bool
    description: str
    license: str
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
    """A README for the pipeline that `row` was measured of, in Markdown."""
    page = _Page()
    page.add(f"# {facts.package}", facts.description)
    page.section("Use", _use(facts))
    page.section("Measured", *_measured(report, row))
    page.section("Labels", ", ".join(f"`{label}`" for label in facts.labels))
    page.section("Probabilities", *_probabilities(facts, row))
    page.section("Training data", *_training_data(facts, report))
    page.section("Teacher", _teacher(facts, report, row))
    page.section("Limits", *_limits(facts, row))
    page.section("Versions", _versions(report))
    page.section("License", _license(facts))
    return "\n\n".join(page.parts) + "\n"


def fill_meta(
    meta: Dict[str, Any], facts: CardFacts, row: Row, *, lang: str
) -> Dict[str, Any]:
    """A pipeline's meta.json with name, version, license and so on filled in, and with
    the measured scores for `performance`."""
    name = facts.package[len(lang) + 1 :]
    performance: Dict[str, Any] = {
        "ents_f": row.f1,
        "ents_p": row.precision,
        "ents_r": row.recall,
        "ents_per_type": {
            label: {"p": s.precision, "r": s.recall, "f": s.f1}
            for label, s in row.per_type.items()
        },
    }
    if row.ece is not None:
        performance["ents_ece"] = row.ece
    if row.words_per_second is not None:
        performance["speed"] = row.words_per_second
    sources = []
    if facts.teacher:
        sources.append({"name": facts.teacher, "license": facts.teacher_license})
    return {
        **meta,
        "name": name,
        "version": facts.version,
        "description": facts.description,
        "license": facts.license,
        "author": facts.author,
        "url": facts.url,
        "sources": sources,
        "performance": performance,
    }


def default_description(language: str, row: Row) -> str:
    """One sentence for pipelines that nobody has described."""
    size = ""
    if row.parameters is not None:
        size = f" of {millions(row.parameters + row.table)} parameters"
    return (
        f"Named entities in {language} text, by a compact student{size} that was"
        " distilled from a larger teacher."
    )


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
    runs_on = "" if facts.needs_torch else "\n\nIt runs on numpy; torch is not needed."
    return f"```bash\npip install {wheel}\n```\n\n```python\n{code}\n```{runs_on}"


def _measured(report: Report, row: Row) -> List[str]:
    gold = report.gold
    parts = [
        f"This pipeline is `{row.name}`. The test data are {gold.documents:,} documents"
        f" with {gold.words:,} words and {sum(gold.entities.values()):,} entities.",
        markdown_table(HEADER, table_cells(report.rows)),
    ]
    if report.comparison is not None and report.comparison.pipeline == row.name:
        parts += describe(report.comparison)
    parts += [f"By entity type (`{row.name}`):"]
    parts += [markdown_table(TYPE_HEADER, type_cells(row))]
    return parts


def _probabilities(facts: CardFacts, row: Row) -> List[str]:
    if facts.spans_key is None or row.ece is None:
        return []
    return [
        f'`doc.spans["{facts.spans_key}"]` has the entities of `doc.ents` in the same'
        ' order; its `.attrs["scores"]` is a float32 array with the probability of'
        " each: that precisely these words are an entity with this label, given the"
        " text. Entities that another component has set before count as certain, 1.0.",
        f"How far that can be trusted, on the test data (expected calibration error"
        f" {row.ece:.3f}):",
        markdown_table(CALIBRATION_HEADER, calibration_cells(row)),
    ]


def _training_data(facts: CardFacts, report: Report) -> List[str]:
    parts = [facts.data]
    soft = report.soft_labels
    if soft is not None:
        parts.append(
            f"The teacher read {soft.documents:,} unlabelled documents"
            f" ({soft.words:,} words), and its probabilities for every word were what"
            " the student learned from, beside the labelled sentences."
        )
    return parts


def _teacher(facts: CardFacts, report: Report, row: Row) -> str:
    told = []
    if facts.teacher:
        license = facts.teacher_license
        told.append(facts.teacher + (f" (license: {license})" if license else "") + ".")
    first = report.rows[0]
    if first.name != row.name:
        size = ""
        if first.parameters is not None:
            size = f"{millions(first.parameters)} parameters and "
        told.append(
            f"In the table it is `{first.name}`, with {size}an F1 of"
            f" {percent(first.f1)}."
        )
    return " ".join(told)


def _limits(facts: CardFacts, row: Row) -> List[str]:
    limits = [
        "- The scores hold for texts like those of the test data; on others expect"
        " less, and measure before you rely on it.",
        "- It learned from a teacher and shares its mistakes and biases, in"
        " particular about names that the teacher rarely saw.",
        f"- It reads {facts.language} and knows the labels above, no others. Entities"
        " do not overlap.",
    ]
    if len(row.per_type) > 1:
        label, score = min(row.per_type.items(), key=lambda item: item[1].f1)
        f1 = percent(score.f1)
        limits.insert(1, f"- The weakest entity type is `{label}`, with an F1 of {f1}.")
    return ["\n".join(limits)]


def _versions(report: Report) -> str:
    names = ("python", *LIBRARIES)
    shown = [f"{name} {report.versions[name]}" for name in names]
    return f"Measured with {', '.join(shown)}."


def _license(facts: CardFacts) -> str:
    author = f"[{facts.author}]({facts.url})" if facts.url else facts.author
    by = f", {author or facts.url}" if author or facts.url else ""
    return f"{facts.license}{by}."

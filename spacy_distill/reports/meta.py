"""The meta.json of a packaged pipeline: what is given, and its scores."""

from typing import Any, Dict

from ..evaluation.report import Report
from ..evaluation.rows import Row
from ..tasks.ner.characters import KEY as CHARACTERS
from .card_facts import CARD_TASKS, CardFacts


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
    task = CARD_TASKS[report.task]
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
    if row.characters is not None:
        key = "agreement_characters" if report.is_agreement else CHARACTERS
        means = {key: row.characters.micro, f"{key}_macro": row.characters.macro}
        for name, mean in means.items():
            performance[f"{name}_f"] = mean.f1
            performance[f"{name}_p"] = mean.precision
            performance[f"{name}_r"] = mean.recall
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

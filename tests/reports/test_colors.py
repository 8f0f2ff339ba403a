"""The colors of labels, in reports and in spaCy's own displaCy."""

import re

import spacy
from spacy import displacy
from spacy.tokens import Span

from spacy_distill.reports.web_page import DISPLACY_COLORS, label_colors


def test_displacy_has_colors_for_the_labels_of_conll():
    """Found by the entry point, whether or not this package was imported."""
    doc = spacy.blank("en")("Anna won the Cup of Oslo")
    labels = ["PER", "MISC", "LOC", "UNKNOWN"]
    doc.ents = [
        Span(doc, i, i + 1, label=label) for i, label in zip((0, 3, 5, 1), labels)
    ]
    page = displacy.render(doc, style="ent", jupyter=False)
    colors = re.findall(r"background: (#\w+)", page)
    per, unknown, misc, loc = colors
    assert (per, misc) == (DISPLACY_COLORS["PER"], DISPLACY_COLORS["MISC"])
    # Others are as spaCy has them.
    assert unknown == "#ddd"
    assert loc == "#ff9561"


def test_reports_have_the_same():
    assert DISPLACY_COLORS.items() <= label_colors(["PER", "MISC", "X"]).items()

"""The report as a page: valid, whole by itself, and with all that the report has."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import spacy

from spacy_distill.evaluation.agreement import Disagreement
from spacy_distill.evaluation.entities import Entity
from spacy_distill.evaluation.training_facts import TrainingFacts
from spacy_distill.reports.report_page import report_page

VOID = {"meta", "br", "input"}
ODD = "<b>&\"'\x01"
SHOWN = "<b>&\"'\ufffd"


class Page(HTMLParser):
    """Checks that tags are closed in order, and notes what there is."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        # As in SVG.
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def charts(page):
    parts = page.split("<svg")[1:]
    return [ElementTree.fromstring(f"<svg{p.split('</svg>')[0]}</svg>") for p in parts]


def test_all_is_on_it(report):
    source = report_page(report)
    page = Page(source)
    for part in (
        "teacher / student: distillation report",
        "measured on the test data: 4 documents with 24 words and 7 entities.",
        "100.00 F1 of student",
        "130.0 % of the F1 of teacher",
        "student: expected calibration error",
        "Soft labels by hash_teacher.",
        "120 documents",
        "0.00 % words without a word piece (unaligned)",
        "30 entities dropped",
        "document 6: 'Bob'",
        "And 10 more, which the manifest names.",
        "student on the same texts",
        "2 of 4 documents",
        "student on a sample of the soft labels",
        "of 120 documents",
        "Where student and teacher disagree most",
        "only teacher: New York (LOC, wrong)",
        "only student: New York City (LOC, right)",
        "test data 4 24 7 (4 LOC, 3 PER)",
        f"spacy {spacy.__version__}",
        report.sources["student"],
        "entity_ruler",
    ):
        assert part in page.text
    drawn = [svg.find("{*}title") or svg.find("title") for svg in charts(source)]
    assert [title.text for title in drawn] == [
        "F1, all",
        "F1, LOC",
        "F1, PER",
        "Calibration of student",
        "Entities by type in soft labels and gold annotation",
        "Entropy of the teacher, word by word",
    ]


def test_the_passages_are_drawn_with_probabilities(report):
    page = report_page(report)
    passages = report.agreement["student"].worst
    assert page.count('<section class="text">') == len(passages) == 2
    for passage in passages:
        for probability in passage.probabilities:
            assert f'title="probability {probability:.4f}' in page


def test_it_needs_no_other_file(report):
    page = Page(report_page(report))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not {"src", "href", "srcset"} & {name for name, _ in page.attributes}
    assert "url(" not in report_page(report)
    assert "@import" not in report_page(report)


def test_it_is_valid_whatever_the_names_and_texts(report):
    teacher, student = report.rows
    types = {ODD: student.per_type["PER"]}
    text = f"{ODD}\n{{x}} </section>"
    passage = Disagreement(0, text, [Entity(0, 3, ODD)], [Entity(0, 4, ODD)], [0.5])
    agreement = replace(report.agreement["student"], worst=[passage])
    soft = report.soft_labels
    dropped = [replace(soft.dropped_first[0], text=ODD, label=ODD)]
    facts = TrainingFacts(True, True, alpha=ODD, temperature=1.0, divergence=ODD)
    page = Page(
        report_page(
            replace(
                report,
                rows=[
                    replace(teacher, name=ODD, per_type=types),
                    replace(student, name=f"{ODD}2", per_type=types),
                ],
                sources={ODD: ODD},
                comparison=replace(report.comparison, against=ODD),
                agreement={f"{ODD}2": agreement},
                soft_agreement={f"{ODD}2": agreement},
                training={ODD: facts},
                references=replace(report.references, path=ODD, entities={ODD: 3}),
                soft_labels=replace(
                    soft, teacher=ODD, labels={ODD: 4}, dropped_first=dropped
                ),
            )
        )
    )
    assert "b" in page.tags
    assert f"{SHOWN} / {SHOWN}2: distillation report" in page.text
    assert f"Where {SHOWN}2 and {SHOWN} disagree most" in page.text
    assert f"Soft labels by {SHOWN}." in page.text
    assert f"({SHOWN})" in page.text
    assert "{x} </section>" in page.text


def test_what_there_is_not_is_left_out(report):
    student = replace(report.rows[1], ece=None, calibration=[], words_per_second=None)
    alone = replace(
        report,
        rows=[student],
        comparison=None,
        agreement={},
        soft_agreement={},
        soft_labels=None,
        rounds=0,
    )
    page = Page(report_page(alone))
    for part in ("trusted", "unlabelled", "greement", "disagree", "Words/s", "faster"):
        assert part not in page.text
    assert "100.00 F1 of student" in page.text


def test_without_a_teacher_the_soft_labels_stand_in(report):
    student = report.rows[1]
    alone = replace(report, rows=[student], comparison=None, agreement={})
    page = Page(report_page(alone))
    assert "Where student and the soft labels disagree most" in page.text
    assert "only the soft labels:" in page.text


def test_a_pipeline_that_never_met_a_label_has_no_bar_for_it(report):
    teacher, student = report.rows
    only = {"PER": teacher.per_type["PER"]}
    rows = [replace(teacher, per_type=only), student]
    svgs = charts(report_page(replace(report, rows=rows)))
    bars = [len(list(svg.iter("rect"))) for svg in svgs]
    assert bars[:3] == [2, 1, 2]


def test_gold_is_shown_above_teacher_and_student(report):
    page = Page(report_page(report)).text
    passages = page.partition("disagree most")[2]
    assert passages.index("gold") < passages.index("teacher")
    assert "gold Bob Smith PER likes New York City LOC teacher Bob Smith" in passages
    # Only what one of the two has is outlined, not what both miss.
    page = report_page(report)
    odd = page.count('<mark class="entity odd"')
    worst = report.agreement["student"].worst
    assert odd == sum(passage.differences for passage in worst)


def test_differences_come_before_agreement(report):
    headings = re.findall("<h2>(.*?)</h2>", report_page(report))
    assert headings[:3] == [
        "Side by side",
        "Where student and teacher disagree most",
        "Agreement with teacher",
    ]


def test_each_figure_names_its_column_where_the_header_is_hidden(report):
    """On a phone the rows of a table are lists."""
    page = report_page(report)
    (table,) = re.findall("Side by side</h2>(.*?)</table>", page, re.DOTALL)
    columns = re.findall('<th scope="col">(.*?)</th>', table)
    assert columns[:4] == ["", "F1", "Precision", "Recall"]
    for row in re.findall("<tr><th scope=.row.>.*?</tr>", table):
        assert re.findall('data-column="(.*?)"', row) == columns[1:]


def test_dark_colors_are_for_screens_alone(report):
    page = report_page(report)
    assert "@media print" in page
    assert page.count("prefers-color-scheme: dark") > 1
    assert "@media (prefers-color-scheme" not in page

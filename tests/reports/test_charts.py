from xml.etree import ElementTree

import pytest

from spacy_distill.reports.charts import (
    N_SERIES,
    Bar,
    Dot,
    bar_chart,
    histogram,
    series_class,
    unit_chart,
)


def elements(svg, name, style=None):
    root = ElementTree.fromstring(svg)
    return [e for e in root.iter(name) if style in (None, *e.get("class", "").split())]


def texts(svg):
    return [e.text for e in elements(svg, "text")]


def test_bars_are_as_long_as_their_values():
    groups = [
        ("PER", [Bar(0, 0.8, "80"), Bar(1, 0.4, "40")]),
        ("LOC", [Bar(0, None, ""), Bar(1, 0.2, "20")]),
    ]
    svg = bar_chart("Scores", groups, most=0.8)
    bars = elements(svg, "rect", "bar")
    widths = [float(bar.get("width")) for bar in bars]
    assert widths[0] / 4 == pytest.approx(widths[2], abs=0.1)
    assert widths[1] / 2 == pytest.approx(widths[2], abs=0.1)
    assert [bar.get("class") for bar in bars] == ["bar s0", "bar s1", "bar s1"]
    assert len({bar.get("y") for bar in bars}) == 3
    assert set(texts(svg)) >= {"PER", "LOC", "80", "40", "20"}
    assert elements(svg, "title")[0].text == "Scores"
    half = elements(bar_chart("", groups, most=1.6), "rect", "bar")
    assert float(half[0].get("width")) == pytest.approx(widths[0] / 2, abs=0.1)


def test_the_text_beside_the_longest_bar_is_within_the_picture():
    svg = bar_chart("", [("X" * 60, [Bar(0, 1.0, "100.0 % (12,345)")])], most=1.0)
    (bar,) = elements(svg, "rect", "bar")
    end = float(bar.get("x")) + float(bar.get("width"))
    (text,) = [e for e in elements(svg, "text") if "%" in e.text]
    assert end < float(text.get("x")) < 400 - 80
    (name,) = [t for t in texts(svg) if t.startswith("X")]
    assert name.endswith("…")


@pytest.mark.parametrize("groups", [[], [("", [])], [("A", [Bar(0, 0.0, "0")])]])
def test_charts_of_nothing(groups):
    ElementTree.fromstring(bar_chart("", groups, most=0.0))
    ElementTree.fromstring(histogram("", [], axis=""))
    ElementTree.fromstring(histogram("", [("a", 0.0, "0 %")], axis="x"))
    ElementTree.fromstring(unit_chart("", [], series=0, x_axis="", y_axis=""))


def test_histogram():
    svg = histogram("Entropy", [("0", 0.5, "50 %"), ("1", 0.25, "25 %")], axis="nats")
    tall, low = elements(svg, "rect", "bar")
    assert float(tall.get("height")) == pytest.approx(2 * float(low.get("height")))
    bottoms = [float(b.get("y")) + float(b.get("height")) for b in (tall, low)]
    assert bottoms[0] == pytest.approx(bottoms[1])
    assert set(texts(svg)) == {"0", "1", "50 %", "25 %", "nats"}


def test_dots_lie_where_they_belong():
    dots = [Dot(0.0, 0.0, 1, "low"), Dot(0.5, 1.0, 4, "high"), Dot(1.0, 0.5, 0, "last")]
    svg = unit_chart("Calibration", dots, series=2, x_axis="said", y_axis="true")
    drawn = elements(svg, "circle", "dot")
    (diagonal,) = elements(svg, "line", "even")
    x = [float(dot.get("cx")) for dot in drawn]
    y = [float(dot.get("cy")) for dot in drawn]
    assert (x[0], y[0]) == (float(diagonal.get("x1")), float(diagonal.get("y1")))
    assert (x[2], y[1]) == (float(diagonal.get("x2")), float(diagonal.get("y2")))
    assert x[1] == (x[0] + x[2]) / 2
    assert y[2] == (y[0] + y[1]) / 2
    radii = [float(dot.get("r")) for dot in drawn]
    assert radii[1] > radii[0] > radii[2] > 0
    assert [dot[0].text for dot in drawn] == ["low", "high", "last"]
    assert elements(svg, "g", "s2")
    (line,) = elements(svg, "polyline")
    assert line.get("points").count(",") == 3
    assert set(texts(svg)) >= {"said", "true", "0", "0.5", "1"}


def test_colors_come_round():
    assert series_class(N_SERIES) == series_class(0) != series_class(1)


def test_charts_are_xml_whatever_the_text():
    odd = "<b>&\x01"
    for svg in (
        bar_chart(odd, [(odd, [Bar(0, 1.0, odd)])], most=1.0),
        histogram(odd, [(odd, 1.0, odd)], axis=odd),
        unit_chart(odd, [Dot(0, 0, 1, odd)], series=0, x_axis=odd, y_axis=odd),
    ):
        assert "<b>&\ufffd" in texts(svg)

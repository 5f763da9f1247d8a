"""Pictures: sound XML, every point where it belongs, and words that cannot break out."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync_sim.bench.picture import COLOURS, Axis, Figure, Line, Panel, draw, log_ticks

SVG = "{http://www.w3.org/2000/svg}"


def figure(*panels: Panel, title: str = "T") -> Figure:
    return Figure(title, Axis("x, s", [0, 10]), Axis("y, %", [1, 10, 100], log=True), panels)


def test_a_line_goes_through_its_points() -> None:
    root = ElementTree.fromstring(
        draw(figure(Panel("p", [Line("a", [(0, 1), (5, 10), (10, 100)], 2, bold=True)])))
    )
    line, sample = root.iter(f"{SVG}polyline")
    (x0, y0), (x1, y1), (x2, y2) = (
        [float(part) for part in point.split(",")] for point in line.attrib["points"].split()
    )
    assert x0 == 0
    assert x1 == pytest.approx(x2 / 2)
    assert y2 == 0
    assert y1 == pytest.approx(y0 / 2)
    assert line.attrib["stroke"] == sample.attrib["stroke"] == COLOURS[2]
    assert len(list(root.iter(f"{SVG}circle"))) == 3 + 2


def test_axes_have_labels_and_ticks_and_a_legend_names_each_line_once() -> None:
    lines = [Line("ours", [(0, 1)], 0), Line("theirs", [(10, 5)], 1, dashed=True)]
    root = ElementTree.fromstring(draw(figure(Panel("first", lines), Panel("second", lines))))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert [words.count(word) for word in ("T", "first", "second", "ours", "theirs", "y, %")] == [1] * 6
    assert [words.count(word) for word in ("x, s", "0", "100")] == [2, 2, 2]


def test_nothing_lies_outside_the_picture() -> None:
    lines = [Line(f"a line with a long name, {number}", [(0, 1), (10, 100)], number) for number in range(8)]
    root = ElementTree.fromstring(draw(figure(Panel("p", lines))))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.findall(f"{SVG}text"):
        assert 0 <= float(element.attrib["x"]) < width - 6 * len(element.text or "")
        assert 0 < float(element.attrib["y"]) < height


def test_it_is_made_for_dark_pages_too() -> None:
    assert "prefers-color-scheme:dark" in draw(figure(Panel("p", [Line("a", [], 0)])))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])))
def test_words_stay_words(text: str) -> None:
    drawn = draw(figure(Panel(text, [Line(text, [(1, 1)], 0)]), title=text))
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == text
    assert [element.text or "" for element in root.iter(f"{SVG}text")].count(text) >= 3
    assert not re.search("<script", drawn)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([3, 40], [2, 5, 10, 20, 50]),
        ([10, 10], [10, 20]),
        ([0.3, 1], [0.2, 0.5, 1]),
        ([99, 101], [50, 100, 200]),
    ],
)
def test_ticks_of_equal_factors_hold_all_values(values: list[float], ticks: list[float]) -> None:
    assert log_ticks(values) == pytest.approx(ticks)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=5))
@example([1000.0000000000001])
@example([0.9999999999999999])
@example([0.001])
def test_ticks_always_hold_all_values(values: list[float]) -> None:
    ticks = log_ticks(values)
    assert ticks[0] <= min(values) * 1.000001
    assert ticks[-1] >= max(values) * 0.999999
    assert len(ticks) >= 2

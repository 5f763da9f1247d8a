"""Figures as a person reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.cli.words import (
    age,
    clock_time,
    count,
    iso_time,
    printable,
    size,
    size_of,
    span,
    span_range,
)

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (6_849, "6.8 kB"),
        (4_410_000, "4.4 MB"),
    ],
)
def test_sizes(number: int, words: str) -> None:
    assert size(number) == words


def test_a_part_has_the_unit_of_the_whole() -> None:
    assert size_of(4_150, 6_800) == "4.1 of 6.8 kB"
    assert size_of(12, 300) == "12 of 300 bytes"
    assert size_of(6_800, 6_800) == "6.8 of 6.8 kB"


@given(st.integers(1, 10**10), st.data())
def test_a_part_never_looks_like_the_whole(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole - 1))
    shown, total, _ = size_of(part, whole).replace("of ", "").split()
    assert shown != total


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (350, "6 min"),
        (3580, "1 h"),
        (7800, "2 h 10 min"),
        (7200, "2 h"),
        (86_399, "24 h"),
        (200_000, "2 days"),
    ],
)
def test_spans(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (240, 540, "4 to 9 min"),
        (40, 90, "40 s to 2 min"),
        (60, 62, "1 min"),
        (3600, 7800, "1 h to 2 h 10 min"),
    ],
)
def test_ranges_of_spans(least: float, most: float, words: str) -> None:
    assert span_range(least, most) == words


def test_ages_and_times() -> None:
    assert age(NOON - 3 * 3_600_000, NOON) == "3 h"
    assert age(NOON + 60_000, NOON) == "1 s"
    assert clock_time(NOON + 9_060_000, NOON) == "14:31 UTC"
    assert clock_time(NOON - 86_400_000, NOON) == "2026-11-22 12:00 UTC"
    assert iso_time(NOON) == "2026-11-23T12:00:00Z"
    assert iso_time(None) is None


def test_counts() -> None:
    assert [count(number, "change") for number in (0, 1, 9120)] == ["0 changes", "1 change", "9,120 changes"]
    assert count(2, "batch", "batches") == "2 batches"


def test_text_from_elsewhere_cannot_move_the_cursor() -> None:
    assert printable("a\x1b[2Jb\r\x07\u202e\n\xe9") == "a\\x1b[2Jb\\x0d\\x07\\u202e\n\xe9"


@given(st.text())
def test_printable_text_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert printable(shown) == shown

"""Rows of CSV: what is quoted, what is empty, and what is refused."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync.connectors.csvrows import DELIMITERS, read_rows, write_row
from radiosync.connectors.textlines import read_lines
from radiosync.errors import InputError
from radiosync.limits import INPUT_LINE_BYTES
from tests.connectors.memorytable import texts


def _rows(text: str | bytes, delimiter: str = ",") -> list[tuple[int, list[str | None]]]:
    data = text.encode() if isinstance(text, str) else text
    rows = read_rows(read_lines(io.BytesIO(data), "in.csv"), "in.csv", delimiter)
    return [(row.line, list(row.cells)) for row in rows]


def _problem(text: str) -> str:
    with pytest.raises(InputError) as caught:
        _rows(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,b", ["a", "b"]),
        ("a,,", ["a", None, None]),
        ('a,"",', ["a", "", None]),
        ('"",""', ["", ""]),
        ('"a""b",c', ['a"b', "c"]),
        ('"""a""",c', ['"a"', "c"]),
        ('""""', ['"']),
        ('"a,b",c', ["a,b", "c"]),
        ('"a\nb\r\nc\rd",e', ["a\nb\r\nc\rd", "e"]),
        ('a, "'.replace('"', "") + "b ", ["a", " b "]),
        ("a;b", ["a;b"]),
        ('a,"b",c', ["a", "b", "c"]),
    ],
)
@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
def test_cells(text: str, cells: list[str | None], line_end: str) -> None:
    assert _rows(text + line_end) == [(1, cells)]


def test_rows_know_their_lines() -> None:
    assert _rows('a\n\n\r\n"b\nc"\nd') == [(1, ["a"]), (4, ["b\nc"]), (6, ["d"])]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_delimiters(delimiter: str) -> None:
    assert _rows(f'a{delimiter}"b{delimiter}"', delimiter) == [(1, ["a", f"b{delimiter}"])]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('a\nb,5" pipe\nc,d', "in.csv, line 2: a quote stands in the middle of a cell"),
        ('a\nb,5" pipe\nc,6" pipe', "in.csv, line 2: a quote stands in the middle of a cell"),
        ('a,"b"c', "in.csv, line 1: behind the closing quote of a cell stands more text"),
        ('a,"b" ,c', "in.csv, line 1: behind the closing quote"),
        ('"a\nb"c,d"', "in.csv, line 2: behind the closing quote"),
        ('a\n\nb,"c\nd', "in.csv, line 3: the quote that opens a cell on this line is never closed"),
        ('a\n"x\ny","c', "in.csv, line 3: the quote that opens a cell on this line is never closed"),
        ("a,b\rc,d\n", "in.csv, line 1: a carriage return stands in the middle of a row"),
        ('"a"\r,b\n', "in.csv, line 1: a carriage return stands in the middle of a row"),
        ('"a",b\rc\n', "in.csv, line 1: a carriage return stands in the middle of a row"),
    ],
)
def test_faults_are_named_with_their_line(text: str, problem: str) -> None:
    assert _problem(text).startswith(problem)


def test_a_quote_that_is_never_closed_does_not_take_the_whole_file() -> None:
    lines = ((number, "x" * 999 + "\n") for number in range(2, 10**9))
    rows = read_rows(
        iter([(1, 'a,"b\n'), *[next(lines)]] + [next(lines) for _ in range(5_000)]), "in.csv", ","
    )
    with pytest.raises(InputError, match=f"line 1: the row is longer than {INPUT_LINE_BYTES} characters"):
        next(rows)


cells = st.none() | texts
tables = st.lists(st.lists(cells, min_size=2, max_size=4), max_size=4)


@given(tables, st.sampled_from(DELIMITERS))
@example([["\ufeffa", "\ufeff"]], ",")
def test_what_is_written_is_read(table: list[list[str | None]], delimiter: str) -> None:
    data = b"".join(write_row(row, delimiter) for row in table)
    assert [row for _, row in _rows(data, delimiter)] == table
    again = b"".join(write_row(row, delimiter) for _, row in _rows(data, delimiter))
    assert again == data


@given(tables)
def test_pythons_own_reader_understands_what_is_written(table: list[list[str | None]]) -> None:
    text = b"".join(write_row(row, ",") for row in table).decode()
    expected = [[cell or "" for cell in row] for row in table]
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == expected


@given(st.lists(st.lists(texts, min_size=1, max_size=4), max_size=4))
def test_what_pythons_own_writer_quotes_is_read(table: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(table)
    assert [row for _, row in _rows(out.getvalue())] == table


@given(st.text(alphabet=',"\n\ra', max_size=30))
def test_rubbish_raises_input_error_alone(text: str) -> None:
    with suppress(InputError):
        lines = [line for line, _ in _rows(text)]
        assert lines == sorted(set(lines))

"""Rows of CSV as RFC 4180 has them, read so that an empty cell and a quoted empty one are told apart (decision 0002).

Rows end in LF or CRLF. A cell in quotes may hold line breaks, delimiters and, each written twice, quotes. What is not
like this is refused rather than guessed at.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from radiosync.errors import InputError
from radiosync.limits import INPUT_LINE_BYTES

DELIMITERS: Final = (",", ";", "\t")
"""What may stand between two cells."""

Cell: TypeAlias = str | None
"""Text, or None for an empty cell without quotes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: number of the line on which it begins.
        cells: its cells.
    """

    line: int
    cells: Sequence[Cell]


def read_rows(lines: Iterable[tuple[int, str]], source: str, delimiter: str) -> Iterator[Row]:
    """The rows of a file. Lines with nothing in them are skipped.

    Args:
        lines: numbered lines with their line ends, as `textlines.read_lines` gives them.
        source: name for messages.
        delimiter: one of `DELIMITERS`.

    Raises:
        InputError: a row is not CSV, or longer than `INPUT_LINE_BYTES`.
    """
    lines = iter(lines)
    for number, line in lines:
        if '"' in line:
            text = _whole_row(line, number, lines, source)
            yield Row(number, _cells(text, number, source, delimiter))
        elif row := _without_end(line):
            if "\r" in row:
                raise InputError(source, number, None, _STRAY_CR)
            yield Row(number, [cell or None for cell in row.split(delimiter)])


def write_row(cells: Sequence[Cell], delimiter: str) -> bytes:
    """One row with its line end, CRLF. Quotes stand where they must, and nowhere else."""
    must_quote = _must_quote(delimiter)
    written = (
        "" if cell is None else '"' + cell.replace('"', '""') + '"' if must_quote.search(cell) else cell
        for cell in cells
    )
    return (delimiter.join(written) + "\r\n").encode()


_STRAY_CR: Final = "a carriage return stands in the middle of a row; such a cell must stand in quotes"


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def _whole_row(line: str, first: int, lines: Iterator[tuple[int, str]], source: str) -> str:
    """The row that begins with `line`: in a row that is whole the number of quotes is even."""
    parts, size, is_open = [line], len(line), line.count('"') % 2 == 1
    while is_open and (more := next(lines, None)) is not None:
        parts.append(more[1])
        size += len(more[1])
        is_open ^= more[1].count('"') % 2 == 1
        if size > INPUT_LINE_BYTES:
            problem = f"the row is longer than {INPUT_LINE_BYTES} characters; a quote may be missing"
            raise InputError(source, first, None, problem)
    return _without_end("".join(parts))


def _cells(text: str, first: int, source: str, delimiter: str) -> list[Cell]:
    """The cells of a row that holds quotes."""
    pattern, cells, start = _cell(delimiter), list[Cell](), 0
    while (match := pattern.match(text, start)) is not None:
        quoted, plain = match.groups()
        cells.append(plain or None if quoted is None else quoted.replace('""', '"'))
        end = match.end()
        if end == len(text):
            break
        if text[end] != delimiter:
            line = first + text.count("\n", 0, end)
            raise InputError(source, line, None, _problem(text[end], plain))
        start = end + 1
    return cells


def _problem(stray: str, plain: str | None) -> str:
    """Why a cell may not be followed by `stray`; `plain` is the cell's text if it is not in quotes."""
    if stray == "\r":
        return _STRAY_CR
    if plain is None:
        return "behind the closing quote of a cell stands more text; a quote in a cell is written twice"
    if plain:
        return "a quote stands in the middle of a cell; put the cell in quotes and write that quote twice"
    return "the quote that opens a cell on this line is never closed"


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    """The text of a cell in quotes, or of a plain one, which may be empty: matches everywhere."""
    return re.compile(rf'"([^"]*+(?:""[^"]*+)*+)"|([^"{re.escape(delimiter)}\r\n]*+)')


@cache
def _must_quote(delimiter: str) -> re.Pattern[str]:
    """Finds what needs quotes. A byte order mark does, so that one at the start of a file is not taken for that."""
    return re.compile(rf'\A\Z|\A\ufeff|["\r\n{re.escape(delimiter)}]')

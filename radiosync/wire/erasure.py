"""The erasure code over the pieces of a block: any K of them rebuild it.

A systematic Cauchy Reed-Solomon code. Source: Bloemer, Kalfane, Karp, Karpinski, Luby, Zuckerman, "An
XOR-Based Erasure-Resilient Coding Scheme", ICSI TR-95-048, 1995 (its matrix; the arithmetic here is of
whole bytes).

A block has K data pieces, numbered 0 to K - 1, and parity pieces numbered K to 254, all of one size. Each
byte of parity piece i is the sum over j of a[i, j] times the byte of data piece j at the same place, where

    a[i, j] = 1 / (x_i + y_j),  x_i = i,  y_j = j,  so 1 / (i XOR j) in the field of `gf256` (0x11d).

The x and y of a block are disjoint (i >= K > j), so every square part of the matrix is a Cauchy matrix and
can be inverted. A coefficient depends on i and j alone: a parity piece means the same however many of them
are ever made.

`rebuild` takes pieces for intact: it repairs what is missing, and cannot see what is wrong. That takes pieces beyond K: one
shows that something is wrong, a second one shows which piece it is, if it is one alone, and a third one makes it rare that
several are taken for one.
"""

from collections.abc import Iterable, Mapping, Sequence

from radiosync.limits import ERASURE_PIECES
from radiosync.wire.gf256 import EXP, LOG, invert, products

CHECK_PIECES = 3
"""Pieces beyond those that rebuild a block, with which a wrong one is looked for. If two of 100 pieces have one wrong byte
each, they are taken for one wrong piece once in 630 times; with one piece less it would be once in three times."""


def parity_piece(pieces: Sequence[bytes], index: int) -> bytes:
    """Return parity piece `index` (K to 254) of the block whose K data pieces are `pieces`.

    Raises ValueError when there are no pieces, when they differ in size, or when `index` names no parity
    piece.
    """
    size = _common_size(pieces)
    if not len(pieces) <= index < ERASURE_PIECES:
        raise ValueError(f"a block of {len(pieces)} pieces has no parity piece {index}")
    return _sum(((_coefficient(index, j), piece) for j, piece in enumerate(pieces)), size)


def rebuild(pieces: Mapping[int, bytes], count: int) -> list[bytes]:
    """Return the `count` data pieces of a block from any `count` or more of its pieces, by index.

    Raises ValueError when there are fewer, when they differ in size, or when an index or `count` is out of
    range.
    """
    size = _common_size(list(pieces.values()))
    if not 1 <= count <= ERASURE_PIECES or min(pieces) < 0 or max(pieces) >= ERASURE_PIECES:
        raise ValueError(f"piece numbers run from 0 to {ERASURE_PIECES - 1}")
    if len(pieces) < count:
        raise ValueError(f"{len(pieces)} pieces cannot rebuild {count}")
    known = [(j, pieces[j]) for j in range(count) if j in pieces]
    missing = [j for j in range(count) if j not in pieces]
    parity = sorted(i for i in pieces if i >= count)[: len(missing)]
    # Parity without the known data: the matrix of the missing columns times the missing data.
    rests = [
        _sum([(1, pieces[i]), *((_coefficient(i, j), piece) for j, piece in known)], size) for i in parity
    ]
    inverse = _inverse(parity, missing)
    found = {j: _sum(zip(row, rests, strict=True), size) for j, row in zip(missing, inverse, strict=True)}
    return [pieces[j] if j in pieces else found[j] for j in range(count)]


def wrong_pieces(pieces: Mapping[int, bytes], count: int) -> frozenset[int]:
    """Return which of at least `count` + `CHECK_PIECES` pieces of a block are wrong: none, one, or all.

    All means that it must be more than one. The first `count` pieces foretell the others. If one of the others is wrong, it
    alone does not fit. One of the first spoils every forecast, in the same proportions in each byte; these show which it is.

    Raises ValueError as `rebuild` does, and when there are fewer pieces.
    """
    if len(pieces) < count + CHECK_PIECES:
        raise ValueError(f"{len(pieces)} pieces of a block of {count} do not show which is wrong")
    first, others = list(pieces)[:count], list(pieces)[count:]
    forecast = _foretell({index: pieces[index] for index in first}, count, others)
    misfits = {
        index: _sum([(1, forecast[index]), (1, pieces[index])], len(forecast[index])) for index in others
    }
    misfitting = [index for index in others if any(misfits[index])]
    if len(misfitting) <= 1:
        return frozenset(misfitting)
    if len(misfitting) == len(others):
        # Piece number n of the first is 1 in byte n here and 0 elsewhere, so byte n of a forecast is its weight in it.
        units = {index: bytes(place == at for at in range(count)) for place, index in enumerate(first)}
        weights = _foretell(units, count, others)
        for place, index in enumerate(first):
            if _are_in_proportion(
                [misfits[other] for other in others], [weights[other][place] for other in others]
            ):
                return frozenset({index})
    return frozenset(pieces)


def _foretell(pieces: Mapping[int, bytes], count: int, others: Sequence[int]) -> dict[int, bytes]:
    """What other pieces of the block are if these `count` are right."""
    data = rebuild(pieces, count)
    return {index: data[index] if index < count else parity_piece(data, index) for index in others}


def _are_in_proportion(misfits: Sequence[bytes], weights: Sequence[int]) -> bool:
    """True if one error, times each weight, makes each misfit. No weight is 0, as any `count` pieces rebuild the block."""
    logs = [LOG[weight] for weight in weights]
    scaled = (
        misfit.translate(products(EXP[(logs[0] - log) % 255]))
        for misfit, log in zip(misfits, logs, strict=True)
    )
    return all(misfit == misfits[0] for misfit in scaled)


def _common_size(pieces: Sequence[bytes]) -> int:
    sizes = {len(piece) for piece in pieces}
    if len(sizes) != 1:
        raise ValueError("the pieces of a block, of which there is at least one, have one size")
    return sizes.pop()


def _coefficient(index: int, data_index: int) -> int:
    return invert(index ^ data_index)


def _sum(terms: Iterable[tuple[int, bytes]], size: int) -> bytes:
    """Return the sum of factor times piece. Both `translate` and the XOR of big integers run in C."""
    total = 0
    for factor, piece in terms:
        total ^= int.from_bytes(piece.translate(products(factor)), "little")
    return total.to_bytes(size, "little")


def _inverse(rows: Sequence[int], columns: Sequence[int]) -> list[list[int]]:
    """Return the inverse of the Cauchy matrix 1 / (x + y), with one row for each of `columns`.

    Its closed form: Knuth, The Art of Computer Programming 1, section 1.2.3, exercise 41; plus and minus are the same here.
    Sums of logarithms stand for products.
    """
    row_logs = [_log_product(x, columns) - _log_product(x, rows) for x in rows]
    column_logs = [_log_product(y, rows) - _log_product(y, columns) for y in columns]
    return [
        [EXP[(row_log + column_log - LOG[x ^ y]) % 255] for x, row_log in zip(rows, row_logs, strict=True)]
        for y, column_log in zip(columns, column_logs, strict=True)
    ]


def _log_product(element: int, others: Sequence[int]) -> int:
    """Return the logarithm of the product of (element + other) over all others but the element itself."""
    return sum(LOG[element ^ other] for other in others if other != element)

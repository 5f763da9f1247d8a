"""Any K of N pieces rebuild a block."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.limits import BLOCK_PIECES, ERASURE_PIECES
from radiosync.wire.erasure import CHECK_PIECES, parity_piece, rebuild, wrong_pieces
from tests.wire.test_gf256 import by_hand

seeds = st.integers(0, 2**32)


def block(count: int, size: int, random: Random) -> list[bytes]:
    return [random.randbytes(size) for _ in range(count)]


def all_pieces(data: list[bytes], indexes: range) -> dict[int, bytes]:
    return {i: data[i] if i < len(data) else parity_piece(data, i) for i in indexes}


def test_known_coefficients() -> None:
    one, none = b"\x01", b"\x00"
    assert parity_piece([one, none], 2) == b"\x8e", "1/2"
    assert parity_piece([none, one], 2) == b"\xf4", "1/3"
    assert (
        parity_piece([one, none], 254).hex() == f"{next(a for a in range(256) if by_hand(a, 254) == 1):02x}"
    )
    assert parity_piece([b"radio", b"sync!"], 7).hex() == "14ab4be246"


def test_the_matrix_is_the_documented_one() -> None:
    random = Random(1)
    data = block(9, 5, random)
    for index in (9, 10, 100, 254):
        expected = bytearray(5)
        for j, piece in enumerate(data):
            factor = next(a for a in range(1, 256) if by_hand(a, index ^ j) == 1)
            for place in range(5):
                expected[place] ^= by_hand(factor, piece[place])
        assert parity_piece(data, index) == bytes(expected)


def test_a_coefficient_does_not_depend_on_the_size_of_the_block() -> None:
    data = block(3, 8, Random(2))
    assert parity_piece(data, 60) == parity_piece([*data, bytes(8), bytes(8)], 60)


def test_every_choice_of_pieces_of_small_blocks() -> None:
    random = Random(3)
    for count in range(1, 6):
        data = block(count, 4, random)
        pieces = all_pieces(data, range(count + 4))
        for chosen in combinations(pieces, count):
            assert rebuild({i: pieces[i] for i in chosen}, count) == data


@given(st.integers(1, 40), st.integers(1, 12), seeds.map(Random))
def test_random_choices(count: int, size: int, random: Random) -> None:
    data = block(count, size, random)
    indexes = random.sample(range(ERASURE_PIECES), min(ERASURE_PIECES, count + random.randint(0, 5)))
    pieces = {i: data[i] if i < count else parity_piece(data, i) for i in indexes}
    assert rebuild(pieces, count) == data


@pytest.mark.parametrize("count", [1, 127, BLOCK_PIECES, 200, 254, 255])
def test_largest_blocks_from_as_much_parity_as_there_is(count: int) -> None:
    random = Random(count)
    data = block(count, 3, random)
    parity = range(count, ERASURE_PIECES)[-count:]
    kept = random.sample(range(count), count - len(parity))
    pieces = all_pieces(data, parity) | {i: data[i] for i in kept}
    assert rebuild(pieces, count) == data


def test_empty_pieces_are_pieces() -> None:
    assert parity_piece([b"", b""], 2) == b""
    assert rebuild({1: b"", 9: b""}, 2) == [b"", b""]


def test_one_wrong_piece_spoils_the_rest_without_a_word() -> None:
    data = block(4, 6, Random(4))
    pieces = all_pieces(data, range(2, 6))
    pieces[5] = bytes(6)
    assert rebuild(pieces, 4) != data


@pytest.mark.parametrize(
    ("pieces", "index"),
    [([], 0), ([b"a", b"bc"], 2), ([b"a", b"b"], 1), ([b"a", b"b"], -1), ([b"a", b"b"], 255)],
)
def test_parity_misuse(pieces: list[bytes], index: int) -> None:
    with pytest.raises(ValueError, match="piece"):
        parity_piece(pieces, index)


@pytest.mark.parametrize(
    ("pieces", "count"),
    [
        ({}, 1),
        ({0: b"a"}, 2),
        ({0: b"a"}, 0),
        ({0: b"a", 1: b"bc"}, 2),
        ({-1: b"a", 0: b"b"}, 2),
        ({0: b"a", 255: b"b"}, 2),
        (dict.fromkeys(range(255), b"a"), 256),
    ],
)
def test_rebuild_misuse(pieces: dict[int, bytes], count: int) -> None:
    with pytest.raises(ValueError, match="piece"):
        rebuild(pieces, count)


@given(st.integers(1, BLOCK_PIECES), seeds)
@settings(max_examples=60, deadline=None)
def test_one_wrong_piece_is_found_and_more_condemn_the_block(count: int, seed: int) -> None:
    random = Random(seed)
    data = block(count, random.choice([8, 40]), random)
    chosen = random.sample(
        range(ERASURE_PIECES), random.randint(count + CHECK_PIECES, min(count + 6, ERASURE_PIECES))
    )
    pieces = {index: all_pieces(data, range(index, index + 1))[index] for index in chosen}
    assert wrong_pieces(pieces, count) == frozenset()
    first, second = random.sample(chosen, 2)
    for index in (first, second):
        pieces[index] = bytes(octet ^ random.randint(1, 255) for octet in pieces[index])
        expected = {first} if index == first else set(pieces)
        assert wrong_pieces(pieces, count) == expected, f"{count} pieces, {index} of {sorted(chosen)}"


def test_too_few_pieces_show_nothing() -> None:
    pieces = all_pieces(block(5, 4, Random(1)), range(7))
    with pytest.raises(ValueError, match="do not show"):
        wrong_pieces(pieces, 5)

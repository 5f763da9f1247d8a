"""How a transfer is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.limits import BLOCK_PIECES, TRANSFER_BLOCKS, TRANSFER_PIECES
from radiosync.wire.shape import BLOCK_SYMBOLS, PIECE_SIZES, Shape, choose_shape

LONGEST = TRANSFER_PIECES * PIECE_SIZES[-1]


def test_sizes_fit_their_four_bits_and_grow() -> None:
    assert len(PIECE_SIZES) == 16
    assert list(PIECE_SIZES) == sorted(set(PIECE_SIZES))


@pytest.mark.parametrize(("pieces", "code"), [(0, 0), (-1, 0), (TRANSFER_PIECES + 1, 0), (1, 16), (1, -1)])
def test_a_shape_that_does_not_fit_on_air_is_refused(pieces: int, code: int) -> None:
    with pytest.raises(ValueError, match="piece"):
        Shape(pieces, code)


@given(st.integers(1, TRANSFER_PIECES), st.integers(0, 15))
def test_blocks_are_few_equal_and_leave_room_for_repair(pieces: int, code: int) -> None:
    sizes = Shape(pieces, code).block_sizes
    assert sum(sizes) == pieces
    assert len(sizes) == -(-pieces // BLOCK_PIECES) <= TRANSFER_BLOCKS
    assert max(sizes) - min(sizes) <= 1
    assert list(sizes) == sorted(sizes, reverse=True)
    assert 2 * max(sizes) <= BLOCK_SYMBOLS + 1


@given(st.one_of(st.integers(0, 3000), st.integers(0, LONGEST)))
def test_a_batch_fits_its_shape_and_wastes_less_than_a_piece(data_bytes: int) -> None:
    shape = choose_shape(data_bytes)
    assert 0 <= shape.total_bytes - data_bytes < shape.piece_bytes or data_bytes == 0
    assert Shape(shape.pieces, shape.size_code) == shape


@pytest.mark.parametrize(
    ("data_bytes", "pieces", "piece_bytes"),
    [
        (0, 1, 8),
        (1, 1, 8),
        (128, 16, 8),
        (129, 11, 12),
        (512, 16, 32),
        (5000, 125, 40),
        (163_840, 4096, 40),
        (163_841, 3414, 48),
    ],
)
def test_pieces_are_a_sixteenth_or_40_bytes(data_bytes: int, pieces: int, piece_bytes: int) -> None:
    shape = choose_shape(data_bytes)
    assert (shape.pieces, shape.piece_bytes) == (pieces, piece_bytes)


def test_what_is_longer_than_a_transfer_is_refused() -> None:
    assert choose_shape(LONGEST).total_bytes == LONGEST
    with pytest.raises(ValueError, match="longer than a transfer"):
        choose_shape(LONGEST + 1)

"""The sending end: what goes next, what is never sent twice, what a restart remembers."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.transfer.sender import Run, Sender
from radiosync.wire.shape import BLOCK_SYMBOLS, Shape

SMALL, TWO_BLOCKS = Shape(10, 0), Shape(200, 2)


def sender(shape: Shape = SMALL, next_pieces: tuple[int, ...] | None = None, number: int = 1) -> Sender:
    data = Random(shape.pieces).randbytes(shape.total_bytes - 3)
    return Sender(number, data, shape, next_pieces or (0,) * len(shape.block_sizes))


def drain(sender: Sender, limit_bytes: int = 64) -> list[Run]:
    runs = []
    while (run := sender.take(limit_bytes)) is not None:
        runs.append(run)
    return runs


def indexes(runs: list[Run], shape: Shape) -> list[tuple[int, int]]:
    return [
        (run.block, run.first + step) for run in runs for step in range(len(run.data) // shape.piece_bytes)
    ]


def test_each_piece_goes_once_in_order() -> None:
    one = sender()
    assert indexes(drain(one), SMALL) == [(0, at) for at in range(10)]
    assert (one.wanted_pieces, one.needed_pieces) == (0, 10)
    assert one.take(1000) is None


def test_the_block_that_wants_most_goes_first() -> None:
    one = sender(TWO_BLOCKS)
    runs = drain(one)
    assert {run.block for run in runs[:2]} == {0, 1}, "blocks take turns, so that a fade costs each a little"
    assert sorted(indexes(runs, TWO_BLOCKS)) == [(block, at) for block in (0, 1) for at in range(100)]


def test_a_limit_below_one_piece_gives_nothing_and_loses_nothing() -> None:
    one = sender()
    assert one.take(7) is None
    assert one.take(0) is None
    assert one.take(-50) is None
    assert one.wanted_pieces == 10
    assert one.next_pieces == (0,)


def test_repair_is_other_pieces() -> None:
    one = sender()
    drain(one)
    one.acknowledge((3,))
    assert (one.wanted_pieces, one.needed_pieces) == (3, 3)
    assert indexes(drain(one), SMALL) == [(0, 10), (0, 11), (0, 12)]


def test_what_is_still_in_the_air_is_needed_and_not_wanted() -> None:
    one = sender()
    drain(one)
    one.acknowledge((5,), (4,))
    assert (one.needed_pieces, one.wanted_pieces) == (5, 1)
    one.acknowledge((3,), (8,))
    assert (one.needed_pieces, one.wanted_pieces) == (3, 0), "spare pieces are on their way"
    one.acknowledge((3,))
    assert (one.needed_pieces, one.wanted_pieces) == (3, 3)


def test_all_that_a_receiver_has_not_heard_of_may_be_in_the_air() -> None:
    one = sender(TWO_BLOCKS)
    drain(one)
    one.acknowledge((), (100, 60))
    assert (one.needed_pieces, one.wanted_pieces) == (200, 40)
    assert not one.shape_known


def test_a_receiver_that_never_heard_of_it_wants_all_and_the_shape() -> None:
    one = sender()
    drain(one)
    assert not one.shape_known
    one.acknowledge((4,))
    assert one.shape_known
    one.acknowledge(())
    assert not one.shape_known
    assert one.wanted_pieces == 10


def test_a_receiver_that_has_all_wants_nothing() -> None:
    one = sender()
    drain(one)
    one.acknowledge((0,))
    assert (one.wanted_pieces, one.needed_pieces) == (0, 0)


@pytest.mark.parametrize("needs", [(300,), (2**63,), (10,)])
def test_a_lie_about_needs_costs_at_most_the_block(needs: tuple[int, ...]) -> None:
    one = sender()
    drain(one)
    one.acknowledge(needs)
    assert one.wanted_pieces == 10


def test_a_receiver_that_took_it_for_another_shape_is_told_the_shape_again() -> None:
    """Else it would wait for pieces that do not exist, and we for nothing at all."""
    one = sender()
    drain(one)
    one.acknowledge((3, 3))
    assert not one.shape_known
    assert one.wanted_pieces == 10


def test_spare_pieces_are_shared_among_unfinished_blocks() -> None:
    one = sender(TWO_BLOCKS)
    drain(one)
    one.acknowledge((0, 0))
    one.want_more(5)
    assert one.wanted_pieces == 0, "nobody wants spares of what is there"
    one.acknowledge((2, 1))
    one.want_more(5)
    assert one.wanted_pieces == 8


@given(st.integers(1, 255), st.integers(0, 14), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_nothing_is_repeated_until_all_255_are_used_up(pieces: int, code: int, seed: int) -> None:
    random = Random(seed)
    shape = Shape(pieces, code)
    one = sender(shape)
    seen: dict[int, list[int]] = {block: [] for block in range(len(shape.block_sizes))}
    while min(len(found) for found in seen.values()) < BLOCK_SYMBOLS:
        for block, index in indexes(
            drain(one, random.randint(shape.piece_bytes, 40 * shape.piece_bytes)), shape
        ):
            seen[block].append(index)
        one.acknowledge(tuple(random.randint(1, size) for size in shape.block_sizes))
    for found in seen.values():
        assert found[:BLOCK_SYMBOLS] == list(range(BLOCK_SYMBOLS))
        assert (
            found[BLOCK_SYMBOLS:] == list(range(len(found) - BLOCK_SYMBOLS)) or len(found) > 2 * BLOCK_SYMBOLS
        )
        assert all(now == (before + 1) % BLOCK_SYMBOLS for before, now in pairwise(found))


def test_the_count_begins_again_with_the_same_bytes() -> None:
    one = sender()
    first: dict[int, bytes] = {}
    for _ in range(60):
        for run in drain(one, 8):
            assert first.setdefault(run.first, run.data) == run.data
        one.acknowledge((10,))
    assert len(first) == BLOCK_SYMBOLS


@given(st.integers(0, 600), st.integers(0, 600))
def test_after_a_restart_nothing_promised_is_sent_again(first: int, second: int) -> None:
    one = sender(TWO_BLOCKS, (first, second))
    assert one.next_pieces == (first, second)
    assert one.wanted_pieces == max(0, 100 - first) + max(0, 100 - second)
    assert one.needed_pieces == 200
    found = indexes(drain(one), TWO_BLOCKS)
    assert all(at >= (first, second)[block] for block, at in found)


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_a_restart_at_any_point_goes_on_with_the_next_piece(seed: int) -> None:
    random = Random(seed)
    one = other = sender(TWO_BLOCKS)
    for _ in range(random.randint(1, 12)):
        limit = random.randint(16, 300)
        one.take(limit)
        if random.random() < 0.3:
            one.acknowledge((random.randint(0, 100), random.randint(0, 100)))
        if random.random() < 0.5:
            other = Sender(1, Random(200).randbytes(TWO_BLOCKS.total_bytes - 3), TWO_BLOCKS, one.next_pieces)
            for each in (one, other):
                each.acknowledge((51, 51))
                each.acknowledge((50, 50))
            assert drain(other, limit) == drain(one, limit)


# What a person changes.


def test_nothing_is_wanted_of_what_is_held_and_the_same_as_before_when_it_is_let_go() -> None:
    one = sender()
    one.take(24)
    wanted, taken = one.wanted_pieces, one.next_pieces
    one.held = True
    one.want_more(5)
    assert (one.wanted_pieces, one.next_pieces) == (0, taken)
    one.held = False
    assert one.wanted_pieces == wanted


def test_it_may_have_arrived_once_every_block_may_be_rebuilt() -> None:
    for taken in ((99, 100), (100, 99), (0, 255)):
        assert not sender(TWO_BLOCKS, taken).may_have_arrived
    assert sender(TWO_BLOCKS, (100, 100)).may_have_arrived
    one = sender()
    drain(one)
    assert one.may_have_arrived


def test_what_was_sealed_anew_states_its_shape_for_ever() -> None:
    one = Sender(1, b"new", SMALL, (0,), states_shape=True)
    one.acknowledge((3,))  # about the transfer that had this number before
    assert (one.wanted_pieces, one.shape_known) == (10, False)
    one.take(16)
    one.acknowledge((8,))
    assert (one.wanted_pieces, one.shape_known) == (8, False)
    one.acknowledge(())
    assert one.wanted_pieces == 10

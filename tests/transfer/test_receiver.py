"""The receiving end: any K pieces of a block, in any order, with any repetition."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.transfer.receiver import Receiver
from radiosync.transfer.sender import Sender
from radiosync.wire.shape import BLOCK_SYMBOLS, Shape, choose_shape

SHAPE = Shape(10, 0)
DATA = Random(1).randbytes(SHAPE.total_bytes)


def pair(data: bytes, shape: Shape) -> tuple[Sender, Receiver]:
    return Sender(1, data, shape, (0,) * len(shape.block_sizes)), Receiver(1, shape)


@given(st.integers(1, 9000), st.floats(0, 0.8), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_any_pieces_rebuild_whatever_is_lost_and_in_whatever_order(size: int, loss: float, seed: int) -> None:
    random = Random(seed)
    data = random.randbytes(size)
    shape = choose_shape(size)
    sender, receiver = pair(data, shape)
    for _ in range(500):
        flight = []
        while (run := sender.take(random.randint(shape.piece_bytes, 250))) is not None:
            flight.append(run)
        random.shuffle(flight)
        for run in flight:
            if random.random() >= loss:
                receiver.receive(run.block, run.first, run.data)
        if receiver.complete:
            break
        sender.acknowledge(receiver.needs)
    assert receiver.data() == data.ljust(shape.total_bytes, b"\0")
    assert receiver.repeated_pieces == 0 or max(sender.next_pieces) > BLOCK_SYMBOLS


@given(st.sets(st.integers(0, 254), min_size=10, max_size=40))
@settings(deadline=None)
def test_any_ten_of_255_do(chosen: set[int]) -> None:
    sender, receiver = pair(DATA, SHAPE)
    for _ in range(26):
        sender.acknowledge((10,))
        while (run := sender.take(8)) is not None:
            if run.first in chosen:
                receiver.receive(0, run.first, run.data)
    assert receiver.needs == (0,)
    assert receiver.data() == DATA


def test_needs_say_how_many_not_which() -> None:
    shape = Shape(200, 0)
    receiver = Receiver(1, shape)
    assert receiver.needs == (100, 100)
    receiver.receive(1, 200, bytes(8 * 3))
    assert receiver.needs == (100, 97)
    assert not receiver.complete


def test_only_new_pieces_are_given_back_to_be_kept() -> None:
    receiver = Receiver(1, SHAPE)
    assert receiver.receive(0, 2, DATA[16:32]) == {2: DATA[16:24], 3: DATA[24:32]}
    assert receiver.receive(0, 3, DATA[24:40]) == {4: DATA[32:40]}
    assert receiver.receive(0, 2, DATA[16:32]) == {}
    assert receiver.repeated_pieces == 3


def test_zeros_left_out_at_the_end_of_a_run_are_put_back() -> None:
    receiver = Receiver(1, SHAPE)
    assert receiver.receive(0, 0, b"\x01" * 8 + b"\x02") == {0: b"\x01" * 8, 1: b"\x02" + bytes(7)}
    assert receiver.receive(0, 5, b"\x00") == {5: bytes(8)}


@pytest.mark.parametrize(
    ("block", "first", "data"),
    [
        (1, 0, b"x"),
        (255, 0, b"x"),
        (0, 255, b"x"),
        (0, 254, bytes(9)),
        (0, 0, bytes(8 * 256)),
        (0, 250, bytes(48)),
    ],
)
def test_pieces_that_a_transfer_cannot_have_are_refused(block: int, first: int, data: bytes) -> None:
    receiver = Receiver(1, SHAPE)
    with pytest.raises(WireError):
        receiver.receive(block, first, data)
    assert receiver.needs == (10,)


@given(st.integers(0, 400), st.integers(0, 300), st.binary(min_size=1, max_size=300))
def test_random_pieces_are_taken_or_refused(block: int, first: int, data: bytes) -> None:
    receiver = Receiver(1, Shape(200, 3))
    try:
        receiver.receive(block, first, data)
    except WireError:
        return
    assert block < 2
    assert sum(receiver.needs) == 200 - -(-len(data) // 20)


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_a_receiver_goes_on_from_the_pieces_that_were_kept(seed: int) -> None:
    random = Random(seed)
    shape = Shape(150, 0)
    data = random.randbytes(shape.total_bytes)
    sender, receiver = pair(data, shape)
    kept: list[dict[int, bytes]] = [{}, {}]
    for _ in range(100):
        while (run := sender.take(random.randint(8, 200))) is not None:
            if random.random() < 0.5:
                kept[run.block].update(receiver.receive(run.block, run.first, run.data))
            if random.random() < 0.2:
                receiver = Receiver(1, shape, kept)
                assert receiver.repeated_pieces == 0
        if receiver.complete:
            break
        sender.acknowledge(receiver.needs)
    assert receiver.data() == data


@pytest.mark.parametrize("known", [range(124), range(131, 255), range(60, 184)])
def test_when_all_255_are_used_up_few_rounds_still_do(known: range) -> None:
    """Most of what is sent again is there already; what did not help is doubled, or it would take an over for each few."""
    shape = Shape(127, 0)
    data = Random(3).randbytes(shape.total_bytes)
    sender, receiver = pair(data, shape)
    while max(sender.next_pieces) < BLOCK_SYMBOLS:
        while (run := sender.take(8)) is not None:
            if run.first in known:
                receiver.receive(run.block, run.first, run.data)
        sender.acknowledge((127 if max(sender.next_pieces) < BLOCK_SYMBOLS else receiver.needs[0],))
    rounds = 0
    while not receiver.complete:
        sender.acknowledge(receiver.needs)
        while (run := sender.take(8)) is not None:
            receiver.receive(run.block, run.first, run.data)
        rounds += 1
    assert rounds <= 8
    assert receiver.data() == data


# A piece that is wrong in spite of every check.


def received(shape: Shape, data: bytes, more: int) -> Receiver:
    sender, receiver = pair(data, shape)
    sender.want_more(more * len(shape.block_sizes))
    while (run := sender.take(64)) is not None:
        receiver.receive(run.block, run.first, run.data)
    return receiver


def spoil(receiver: Receiver, block: int, index: int) -> None:
    piece = receiver._blocks[block][index]
    receiver._blocks[block][index] = bytes([piece[0] ^ 1]) + piece[1:]


def test_who_doubts_needs_a_few_more_pieces_of_each_block() -> None:
    shape = Shape(200, 0)
    receiver = received(shape, bytes(1600), 1)
    assert receiver.complete
    receiver.doubted = True
    assert receiver.needs == (2, 2)


@pytest.mark.parametrize("index", [0, 57, 101])
def test_a_wrong_piece_is_found_and_the_rest_is_enough(index: int) -> None:
    shape, data = Shape(200, 0), Random(3).randbytes(1600)
    receiver = received(shape, data, 3)
    receiver.doubted = True
    spoil(receiver, 1, index)
    assert receiver.data() != data or index > 99
    assert receiver.mend() == {1: frozenset({index})}
    assert not receiver.doubted
    assert receiver.data() == data
    receiver.doubted = True
    assert receiver.needs == (0, 1)


def test_a_block_with_more_wrong_pieces_begins_anew() -> None:
    shape, data = Shape(200, 0), Random(4).randbytes(1600)
    receiver = received(shape, data, 3)
    receiver.doubted = True
    spoil(receiver, 0, 3)
    spoil(receiver, 0, 4)
    assert receiver.mend() == {0: frozenset(range(103))}
    assert receiver.needs == (100, 0)
    assert not receiver.is_empty


def test_if_all_pieces_fit_nothing_is_forgotten() -> None:
    receiver = received(SHAPE, DATA, 3)
    receiver.doubted = True
    assert receiver.mend() == {}
    assert receiver.data() == DATA

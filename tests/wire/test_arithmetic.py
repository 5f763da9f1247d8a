"""Binary arithmetic coding on its own."""

import contextlib
from math import log2
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import MODEL_STEPS
from radiosync.wire.arithmetic import EVEN, TOP, BitReader, Bits, BitWriter

bits = st.lists(st.tuples(st.integers(1, 65535), st.integers(0, 1)), max_size=300)


def write(decisions: list[tuple[int, int]]) -> bytes:
    writer = BitWriter()
    for chance, bit in decisions:
        assert writer.code(chance, bit) == bit
    return writer.finish()


def read(data: bytes, decisions: list[tuple[int, int]]) -> list[int]:
    reader = BitReader(data)
    return [reader.code(chance, 0) for chance, _ in decisions]


@given(bits, st.integers(0, 20))
@settings(max_examples=300, deadline=None)
def test_bits_come_back_whatever_zeros_follow(decisions: list[tuple[int, int]], zeros: int) -> None:
    assert read(write(decisions) + bytes(zeros), decisions) == [bit for _, bit in decisions]


@given(bits)
@settings(max_examples=200, deadline=None)
def test_no_shorter_end_would_do(decisions: list[tuple[int, int]]) -> None:
    data = write(decisions)
    assert not data.endswith(bytes(9))
    if data and data[-1]:
        short = data[:-1]
        with contextlib.suppress(WireError):
            assert read(short, decisions) != [bit for _, bit in decisions]


# Bits with even chances, many at a time.


def code_one_by_one(bits: Bits, value: int, count: int) -> int:
    coded = 0
    for place in range(count - 1, -1, -1):
        coded = coded << 1 | bits.code(EVEN, value >> place & 1)
    return coded


runs = st.lists(st.tuples(bits, st.binary(max_size=24), st.integers(0, 7)), max_size=6)


@given(runs)
@example([([(1, 1)] * 2, b"\xff" * 20, 3)])
@settings(max_examples=300, deadline=None)
def test_even_bits_are_the_same_bytes_whether_one_or_many_at_a_time(
    script: list[tuple[list[tuple[int, int]], bytes, int]],
) -> None:
    one, many = BitWriter(), BitWriter()
    for decisions, data, fewer in script:
        value, count = int.from_bytes(data, "big"), max(0, 8 * len(data) - fewer)
        for writer in (one, many):
            for chance, bit in decisions:
                writer.code(chance, bit)
        wanted = value & (1 << count) - 1
        assert code_one_by_one(one, value, count) == many.code_even(value, count) == wanted
        assert (one.low, one.high) == (many.low, many.high)
    data = one.finish()
    assert data == many.finish()
    reader = BitReader(data)
    for decisions, raw, fewer in script:
        assert [reader.code(chance, 0) for chance, _ in decisions] == [bit for _, bit in decisions]
        count = max(0, 8 * len(raw) - fewer)
        assert reader.code_even(0, count) == int.from_bytes(raw, "big") & (1 << count) - 1


_edges = st.sampled_from((0, 1, 255, 256, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
_near_edges = st.builds(lambda edge, step: edge + step & 0xFFFFFFFF, _edges, st.integers(-300, 300))
_intervals = st.tuples(_near_edges | st.integers(0, 0xFFFFFFFF), _near_edges | st.integers(0, 0xFFFFFFFF))


@given(
    _intervals, st.binary(min_size=4, max_size=12), st.integers(0, 70), st.binary(min_size=12, max_size=12)
)
@example((0x00FFFF80, 0x0100007F), b"\x80" + bytes(9), 64, bytes(12))
@example((0x00FFFF00, 0x010000FF), b"\x80" + bytes(9), 64, bytes(12))
@settings(max_examples=500, deadline=None)
def test_even_bits_are_the_same_from_any_interval(
    interval: tuple[int, int], value: bytes, count: int, data: bytes
) -> None:
    """Also from those around the middle, which get ever smaller and are never done with a byte."""
    low, high = sorted(interval)
    if low ^ high < TOP:
        high = low | 0x1FFFFFF
        low &= 0xFEFFFFFF
    one, many = BitWriter(), BitWriter()
    one.low, one.high = many.low, many.high = low, high
    number = int.from_bytes(value, "big")
    assert code_one_by_one(one, number, count) == many.code_even(number, count)
    assert (one.low, one.high, one.finish()) == (many.low, many.high, many.finish())
    first, second = BitReader(data), BitReader(data)
    window = low + int.from_bytes(data[:4], "big") % (high - low + 1)
    for reader in (first, second):
        reader.low, reader.high, reader.window = low, high, window
    assert code_one_by_one(first, 0, count) == second.code_even(0, count)
    assert (first.low, first.high, first.window) == (second.low, second.high, second.window)


# What bits take.


@pytest.mark.parametrize("seed", range(5))
def test_bits_cost_what_their_chances_ask_for(seed: int) -> None:
    random = Random(seed)
    chances = [random.choice((40, 700, 9000, 32768, 65000, 65500)) for _ in range(20_000)]
    decisions = [(chance, int(random.random() * 65536 < chance)) for chance in chances]
    asked = sum(-log2((chance if bit else 65536 - chance) / 65536) for chance, bit in decisions) / 8
    assert asked - 1 < len(write(decisions)) < asked * 1.0005 + 2


def test_nothing_takes_no_bytes() -> None:
    assert write([]) == b""
    assert write([(65000, 1)] * 20) == b""


def test_even_bits_take_a_bit_each() -> None:
    random = Random(1)
    assert len(write([(EVEN, random.getrandbits(1)) for _ in range(8000)])) <= 1000


def test_zeros_at_the_end_stay_readable() -> None:
    decisions = [(EVEN, 1)] * 4000
    data = write(decisions)
    assert len(data) == 492
    assert read(data, decisions) == [1] * 4000


def test_a_reader_stops_after_the_end() -> None:
    reader = BitReader(b"")

    def read_on() -> None:
        for _ in range(97):
            reader.code(EVEN, 0)

    with pytest.raises(WireError):
        read_on()


def test_a_reader_refuses_endless_work() -> None:
    reader = BitReader(b"")
    reader.work(MODEL_STEPS)
    with pytest.raises(WireError):
        reader.work(1)

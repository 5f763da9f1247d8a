"""Binary arithmetic coding on its own."""

import contextlib
from math import log2
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import MODEL_STEPS
from radiosync.wire.arithmetic import EVEN, BitReader, BitWriter

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

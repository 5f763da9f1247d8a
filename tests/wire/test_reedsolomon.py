"""Byte-level Reed-Solomon against the library that it must agree with."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reedsolo import RSCodec

from radiosync.errors import WireError
from radiosync.wire.reedsolomon import (
    BLOCK_BYTES,
    PARITY_BYTES_MAX,
    PARITY_BYTES_MIN,
    decode_block,
    deinterleave,
    encode_block,
    interleave,
)

seeds = st.integers(0, 2**32)
parities = st.integers(PARITY_BYTES_MIN, PARITY_BYTES_MAX)


def damage(block: bytes, places: list[int], random: Random) -> bytes:
    damaged = bytearray(block)
    for place in places:
        damaged[place] ^= random.randint(1, 255)
    return bytes(damaged)


def test_a_known_block() -> None:
    assert encode_block(b"hello world", 10).hex() == (b"hello world".hex() + "ed2554c4fdfd89f3a8aa")


@pytest.mark.parametrize("parity", range(PARITY_BYTES_MIN, PARITY_BYTES_MAX + 1))
def test_blocks_are_those_of_reedsolo(parity: int) -> None:
    random = Random(parity)
    codec = RSCodec(parity, single_gen=True)
    for size in (1, random.randint(2, 100), BLOCK_BYTES - parity):
        data = random.randbytes(size)
        assert encode_block(data, parity) == bytes(codec.encode(data))


@given(st.binary(max_size=BLOCK_BYTES - PARITY_BYTES_MAX), parities, seeds.map(Random))
def test_up_to_half_the_parity_is_repaired(data: bytes, parity: int, random: Random) -> None:
    block = encode_block(data, parity)
    wrong = random.randint(0, min(parity // 2, len(block)))
    damaged = damage(block, random.sample(range(len(block)), wrong), random)
    assert decode_block(damaged, parity) == (data, wrong)


@pytest.mark.parametrize("parity", [2, 3, 4, 8, 16, 24, 32, 48, 63, 64])
def test_as_much_as_can_be_repaired_in_the_longest_block(parity: int) -> None:
    random = Random(parity)
    data = random.randbytes(BLOCK_BYTES - parity)
    places = random.sample(range(BLOCK_BYTES), parity // 2)
    assert decode_block(damage(encode_block(data, parity), places, random), parity) == (data, parity // 2)


@pytest.mark.parametrize(("parity", "most"), [(2, 1.0), (4, 0.65), (8, 0.1), (16, 0.0), (32, 0.0)])
def test_more_is_refused_as_often_as_the_docstring_says(parity: int, most: float) -> None:
    random = Random(parity)
    slipped = 0
    for _ in range(100):
        data = random.randbytes(BLOCK_BYTES - parity)
        places = random.sample(range(BLOCK_BYTES), parity)
        try:
            repaired, wrong = decode_block(damage(encode_block(data, parity), places, random), parity)
        except WireError:
            continue
        assert wrong <= parity // 2
        slipped += repaired != data
    assert slipped <= most * 100


@given(st.binary(max_size=BLOCK_BYTES + 5), parities)
def test_any_bytes_give_a_block_or_an_error(block: bytes, parity: int) -> None:
    try:
        data, wrong = decode_block(block, parity)
    except WireError:
        return
    assert sum(a != b for a, b in zip(encode_block(data, parity), block, strict=True)) == wrong <= parity // 2


def test_short_blocks_never_raise_anything_else() -> None:
    random = Random(7)
    for parity in (2, 3, 4, 5, 8, 16):
        for _ in range(300):
            block = random.randbytes(random.randint(0, parity + 6))
            try:
                data, _ = decode_block(block, parity)
            except WireError:
                continue
            assert len(data) == len(block) - parity


@pytest.mark.parametrize("size", [0, 9, 256])
def test_impossible_sizes_are_refused(size: int) -> None:
    with pytest.raises(WireError, match="size"):
        decode_block(bytes(size), 10)


@pytest.mark.parametrize(("size", "parity"), [(10, 0), (10, 1), (10, 65), (252, 4), (192, 64)])
def test_what_cannot_be_encoded_is_our_misuse(size: int, parity: int) -> None:
    with pytest.raises(ValueError, match="no block"):
        encode_block(bytes(size), parity)


def test_interleaving_is_dealing_out() -> None:
    assert interleave([b"adg", b"beh", b"cf"]) == b"abcdefgh"
    assert deinterleave(b"abcdefgh", 3) == [b"adg", b"beh", b"cf"]
    assert interleave([]) == b""


@given(st.binary(max_size=200), st.integers(1, 20))
def test_interleaving_round_trip(data: bytes, count: int) -> None:
    assert interleave(deinterleave(data, count)) == data


@pytest.mark.parametrize("blocks", [[b"a", b"bb"], [b"aaa", b"b"], [b"aa", b"b", b"cc"]])
def test_sizes_that_cannot_be_dealt_out_are_our_misuse(blocks: list[bytes]) -> None:
    with pytest.raises(ValueError, match="extended slice"):
        interleave(blocks)


@given(st.integers(1, 600), st.integers(2, 12), st.data())
def test_a_burst_costs_each_block_its_share(size: int, count: int, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, size - 1))
    burst = draw.draw(st.integers(1, size - start))
    marked = bytes(start) + b"\x01" * burst + bytes(size - start - burst)
    shares = [sum(block) for block in deinterleave(marked, count)]
    assert max(shares) - min(shares) <= 1

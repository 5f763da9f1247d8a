"""Frame checks, and what two checks see together."""

import binascii
import zlib
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.wire.check import append_check, ax25_fcs, frame_check, strip_check

sizes = st.sampled_from((2, 4))


def test_known_checks() -> None:
    assert frame_check(b"123456789", b"", 4).hex() == "cbf43926"
    assert frame_check(b"456789", b"123", 4).hex() == "cbf43926"
    assert frame_check(b"456789", b"123", 2).hex() == "cbf4"


@given(st.binary(max_size=80), st.binary(max_size=12), sizes)
def test_round_trip(data: bytes, seed: bytes, size: int) -> None:
    frame = append_check(data, seed, size)
    assert len(frame) == len(data) + size
    assert strip_check(frame, seed, size) == data


@given(st.binary(max_size=80), st.binary(max_size=12), sizes, st.data())
def test_any_burst_as_long_as_the_check_is_found(
    data: bytes, seed: bytes, size: int, draw: st.DataObject
) -> None:
    # Two bytes of CRC-32 are no CRC of their own: one wrong byte is what they are sure to see.
    frame = append_check(data, seed, size)
    burst = draw.draw(st.integers(1, 2 ** (32 if size == 4 else 8) - 1))
    shift = draw.draw(st.integers(0, max(0, len(frame) * 8 - burst.bit_length())))
    if size == 2:
        shift -= shift % 8
    damaged = int.from_bytes(frame, "big") ^ burst << shift
    with pytest.raises(WireError, match="does not fit"):
        strip_check(damaged.to_bytes(len(frame), "big"), seed, size)


@given(st.binary(max_size=40), st.binary(min_size=4, max_size=4), st.binary(min_size=4, max_size=4))
def test_another_seed_is_another_frame(data: bytes, seed: bytes, other: bytes) -> None:
    frame = append_check(data, seed, 4)
    if seed != other:
        with pytest.raises(WireError):
            strip_check(frame, other, 4)


@pytest.mark.parametrize("size", [2, 4])
def test_a_frame_shorter_than_its_check_is_refused(size: int) -> None:
    for length in range(size):
        with pytest.raises(WireError, match="shorter"):
            strip_check(bytes(length), b"", size)


def test_other_sizes_are_our_misuse() -> None:
    for size in (0, 1, 3, 5):
        with pytest.raises(ValueError, match="2 or 4"):
            append_check(b"x", b"", size)


def test_fcs_known_value() -> None:
    assert ax25_fcs(b"123456789") == 0x906E, "check value of CRC-16/X.25"
    assert ax25_fcs(b"") == 0


def bitwise_fcs(data: bytes) -> int:
    """RFC 1662 appendix C, bit by bit."""
    fcs = 0xFFFF
    for byte in data:
        fcs ^= byte
        for _ in range(8):
            fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
    return fcs ^ 0xFFFF


@given(st.binary(max_size=300))
def test_fcs_is_that_of_hdlc(data: bytes) -> None:
    fcs = ax25_fcs(data)
    assert fcs == bitwise_fcs(data)
    assert ax25_fcs(data + fcs.to_bytes(2, "little")) == 0xF0B8 ^ 0xFFFF, (
        "the residue that a receiver compares"
    )


def residues(check: Callable[[bytes], int], data_bytes: int) -> list[int]:
    """For each single wrong bit of data and check: what FCS and check show, as one number of 32 bits."""
    frame_bytes = data_bytes + 2
    clean_fcs, clean_check = ax25_fcs(bytes(frame_bytes)), check(bytes(data_bytes))
    shown = []
    for bit in range(frame_bytes * 8):
        frame = (1 << bit).to_bytes(frame_bytes, "little")
        seen = check(frame[:-2]) ^ clean_check ^ int.from_bytes(frame[-2:], "big")
        shown.append((ax25_fcs(frame) ^ clean_fcs) << 16 | seen)
    return shown


def independent_bits(values: list[int]) -> int:
    basis: list[int] = []
    for value in values:
        for vector in basis:
            value = min(value, value ^ vector)
        if value:
            basis.append(value)
    return len(basis)


def unseen_fours(values: list[int]) -> int:
    """Pairs of pairs of wrong bits that look alike: together they are four wrong bits that look like none."""
    pairs = Counter(a ^ b for i, a in enumerate(values) for b in values[:i])
    return sum(count * (count - 1) // 2 for count in pairs.values())


def test_two_bytes_under_an_hdlc_check_make_32_bits() -> None:
    ours = residues(lambda data: int.from_bytes(frame_check(data, b"", 2), "big"), 60)
    assert (independent_bits(ours), unseen_fours(ours)) == (32, 0)
    assert zlib.crc32(b"a") >> 16 == int.from_bytes(frame_check(b"a", b"", 2), "big")


def test_why_it_is_not_the_ccitt_polynomial() -> None:
    natural = residues(lambda data: binascii.crc_hqx(data, 0xFFFF), 60)
    assert (independent_bits(natural), unseen_fours(natural)) == (31, 2256)

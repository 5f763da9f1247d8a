"""What a TNC puts on the air for a frame."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.profiles.airtime import AX25_STUFFING
from radiosync_sim.ax25_bits import frame_air_bits, frame_air_bytes, frame_check_sequence, stuffed_bits


def test_check_sequence_of_the_standard_text() -> None:
    """CRC-16/X-25 of "123456789" is 906E, low byte first on the air."""
    assert frame_check_sequence(b"123456789") == bytes.fromhex("6e90")


@given(st.binary(max_size=300))
def test_check_sequence_against_the_definition(frame: bytes) -> None:
    register = 0xFFFF
    for byte in frame:
        for position in range(8):
            bit = (register ^ byte >> position) & 1
            register = register >> 1 ^ (0x8408 if bit else 0)
    assert frame_check_sequence(frame) == (register ^ 0xFFFF).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("data", "zeros"),
    [
        (b"", 0),
        (b"\x00" * 10, 0),
        (b"\x1f", 1),  # 11111000
        (b"\x0f", 0),
        (b"\xff\xff\xff\xff\xff", 8),  # 40 ones
        (b"\xf0\x01", 1),  # the five ones lie across the border of two bytes
        (b"\x7e", 1),  # a flag inside data
    ],
)
def test_stuffing_by_hand(data: bytes, zeros: int) -> None:
    assert stuffed_bits(data) == zeros


@given(st.binary(max_size=300))
def test_stuffing_against_the_definition(data: bytes) -> None:
    bits = "".join(f"{byte:08b}"[::-1] for byte in data)
    assert stuffed_bits(data) == len(bits.replace("11111", "111110")) - len(bits)


def test_a_frame_of_zeros_by_hand() -> None:
    """16 + 256 zero bytes, their check sequence, two flags."""
    frame = bytes(272)
    check = frame_check_sequence(frame)
    assert frame_air_bytes(frame) == 274
    assert frame_air_bits(frame) == (272 + 2 + 2) * 8 + stuffed_bits(check)


def test_random_data_grow_as_the_formula_expects() -> None:
    data = Random(1).randbytes(200_000)
    assert 1 + stuffed_bits(data) / (8 * len(data)) == pytest.approx(AX25_STUFFING, rel=5e-4)

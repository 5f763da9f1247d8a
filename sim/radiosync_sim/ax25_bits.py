"""What a TNC really sends for an AX.25 frame: checksum, stuffed bits, flags. Source: AX.25 2.2, section 3."""

from binascii import crc_hqx
from typing import Final

from radiosync.profiles.airtime import AX25_FCS_BYTES, AX25_FLAG_BYTES

_ONES_BEFORE_STUFFING: Final = 5
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def frame_check_sequence(frame: bytes) -> bytes:
    """The two bytes that follow a frame on the air (section 3.8; CRC-16/X-25 of ISO 3309).

    `crc_hqx` has the same polynomial with the bits the other way round, so they are turned before and after.
    """
    crc = crc_hqx(frame.translate(_REVERSED), 0xFFFF) ^ 0xFFFF
    return bytes((_REVERSED[crc >> 8], _REVERSED[crc & 0xFF]))


def frame_air_bytes(frame: bytes) -> int:
    """Bytes that count as sent: the frame and its check sequence, without flags and stuffing."""
    return len(frame) + AX25_FCS_BYTES


def frame_air_bits(frame: bytes) -> int:
    """Bits on the air: frame and check sequence with their stuffed zeros, and a flag at each end."""
    checked = frame + frame_check_sequence(frame)
    return 8 * (len(checked) + AX25_FLAG_BYTES) + stuffed_bits(checked)


def stuffed_bits(data: bytes) -> int:
    """How many zeros a sender puts into `data`: one after each five ones in a row (section 3.6)."""
    stuffed = ones = 0
    for byte in data:
        more, ones = _STUFFING[ones][byte]
        stuffed += more
    return stuffed


def _stuff(ones: int, byte: int) -> tuple[int, int]:
    """Zeros put into one byte that follows `ones` ones in a row, and the ones in a row at its end. Low bit
    first."""
    stuffed = 0
    for position in range(8):
        ones = ones + 1 if byte >> position & 1 else 0
        if ones == _ONES_BEFORE_STUFFING:
            stuffed, ones = stuffed + 1, 0
    return stuffed, ones


_STUFFING: Final = [[_stuff(ones, byte) for byte in range(256)] for ones in range(_ONES_BEFORE_STUFFING)]

"""Check bytes of a frame: the leading bytes of CRC-32 (IEEE 802.3) over a seed and the frame.

The seed is something that both ends know and that is not on air, such as the contact: it binds a frame to
the contact for no bytes at all.

Two bytes serve where the modem checks frames itself, and there they must not be a CRC-16/CCITT, which would
be natural: HDLC (AX.25) and LoRa use that polynomial too. Two such checks share the factor x + 1 and give
31 independent bits instead of 32 under AX.25, and in a frame of 60 bytes they leave 2256 patterns of four
wrong bits that pass both; with two bytes of CRC-32 there are 32 independent bits and none such. A test
computes both figures.
"""

import binascii
import zlib
from typing import Final

from radiosync.errors import WireError

CHECK_BYTES: Final = (2, 4)
"""Sizes of a frame check: 2 under a modem with a check of its own, 4 elsewhere."""

_BITS_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def frame_check(data: bytes, seed: bytes, size: int) -> bytes:
    """Return the first `size` (2 or 4) big-endian bytes of CRC-32 over `seed` followed by `data`."""
    if size not in CHECK_BYTES:
        raise ValueError(f"a frame check has 2 or 4 bytes, not {size}")
    return zlib.crc32(data, zlib.crc32(seed)).to_bytes(4, "big")[:size]


def append_check(data: bytes, seed: bytes, size: int) -> bytes:
    """Return `data` with its `frame_check` behind it."""
    return data + frame_check(data, seed, size)


def strip_check(frame: bytes, seed: bytes, size: int) -> bytes:
    """Return the data of a frame made by `append_check`.

    Raises WireError when it is damaged or has another seed.
    """
    if len(frame) < size:
        raise WireError("frame is shorter than its check")
    data, check = frame[:-size], frame[-size:]
    if frame_check(data, seed, size) != check:
        raise WireError("frame check does not fit")
    return data


def ax25_fcs(data: bytes) -> int:
    """Return the frame check sequence that a TNC puts behind `data`, low byte first.

    CRC-16/X.25: AX.25 2.2 section 3.8, with the algorithm of RFC 1662 appendix C.
    HDLC sends each byte's low bit first, so this is `crc_hqx` over bit-reversed bytes, itself reversed and
    inverted.
    """
    crc = binascii.crc_hqx(data.translate(_BITS_REVERSED), 0xFFFF) ^ 0xFFFF
    return int.from_bytes(crc.to_bytes(2, "big").translate(_BITS_REVERSED), "little")

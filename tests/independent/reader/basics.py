"""Words and numbers that all of the protocol uses (protocol, 1)."""

import hashlib
from dataclasses import dataclass


class RefusedError(Exception):
    """What was read breaks a rule of the protocol. The only error that bytes from outside can raise."""


def refuse_unless(condition: bool, reason: str) -> None:
    """Raise RefusedError if something that a reader must refuse is so (protocol, 7.9 and 10)."""
    if not condition:
        raise RefusedError(reason)


@dataclass
class Cursor:
    """Bytes that are read from front to back."""

    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        """The next bytes, exactly so many."""
        refuse_unless(self.at + size <= len(self.data), "ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def integer(self, size: int) -> int:
        """An integer of a fixed size, the highest byte first (protocol, 1)."""
        return int.from_bytes(self.take(size), "big")

    def uvarint(self) -> int:
        """Unsigned LEB128, at most 64 bits, in its shortest form (protocol, 1)."""
        value = shift = 0
        while True:
            byte = self.integer(1)
            value |= (byte & 127) << shift
            refuse_unless(value < 1 << 64, "uvarint of more than 64 bits")
            if byte < 128:
                refuse_unless(byte > 0 or shift == 0, "uvarint that is too long")
                return value
            shift += 7

    def rest(self) -> bytes:
        """All that has not been read."""
        return self.take(len(self.data) - self.at)


def uvarint(value: int) -> bytes:
    """A number as unsigned LEB128 (protocol, 1)."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def unfold(low: int, bits: int, near: int) -> int:
    """The number nearest to a known one that has these low bits (protocol, 1)."""
    size = 1 << bits
    middle = near // size * size + low
    candidates = [n for n in (middle - size, middle, middle + size) if n >= 0]
    return min(candidates, key=lambda n: (abs(n - near), n))


def blake(size: int, *parts: bytes) -> bytes:
    """BLAKE2b, unkeyed, with a digest of so many bytes (protocol, 1)."""
    return hashlib.blake2b(b"".join(parts), digest_size=size).digest()


def signed(number: int) -> int:
    """A number that is twice the amount, plus 1 if it is below zero (protocol, 7.2)."""
    return -(number >> 1) if number & 1 else number >> 1


def unsigned(value: int) -> int:
    """The way back from signed (protocol, 7.2)."""
    return -value * 2 + 1 if value < 0 else value * 2

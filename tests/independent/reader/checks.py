"""Checks of frames and their seeds (protocol, 5.6)."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """Incarnation and epoch of one station."""

    incarnation: int
    epoch: int

    def seed(self, *other: "Side") -> bytes:
        """Incarnations, then epochs, of this side and another one."""
        sides = (self, *other)
        return b"".join(s.incarnation.to_bytes(4, "big") for s in sides) + bytes(s.epoch for s in sides)


@dataclass(frozen=True)
class Contact:
    """What binds frames to their contact (protocol, 4.1)."""

    caller: bytes
    called: bytes
    number: int

    def seed(self, speaker: bytes) -> bytes:
        """Side, caller, called, contact. For a hello of the called that is all."""
        word = b"caller" if speaker == self.caller else b"called"
        return word + self.caller + self.called + self.number.to_bytes(2, "big")


def take_off(frame: bytes, size: int, seed: bytes) -> bytes | None:
    """The frame without its check, or nothing if it does not fit."""
    body, check = frame[:-size], frame[-size:]
    fits = zlib.crc32(seed + body).to_bytes(4, "big")[:size] == check
    return body if fits and len(frame) > size else None

"""Callsigns, as AX.25 can carry them: up to six letters and digits, and an SSID.

Source: AX.25 Link Access Protocol for Amateur Packet Radio, version 2.2, 1998, section 3.12.2.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from radiosync.limits import CALLSIGN_CHARACTERS

SSID_MAX: Final = 15
"""Four bits in an AX.25 address."""

_LETTERS_AND_DIGITS: Final = re.compile(r"[A-Z0-9]+", re.ASCII)
_SSID: Final = re.compile(r"[0-9]{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Callsign:
    """A callsign that an AX.25 address can hold.

    Attributes:
        base: one to six capital letters and digits.
        ssid: tells the stations of one licensee apart, 0 to 15; 0 is not written.

    Raises:
        ValueError: in plain words, when it does not fit.
    """

    base: str
    ssid: int = 0

    def __post_init__(self) -> None:
        if not self.base:
            raise ValueError("a callsign needs at least one letter or digit")
        if "/" in self.base:
            raise ValueError(
                f"{self.base!r} has a stroke, which cannot be sent; use an SSID instead, as in N0CALL-7"
            )
        if not _LETTERS_AND_DIGITS.fullmatch(self.base):
            raise ValueError(f"{self.base!r} holds something else than the letters A to Z and digits")
        if len(self.base) > CALLSIGN_CHARACTERS:
            raise ValueError(f"{self.base!r} is longer than {CALLSIGN_CHARACTERS} letters and digits")
        if not 0 <= self.ssid <= SSID_MAX:
            raise ValueError(f"the SSID, the number behind the hyphen, must be from 0 to {SSID_MAX}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `N0CALL` or `n0call-7`. Raises ValueError, in plain words, on anything else."""
        base, hyphen, ssid = text.strip().upper().partition("-")
        if hyphen and not _SSID.fullmatch(ssid):
            raise ValueError(f"behind the hyphen must stand a number from 0 to {SSID_MAX}, the SSID")
        return cls(base, int(ssid or 0))

    def __str__(self) -> str:
        return f"{self.base}-{self.ssid}" if self.ssid else self.base

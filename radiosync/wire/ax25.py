"""AX.25 unnumbered information (UI) frames as they pass through KISS: without flags and check sequence.

Source: AX.25 Link Access Protocol for Amateur Packet Radio, version 2.2, 1998, section 3. An address is six
characters, shifted left by one bit, and a byte CRRSSSSE: C command or repeated, R reserved, S the SSID, E
set on the last address.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from radiosync.errors import WireError
from radiosync.limits import AX25_PATH_HOPS, CALLSIGN_CHARACTERS

ADDRESS_BYTES: Final = CALLSIGN_CHARACTERS + 1
UI_HEADER_BYTES: Final = 2 * ADDRESS_BYTES + 2
"""Two addresses, control, protocol: what a UI frame without digipeaters has in front of its payload."""
FCS_BYTES: Final = 2
"""Frame check sequence that the TNC adds on air (`check.ax25_fcs`)."""

_CONTROL_UI: Final = 0x03
_POLL_BIT: Final = 0x10
_PID_NO_LAYER_3: Final = 0xF0
_COMMAND_BIT: Final = 0x80
_RESERVED_BITS: Final = 0x60
_LAST_BIT: Final = 0x01

_ADDRESS: Final = re.compile(r"([A-Z0-9]{1,6})(?:-([0-9]|1[0-5]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A callsign of one to six capital letters and digits, and an SSID from 0 to 15.

    Raises ValueError on others.
    """

    callsign: str
    ssid: int = 0

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(f"{self.callsign}-{self.ssid}"):
            raise ValueError(f"not an AX.25 address: {self.callsign!r} with SSID {self.ssid}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `N0CALL` or `N0CALL-7`; small letters are taken for capitals. Raises ValueError."""
        match = _ADDRESS.fullmatch(text.strip().upper())
        if match is None:
            raise ValueError(f"not an AX.25 address: {text!r}")
        return cls(match[1], int(match[2] or 0))

    def __str__(self) -> str:
        return f"{self.callsign}-{self.ssid}" if self.ssid else self.callsign


@dataclass(frozen=True, slots=True)
class UiFrame:
    """One UI frame of protocol F0, "no layer 3".

    Attributes:
        destination: whom it is for.
        source: who sent it.
        path: digipeaters, at most eight. Whether they have repeated the frame already is neither kept nor
            sent.
        payload: the information field.
    """

    destination: Address
    source: Address
    path: tuple[Address, ...]
    payload: bytes

    def encode(self) -> bytes:
        """Return the bytes for a KISS data frame, as a version 2 command.

        Raises ValueError when the path is too long.
        """
        if len(self.path) > AX25_PATH_HOPS:
            raise ValueError(f"{len(self.path)} digipeaters, {AX25_PATH_HOPS} are allowed")
        header = bytearray(_encode_address(self.destination, _COMMAND_BIT))
        for address in (self.source, *self.path):
            header += _encode_address(address, 0)
        header[-1] |= _LAST_BIT
        return bytes(header) + bytes([_CONTROL_UI, _PID_NO_LAYER_3]) + self.payload

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a frame. Raises WireError when it is not a UI frame of protocol F0 with sound addresses.

        C, R and H bits are taken either way: TNCs and libraries differ in them.
        """
        addresses_at_most = data[: ADDRESS_BYTES * (AX25_PATH_HOPS + 2)]
        last = next((i for i, byte in enumerate(addresses_at_most) if byte & _LAST_BIT), 0)
        count, rest = divmod(last + 1, ADDRESS_BYTES)
        if rest or count < 2:
            raise WireError("AX.25 addresses do not end where they should")
        addresses = [_decode_address(data[i * ADDRESS_BYTES : (i + 1) * ADDRESS_BYTES]) for i in range(count)]
        control, payload = data[last + 1 : last + 3], data[last + 3 :]
        if len(control) < 2 or control[0] & ~_POLL_BIT != _CONTROL_UI or control[1] != _PID_NO_LAYER_3:
            raise WireError("not an AX.25 UI frame without layer 3")
        return cls(addresses[0], addresses[1], tuple(addresses[2:]), payload)


def _encode_address(address: Address, top_bit: int) -> bytes:
    characters = bytes(byte << 1 for byte in address.callsign.ljust(CALLSIGN_CHARACTERS).encode("ascii"))
    return characters + bytes([top_bit | _RESERVED_BITS | address.ssid << 1])


def _decode_address(data: bytes) -> Address:
    callsign = "".join(chr(byte >> 1) for byte in data[:CALLSIGN_CHARACTERS]).rstrip(" ")
    try:
        return Address(callsign, data[CALLSIGN_CHARACTERS] >> 1 & 0x0F)
    except ValueError as error:
        raise WireError("AX.25 address with characters that are not allowed") from error

"""What options and arguments may be: call signs, identities of stations, names."""

import re
from typing import Final

import click

from radiosync.identity.callsign import Callsign

_IDENTITY: Final = re.compile("[0-9a-fA-F]{16}")


class CallsignType(click.ParamType[Callsign]):
    """A call sign that an AX.25 address can hold."""

    name = "callsign"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Callsign:
        """Read `n0call-7`."""
        if isinstance(value, Callsign):
            return value
        try:
            return Callsign.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is no call sign: {error}.", param, ctx)


class StationType(click.ParamType[bytes]):
    """A station's identity: 16 hexadecimal digits, as `setup` and `status` show them on the other side."""

    name = "station"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """Read `3f2a9c0d11e45b78`; spaces do not count."""
        if isinstance(value, bytes):
            return value
        digits = "".join(str(value).split())
        if not _IDENTITY.fullmatch(digits):
            self.fail(f"{value!r} must be 16 hexadecimal digits.", param, ctx)
        return bytes.fromhex(digits)


class NameType(click.ParamType[str]):
    """A short name, as of partners and links."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take `base-camp`."""
        from radiosync.config import NAME

        if not NAME.fullmatch(str(value)):
            self.fail(
                f'{value!r} must be small letters, digits and hyphens, such as "base-camp".', param, ctx
            )
        return str(value)


CALLSIGN: Final = CallsignType()
STATION: Final = StationType()
NAME: Final = NameType()

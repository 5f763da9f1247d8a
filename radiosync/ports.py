"""What the gateway asks of the outside world: a clock, and a way for bytes in and out.

What the core asks of a store is in `radiosync.sync.ports`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from radiosync.errors import PortError


class Clock(Protocol):
    """Time, as a gateway sees it. The two kinds have nothing to do with each other."""

    def now(self) -> float:
        """Monotonic seconds, of the same count as the event loop's."""

    def wall_ms(self) -> int:
        """The wall clock, in milliseconds since 1970. May be wrong, and may jump."""


class Transport(Protocol):
    """A modem's port: bytes in, bytes out.

    One reader and one writer at a time. After `close`, or after a `TransportError`, it may be opened again.
    """

    @property
    def name(self) -> str:
        """What people call the port, such as its device path."""

    async def open(self) -> None:
        """Open the port. Keys nothing. Raises TransportError."""

    async def read(self) -> bytes:
        """Wait for bytes and return what is there, at least one. Raises TransportError when the port is gone."""

    async def write(self, data: bytes) -> None:
        """Return when the port has taken all bytes. Raises TransportError when the port is gone."""

    async def close(self) -> None:
        """Let go of the port. A `read` or `write` that waits raises TransportError. Does nothing when it is closed."""


class PortReason(Enum):
    """Why a port cannot be used. The values are ids of the message catalogue."""

    MISSING = "port-missing"
    """It is not there: never plugged in, or pulled out while it was in use."""
    DENIED = "port-denied"
    """It is there, and our user may not open it."""
    HELD = "port-held"
    """Another program has it."""
    UNUSABLE = "port-unusable"
    """All else: not a serial port, a setting that it does not know, a modem that takes no bytes."""


@dataclass(eq=False)
class TransportError(PortError):
    """A port cannot be used, or no longer.

    Attributes:
        reason: why.
        port: its name.
        problem: the same in words, as the system says it.
        values: more for the message: `user` and `group` with DENIED, `holder` with HELD.
    """

    reason: PortReason
    port: str
    problem: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.port}: {self.problem}"

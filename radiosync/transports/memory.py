"""A port whose other end is in this process: a simulated modem, or another port of the same kind."""

import asyncio
from collections.abc import Callable

from radiosync.limits import UNREAD_BYTES
from radiosync.ports import PortReason, TransportError


class MemoryTransport:
    """Implements `radiosync.ports.Transport`. What arrives while nobody has it open is lost, as with a real port.

    Attributes:
        host_write: gets what is written to the port. Replace it to attach something else.
        opened: how often it was opened.
    """

    def __init__(self, name: str, host_write: Callable[[bytes], None] = lambda data: None) -> None:
        self.host_write = host_write
        self.opened = 0
        self._name = name
        self._is_open = False
        self._is_plugged = True
        self._unread = bytearray()
        self._stirred = asyncio.Event()

    @property
    def name(self) -> str:
        """What people call the port."""
        return self._name

    async def open(self) -> None:
        """Open the port."""
        if not self._is_plugged:
            raise self._gone()
        self._is_open = True
        self._unread.clear()
        self.opened += 1

    async def read(self) -> bytes:
        """Wait for bytes."""
        while self._is_open and self._is_plugged and not self._unread:
            self._stirred.clear()
            await self._stirred.wait()
        self._check()
        data = bytes(self._unread)
        self._unread.clear()
        return data

    async def write(self, data: bytes) -> None:
        """Hand bytes to the other end."""
        self._check()
        self.host_write(data)

    async def close(self) -> None:
        """Let go of the port."""
        self._is_open = False
        self._stirred.set()

    # The other end.

    def on_host_bytes(self, data: bytes) -> None:
        """Bytes for whoever has the port open. Call it in the event loop's thread."""
        if self._is_open and self._is_plugged:
            self._unread += data
            del self._unread[:-UNREAD_BYTES]
            self._stirred.set()

    def unplug(self) -> None:
        """Take the port away under whoever has it open."""
        self._is_plugged = False
        self._stirred.set()

    def replug(self) -> None:
        """Bring it back. Whoever had it open has to open it again."""
        self._is_open = False
        self._is_plugged = True

    def _check(self) -> None:
        if not self._is_plugged or not self._is_open:
            raise self._gone()

    def _gone(self) -> TransportError:
        problem = "is closed" if self._is_plugged else "is not plugged in"
        return TransportError(PortReason.MISSING, self._name, problem)


def memory_pair(first: str, second: str) -> tuple[MemoryTransport, MemoryTransport]:
    """Two ports joined by a wire: what is written to one is read from the other."""
    one, other = MemoryTransport(first), MemoryTransport(second)
    one.host_write, other.host_write = other.on_host_bytes, one.on_host_bytes
    return one, other

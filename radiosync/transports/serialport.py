"""A modem's port through pyserial: serial devices, and whatever else its URLs name, such as `socket://host:port`.

pyserial blocks, so a port has one thread that reads and one that writes. Everything that a port can do wrong becomes a
`TransportError`.
"""

import asyncio
import contextlib
import errno
import grp
import os
import pwd
import termios
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import UnsupportedOperation
from pathlib import Path
from typing import Final

import serial

from radiosync.config import Link
from radiosync.ports import PortReason, TransportError
from radiosync.profiles.model import Profile, SerialSettings
from radiosync.transports.lane import Lane

_PARITIES: Final = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}

_NO_SUCH_LINE: Final = (errno.EINVAL, errno.ENOTTY)
"""How a pseudo-terminal says that it has no RTS and DTR."""

_MISSING: Final = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)
"""EIO: what is left of a terminal whose other end has gone."""
_DENIED: Final = (errno.EACCES, errno.EPERM)
_HELD: Final = (errno.EBUSY, errno.EAGAIN)
"""EAGAIN: another process has locked the file."""

_OPEN_FAULTS: Final = (OSError, ValueError, termios.error)
"""What pyserial raises when a port cannot be opened, or does not take its settings."""

_PORT_FAULTS: Final = (OSError, TypeError, AttributeError, ValueError)
"""What pyserial raises when a port goes away under it. The last three are its own slips on a port that is half closed."""

_READ_BYTES: Final = 4096
"""Most that one read hands on: what a terminal's buffer holds."""

_CLOSE_PATIENCE_S: Final = 1.0
"""A thread that is still in a driver's call after this is left to itself; it is a daemon."""


def open_silent(
    url: str,
    settings: SerialSettings,
    *,
    make: Callable[..., serial.Serial] = serial.serial_for_url,
) -> serial.Serial:
    """Open a port without keying a radio. Every open goes through here.

    Many radios key as long as RTS or DTR is high. pyserial raises both when it opens a port, unless it was told before to
    keep them low; so it is told before, and again afterwards. The kernel itself raises them for the instant between its own
    open and pyserial's first call, which no program can prevent. With hardware handshake RTS belongs to the driver.

    Args:
        url: what `serial.serial_for_url` takes: a device path, or an address such as `socket://host:port`.
        settings: of the serial line.
        make: stands in for `serial.serial_for_url` in tests.

    Raises:
        OSError: as pyserial raises it (`SerialException` is one).
        ValueError: the URL is of no known kind, or a setting does not fit the port.
    """
    port = make(url, do_not_open=True)
    port.baudrate = settings.rate
    port.bytesize = settings.data_bits
    port.parity = _PARITIES[settings.parity]
    port.stopbits = settings.stop_bits
    port.rtscts = settings.flow == "rts-cts"
    port.xonxoff = settings.flow == "xon-xoff"
    port.exclusive = True
    port.rts = False
    port.dtr = False
    port.open()
    try:
        _lower(port, rts=not port.rtscts)
    except BaseException:
        port.close()
        raise
    return port


def _lower(port: serial.Serial, *, rts: bool) -> None:
    try:
        if rts:
            port.rts = False
        port.dtr = False
    except OSError as error:
        if error.errno not in _NO_SUCH_LINE:
            raise


class SerialTransport:
    """A port by its URL. Implements `radiosync.ports.Transport`."""

    def __init__(self, url: str, settings: SerialSettings) -> None:
        self._url, self._settings = url, settings
        self._open: _OpenPort | None = None

    @property
    def name(self) -> str:
        """The URL."""
        return self._url

    async def open(self) -> None:
        """Open the port and lock it."""
        lane = Lane(f"open {self._url}")
        opening = lane.start(lambda: open_silent(self._url, self._settings))
        lane.end()
        try:
            self._open = _OpenPort(await asyncio.shield(opening), self._url)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise
        except _OPEN_FAULTS as error:
            raise translate_open_error(self._url, error) from error

    async def read(self) -> bytes:
        """Wait for bytes."""
        return await self._port().read()

    async def write(self, data: bytes) -> None:
        """Write bytes."""
        await self._port().write(data)

    async def close(self) -> None:
        """Let go of the port."""
        port, self._open = self._open, None
        if port is not None:
            await port.close()

    def _port(self) -> "_OpenPort":
        if self._open is None:
            raise TransportError(PortReason.MISSING, self._url, "is closed")
        return self._open


class _OpenPort:
    """A port that is open, and its two threads."""

    def __init__(self, port: serial.Serial, name: str) -> None:
        self._port, self._name = port, name
        self._reader, self._writer = Lane(f"read {name}"), Lane(f"write {name}")
        self._reading: asyncio.Future[bytes] | None = None

    async def read(self) -> bytes:
        """As in `Transport`. A call that is cancelled leaves its read behind, for the next call."""
        if self._reading is None:
            self._reading = self._reader.start(self._read)
        with self._translated():
            data = await asyncio.shield(self._reading)
        self._reading = None
        if not data:
            raise TransportError(PortReason.MISSING, self._name, "was closed")
        return data

    async def write(self, data: bytes) -> None:
        """As in `Transport`."""
        with self._translated():
            await self._writer.start(lambda: self._port.write(data))

    async def close(self) -> None:
        """As in `Transport`."""
        if self._reading is not None:
            self._reading.add_done_callback(_look_away)
        self._reader.end()
        self._writer.end()
        closer = Lane(f"close {self._name}")
        closing = closer.start(self._close)
        closer.end()
        await asyncio.shield(closing)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _PORT_FAULTS as error:
            raise TransportError(PortReason.MISSING, self._name, f"is gone: {error}") from error

    def _read(self) -> bytes:
        first: bytes = self._port.read(1)
        return first + self._rest() if first else b""

    def _rest(self) -> bytes:
        """What else is there by now."""
        try:
            return os.read(self._port.fileno(), _READ_BYTES)
        except UnsupportedOperation:  # a kind of port that is not a file
            rest: bytes = self._port.read(self._port.in_waiting)
            return rest
        except OSError:  # nothing; or the port is gone, and the next read says so
            return b""

    def _close(self) -> None:
        if hasattr(self._port, "cancel_read"):
            # Its file must not be closed under the threads: its number may be another file's the next moment.
            with contextlib.suppress(*_PORT_FAULTS):
                self._port.cancel_read()
                self._port.cancel_write()
            self._join()
            self._close_port()
        else:
            self._close_port()
            self._join()

    def _join(self) -> None:
        for lane in (self._reader, self._writer):
            lane.join(_CLOSE_PATIENCE_S)

    def _close_port(self) -> None:
        with contextlib.suppress(*_PORT_FAULTS):
            self._port.close()


def _look_away(reading: "asyncio.Future[bytes]") -> None:
    """Nobody waits for this read any more: take its outcome, so that asyncio does not complain about it."""
    if not reading.cancelled():
        reading.exception()


def _close_unwanted(opening: "asyncio.Future[serial.Serial]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


# What a fault means.


def translate_open_error(url: str, error: Exception) -> TransportError:
    """What it means that a port could not be opened, with what the machine knows about it."""
    number = _errno_of(error)
    if number in _MISSING:
        return TransportError(PortReason.MISSING, url, "is not there")
    if number in _DENIED:
        values = {"user": _user(), "group": _group(url)}
        return TransportError(PortReason.DENIED, url, f"may not be opened by {values['user']}", values)
    if number in _HELD:
        holder = find_holder(url) or "another program"
        return TransportError(PortReason.HELD, url, f"is held by {holder}", {"holder": holder})
    return TransportError(PortReason.UNUSABLE, url, str(error))


def find_holder(path: str, processes: Path = Path("/proc")) -> str | None:
    """The program that has a file open, such as `ModemManager (process 412)`, as far as we may look; None if unknown."""
    target = os.path.realpath(path)
    for process in processes.glob("[0-9]*"):
        if int(process.name) != os.getpid() and _has_open(process, target):
            with contextlib.suppress(OSError):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def _has_open(process: Path, target: str) -> bool:
    try:
        return any(os.path.realpath(file) == target for file in (process / "fd").iterdir())
    except OSError:  # another user's, or it has just ended
        return False


def _errno_of(error: BaseException) -> int | None:
    """The system's number of what went wrong; pyserial sometimes keeps it only in what it was handling."""
    number = getattr(error, "errno", None)
    if number is None and error.__context__ is not None:
        return _errno_of(error.__context__)
    return number


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _group(path: str) -> str:
    """The group that may open a port; the usual one where that cannot be told."""
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"


def serial_transport(link: Link, profile: Profile) -> SerialTransport:
    """The port of a link, not open yet."""
    rate = profile.serial.rate if link.serial_rate is None else link.serial_rate
    return SerialTransport(link.port, replace(profile.serial, rate=rate))

"""Real ports. The order of line states is proved on a recorder, the rest on PTYs, sockets and pyserial's loop."""

import asyncio
import errno
import fcntl
import os
import re
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from radiosync.ports import PortReason, TransportError
from radiosync.profiles.model import SerialSettings
from radiosync.transports.serialport import (
    SerialTransport,
    find_holder,
    open_silent,
    translate_open_error,
)

SETTINGS = SerialSettings()
PATIENCE_S = 5.0


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
    assert set(threading.enumerate()) == before


# Silence.


class Recorder:
    """Behaves like pyserial's port as far as lines go: `open` sets both lines to what was asked for, high by default."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.fault = fault
        self.log: list[tuple[str, bool, bool]] = []
        self.is_open = self.rtscts = self.xonxoff = self.exclusive = False
        self.baudrate = self.bytesize = self.stopbits = 0
        self.parity = ""
        self._lines = {"rts": True, "dtr": True}

    def _set(self, line: str, value: bool) -> None:
        if self.is_open and self.fault is not None:
            raise self.fault
        self._lines[line] = value
        self.log.append((line, value, self.is_open))

    rts = property(lambda self: self._lines["rts"], lambda self, value: self._set("rts", value))
    dtr = property(lambda self: self._lines["dtr"], lambda self, value: self._set("dtr", value))

    def open(self) -> None:
        self.is_open = True
        self.log.append(("dtr", self._lines["dtr"], True))
        if not self.rtscts:
            self.log.append(("rts", self._lines["rts"], True))

    def close(self) -> None:
        self.is_open = False


def recorded(settings: SerialSettings, fault: OSError | None = None) -> Recorder:
    recorder = Recorder(fault)
    made = []

    def make(url: str, do_not_open: bool) -> Any:
        made.append((url, do_not_open))
        return recorder

    open_silent("/dev/radio", settings, make=make)
    assert made == [("/dev/radio", True)]
    return recorder


@pytest.mark.parametrize("flow", ["none", "xon-xoff"])
def test_no_line_ever_rises(flow) -> None:
    log = recorded(SerialSettings(flow=flow)).log
    assert {name for name, _, is_open in log if not is_open} == {"rts", "dtr"}
    assert {name for name, _, is_open in log if is_open} == {"rts", "dtr"}
    assert not any(value for _, value, _ in log)
    assert {name for name, _, _ in log[-2:]} == {"rts", "dtr"}


def test_with_hardware_handshake_rts_is_the_drivers() -> None:
    recorder = recorded(SerialSettings(flow="rts-cts"))
    assert recorder.rtscts is True
    assert not any(value for _, value, _ in recorder.log)
    assert [name for name, _, is_open in recorder.log if is_open] == ["dtr", "dtr"]


def test_settings_reach_the_port() -> None:
    port = recorded(SerialSettings(rate=19200, data_bits=7, parity="even", stop_bits=2, flow="xon-xoff"))
    assert (port.baudrate, port.bytesize, port.stopbits) == (19200, 7, 2)
    assert (port.parity, port.xonxoff, port.rtscts) == (serial.PARITY_EVEN, True, False)
    assert port.exclusive is True


@pytest.mark.parametrize("number", [errno.ENOTTY, errno.EINVAL])
def test_a_port_without_lines_is_fine(number: int) -> None:
    assert recorded(SETTINGS, OSError(number, "no such line")).is_open


def test_a_port_that_does_not_lower_its_lines_is_closed_again() -> None:
    with pytest.raises(OSError, match="broken"):
        recorded(SETTINGS, OSError(errno.EIO, "broken"))


def test_nobody_else_in_the_package_can_open_a_port() -> None:
    package = Path(__file__).parents[2] / "radiosync"
    opens = re.compile(
        r"^\s*import serial$|from serial import|serial\.Serial\b|serial\.serial_for_url", re.MULTILINE
    )
    users = [path.name for path in package.rglob("*.py") if opens.search(path.read_text("utf-8"))]
    assert users == ["serialport.py"]


class Pty:
    """A PTY of which the test holds the modem's end."""

    def __init__(self) -> None:
        self.modem, client = os.openpty()
        tty.setraw(client)
        self.path = os.ttyname(client)
        self._client = client

    def pull(self) -> None:
        for file in (self.modem, self._client):
            if file >= 0:
                os.close(file)
        self.modem = self._client = -1


@pytest.fixture
def pty() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.pull()


@pytest.mark.real
def test_pyserial_itself_asks_the_driver_for_no_rise(pty: "Pty", monkeypatch: pytest.MonkeyPatch) -> None:
    """What the recorder assumes, seen at the system calls of the real library."""
    asked = []
    ioctl = fcntl.ioctl

    def spy(file: int, request: int, *arguments: Any) -> Any:
        if request in (termios.TIOCMBIS, termios.TIOCMBIC, termios.TIOCMSET):
            asked.append(request)
            return 0
        return ioctl(file, request, *arguments)

    monkeypatch.setattr(fcntl, "ioctl", spy)
    open_silent(pty.path, SETTINGS).close()
    assert asked == [termios.TIOCMBIC] * 4
    asked.clear()
    serial.Serial(pty.path).close()
    assert termios.TIOCMBIS in asked  # so the spy would see one


# Bytes.


async def read_all(port: SerialTransport, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) < count:
            data += await port.read()
    return data


@pytest.mark.real
async def test_bytes_cross_a_pty_both_ways(pty: Pty) -> None:
    port = SerialTransport(pty.path, SETTINGS)
    await port.open()
    everything = bytes(range(256)) * 8
    os.write(pty.modem, everything)
    assert await read_all(port, len(everything)) == everything
    await port.write(b"\xc0\x00over\xc0")
    assert os.read(pty.modem, 100) == b"\xc0\x00over\xc0"
    await port.close()


@pytest.mark.real
async def test_a_link_to_a_pty_will_do(pty: Pty, tmp_path: Path) -> None:
    link = tmp_path / "usb-modem"
    link.symlink_to(pty.path)
    port = SerialTransport(str(link), SETTINGS)
    await port.open()
    os.write(pty.modem, b"x")
    assert await read_all(port, 1) == b"x"
    await port.close()


@pytest.mark.real
async def test_pulling_the_plug_ends_read_and_write(pty: Pty) -> None:
    port = SerialTransport(pty.path, SETTINGS)
    await port.open()
    reading = asyncio.create_task(port.read())
    await asyncio.sleep(0.05)
    pty.pull()
    with pytest.raises(TransportError) as caught:
        await asyncio.wait_for(reading, PATIENCE_S)
    assert caught.value.reason is PortReason.MISSING
    with pytest.raises(TransportError):
        await asyncio.wait_for(port.write(b"x"), PATIENCE_S)
    await port.close()


@pytest.mark.real
async def test_a_cancelled_read_loses_nothing(pty: Pty) -> None:
    port = SerialTransport(pty.path, SETTINGS)
    await port.open()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(port.read(), 0.02)
    os.write(pty.modem, b"kept")
    assert await read_all(port, 4) == b"kept"
    await port.close()


@pytest.mark.real
async def test_closing_ends_a_write_that_nobody_takes(pty: Pty) -> None:
    port = SerialTransport(pty.path, SETTINGS)
    await port.open()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(port.write(bytes(1_000_000)), 0.05)
    await asyncio.wait_for(port.close(), PATIENCE_S)


@pytest.mark.real
async def test_it_can_be_opened_again(pty: Pty) -> None:
    port = SerialTransport(pty.path, SETTINGS)
    for _ in range(3):
        await port.open()
        await port.close()
        await port.close()
    with pytest.raises(TransportError):
        await port.read()


@pytest.mark.real
async def test_a_tcp_address_will_do() -> None:
    async def modem(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(modem, "127.0.0.1", 0)
    async with server:
        number = server.sockets[0].getsockname()[1]
        port = SerialTransport(f"socket://127.0.0.1:{number}", SETTINGS)
        await port.open()
        await port.write(b"hello")
        assert await read_all(port, 5) == b"hello"
        with pytest.raises(TransportError):
            await asyncio.wait_for(port.read(), PATIENCE_S)
        await port.close()


@pytest.mark.real
async def test_pyserials_loop_will_do() -> None:
    port = SerialTransport("loop://", SETTINGS)
    await port.open()
    await port.write(b"round")
    assert await read_all(port, 5) == b"round"
    reading = asyncio.create_task(port.read())
    await asyncio.sleep(0.02)
    await port.close()
    with pytest.raises(TransportError):
        await asyncio.wait_for(reading, PATIENCE_S)


# What stands in the way.


async def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    port = SerialTransport(str(tmp_path / "none"), SETTINGS)
    with pytest.raises(TransportError) as caught:
        await port.open()
    assert caught.value.reason is PortReason.MISSING


@pytest.mark.real
async def test_a_port_that_somebody_else_has(pty: Pty) -> None:
    file = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(file, fcntl.LOCK_EX)
    port = SerialTransport(pty.path, SETTINGS)
    with pytest.raises(TransportError) as caught:
        await port.open()
    os.close(file)
    assert caught.value.reason is PortReason.HELD
    assert caught.value.values["holder"] == "another program"  # which is this very process
    await port.open()
    await port.close()


async def test_what_is_no_serial_port(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a port")
    for url in (str(file), "nonsense://1"):
        with pytest.raises(TransportError) as caught:
            await SerialTransport(url, SETTINGS).open()
        assert caught.value.reason is PortReason.UNUSABLE
        assert url in str(caught.value)


async def test_a_tcp_port_on_which_nobody_listens() -> None:
    with pytest.raises(TransportError) as caught:
        await SerialTransport("socket://127.0.0.1:1", SETTINGS).open()
    assert caught.value.reason is PortReason.UNUSABLE


def test_a_port_that_we_may_not_open() -> None:
    error = translate_open_error("/dev/null", serial.SerialException(errno.EACCES, "denied"))
    assert error.reason is PortReason.DENIED
    assert set(error.values) == {"user", "group"}
    assert all(error.values.values())


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOENT, PortReason.MISSING),
        (errno.ENXIO, PortReason.MISSING),
        (errno.EIO, PortReason.MISSING),
        (errno.EPERM, PortReason.DENIED),
        (errno.EBUSY, PortReason.HELD),
        (errno.EAGAIN, PortReason.HELD),
        (errno.ENOTTY, PortReason.UNUSABLE),
    ],
)
def test_each_fault_has_its_message(number: int, reason: PortReason) -> None:
    assert translate_open_error("/dev/x", serial.SerialException(number, "fault")).reason is reason


def test_the_holder_is_found(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    for number, target in ((411, tmp_path / "other"), (412, device)):
        files = tmp_path / "proc" / str(number) / "fd"
        files.mkdir(parents=True)
        (files / "3").symlink_to(target)
        (files.parent / "comm").write_text(f"program-{number}\n")
    assert find_holder(str(device), tmp_path / "proc") == "program-412 (process 412)"
    assert find_holder(str(tmp_path / "free"), tmp_path / "proc") is None

"""How other processes speak with a gateway that runs: a unix socket in the runtime folder, one JSON object per line.

A client sends one request: `{"v": 1, "do": "sync", "partner": "base-camp", "link": null, "attempts": 5, "wait": true}`, or
`do` is `cancel`, with a partner, `status` or `stop`. The gateway answers with lines of `type` `event` while something goes
on, and ends with one of `type` `result` or `error`. When a client goes away, the sync that it waited for is ended too; a
contact under way is not. Only the user who runs the gateway can open the socket.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from radiosync.errors import BusyError, ConfigError, LocalError, RadioSyncError, UsageError
from radiosync.gateway.gateway import Gateway, OnEvent
from radiosync.gateway.report import EVENT_NAMES, CancelResult, GatewayEvent, GatewayStatus, SyncResult
from radiosync.gateway.syncrun import CALLS
from radiosync.limits import CONTROL_CLIENTS, CONTROL_LINE_BYTES
from radiosync.paths import Paths

VERSION: Final = 1

_ERRORS: Final[Mapping[str, type[RadioSyncError]]] = {
    "usage": UsageError,
    "config": ConfigError,
    "local": LocalError,
}

_LONGEST_ADDRESS_BYTES: Final = 107
"""Linux keeps the path of a socket in 108 bytes, with a zero behind it (unix(7))."""

T = TypeVar("T")


class NoGatewayError(LocalError):
    """No gateway listens: none runs, or it ended in the middle of an answer."""


def socket_path(paths: Paths) -> Path:
    """Where a gateway listens."""
    return paths.runtime / "radiosync.sock"


class Request(msgspec.Struct, kw_only=True):
    """What a client asks for.

    Attributes:
        v: version of this conversation.
        do: what is asked: "sync", "cancel", "status" or "stop".
        partner, link, attempts: as in `Gateway.sync` and `Gateway.cancel`.
        wait: False answers as soon as the sync has begun.
    """

    v: int
    do: str
    partner: str = ""
    link: str | None = None
    attempts: int = CALLS
    wait: bool = True


class ControlServer:
    """Listens for a gateway: `async with ControlServer(gateway, path):` around what the gateway does.

    Hold a `GatewayLock` meanwhile: a socket file that is there is taken for one that a dead process has left behind.
    """

    def __init__(self, gateway: Gateway, path: Path) -> None:
        self._gateway, self._path = gateway, path
        self._clients: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Begin to listen. Raises LocalError if the socket cannot be made."""
        try:
            listener = _bind(self._path)
        except OSError as error:
            raise LocalError(f"{self._path}: cannot listen there: {error.strerror}") from error
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=CONTROL_LINE_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say good-bye to all clients, and remove the socket."""
        self._server.close()
        for client in tuple(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # The client has gone, or we go. Either way nobody reads what we would say.
        finally:
            self._clients.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._clients) > CONTROL_CLIENTS:
                raise BusyError("too many programs speak with the gateway at once")
            request = _read_request(await _read_line(reader))
            answer = asyncio.create_task(self._answer(request, writer))
            gone = asyncio.create_task(reader.read(1))
            try:
                await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
                if answer.done():
                    _write(writer, {"type": "result", "result": answer.result()})
            finally:
                for task in (answer, gone):
                    task.cancel()
                await asyncio.gather(answer, gone, return_exceptions=True)
        except RadioSyncError as error:
            kind = next((name for name, error_type in _ERRORS.items() if type(error) is error_type), "local")
            _write(writer, {"type": "error", "error": kind, "text": str(error)})
        await writer.drain()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> object:
        match request.do:
            case "status":
                return await self._gateway.status()
            case "stop":
                self._gateway.stop()
                return {}
            case "cancel":
                return await self._gateway.cancel(request.partner)
            case "sync" if not request.wait:
                await self._gateway.begin_sync(request.partner, link=request.link)
                return {}
            case "sync":
                return await self._gateway.sync(
                    request.partner,
                    link=request.link,
                    attempts=request.attempts,
                    on_event=lambda event: _write_event(writer, event),
                )
            case _:
                raise UsageError(f"a gateway cannot be asked to {request.do!r}")


class ControlClient:
    """Speaks with the gateway that listens at a path. Its methods are those of `Gateway`.

    All raise NoGatewayError if none listens, and what the gateway raises: UsageError, ConfigError or LocalError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def sync(
        self,
        partner: str,
        *,
        link: str | None = None,
        attempts: int = CALLS,
        on_event: OnEvent | None = None,
    ) -> SyncResult:
        """As `Gateway.sync`."""
        request = Request(v=VERSION, do="sync", partner=partner, link=link, attempts=attempts)
        return _as(SyncResult, await self._ask(request, on_event))

    async def begin_sync(self, partner: str, *, link: str | None = None) -> None:
        """As `Gateway.begin_sync`."""
        await self._ask(Request(v=VERSION, do="sync", partner=partner, link=link, wait=False))

    async def cancel(self, partner: str) -> CancelResult:
        """As `Gateway.cancel`."""
        return _as(CancelResult, await self._ask(Request(v=VERSION, do="cancel", partner=partner)))

    async def status(self) -> GatewayStatus:
        """As `Gateway.status`."""
        return _as(GatewayStatus, await self._ask(Request(v=VERSION, do="status")))

    async def stop(self) -> None:
        """Make the gateway end. Returns before it has ended."""
        await self._ask(Request(v=VERSION, do="stop"))

    async def _ask(self, request: Request, on_event: OnEvent | None = None) -> object:
        async with self._connected() as (reader, writer):
            writer.write(msgspec.json.encode(request) + b"\n")
            while True:
                line = _read_object(await _read_line(reader))
                match line.get("type"):
                    case "event" if on_event is not None:
                        on_event(_read_event(line))
                    case "result":
                        return line.get("result")
                    case "error":
                        raise _ERRORS.get(str(line.get("error")), LocalError)(str(line.get("text")))
                    case _:
                        pass

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            with _address(self._path) as address:
                reader, writer = await asyncio.open_unix_connection(address, limit=CONTROL_LINE_BYTES)
        except OSError:
            raise NoGatewayError(f"no gateway listens at {self._path}") from None
        try:
            yield reader, writer
        except OSError:
            raise NoGatewayError("the gateway ended before it had answered") from None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


# The socket.


def _bind(path: Path) -> socket.socket:
    """A socket at `path` that only we can open, in place of one that was left behind."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        before = os.umask(0o177)  # so that the file is never open to others, not even for an instant
        try:
            with _address(path) as address:
                listener.bind(address)
        finally:
            os.umask(before)
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """The path, or a shorter name for it while it is too long for the system."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


# Lines.


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await reader.readline()
    except ValueError:
        raise LocalError(f"a line on the control socket is longer than {CONTROL_LINE_BYTES} bytes") from None
    if not line.endswith(b"\n"):
        raise NoGatewayError("the gateway ended before it had answered")
    return line


def _read_request(line: bytes) -> Request:
    try:
        request = msgspec.json.decode(line, type=Request)
    except msgspec.MsgspecError as error:
        raise UsageError(f"the gateway does not understand this request: {error}") from None
    if request.v != VERSION:
        raise UsageError(f"this gateway speaks version {VERSION} of the control socket, not {request.v}")
    return request


def _read_object(line: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise LocalError(f"the gateway answered what is no JSON object: {error}") from None


def _as(kind: type[T], value: object) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise LocalError(
            f"the gateway, perhaps of another version, answered something else: {error}"
        ) from None


def event_name(event: GatewayEvent) -> str:
    """What an event is called in JSON."""
    return next(name for name, kind in EVENT_NAMES.items() if kind is type(event))


def _write_event(writer: asyncio.StreamWriter, event: GatewayEvent) -> None:
    if not writer.is_closing():
        _write(writer, {"type": "event", "event": event_name(event), "values": event})


def _write(writer: asyncio.StreamWriter, line: Mapping[str, object]) -> None:
    writer.write(msgspec.json.encode({"v": VERSION, **line}) + b"\n")


def _read_event(line: Mapping[str, object]) -> GatewayEvent:
    kind = EVENT_NAMES.get(str(line.get("event")))
    if kind is None:
        raise LocalError(
            f"the gateway, perhaps of another version, told an unknown event: {line.get('event')}"
        )
    return _as(kind, line.get("values"))

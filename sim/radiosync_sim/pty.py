"""Two PTYs in real time, joined by a bad link, so that any two programs can meet over it.

The world runs by the real clock here. POSIX only: import this module where it is used.
"""

import os
import selectors
import threading
import time
import tty
from collections.abc import Callable, Mapping
from pathlib import Path
from select import POLLHUP, poll
from types import TracebackType
from typing import Final, Self

from radiosync_sim.channel import Channel
from radiosync_sim.errors import SimulationError
from radiosync_sim.modem import Modem, attach_modem
from radiosync_sim.scenario import Scenario
from radiosync_sim.world import World

END_NAMES: Final = ("a", "b")
"""Names of the two ends, which are the names of their stations."""

_REOPEN_POLL_S: Final = 0.02
"""How often a port that no client has open is looked at: the kernel tells when a client goes, not when one comes."""

_READ_BYTES: Final = 4096

_UNREAD_BYTES: Final = 64 * 1024
"""Bytes kept for a client that does not read. Then the oldest go, as in the driver of a real port."""

_ENDLESS_STEPS: Final = 1 << 62
"""No bound on steps: this world runs for as long as somebody wants it, and the clock paces it."""


def serve(
    scenario: Scenario,
    seed: int,
    on_ready: Callable[[Mapping[str, str]], None],
    link_directory: Path | None = None,
) -> None:
    """Offer two PTYs until `KeyboardInterrupt`, or whatever else ends the calling thread's patience.

    `on_ready` gets the path of each end as soon as both can be opened. Everything is closed and every link
    removed on the way out.

    Raises:
        OSError: no PTY to be had, or the links cannot be made.
    """
    pair = PtyPair(scenario, seed, link_directory)
    try:
        on_ready(pair.names)
        pair.run()
    finally:
        pair.close()


class PtyPair:
    """Two ends of one scenario, each a PTY with a virtual modem behind it.

    A client may close its end and open it again, as with a real port; what arrives while nobody has it open is
    lost. `unplug` takes the port away under the client, as when a USB cable is pulled. `replug` brings a new
    one, perhaps under another name: use links when names must stay.

    In a `with` statement the pair runs in a thread of its own. Otherwise call `run`, and `close` after it.
    `unplug`, `replug` and `stop` may be called from any thread.
    """

    def __init__(self, scenario: Scenario, seed: int, link_directory: Path | None = None) -> None:
        """Open both PTYs. With `link_directory` each has a symbolic link there, `a` and `b`, while plugged in.

        Raises:
            OSError: no PTY to be had, or the links cannot be made.
        """
        self._world = World(seed, max_steps=_ENDLESS_STEPS)
        self._channel = Channel(self._world, scenario)
        self._lock = threading.Lock()  # held by whoever touches the world or the ends
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._stopping = False
        self._thread = threading.Thread(target=self.run, name="pty-pair")
        self._ends: dict[str, _End] = {}
        try:
            for name in END_NAMES:
                link = link_directory / name if link_directory is not None else None
                self._ends[name] = _End(attach_modem(self._channel, name), self._selector, link)
                self._ends[name].plug_in()
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join()
        self.close()

    @property
    def names(self) -> Mapping[str, str]:
        """The path to open for each end that is plugged in: its link if there is one, else its device."""
        return {name: end.path for name, end in self._ends.items() if end.path is not None}

    def run(self) -> None:
        """Serve both ends until `stop`."""
        began_at = time.monotonic() - self._world.now
        while not self._stopping:
            self._wait(began_at)
            with self._lock:
                self._world.run_until(time.monotonic() - began_at)
                for end in self._ends.values():
                    end.serve()

    def stop(self) -> None:
        """Make `run` return at once."""
        self._stopping = True
        self._wake()

    def close(self) -> None:
        """Close the ends and remove their links. Not while `run` runs."""
        for end in self._ends.values():
            end.unplug()
        self._selector.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def unplug(self, name: str) -> None:
        """Take away the port of one end; its modem goes on without a host. Nothing happens when it is gone."""
        with self._lock:
            self._end(name).unplug()
        self._wake()

    def replug(self, name: str) -> None:
        """Bring a new port for one end. Nothing happens when it has one.

        Raises:
            OSError: no PTY to be had, or the link cannot be made.
        """
        with self._lock:
            self._end(name).plug_in()
        self._wake()

    def _end(self, name: str) -> "_End":
        if name not in self._ends:
            raise SimulationError(f"no end is called {name!r}; there are {', '.join(END_NAMES)}")
        return self._ends[name]

    def _wait(self, began_at: float) -> None:
        """Wait for the next event of the world, for bytes from a client, or for a call from another thread."""
        with self._lock:
            patience_s = self._patience_s(time.monotonic() - began_at)
        for key, _ in self._selector.select(patience_s):
            if key.fd == self._wake_reader:
                os.read(self._wake_reader, _READ_BYTES)

    def _patience_s(self, now: float) -> float | None:
        next_at = self._world.next_at()
        waits = [] if next_at is None else [max(0.0, next_at - now)]
        if any(end.wants_polling for end in self._ends.values()):
            waits.append(_REOPEN_POLL_S)
        return min(waits, default=None)

    def _wake(self) -> None:
        os.write(self._wake_writer, b".")


class _End:
    """One PTY: bytes between whoever has it open and a modem."""

    def __init__(self, modem: Modem, selector: selectors.BaseSelector, link: Path | None) -> None:
        self.path: str | None = None
        self._modem = modem
        self._selector = selector
        self._link = link
        self._port: int | None = None
        self._has_client = False
        self._unread = bytearray()
        modem.on_host_bytes = self._deliver

    @property
    def wants_polling(self) -> bool:
        """Whether a client may come that the kernel does not announce."""
        return self._port is not None and not self._has_client

    def plug_in(self) -> None:
        if self._port is not None:
            return
        port, client_side = os.openpty()
        try:
            tty.setraw(client_side)
            device = os.ttyname(client_side)
            if self._link is not None:
                _point(self._link, device)
        except OSError:
            os.close(port)
            raise
        finally:
            os.close(client_side)  # else we would never learn that the last client has gone
        os.set_blocking(port, False)
        self._port = port
        self.path = device if self._link is None else str(self._link)

    def unplug(self) -> None:
        if self._port is None:
            return
        self._lose_client()
        os.close(self._port)
        self._port = self.path = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def serve(self) -> None:
        """Move bytes both ways, and notice a client that came or went."""
        if self._port is None:
            return
        is_open = _is_open(self._port)
        if is_open and not self._has_client:
            self._has_client = True
            self._selector.register(self._port, selectors.EVENT_READ)
        if self._has_client and is_open:
            self._read(self._port)
            self._write(self._port)
        elif self._has_client:
            while self._read(self._port):  # the client's last words
                pass
            self._lose_client()
            tty.setraw(self._port)  # for the next one, as the last may have left it otherwise

    def _deliver(self, data: bytes) -> None:
        if self._has_client:
            self._unread += data
            del self._unread[:-_UNREAD_BYTES]

    def _lose_client(self) -> None:
        self._unread.clear()
        if self._has_client and self._port is not None:
            self._has_client = False
            self._selector.unregister(self._port)

    def _read(self, port: int) -> bool:
        """Hand on what one read brings. False when there is nothing, for now or because the client has gone."""
        try:
            data = os.read(port, _READ_BYTES)
        except OSError:
            return False
        self._modem.host_write(data)
        return bool(data)

    def _write(self, port: int) -> None:
        try:
            while self._unread:
                del self._unread[: os.write(port, self._unread)]
        except OSError:  # full for now, or the client has gone
            pass
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unread else 0)
        self._selector.modify(port, wanted)


def _is_open(port: int) -> bool:
    """Whether any client has the other side open."""
    look = poll()
    look.register(port, 0)
    return not any(events & POLLHUP for _, events in look.poll(0))


def _point(link: Path, device: str) -> None:
    """Make `link` point to `device`, in place of one that an earlier run left behind."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(device)

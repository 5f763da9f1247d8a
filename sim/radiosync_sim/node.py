"""A station's protocol on a virtual modem, driven by the world: the pure core with nothing around it.

What a gateway does with threads and ports is here a dozen lines: bytes from the modem become frames, frames go in, overs
come out, one timer runs.
"""

from collections.abc import Callable
from typing import Protocol

from radiosync.link.over import Over
from radiosync.profiles.airtime import Airtime
from radiosync.wire.ax25 import Address
from radiosync.wire.framing import Framing, KissAx25Framing, KissFraming, StreamFraming
from radiosync_sim.modem import Modem
from radiosync_sim.world import Event, World

STREAM_STRENGTH = 3
"""Strength code of frames on a transparent half-duplex modem, as in the profile of that name."""


class Endpoint(Protocol):
    """What a node drives: a contact, or a whole station."""

    def receive_frame(self, frame: bytes, *, now: float) -> object:
        """Take a frame that was heard."""

    def handle_timer(self, *, now: float) -> None:
        """Do what is due."""

    def poll_over(self, *, now: float) -> Over | None:
        """The over that is to be sent now."""

    @property
    def next_deadline(self) -> float | None:
        """When `handle_timer` is due."""


def framing_for(airtime: Airtime, clean: bool, us: str, them: str) -> Framing:
    """The framing that belongs to a kind of modem; `clean` channels need no repair of bytes."""
    match airtime.kind:
        case "kiss-tnc":
            return KissAx25Framing(Address.parse(us), Address.parse(them))
        case "lora":
            return KissFraming()
        case "transparent":
            return StreamFraming(0 if clean else STREAM_STRENGTH)


class Node:
    """An endpoint on a modem.

    Attributes:
        endpoint: what it drives.
        on_step: called after every step of the endpoint, with what the step was.
    """

    def __init__(self, world: World, modem: Modem, framing: Framing, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.on_step: Callable[[str], None] = lambda step: None
        self._world, self._modem, self._framing = world, modem, framing
        self._timer: Event | None = None
        self._timer_at: float | None = None
        self._stopped = False
        modem.on_host_bytes = self._receive

    def wake(self) -> None:
        """Send what the endpoint has to send, and set its timer. To be called after it was told something."""
        over = self.endpoint.poll_over(now=self._world.now)
        if over is not None and not self._stopped:
            self.on_step("over made")
            for frame in over.frames:
                self._modem.host_write(self._framing.encode(frame))
            self.on_step("over sent")
        self._set_timer()

    def stop(self) -> None:
        """Fall silent for good: the process behind the modem is gone."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _receive(self, data: bytes) -> None:
        for frame in self._framing.receive(data):
            if self._stopped:
                return
            self.endpoint.receive_frame(frame.payload, now=self._world.now)
            self.on_step("frame heard")
            if not self._stopped:
                self.wake()

    def _tick(self) -> None:
        self._timer = self._timer_at = None
        self.endpoint.handle_timer(now=self._world.now)
        self.on_step("timer")
        if not self._stopped:
            self.wake()

    def _set_timer(self) -> None:
        due_at = self.endpoint.next_deadline
        if due_at == self._timer_at or self._stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if due_at is None else self._world.call_at(max(due_at, self._world.now), self._tick)
        )
        self._timer_at = due_at

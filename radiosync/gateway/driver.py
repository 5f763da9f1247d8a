"""One link at work: joins a station to a port, and opens the port again whenever it was lost.

The station and the store below it block, so every call of a station runs in the store's thread, one at a time and in order.
The rest runs in the event loop: bytes become frames, frames go to the station, overs come back and are written, and one
timer runs until the station's next deadline.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, NamedTuple, TypeAlias

from radiosync.errors import BusyError, UsageError
from radiosync.gateway.journal import Journal, Loss
from radiosync.gateway.medium import Medium
from radiosync.gateway.report import (
    ContactFinished,
    ContactProgress,
    GatewayEvent,
    LinkDown,
    LinkState,
    LinkStatus,
    LinkUp,
)
from radiosync.link.over import Over
from radiosync.ports import Clock, PortReason, Transport, TransportError
from radiosync.store import Store, Worker
from radiosync.sync.ports import Job, Partner
from radiosync.sync.station import ContactBegan, Station

FIRST_RETRY_S: Final = 5.0
"""How soon a port that was lost is tried again: as soon as a person who plugs it in looks for a sign of life."""

LONGEST_RETRY_S: Final = 60.0
"""How seldom it is tried when that goes on: each try may make a lock or a log line somewhere."""

_WRITE_PATIENCE: Final = 2.0
"""A port that has not taken an over after so many times its airtime takes nothing at all."""

_WRITE_PATIENCE_S: Final = 10.0
"""The same for small overs: drivers and USB have delays of their own."""


class _Turn(NamedTuple):
    """What a station did when it was told something."""

    overs: Sequence[Over]
    events: Sequence[GatewayEvent]
    next_deadline: float | None
    busy_with: str | None


@dataclass(slots=True)
class _Waiter:
    """Somebody who wants a contact, or the end of the one that is under way."""

    partner: Partner
    finished: "asyncio.Future[ContactFinished]"


@dataclass(frozen=True, slots=True)
class _Heard:
    data: bytes
    at: float


_Input: TypeAlias = _Heard | TransportError | None
"""What wakes a driver: bytes, the loss of the port, or somebody who wants a contact."""


class LinkDriver:
    """One link.

    Attributes:
        medium: what the link is made of.
    """

    def __init__(
        self,
        medium: Medium,
        transport: Transport,
        store: Store,
        worker: Worker,
        *,
        clock: Clock,
        random: Random,
        jobs: Callable[[Partner], Sequence[Job]],
        on_event: Callable[[GatewayEvent], None],
    ) -> None:
        self.medium = medium
        self._transport, self._worker, self._clock, self._on_event = transport, worker, clock, on_event
        self._station = Station(store, medium.timing, random, partners=store.partners, jobs=jobs)
        self._journal = Journal(medium.link.name, store, clock, medium.framing)
        self._inbox: asyncio.Queue[_Input] = asyncio.Queue()
        self._waiters: list[_Waiter] = []
        self._busy_with: str | None = None
        self._finishing = False
        self._deadline: float | None = None
        self._changed = asyncio.Event()
        self._status = LinkStatus(
            name=medium.link.name, port=medium.link.port, profile=medium.profile.id, state="opening"
        )

    @property
    def name(self) -> str:
        """Name of the link."""
        return self.medium.link.name

    @property
    def status(self) -> LinkStatus:
        """How the link stands, without its contact; see `progress`."""
        return self._status

    @property
    def journal(self) -> Journal:
        """What happens on this link. To be read in the store's thread."""
        return self._journal

    # What others want of a link.

    async def contact(self, partner: Partner) -> ContactFinished:
        """Call a partner, and return when that contact has ended.

        A contact with it that is under way already is joined; one with somebody else is waited for. Raises TransportError
        when the link is down, or goes down.
        """
        await self.opened()
        waiter = _Waiter(partner, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._inbox.put_nowait(None)
        try:
            return await waiter.finished
        finally:
            self._waiters.remove(waiter)

    def cancel(self, partner: str) -> bool:
        """End the contact with a partner when it is our turn to speak, and call it for nobody who waits for that.

        False if there is neither.
        """
        if self._busy_with == partner:
            self._finishing = True
            self._inbox.put_nowait(None)
            return True
        waiters = [
            each for each in self._waiters if each.partner.name == partner and not each.finished.done()
        ]
        for waiter in waiters:
            waiter.finished.set_result(self._not_begun(partner))
        return bool(waiters)

    def _not_begun(self, partner: str) -> ContactFinished:
        """The end of a contact that never began, because it was cancelled."""
        return ContactFinished(
            link=self.name,
            partner=partner,
            called=True,
            message="contact-cancelled",
            values={},
            progress=ContactProgress(link=self.name, partner=partner),
            heard=False,
        )

    async def opened(self) -> None:
        """Wait until it is known whether the port can be opened. Raises TransportError if it cannot."""
        while self._status.state == "opening":
            await self._wait_for_change()
        if self._status.state == "down":
            raise TransportError(
                PortReason(self._status.message),
                self.medium.link.port,
                self._status.values.get("problem", "cannot be used"),
                self._status.values,
            )

    async def up(self) -> None:
        """Wait until the port is open."""
        while self._status.state != "up":
            await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        """Wait until the link's state is set again."""
        await self._changed.wait()

    # Work.

    async def run(self) -> None:
        """Keep the link going until cancelled. Raises what the store raises."""
        try:
            await self._keep_open()
        finally:
            for waiter in self._waiters:
                waiter.finished.cancel()

    async def _keep_open(self) -> None:
        losses = 0
        while True:
            try:
                await self._transport.open()
                try:
                    await self._transport.write(self.medium.greeting)
                    self._go_up()
                    losses = 0
                    await self._serve()
                finally:
                    await self._transport.close()
            except TransportError as error:
                retry_s = min(FIRST_RETRY_S * 2.0**losses, LONGEST_RETRY_S)
                losses += 1
                self._go_down(error, retry_s)
                await asyncio.sleep(retry_s)

    async def _serve(self) -> None:
        """Drive the station for as long as the port lasts."""
        self._inbox = asyncio.Queue()
        reader = asyncio.create_task(self._read())
        lost: TransportError | None = None
        try:
            while True:
                await self._turn(await self._next_input())
        except TransportError as error:
            lost = error
            raise
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await self._hang_up(lost)

    async def _read(self) -> None:
        try:
            while True:
                data = await self._transport.read()
                self._inbox.put_nowait(_Heard(data, self._clock.now()))
        except TransportError as error:
            self._inbox.put_nowait(error)

    async def _next_input(self) -> _Input:
        """The next thing that wakes us; None as well when the station's deadline has come."""
        if self._wanted() is not None:
            return None
        delay_s = None if self._deadline is None else self._deadline - self._clock.now()
        try:
            async with asyncio.timeout(delay_s):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _turn(self, given: _Input) -> None:
        if isinstance(given, TransportError):
            raise given
        heard_at, frames = 0.0, list[bytes]()
        if given is not None:
            heard_at, frames = given.at, [frame.payload for frame in self.medium.framing.receive(given.data)]
            due = self._deadline is not None and self._clock.now() >= self._deadline
            if not frames and not due:
                return
        finishes, self._finishing = self._finishing, False
        turn = await self._worker.run(self._drive, frames, heard_at, self._wanted(), finishes)
        self._take(turn)
        for over in turn.overs:
            await self._send(over)
        self._resolve(turn)  # not before the good-bye is written: whoever waited may close the port

    def _wanted(self) -> Partner | None:
        """Whom to call next."""
        if self._busy_with is not None:
            return None
        return next((waiter.partner for waiter in self._waiters if not waiter.finished.done()), None)

    async def _send(self, over: Over) -> None:
        data = b"".join(self.medium.framing.encode(frame) for frame in over.frames)
        patience_s = _WRITE_PATIENCE * (over.airtime_s + self.medium.timing.turn_s) + _WRITE_PATIENCE_S
        try:
            async with asyncio.timeout(patience_s):
                await self._transport.write(data)
        except TimeoutError:
            problem = f"takes no bytes; waited {patience_s:.0f} s"
            raise TransportError(PortReason.UNUSABLE, self._transport.name, problem) from None

    def _take(self, turn: _Turn) -> None:
        """Remember and tell what a turn brought."""
        self._deadline, self._busy_with = turn.next_deadline, turn.busy_with
        for event in turn.events:
            self._on_event(event)

    def _resolve(self, turn: _Turn) -> None:
        """Let those know who waited for the end of a contact.

        One that was broken off because the partner called at the same instant goes on as another contact.
        """
        finished = {event.partner: event for event in turn.events if isinstance(event, ContactFinished)}
        for waiter in self._waiters:
            name = waiter.partner.name
            if name in finished and turn.busy_with != name and not waiter.finished.done():
                waiter.finished.set_result(finished[name])

    # In the store's thread.

    def _drive(self, frames: Sequence[bytes], heard_at: float, call: Partner | None, finishes: bool) -> _Turn:
        overs: list[Over] = []
        events: list[GatewayEvent] = []
        try:
            if finishes and self._station.busy:
                self._journal.cancelled = True
                self._station.finish()
            for frame in frames:
                self._journal.count_in(frame)
                self._station.receive_frame(frame, now=heard_at)
                self._collect(overs, events)
            if call is not None and not self._station.busy:
                self._station.call(call, now=self._clock.now())
            self._station.handle_timer(now=self._clock.now())
            self._collect(overs, events)
        except (BusyError, UsageError):
            # Another process, perhaps a large import, does not let go of the database; or the partner has just been removed.
            # Nothing is lost: all is as it was when the last step was done, and the next contact goes on from there.
            self._station.hang_up()
            self._tell(events)
        return self._after(overs, events)

    def _collect(self, overs: list[Over], events: list[GatewayEvent]) -> None:
        """What the station has to say and to tell by now."""
        self._tell(events)
        over = self._station.poll_over(now=self._clock.now())
        if over is not None:
            self._journal.count_out(over)
            overs.append(over)
        self._tell(events)

    def _tell(self, events: list[GatewayEvent]) -> None:
        station_events = self._station.poll_events()
        for event in station_events:
            if isinstance(event, ContactBegan):
                self.medium.address(event.partner.callsign)
        events.extend(self._journal.take(station_events))

    def _stop_contact(self, lost: TransportError | None) -> _Turn:
        if lost is not None:
            self._journal.lost = Loss(lost.reason.value, self._values(lost))
        events: list[GatewayEvent] = []
        try:
            self._station.hang_up()
            self._tell(events)
        finally:
            self._journal.lost = None
        return self._after([], events)

    def _after(self, overs: Sequence[Over], events: Sequence[GatewayEvent]) -> _Turn:
        partner = self._journal.partner
        return _Turn(overs, events, self._station.next_deadline, None if partner is None else partner.name)

    # Up and down.

    async def _hang_up(self, lost: TransportError | None) -> None:
        turn = await self._worker.run(self._stop_contact, lost)
        self._take(turn)
        self._resolve(turn)

    def _go_up(self) -> None:
        self._set_state("up")
        self._on_event(LinkUp(link=self.name))

    def _go_down(self, error: TransportError, retry_s: float) -> None:
        values = self._values(error)
        self._set_state("down", error.reason.value, values, retry_s)
        for waiter in self._waiters:
            if not waiter.finished.done():
                waiter.finished.set_exception(error)
        self._on_event(LinkDown(link=self.name, message=error.reason.value, values=values, retry_s=retry_s))

    def _values(self, error: TransportError) -> Mapping[str, str]:
        """What the message about a lost port wants filled in."""
        return {"link": self.name, "port": error.port, "problem": error.problem, **error.values}

    def _set_state(
        self,
        state: LinkState,
        message: str | None = None,
        values: Mapping[str, str] | None = None,
        retry_s: float | None = None,
    ) -> None:
        now = self._clock.wall_ms()
        was_so = (self._status.state, self._status.message) == (state, message)
        self._status = replace(
            self._status,
            state=state,
            message=message,
            values=values or {},
            since_at=self._status.since_at if was_so else now,
            retry_at=None if retry_s is None else now + int(retry_s * 1000),
        )
        self._changed.set()
        self._changed = asyncio.Event()

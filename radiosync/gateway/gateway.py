"""The gateway: all links of a config at work, and the partners behind them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from random import Random
from types import TracebackType
from typing import Self, TypeAlias

from radiosync.config import Config, Link
from radiosync.errors import UsageError
from radiosync.gateway.driver import LinkDriver
from radiosync.gateway.forecast import forecast
from radiosync.gateway.medium import Medium, medium_of
from radiosync.gateway.partners import jobs_for, link_for, schedule_s
from radiosync.gateway.report import (
    CancelResult,
    DryRun,
    GatewayEvent,
    GatewayStatus,
    LinkStatus,
    PartnerReport,
    SyncResult,
)
from radiosync.gateway.standing import report_partner, report_partners
from radiosync.gateway.syncrun import CALLS, SyncRun
from radiosync.ports import Clock, Transport
from radiosync.profiles.model import Profile
from radiosync.store import Store, Worker
from radiosync.sync.ports import Job, Partner

OpenTransport: TypeAlias = Callable[[Link, Profile], Transport]
"""Makes the port of a link, not open yet: `radiosync.transports.serialport.serial_transport` for real ones."""

OnEvent: TypeAlias = Callable[[GatewayEvent], None]
"""Is told what happens, in the event loop's thread. Must not raise, and not take long."""


class Gateway:
    """All enabled links of a config.

    `await Gateway(...).run()` is the daemon. For a single sync without one::

        async with Gateway(...) as gateway:
            result = await gateway.sync("base-camp")

    Links are open, calls are answered and lost ports come back from the start of the `async with` to its end. Schedules
    run in `run` alone. If the store cannot be used any more, what runs inside is cancelled, and the `async with` raises
    StoreError.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Clock,
        open_transport: OpenTransport,
        random: Random,
    ) -> None:
        """Opens nothing yet. The store stays the caller's, who closes it when the gateway has ended.

        Args:
            config: links and jobs.
            store: this station's.
            clock: its `now` must count as the event loop's `time` does.
            open_transport: makes the ports.
            random: for pauses that must differ between stations.

        Raises:
            ConfigError: a profile is missing, or config, profile and call sign do not go together.
        """
        self._config, self._store, self._clock, self._random = config, store, clock, random
        self._open_transport = open_transport
        self._media = [medium_of(config, link) for link in config.links.values() if link.enabled]
        self._drivers: dict[str, LinkDriver] = {}
        self._subscribers: list[OnEvent] = []
        self._syncs: list[SyncRun] = []
        self._due_at: dict[str, float] = {}
        self._stopping = asyncio.Event()
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    # Life.

    async def __aenter__(self) -> Self:
        """Open all links."""
        self._worker = Worker()
        self._stack.push_async_callback(self._worker.close)
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())
        for medium in self._media:
            self._drivers[medium.link.name] = driver = self._driver(medium)
            self._spawn(driver.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up and close all links."""
        for task in self._tasks:
            task.cancel()
        try:
            await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def run(self) -> None:
        """Open links, answer calls and run schedules, until cancelled or told to `stop`."""
        async with self:
            for partner in dict.fromkeys(job.partner for job in self._config.jobs):
                every_s = schedule_s(self._config, partner)
                if every_s is not None:
                    self._spawn(self._keep_schedule(partner, every_s))
            await self._stopping.wait()

    def stop(self) -> None:
        """Make `run` return."""
        self._stopping.set()

    def subscribe(self, on_event: OnEvent) -> Callable[[], None]:
        """Be told all events from now on. Call what is returned to end that."""
        self._subscribers.append(on_event)
        return lambda: self._subscribers.remove(on_event)

    # What people ask for.

    async def sync(
        self,
        partner: str,
        *,
        link: str | None = None,
        attempts: int = CALLS,
        on_event: OnEvent | None = None,
    ) -> SyncResult:
        """Call a partner, again if need be, until it has confirmed all.

        Args:
            partner: its name.
            link: over which link, if not the usual one.
            attempts: calls in a row without any progress, after which this ends.
            on_event: is told of all that happens on this link meanwhile.

        Raises:
            UsageError: there is no such partner, or no link to it.
        """
        known = await self._worker.run(self._store.partner, partner)
        chosen = await self._worker.run(link_for, self._config, self._store, known, link)
        driver = self._drivers[chosen.name]

        def tell(event: GatewayEvent) -> None:
            if on_event is not None and event.link == chosen.name:
                on_event(event)

        unsubscribe = self.subscribe(tell)
        sync = SyncRun(
            known,
            driver,
            clock=self._clock,
            random=self._random,
            attempts=attempts,
            report=lambda: self._worker.run(self._partner_report, known, chosen.name),
            on_event=self._publish,
        )
        self._syncs.append(sync)
        try:
            return await sync.run()
        finally:
            self._syncs.remove(sync)
            unsubscribe()

    async def begin_sync(self, partner: str, *, link: str | None = None) -> None:
        """As `sync`, but without waiting for its end. Raises as `sync` does."""
        known = await self._worker.run(self._store.partner, partner)
        await self._worker.run(link_for, self._config, self._store, known, link)
        self._spawn(self._sync_quietly(partner, link))

    async def cancel(self, partner: str) -> CancelResult:
        """End the contact with a partner at our next turn to speak, and all syncs with it. What is not confirmed stays.

        Returns before the contact has ended. Raises UsageError if there is no such partner.
        """
        known = await self._worker.run(self._store.partner, partner)
        syncs = [sync for sync in self._syncs if sync.partner == known.name]
        for sync in syncs:
            sync.cancel()
        contacts = [driver.cancel(known.name) for driver in self._drivers.values()]
        report = await self._worker.run(self._partner_report, known)
        return CancelResult(
            partner=known.name,
            under_way=bool(syncs) or any(contacts),
            changes_waiting=report.changes_waiting,
            next_try_at=report.next_try_at,
        )

    async def status(self) -> GatewayStatus:
        """How things stand."""
        return await self._worker.run(self._status)

    async def dry_run(self, partner: str, *, link: str | None = None) -> DryRun:
        """What a sync would send. Sends nothing and writes nothing. Raises UsageError as `sync` does."""
        return await self._worker.run(forecast, self._config, self._store, partner, link)

    # Schedules.

    async def _keep_schedule(self, partner: str, every_s: float) -> None:
        wait_s = await self._worker.run(self._first_wait_s, partner, every_s)
        while True:
            self._due_at[partner] = self._clock.now() + wait_s
            await asyncio.sleep(wait_s)
            began_at = self._clock.now()
            if await self._worker.run(self._has_reason, partner):
                await self._sync_quietly(partner, None)
            wait_s = max(0.0, every_s - (self._clock.now() - began_at))

    def _first_wait_s(self, partner: str, every_s: float) -> float:
        """A restart does not make a schedule call earlier than it would have."""
        try:
            known = self._store.partner(partner)
        except UsageError:
            return every_s
        last = next(iter(self._store.recent_contacts(known, 1)), None)
        gone_s = every_s if last is None else (self._clock.wall_ms() - last.ended_at) / 1000
        return min(max(0.0, every_s - gone_s), every_s)

    def _has_reason(self, partner: str) -> bool:
        """True if a scheduled contact may bring anything: we have something, or may be given something."""
        try:
            report = self._partner_report(self._store.partner(partner))
        except UsageError:
            return False  # The config names a partner that is not, or not yet, in the store.
        return report.changes_waiting > report.changes_held or any(
            job.receives for job in jobs_for(self._config, partner)
        )

    async def _sync_quietly(self, partner: str, link: str | None) -> None:
        with suppress(UsageError):  # the partner, or the link to it, has gone meanwhile
            await self.sync(partner, link=link)

    # Within.

    def _driver(self, medium: Medium) -> LinkDriver:
        name = medium.link.name

        def jobs(partner: Partner) -> Sequence[Job]:
            return jobs_for(self._config, partner.name, name)

        return LinkDriver(
            medium,
            self._open_transport(medium.link, medium.profile),
            self._store,
            self._worker,
            clock=self._clock,
            random=self._random,
            jobs=jobs,
            on_event=self._publish,
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._group.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    def _publish(self, event: GatewayEvent) -> None:
        for on_event in tuple(self._subscribers):
            on_event(event)

    def _partner_report(self, partner: Partner, link: str | None = None) -> PartnerReport:
        return report_partner(self._config, self._store, partner, self._next_tries(), link)

    def _status(self) -> GatewayStatus:
        links = tuple(self._link_status(link) for link in self._config.links.values())
        return GatewayStatus(
            running=True,
            links=links,
            partners=report_partners(self._config, self._store, self._next_tries()),
        )

    def _link_status(self, link: Link) -> LinkStatus:
        driver = self._drivers.get(link.name)
        if driver is None:
            return LinkStatus(name=link.name, port=link.port, profile=link.profile, state="disabled")
        journal = driver.journal
        return replace(
            driver.status,
            contact=journal.progress,
            bytes_out=journal.bytes_out,
            bytes_in=journal.bytes_in,
        )

    def _next_tries(self) -> dict[str, int]:
        """When schedules call, by the wall clock."""
        shift = self._clock.wall_ms() - self._clock.now() * 1000
        return {partner: round(due_at * 1000 + shift) for partner, due_at in self._due_at.items()}


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong first. Links that fail together fail for the same reason: the store."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

"""One sync: call a partner, again if need be, until it has confirmed all or trying further makes no sense for now."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from random import Random
from typing import Final

from radiosync.gateway.driver import LONGEST_RETRY_S, LinkDriver
from radiosync.gateway.report import CallPlanned, ContactProgress, PartnerReport, SyncResult
from radiosync.link.timing import SILENT_OVERS, Timing
from radiosync.messages import MESSAGES, ExitCode
from radiosync.ports import Clock, PortReason, TransportError
from radiosync.sync.ports import Partner

CALLS: Final = 5
"""Calls in a row without any progress, after which a sync ends. Each call already repeats itself."""

LONGEST_SYNC_S: Final = 6 * 3600.0
"""A sync that goes on for longer is ended between two contacts: conditions that changed so often want a person to look."""

_SHORTEST_PAUSE_S: Final = 1.0
"""Between two calls on links so fast that airtime says nothing."""

_LEAD_BYTES: Final = 48
"""A call, about."""


_PORT_LOST: Final = frozenset(reason.value for reason in PortReason)


def pause_s(timing: Timing, failures: int, random: Random) -> float:
    """How long to wait before calling again: about as long as the call lasted, twice that after the next one, and so on.

    Partly random, so that two stations that call each other do not do so for ever.
    """
    call_s = SILENT_OVERS * timing.reply_s(0, _LEAD_BYTES)
    return max(_SHORTEST_PAUSE_S, call_s) * 2.0 ** (failures - 1) * (0.5 + random.random() / 2)


class SyncRun:
    """A sync with one partner over one link. Made for one `run`."""

    def __init__(
        self,
        partner: Partner,
        driver: LinkDriver,
        *,
        clock: Clock,
        random: Random,
        attempts: int,
        report: Callable[[], Awaitable[PartnerReport]],
        on_event: Callable[[CallPlanned], None],
    ) -> None:
        self._partner, self._driver, self._clock, self._random = partner, driver, clock, random
        self._attempts, self._report, self._on_event = attempts, report, on_event
        self._began_at = clock.now()
        self._contacts: list[ContactProgress] = []
        self._cancelled = asyncio.Event()
        self._message = "no-answer"
        self._values: Mapping[str, str] = {}
        self._calls = 0

    @property
    def partner(self) -> str:
        """Name of the partner."""
        return self._partner.name

    def cancel(self) -> None:
        """Call no more. The contact that is under way is the link's to end."""
        self._cancelled.set()

    async def run(self) -> SyncResult:
        """Call until done. Never raises because of link or partner: the result says what came of it."""
        before = now = await self._report()
        failures = pieces_there = 0
        while failures < self._attempts and self._clock.now() - self._began_at < LONGEST_SYNC_S:
            if failures:
                await self._pause(failures)
            if self._cancelled.is_set():
                break
            contact = await self._call()
            if not self._contacts:
                break  # The port was never there: nobody needs to wait to be told so.
            last, now = now, await self._report()
            if self._message == "contact-cancelled":
                break
            if self._message in ("in-step", "contact-stopped") and self._is_held(now):
                break
            if self._message == "in-step" and not now.changes_waiting:
                break  # else changes were made while the good-bye was said
            got_on = _moved(last, now) or (contact is not None and contact.pieces_there > pieces_there)
            pieces_there = (
                0 if _moved(last, now) or contact is None else max(pieces_there, contact.pieces_there)
            )
            failures = 1 if got_on else failures + 1
        if self._cancelled.is_set() and self._message not in ("in-step", "on-hold"):
            self._message, self._values = "contact-cancelled", {}
        return self._result(before, now)

    def _is_held(self, now: PartnerReport) -> bool:
        """True, and said so, if nothing waits but what a person holds back."""
        if not now.changes_held or now.changes_held < now.changes_waiting:
            return False
        self._message, self._values = "on-hold", {}
        return True

    async def _call(self) -> ContactProgress | None:
        """One contact; None if the port cannot be used."""
        try:
            finished = await self._driver.contact(self._partner)
        except TransportError as error:
            self._message = error.reason.value
            self._values = {
                "link": self._driver.name,
                "port": error.port,
                "problem": error.problem,
                **error.values,
            }
            return None
        self._calls += not finished.called
        self._contacts.append(finished.progress)
        self._message, self._values = finished.message, finished.values
        return finished.progress

    async def _pause(self, failures: int) -> None:
        if self._message in _PORT_LOST:
            await self._sleep(LONGEST_RETRY_S, self._driver.up())
            return
        wait_s = pause_s(self._driver.medium.timing, failures, self._random)
        self._on_event(
            CallPlanned(
                link=self._driver.name,
                partner=self._partner.name,
                attempt=failures + 1,
                attempts=self._attempts,
                wait_s=wait_s,
            )
        )
        await self._sleep(wait_s)

    async def _sleep(self, seconds: float, *until: Coroutine[None, None, None]) -> None:
        """Sleep until cancelled, or until something else has come."""
        tasks = [asyncio.create_task(each) for each in (self._cancelled_soon(), *until)]
        try:
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _cancelled_soon(self) -> None:
        await self._cancelled.wait()

    def _result(self, before: PartnerReport, after: PartnerReport) -> SyncResult:
        contacts, exit_code = self._contacts, MESSAGES[self._message].exit_code
        if exit_code is ExitCode.DONE and after.changes_waiting:
            exit_code = ExitCode.KEPT
        return SyncResult(
            partner=self._partner.name,
            link=self._driver.name,
            message=self._message,
            values=self._values,
            exit_code=exit_code,
            calls=self._calls,
            changes_confirmed=after.changes_confirmed - before.changes_confirmed,
            changes_received=after.changes_applied - before.changes_applied,
            changes_waiting=after.changes_waiting,
            pieces=contacts[-1].pieces if contacts else 0,
            pieces_there=contacts[-1].pieces_there if contacts else 0,
            bytes_out=sum(contact.bytes_out for contact in contacts),
            bytes_in=sum(contact.bytes_in for contact in contacts),
            overs=sum(contact.overs for contact in contacts),
            elapsed_s=self._clock.now() - self._began_at,
            next_try_at=after.next_try_at,
            edits_collapsed=after.edits_collapsed - before.edits_collapsed,
        )


def _moved(before: PartnerReport, after: PartnerReport) -> bool:
    """True if changes have crossed."""
    return (after.changes_confirmed, after.changes_applied) != (
        before.changes_confirmed,
        before.changes_applied,
    )

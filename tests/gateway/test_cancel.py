"""Cancel and hold while gateways run, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from radiosync.errors import UsageError
from radiosync.gateway.gateway import Gateway
from radiosync.gateway.report import CallPlanned, CancelResult, ContactFinished, ContactProgress, SyncResult
from radiosync.store import Store
from radiosync_sim.loop import run
from radiosync_sim.world import World
from tests.gateway.stations import Site, shelters, two_sites


def sync_with(
    world: World, a: Site, b: Site, meanwhile: Callable[[Gateway], Awaitable[object]]
) -> tuple[SyncResult, object, SyncResult]:
    """a syncs with b, both gateways running; `meanwhile` runs beside it. Then everything is let go, and a syncs again."""

    async def main() -> tuple[SyncResult, object, SyncResult]:
        async with a.gateway() as gateway, b.gateway():
            sync = asyncio.create_task(gateway.sync("b"))
            found = await meanwhile(gateway)
            result = await sync
            await asyncio.sleep(900)
            a.store.release(a.store.partner("b"))
            again = await gateway.sync("b")
            await asyncio.sleep(60)
            return result, found, again

    return run(world, main())


async def until(site: Site, overs: int) -> None:
    """Until a site has sent so many overs."""
    while not any(event.overs >= overs for event in site.told(ContactProgress)):
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("overs", [1, 2, 3])
def test_a_contact_is_cancelled_and_the_next_one_goes_on(tmp_path: Path, overs: int) -> None:
    world = World(overs)
    with two_sites(tmp_path, world) as (a, b):
        shelters(a.store, 600)

        async def cancel(gateway: Gateway) -> CancelResult:
            await until(a, overs)
            return await gateway.cancel("b")

        result, found, again = sync_with(world, a, b, cancel)
        assert isinstance(found, CancelResult)
        assert (found.partner, found.under_way) == ("b", True)
        assert 0 < found.changes_waiting <= 600
        assert (result.message, result.exit_code, result.calls) == ("contact-cancelled", 4, 1)
        cancelled, *_ = a.told(ContactFinished)
        assert cancelled.message == "contact-cancelled"
        assert cancelled.progress.overs <= overs + 2
        assert not a.told(CallPlanned)
        assert [each.outcome for each in a.store.recent_contacts(a.store.partner("b"), 2)] == [
            "in-step",
            "contact-cancelled",
        ]
        assert again.message == "in-step"
        assert a.store.content_digest() == b.store.content_digest()


def test_calls_that_are_still_to_come_are_cancelled(tmp_path: Path) -> None:
    """Also in the pause between two of them."""
    world = World(1)
    with two_sites(tmp_path, world) as (a, b):
        shelters(a.store, 5)
        b.store.remove_partner("a")  # so it never answers

        async def main() -> tuple[SyncResult, float]:
            async with a.gateway() as gateway, b.gateway():
                sync = asyncio.create_task(gateway.sync("b"))
                while not a.told(CallPlanned):
                    await asyncio.sleep(0.5)
                began_at = world.now
                await gateway.cancel("b")
                return await sync, world.now - began_at

        result, waited_s = run(world, main())
        assert (result.message, result.calls) == ("contact-cancelled", 1)
        assert waited_s < 1


def test_who_waits_for_a_busy_link_waits_no_more(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, b):
        shelters(a.store, 300)
        a.store.add_partner("c", b"cccccccc")

        async def main() -> tuple[SyncResult, SyncResult, float]:
            async with a.gateway() as gateway, b.gateway():
                first = asyncio.create_task(gateway.sync("b"))
                await until(a, 1)
                second = asyncio.create_task(gateway.sync("c"))
                await asyncio.sleep(1)
                began_at = world.now
                assert (await gateway.cancel("c")).under_way
                result = await second
                waited_s = world.now - began_at
                return await first, result, waited_s

        first, second, waited_s = run(world, main())
        assert (first.message, second.message) == ("in-step", "contact-cancelled")
        assert waited_s < 1


def test_there_may_be_nothing_to_cancel(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, _b):
        shelters(a.store, 5)

        async def main() -> CancelResult:
            async with a.gateway() as gateway:
                await asyncio.sleep(1)
                with pytest.raises(UsageError):
                    await gateway.cancel("nobody")
                return await gateway.cancel("b")

        assert run(world, main()) == CancelResult(partner="b", under_way=False, changes_waiting=5)


def test_what_is_on_hold_ends_a_sync_that_has_nothing_else(tmp_path: Path) -> None:
    """The hold comes from another process, through the store alone; what the other side has still comes in."""
    world = World(1)
    with two_sites(tmp_path, world) as (a, b):
        shelters(a.store, 20)
        shelters(b.store, 5, start=100)
        with Store.open(a.store._database._engine.url.database or "", durable=False) as elsewhere:
            elsewhere.hold(elsewhere.partner("b"))

        async def nothing(gateway: Gateway) -> None:
            pass

        result, _, again = sync_with(world, a, b, nothing)
        assert (result.message, result.exit_code, result.calls) == ("on-hold", 3, 1)
        assert (result.changes_waiting, result.changes_received, result.changes_confirmed) == (20, 5, 0)
        assert (again.message, again.changes_confirmed) == ("in-step", 20)


def test_a_schedule_does_not_call_for_what_is_on_hold(tmp_path: Path) -> None:
    world = World(1)
    job = '\n[[job]]\npartner = "b"\nname = "all"\ndirection = "send"\nschedule = "10m"\n'
    with two_sites(tmp_path, world, extra=job) as (a, b):
        shelters(a.store, 5)
        a.store.hold(a.store.partner("b"))

        async def main() -> int:
            gateway = a.gateway()
            async with b.gateway():
                running = asyncio.create_task(gateway.run())
                await asyncio.sleep(3600)
                calls = len(a.told(ContactFinished))
                a.store.release(a.store.partner("b"))
                await asyncio.sleep(1300)
                gateway.stop()
                await running
                return calls

        assert run(world, main()) == 0
        assert a.store.content_digest() == b.store.content_digest()

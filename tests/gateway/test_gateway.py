"""Two whole gateways over simulated modems, in virtual time."""

import asyncio
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from radiosync.errors import BusyError, StoreError, UsageError
from radiosync.gateway.report import (
    CallPlanned,
    ContactFinished,
    ContactProgress,
    ContactStarted,
    LinkDown,
    LinkUp,
    PartnerAnswered,
    StrangerCalled,
    SyncResult,
)
from radiosync_sim.loop import run
from radiosync_sim.world import World
from tests.gateway.stations import Site, shelters, two_sites


def sync_once(world: World, a: Site, b: Site, *, settle_s: float = 60) -> SyncResult:
    async def main() -> SyncResult:
        async with a.gateway() as gateway, b.gateway():
            result = await gateway.sync("b")
            await asyncio.sleep(settle_s)  # so that the good-bye is heard
            return result

    return run(world, main())


# It works.


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("scenario", ["vhf-1200", "clean-9600", "stream-2400"])
def test_two_gateways_end_identical(tmp_path: Path, scenario: str, seed: int) -> None:
    world = World(seed)
    with two_sites(tmp_path, world, scenario) as (a, b):
        shelters(a.store, 40)
        shelters(b.store, 10, start=100)
        result = sync_once(world, a, b)
        assert (result.message, result.exit_code) == ("in-step", 0)
        assert (result.changes_confirmed, result.changes_received, result.changes_waiting) == (40, 10, 0)
        assert result.pieces_there == result.pieces > 0
        assert a.store.content_digest() == b.store.content_digest()


def test_what_was_told_and_noted(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, 40)
        result = sync_once(world, a, b)
        kinds = [type(event) for event in a.events]
        assert kinds[:3] == [LinkUp, ContactStarted, PartnerAnswered]
        assert kinds[-1] is ContactFinished
        assert ContactProgress in kinds
        assert [event.called for event in b.told(ContactStarted)] == [True]
        [noted] = a.store.recent_contacts(a.store.partner("b"), 5)
        [theirs] = b.store.recent_contacts(b.store.partner("a"), 5)
        assert noted.outcome == theirs.outcome == "in-step"
        # On a wire without errors each side counts the same bytes, from its own end; but for a little where the two have
        # come to different strengths, because what is heard is counted as if we had sent it.
        assert theirs.bytes_in == pytest.approx(noted.bytes_out, rel=0.05)
        assert theirs.bytes_out == pytest.approx(noted.bytes_in, rel=0.05)
        assert (noted.bytes_out, noted.bytes_in) == (result.bytes_out, result.bytes_in)
        assert noted.ended_at - noted.started_at == round(result.elapsed_s * 1000)


def test_same_seed_same_trace(tmp_path: Path) -> None:
    def trace(name: str) -> tuple[list, int]:
        (tmp_path / name).mkdir()
        world = World(7)
        with two_sites(tmp_path / name, world, "vhf-1200") as (a, b):
            shelters(a.store, 60)
            sync_once(world, a, b)
            return a.events + b.events, world.steps

    assert trace("first") == trace("second")


def test_both_call_at_the_same_instant(tmp_path: Path) -> None:
    world = World(3)
    with two_sites(tmp_path, world, "vhf-1200") as (a, b):
        shelters(a.store, 20)
        shelters(b.store, 20, start=100)

        async def main() -> tuple[SyncResult, SyncResult]:
            async with a.gateway() as one, b.gateway() as other:
                results = await asyncio.gather(one.sync("b"), other.sync("a"))
                await asyncio.sleep(600)
                return results

        results = run(world, main())
        assert [result.message for result in results] == ["in-step", "in-step"]
        assert a.store.content_digest() == b.store.content_digest()


def test_two_syncs_with_one_partner_share_a_contact(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, 20)

        async def main() -> tuple[SyncResult, SyncResult]:
            async with a.gateway() as gateway, b.gateway():
                return await asyncio.gather(gateway.sync("b"), gateway.sync("b"))

        first, second = run(world, main())
        assert first.message == second.message == "in-step"
        assert len(a.told(ContactStarted)) == 1


def test_a_stranger_gets_no_answer(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        b.store.remove_partner("a")
        result = sync_once(world, a, b)
        assert result.message == "no-answer"
        assert b.told(StrangerCalled)
        assert not b.told(ContactStarted)


# It does not work.


def test_nobody_answers(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "vhf-1200") as (a, _):
        shelters(a.store, 5)

        async def main() -> SyncResult:
            async with a.gateway() as gateway:
                return await gateway.sync("b", attempts=3)

        result = run(world, main())
        assert (result.message, result.exit_code, result.calls) == ("no-answer", 20, 3)
        assert (result.changes_waiting, result.changes_confirmed) == (5, 0)
        planned = a.told(CallPlanned)
        assert [event.attempt for event in planned] == [2, 3]
        assert planned[1].wait_s > planned[0].wait_s
        assert result.elapsed_s < 600
        outcomes = [contact.outcome for contact in a.store.recent_contacts(a.store.partner("b"), 9)]
        assert outcomes == ["no-answer"] * 3


def test_a_partner_that_comes_late_is_reached(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "vhf-1200") as (a, b):
        shelters(a.store, 5)

        async def main() -> SyncResult:
            async with a.gateway() as gateway:
                syncing = asyncio.create_task(gateway.sync("b"))
                await asyncio.sleep(60)
                async with b.gateway():
                    return await syncing

        result = run(world, main())
        assert result.message == "in-step"
        assert a.store.content_digest() == b.store.content_digest()


def test_unknown_partner_and_unknown_link(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, _):

        async def main() -> None:
            async with a.gateway() as gateway:
                with pytest.raises(UsageError, match="partner"):
                    await gateway.sync("nobody")
                with pytest.raises(UsageError, match="no link 'hf-9'"):
                    await gateway.sync("b", link="hf-9")

        run(world, main())
        assert not a.told(ContactStarted)


def test_a_missing_port_is_told_at_once(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, _):
        a.port.unplug()

        async def main() -> SyncResult:
            async with a.gateway() as gateway:
                return await gateway.sync("b")

        result = run(world, main())
        assert (result.message, result.exit_code, result.calls) == ("port-missing", 11, 0)
        assert result.values["port"] == "/dev/a"
        assert result.elapsed_s == 0


# Pulled out and put back.


@pytest.mark.parametrize("at_s", [0.5, 4, 9, 20])
@pytest.mark.parametrize("who", ["a", "b"])
def test_unplugged_in_the_middle_and_put_back(tmp_path: Path, who: str, at_s: float) -> None:
    world = World(5)
    with two_sites(tmp_path, world, "vhf-1200") as (a, b):
        shelters(a.store, 200)
        site = a if who == "a" else b

        async def main() -> SyncResult:
            async with a.gateway() as gateway, b.gateway() as other:
                syncing = asyncio.create_task(gateway.sync("b"))
                await asyncio.sleep(at_s)
                site.port.unplug()
                await asyncio.sleep(3)
                status = await (gateway if who == "a" else other).status()
                assert (status.links[0].state, status.links[0].message) == ("down", "port-missing")
                assert status.links[0].contact is None
                assert status.links[0].since_at == site.clock.wall_ms() - 3000
                assert status.links[0].retry_at is not None
                site.port.replug()
                result = await syncing
                await asyncio.sleep(60)
                status = await (gateway if who == "a" else other).status()
                assert (status.links[0].state, status.links[0].message) == ("up", None)
                return result

        result = run(world, main())
        assert result.message == "in-step"
        assert site.port.opened == 2
        assert len(site.told(LinkDown)) == 1
        assert a.store.content_digest() == b.store.content_digest()


def test_a_port_that_stays_away_is_tried_ever_less(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, _):
        a.port.unplug()

        async def main() -> None:
            async with a.gateway():
                await asyncio.sleep(300)
                a.port.replug()
                await asyncio.sleep(60)

        run(world, main())
        assert [event.retry_s for event in a.told(LinkDown)] == [5, 10, 20, 40, 60, 60, 60, 60]
        assert len(a.told(LinkUp)) == 1


def test_a_port_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, _):
        shelters(a.store, 5)
        write = a.port.write

        async def stuck(data: bytes) -> None:
            if len(data) > 30:  # the greeting passes
                await asyncio.sleep(1e6)
            await write(data)

        a.port.write = stuck  # type: ignore[method-assign]

        async def main() -> SyncResult:
            async with a.gateway() as gateway:
                return await gateway.sync("b", attempts=2)

        result = run(world, main())
        assert (result.message, result.exit_code) == ("port-unusable", 11)
        assert "takes no bytes" in result.values["problem"]
        assert a.told(LinkDown)[0].message == "port-unusable"


def test_a_database_that_somebody_else_holds_ends_only_the_contact(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, 20)
        keep, times = b.store.keep_pieces, [0]

        def busy_once(*arguments: Any) -> None:
            times[0] += 1
            if times[0] == 1:
                raise BusyError("another process is using the database")
            keep(*arguments)

        b.store.keep_pieces = busy_once  # type: ignore[method-assign,assignment]
        result = sync_once(world, a, b)
        assert result.message == "in-step"
        assert [event.message for event in b.told(ContactFinished)] == ["contact-stopped", "in-step"]
        assert a.store.content_digest() == b.store.content_digest()


def test_a_log_that_cannot_be_written_does_not_end_the_gateway(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, 5)

        def busy(*arguments: Any) -> None:
            raise BusyError("another process is using the database")

        for site in (a, b):
            site.store.note_contact = busy  # type: ignore[method-assign,assignment]
        assert sync_once(world, a, b).message == "in-step"
        assert a.store.content_digest() == b.store.content_digest()


def test_a_partner_that_is_removed_in_mid_contact_ends_the_contact_alone(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, 5)
        keep = b.store.keep_pieces

        def removed(*arguments: Any) -> None:
            b.store.remove_partner("a")
            b.store.keep_pieces = keep  # type: ignore[method-assign]
            keep(*arguments)

        b.store.keep_pieces = removed  # type: ignore[method-assign,assignment]
        assert sync_once(world, a, b).message != "in-step"
        assert not b.store.partners()


# Schedules.

HOURLY = """
    [[job]]
    partner = "b"
    name = "all"
    schedule = "1h"
    """


def test_a_schedule_calls_and_keeps_its_rhythm_over_a_restart(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600", extra=HOURLY) as (a, b):
        b_gateway = b.gateway()

        async def main() -> None:
            async with b_gateway:
                for length_s in (3.5 * 3600, 2 * 3600):
                    gateway = a.gateway()
                    running = asyncio.create_task(gateway.run())
                    await asyncio.sleep(length_s)
                    status = await gateway.status()
                    assert status.partners[0].next_try_at is not None
                    assert 0 < status.partners[0].next_try_at - a.clock.wall_ms() <= 3600_000
                    gateway.stop()
                    await running

        run(world, main())
        started = [contact.started_at for contact in a.store.recent_contacts(a.store.partner("b"), 99)]
        gaps_s = [(later - earlier) / 1000 for later, earlier in pairwise(started)]
        assert len(started) == 6
        assert all(abs(gap_s - 3600) < 30 for gap_s in gaps_s)


def test_a_sending_job_with_nothing_to_send_does_not_key(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600", extra=HOURLY + 'direction = "send"\n') as (a, b):
        shelters(a.store, 3)

        async def main() -> None:
            async with b.gateway():
                gateway = a.gateway()
                running = asyncio.create_task(gateway.run())
                await asyncio.sleep(3.5 * 3600)
                gateway.stop()
                await running

        run(world, main())
        assert len(a.told(ContactStarted)) == 1
        assert a.store.content_digest() == b.store.content_digest()


def test_a_job_for_another_link_stays_here(tmp_path: Path) -> None:
    other = """
        [link.hf]
        port = "/dev/none"
        profile = "kiss-tnc"
        enabled = false

        [[job]]
        partner = "b"
        name = "shelters"
        tables = ["shelter"]
        link = "hf"

        [[job]]
        partner = "b"
        name = "rest"
        tables = ["incident"]
        """
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600", extra=other) as (
        a,
        b,
    ):
        shelters(a.store, 3)

        async def main() -> SyncResult:
            async with a.gateway() as gateway, b.gateway():
                return await gateway.sync("b", link="radio")

        result = run(world, main())
        assert (result.message, result.changes_confirmed) == ("in-step", 0)
        assert not list(b.store.records())


# Ends.


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    world = World(1)
    with two_sites(tmp_path, world) as (a, b):
        shelters(a.store, 200)

        async def main() -> set[asyncio.Task]:
            async with a.gateway() as gateway, b.gateway():
                syncing = asyncio.create_task(gateway.sync("b"))
                await asyncio.sleep(10)
                syncing.cancel()
                await asyncio.gather(syncing, return_exceptions=True)
            return asyncio.all_tasks() - {asyncio.current_task()}

        assert run(world, main()) == set()
        [noted] = a.store.recent_contacts(a.store.partner("b"), 5)
        assert noted.outcome == "contact-stopped"
    assert set(threading.enumerate()) == before


def test_a_store_that_breaks_ends_the_gateway(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, 20)

        def broken(*_: object) -> None:
            raise StoreError("disk full")

        async def main() -> None:
            async with b.gateway(), a.gateway() as gateway:
                a.store.promise_pieces = broken  # type: ignore[method-assign,assignment]
                await gateway.sync("b")

        with pytest.raises(StoreError, match="disk full"):
            run(world, main())


def test_stop_ends_run(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, _):

        async def main() -> None:
            gateway = a.gateway()
            running = asyncio.create_task(gateway.run())
            await asyncio.sleep(5)
            assert not running.done()
            gateway.stop()
            await asyncio.wait_for(running, 5)

        run(world, main())


def test_status_of_a_gateway_at_work(tmp_path: Path) -> None:
    world = World(1)
    with two_sites(tmp_path, world) as (a, b):
        shelters(a.store, 100)

        async def main() -> None:
            async with a.gateway() as gateway, b.gateway():
                before = await gateway.status()
                assert before.partners[0].waiting["shelter"].changes == 100
                assert before.partners[0].heard_at is None
                syncing = asyncio.create_task(gateway.sync("b"))
                await asyncio.sleep(12)
                during = await gateway.status()
                assert during.running
                assert during.links[0].contact is not None
                assert during.links[0].contact.partner == "b"
                assert during.links[0].contact.elapsed_s == 12
                assert during.partners[0].on_the_way > 0
                await syncing
                after = await gateway.status()
                assert after.links[0].contact is None
                assert after.partners[0].changes_waiting == 0
                assert after.partners[0].changes_confirmed == 100
                assert after.partners[0].last_message == "in-step"

        run(world, main())

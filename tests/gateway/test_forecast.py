"""The dry run: what it says comes true, and it touches nothing."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from radiosync.errors import UsageError
from radiosync.gateway.forecast import forecast
from radiosync.gateway.report import DryRun, SyncResult
from radiosync_sim.loop import run
from radiosync_sim.world import World
from tests.gateway.stations import Site, shelters, two_sites


def whole_database(site: Site, folder: Path, name: str) -> list[str]:
    """Every row of every table."""
    copy = folder / name
    site.store.copy_to(copy)
    connection = sqlite3.connect(copy)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.parametrize("scenario", ["vhf-1200", "clean-9600"])
def test_a_dry_run_writes_nothing(tmp_path: Path, scenario: str) -> None:
    world = World(1)
    with two_sites(tmp_path, world, scenario) as (a, b):
        shelters(a.store, 30)

        async def cut_off() -> None:
            async with a.gateway() as gateway, b.gateway():
                syncing = asyncio.create_task(gateway.sync("b"))
                await asyncio.sleep(3 if scenario == "vhf-1200" else 0.3)
                syncing.cancel()

        run(world, cut_off())
        shelters(a.store, 300, start=50)
        before = whole_database(a, tmp_path, "before.db")
        first = forecast(a.config, a.store, "b")
        assert forecast(a.config, a.store, "b") == first
        assert whole_database(a, tmp_path, "after.db") == before
        assert first.changes == 330
        assert first.changes_on_the_way == 30


def test_nothing_waits(tmp_path: Path) -> None:
    with two_sites(tmp_path, World(1)) as (a, _):
        dry = forecast(a.config, a.store, "b")
        assert (dry.changes, dry.data_bytes, dict(dry.tables)) == (0, 0, {})
        assert dry.elapsed_s > 0  # asking costs something


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_it_comes_true_on_a_clean_link(tmp_path: Path, count: int) -> None:
    world = World(1)
    with two_sites(tmp_path, world, "clean-9600") as (a, b):
        shelters(a.store, count)

        async def main() -> tuple[DryRun, SyncResult, float]:
            async with a.gateway() as gateway, b.gateway():
                dry = await gateway.dry_run("b")
                return dry, await gateway.sync("b"), world.now

        dry, result, elapsed_s = run(world, main())
        assert dry.changes == count == sum(table.changes for table in dry.tables.values())
        assert dry.data_bytes == sum(table.data_bytes for table in dry.tables.values())
        assert dry.air_bytes == pytest.approx(result.bytes_out, rel=0.35, abs=100)
        assert dry.elapsed_s == pytest.approx(elapsed_s, rel=0.35, abs=2)


def test_unknown_partner(tmp_path: Path) -> None:
    with two_sites(tmp_path, World(1)) as (a, _), pytest.raises(UsageError):
        forecast(a.config, a.store, "nobody")

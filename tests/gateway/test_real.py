"""Two gateways in real time over PTYs, as on two serial ports. Short, on a link without errors."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from radiosync.gateway import ControlClient, ControlServer, Gateway, SystemClock
from radiosync.gateway.report import GatewayEvent, LinkDown, LinkUp
from radiosync.store import Store
from radiosync.transports.serialport import serial_transport
from radiosync_sim.pty import PtyPair
from radiosync_sim.scenario import load_scenario
from tests.gateway.stations import config_for, shelters

pytestmark = [pytest.mark.real, pytest.mark.timeout(30)]


@dataclass
class Site:
    store: Store
    gateway: Gateway
    events: list[GatewayEvent]


@asynccontextmanager
async def running_sites(folder: Path) -> AsyncIterator[tuple[Site, Site]]:
    sites = []
    for name in ("a", "b"):
        config = config_for(name, "transparent", bit_rate=9600, port=str(folder / name))
        store = Store.open(folder / f"{name}.db", durable=False)
        gateway = Gateway(
            config, store, clock=SystemClock(), open_transport=serial_transport, random=Random(name)
        )
        site = Site(store, gateway, [])
        gateway.subscribe(site.events.append)
        sites.append(site)
    a, b = sites
    a.store.add_partner("b", b.store.station, "N0CALL-2")
    b.store.add_partner("a", a.store.station, "N0CALL-1")
    async with a.gateway, b.gateway:
        yield a, b
    for site in sites:
        site.store.close()


def our_threads() -> set[threading.Thread]:
    """All but those that asyncio keeps until its loop ends."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio")}


async def until(events: list[GatewayEvent], kind: type, count: int = 1) -> None:
    async with asyncio.timeout(15):
        while sum(isinstance(event, kind) for event in events) < count:
            await asyncio.sleep(0.02)


async def test_two_gateways_over_ptys(tmp_path: Path) -> None:
    before = our_threads()
    with PtyPair(load_scenario("clean-9600"), 1, tmp_path):
        async with running_sites(tmp_path) as (a, b), ControlServer(a.gateway, tmp_path / "control"):
            shelters(a.store, 30)
            shelters(b.store, 5, start=100)
            heard: list[GatewayEvent] = []
            result = await ControlClient(tmp_path / "control").sync("b", on_event=heard.append)
            assert (result.message, result.changes_confirmed, result.changes_received) == ("in-step", 30, 5)
            assert heard
            assert a.store.content_digest() == b.store.content_digest()
    assert {task for task in asyncio.all_tasks() if not task.done()} == {asyncio.current_task()}
    assert our_threads() == before


async def test_a_pulled_plug_is_told_and_mends_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radiosync.gateway.driver.FIRST_RETRY_S", 0.2)
    with PtyPair(load_scenario("clean-9600"), 1, tmp_path) as pair:
        async with running_sites(tmp_path) as (a, b):
            shelters(a.store, 60)
            await until(a.events, LinkUp)
            await until(b.events, LinkUp)
            syncing = asyncio.create_task(a.gateway.sync("b"))
            await asyncio.sleep(0.4)
            pair.unplug("a")
            await until(a.events, LinkDown)
            status = await a.gateway.status()
            assert (status.links[0].state, status.links[0].message) == ("down", "port-missing")
            pair.replug("a")
            await until(a.events, LinkUp, 2)
            assert (await syncing).message == "in-step"
            assert a.store.content_digest() == b.store.content_digest()

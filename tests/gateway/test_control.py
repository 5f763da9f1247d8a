"""The control socket: a client in the same loop, in real time, with a gateway that only plays one."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest

from radiosync.errors import ConfigError, LocalError, StoreError, UsageError
from radiosync.gateway import report
from radiosync.gateway.control import ControlClient, ControlServer, NoGatewayError, socket_path
from radiosync.gateway.report import (
    EVENT_NAMES,
    CancelResult,
    ContactFinished,
    ContactProgress,
    GatewayEvent,
    GatewayStatus,
    LinkDown,
    LinkStatus,
    LinkUp,
    PartnerReport,
    SyncResult,
    TableWaiting,
)
from radiosync.paths import Paths

STATUS = GatewayStatus(
    running=True,
    links=(
        LinkStatus(name="hf", port="/dev/x", profile="kiss-tnc", state="down", message="port-missing"),
        LinkStatus(
            name="vhf",
            port="/dev/y",
            profile="kiss-tnc",
            state="up",
            since_at=5,
            contact=ContactProgress(link="vhf", partner="b", left_s=2.5, more=True),
        ),
    ),
    partners=(
        PartnerReport(
            name="b",
            callsign=None,
            link="vhf",
            waiting={"shelter": TableWaiting(changes=3, oldest_at=7)},
            on_the_way=1,
            bytes_on_the_way=99,
            heard_at=None,
            confirmed_at=1,
            changes_confirmed=2,
            changes_applied=3,
            last_message=None,
            last_at=None,
            jobs_on_hold=("stock",),
            changes_held=1,
        ),
    ),
)
RESULT = SyncResult(partner="b", link="vhf", message="in-step", changes_confirmed=4, elapsed_s=1.5)
PROGRESS = ContactProgress(link="vhf", partner="b", pieces=9)
EVENTS: list[GatewayEvent] = [
    LinkUp(link="vhf"),
    LinkDown(link="hf", message="port-held", values={"holder": "cat"}, retry_s=5),
    PROGRESS,
    ContactFinished(
        link="vhf", partner="b", called=False, message="in-step", values={}, progress=PROGRESS, heard=True
    ),
]


class Player:
    """Stands for a gateway."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked: list[object] = []
        self.hold: asyncio.Event | None = None
        self.ended = asyncio.Event()

    async def sync(
        self, partner: str, *, link: str | None, attempts: int, on_event: Callable[[GatewayEvent], None]
    ) -> SyncResult:
        self.asked.append(("sync", partner, link, attempts))
        try:
            if self.fault is not None:
                raise self.fault
            for event in EVENTS:
                on_event(event)
            if self.hold is not None:
                await self.hold.wait()
            return RESULT
        finally:
            self.ended.set()

    async def begin_sync(self, partner: str, *, link: str | None) -> None:
        self.asked.append(("begin", partner, link))

    async def cancel(self, partner: str) -> CancelResult:
        self.asked.append(("cancel", partner))
        return CancelResult(partner=partner, under_way=True, changes_waiting=3, next_try_at=7)

    async def status(self) -> GatewayStatus:
        return STATUS

    def stop(self) -> None:
        self.asked.append("stop")


@asynccontextmanager
async def listening(path: Path) -> AsyncIterator[tuple[Player, ControlClient]]:
    player = Player()
    async with ControlServer(player, path):  # type: ignore[arg-type]
        yield player, ControlClient(path)
    assert not path.exists()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radiosync.sock"


async def raw(path: Path, line: bytes) -> dict:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    writer.write_eof() if not line.endswith(b"\n") else None
    answer = await reader.readline()
    writer.close()
    return json.loads(answer)


async def test_status_crosses_whole(path: Path) -> None:
    async with listening(path) as (_, client):
        assert await client.status() == STATUS


async def test_a_cancel_crosses_whole(path: Path) -> None:
    async with listening(path) as (player, client):
        found = await client.cancel("b")
        assert found == CancelResult(partner="b", under_way=True, changes_waiting=3, next_try_at=7)
        assert player.asked == [("cancel", "b")]


async def test_a_sync_with_its_events(path: Path) -> None:
    async with listening(path) as (player, client):
        heard: list[GatewayEvent] = []
        assert await client.sync("b", link="vhf", attempts=2, on_event=heard.append) == RESULT
        assert heard == EVENTS
        assert await client.sync("b") == RESULT
        assert player.asked == [("sync", "b", "vhf", 2), ("sync", "b", None, 5)]


async def test_begin_and_stop(path: Path) -> None:
    async with listening(path) as (player, client):
        await client.begin_sync("b", link="hf")
        await client.stop()
        assert player.asked == [("begin", "b", "hf"), "stop"]


@pytest.mark.parametrize("kind", [UsageError, ConfigError, LocalError])
async def test_errors_cross(path: Path, kind: type[Exception]) -> None:
    async with listening(path) as (player, client):
        player.fault = kind("there is no partner 'b'")
        with pytest.raises(kind, match="there is no partner 'b'"):
            await client.sync("b")


async def test_an_error_that_clients_do_not_know_is_local(path: Path) -> None:
    async with listening(path) as (player, client):
        player.fault = StoreError("disk full")
        with pytest.raises(LocalError, match="disk full"):
            await client.sync("b")


async def test_a_client_that_goes_away_ends_its_sync(path: Path) -> None:
    async with listening(path) as (player, client):
        player.hold = asyncio.Event()
        syncing = asyncio.create_task(client.sync("b"))
        while not player.asked:
            await asyncio.sleep(0)
        syncing.cancel()
        await asyncio.gather(syncing, return_exceptions=True)
        await asyncio.wait_for(player.ended.wait(), 5)
        assert await client.status() == STATUS


async def test_the_end_of_the_gateway_in_the_middle_of_a_sync(path: Path) -> None:
    player = Player()
    player.hold = asyncio.Event()
    async with ControlServer(player, path):  # type: ignore[arg-type]
        syncing = asyncio.create_task(ControlClient(path).sync("b"))
        while not player.asked:
            await asyncio.sleep(0)
    with pytest.raises(NoGatewayError):
        await syncing


async def test_nobody_listens(path: Path) -> None:
    with pytest.raises(NoGatewayError):
        await ControlClient(path).status()


async def test_a_socket_that_was_left_behind(path: Path) -> None:
    dead = await asyncio.start_unix_server(lambda reader, writer: None, path)
    dead.close()
    path.touch()
    with pytest.raises(NoGatewayError):
        await ControlClient(path).status()
    async with listening(path) as (_, client):
        assert await client.status() == STATUS


async def test_only_we_can_open_it(path: Path) -> None:
    before = os.umask(0)
    try:
        async with listening(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


async def test_a_folder_with_a_very_long_name(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 20) / ("longer-" * 20)
    folder.mkdir(parents=True)
    async with listening(folder / "radiosync.sock") as (_, client):
        assert await client.status() == STATUS


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot listen"):
        async with listening(tmp_path / "none" / "radiosync.sock"):
            pass


@pytest.mark.parametrize(
    "line",
    [
        b"rubbish\n",
        b"[]\n",
        b"{}\n",
        b'{"v":1}\n',
        b'{"v":2,"do":"status"}\n',
        b'{"v":1,"do":"fly"}\n',
        b"\xff\n",
    ],
)
async def test_rubbish_is_answered_with_an_error(path: Path, line: bytes) -> None:
    async with listening(path) as (player, client):
        answer = await raw(path, line)
        assert (answer["v"], answer["type"], answer["error"]) == (1, "error", "usage")
        assert player.asked == []
        assert await client.status() == STATUS


async def test_half_a_line_and_an_endless_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiosync.gateway.control.CONTROL_LINE_BYTES", 1000)
    async with listening(path) as (_, client):
        assert (await raw(path, b'{"v":1'))["type"] == "error"
        assert (await raw(path, b"x" * 5000 + b"\n"))["type"] == "error"
        assert await client.status() == STATUS


async def test_too_many_clients(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiosync.gateway.control.CONTROL_CLIENTS", 1)
    async with listening(path) as (player, client):
        player.hold = asyncio.Event()
        syncing = asyncio.create_task(client.sync("b"))
        while not player.asked:
            await asyncio.sleep(0)
        with pytest.raises(LocalError, match="too many"):
            await client.status()
        player.hold.set()
        assert await syncing == RESULT


def test_each_event_has_a_name() -> None:
    assert set(EVENT_NAMES.values()) == set(get_args(report.GatewayEvent))


def test_where_it_is(tmp_path: Path) -> None:
    assert socket_path(Paths.find(tmp_path)) == tmp_path / "radiosync.sock"

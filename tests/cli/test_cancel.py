"""Cancel: what happens next is said, and that there was nothing to cancel."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from radiosync.gateway import CancelResult, ControlServer, socket_path
from radiosync.messages import ExitCode
from radiosync.paths import Paths
from tests.cli.running import answer, call, set_up

NEXT = 1_790_000_000_000


class Gateway:
    """Stands in for a gateway that runs."""

    def __init__(self, under_way: bool, waiting: int, next_try_at: int | None) -> None:
        self._under_way, self._waiting, self._next = under_way, waiting, next_try_at

    async def cancel(self, partner: str) -> CancelResult:
        return CancelResult(
            partner=partner,
            under_way=self._under_way,
            changes_waiting=self._waiting,
            next_try_at=self._next,
        )


@contextmanager
def running(home: Path, gateway: Gateway) -> Iterator[None]:
    """A gateway that listens, in a thread of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    done = asyncio.Event()
    path = socket_path(Paths.find(home))
    path.parent.mkdir(parents=True, exist_ok=True)

    async def serve() -> None:
        async with ControlServer(gateway, path):  # type: ignore[arg-type]
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = set_up(tmp_path / "home")
    call("partner", "add", "base-camp", "--station", "1" * 16, "--link", "radio", home=home)
    return home


def test_what_happens_next_is_said(home: Path) -> None:
    with running(home, Gateway(True, 41, NEXT)):
        done = call("cancel", "base", home=home)
        assert done.exit_code == 0
        assert done.stdout == (
            "OK: The contact with base-camp ends after this over. 41 changes wait here; "
            "next contact 2026-09-21 14:13 UTC.\n"
        )
        found = answer("cancel", "base-camp", home=home)
        assert (found["under_way"], found["changes_waiting"]) == (True, 41)
        assert found["next_try_at"] == "2026-09-21T14:13:20Z"
    with running(home, Gateway(True, 0, None)):
        assert "Nothing waits; no contact is planned." in call("cancel", "base-camp", home=home).stdout


def test_there_may_be_nothing_to_cancel(home: Path) -> None:
    with running(home, Gateway(False, 2, None)):
        done = call("cancel", "base-camp", home=home)
        assert (done.exit_code, done.stdout) == (0, "There is no contact with base-camp to cancel.\n")
        found = answer("cancel", "base-camp", home=home)
        assert (found["message"]["id"], found["exit"]) == ("contact-none", 0)


def test_without_a_gateway_there_is_no_contact(home: Path) -> None:
    assert call("cancel", "base-camp", home=home).exit_code == ExitCode.GATEWAY

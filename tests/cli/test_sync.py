"""Sync: cost before keying, one object for each partner, and an exit code that tells."""

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from radiosync.errors import StoreError
from radiosync.gateway.report import (
    CallPlanned,
    ContactFinished,
    ContactProgress,
    ContactStarted,
    GatewayEvent,
    LinkDown,
    LinkUp,
    PartnerAnswered,
    StrangerCalled,
    SyncResult,
)
from radiosync.messages import ExitCode
from tests.cli.running import answer, answers, call, finish, set_up, terminal

EVENTS: list[GatewayEvent] = [
    LinkUp(link="radio"),
    ContactStarted(link="radio", partner="base-camp", called=False),
    PartnerAnswered(link="radio", partner="base-camp"),
    ContactProgress(
        link="radio", partner="base-camp", pieces=4, pieces_there=1, bytes_total=900, bytes_there=200, overs=1
    ),
    ContactFinished(
        link="radio",
        partner="base-camp",
        called=False,
        message="link-dropped",
        values={},
        progress=ContactProgress(
            link="radio", partner="base-camp", bytes_out=1200, bytes_in=30, elapsed_s=9, overs=2
        ),
        heard=True,
    ),
    CallPlanned(link="radio", partner="base-camp", attempt=2, attempts=5, wait_s=12.0),
    ContactStarted(link="radio", partner="base-camp", called=True),
    StrangerCalled(link="radio", station="3f2a"),
    LinkDown(link="radio", message="port-held", values={"port": "COM1", "holder": "x"}, retry_s=5.0),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A station with two partners and something to send."""
    tmp_path = tmp_path_factory.mktemp("made")
    home = set_up(tmp_path / "home")
    for number, name in enumerate(("base-camp", "field-2")):
        call("partner", "add", name, "--station", f"{number:016x}", "--link", "radio", home=home)
    (tmp_path / "a.jsonl").write_text(
        '{"t":"2026-11-23T10:00:00Z","table":"shelter","uuid":"00000000-0000-0000-0000-000000000001","op":"put","fields":{"x":1}}'
    )
    call("import", tmp_path / "a.jsonl", home=home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of that station."""
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


class Radio:
    """Stands in for a gateway. Says what the test wants to hear.

    Attributes:
        results: by partner.
        asked: partners and links that were called, in order.
    """

    def __init__(self) -> None:
        self.results: dict[str, SyncResult | Exception] = {}
        self.asked: list[tuple[str, str | None]] = []
        self._tell: Callable[[GatewayEvent], None] = lambda event: None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.sleep(0)

    def subscribe(self, tell: Callable[[GatewayEvent], None]) -> None:
        self._tell = tell

    async def sync(self, partner: str, *, link: str | None) -> SyncResult:
        self.asked.append((partner, link))
        for event in EVENTS:
            self._tell(event)
        result = self.results.get(partner, SyncResult(partner=partner, link="radio", message="in-step"))
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> Radio:
    radio = Radio()
    monkeypatch.setattr("radiosync.cli.station.open_gateway", lambda config, store: radio)
    return radio


def result(message: str, code: int, **changes: Any) -> SyncResult:
    return SyncResult(
        **{"partner": "base-camp", "link": "radio", "message": message, "exit_code": code, **changes}
    )


# What comes of it.


OUTCOMES = [
    (
        result("in-step", 0, changes_confirmed=42, bytes_out=8000, bytes_in=200, overs=12, elapsed_s=350),
        "done",
        "In step",
    ),
    (
        result("changes-wait", 4, changes_waiting=1),
        "kept",
        "base-camp has confirmed what was sent, but 1 change still wait",
    ),
    (result("link-dropped", 4, pieces=104, pieces_there=62), "kept", "ended at 62 of 104 chunks"),
    (result("contact-stopped", 4), "kept", "was ended from here"),
    (result("port-missing", 11, values={"port": "COM1", "link": "radio"}), "stopped", "There is no COM1."),
    (
        result("port-denied", 11, values={"port": "COM1", "user": "ana", "group": "dialout"}),
        "stopped",
        "ana may not",
    ),
    (result("port-held", 11, values={"port": "COM1", "holder": "x"}), "stopped", "COM1 is in use by x."),
    (
        result("port-unusable", 11, values={"port": "COM1", "problem": "no"}),
        "stopped",
        "COM1 cannot be used: no.",
    ),
    (result("no-answer", 20, calls=5), "stopped", "base-camp did not answer 5 calls."),
]


@pytest.mark.parametrize(
    ("came", "outcome", "words"), OUTCOMES, ids=lambda value: getattr(value, "message", None)
)
def test_each_end_has_its_code_and_its_words(
    home: Path, radio: Radio, came: SyncResult, outcome: str, words: str
) -> None:
    radio.results["base-camp"] = came
    done = call("sync", "base-camp", "--yes", home=home)
    assert done.exit_code == came.exit_code
    assert words in (done.stderr if came.exit_code else done.stdout)
    last = answer("sync", "base-camp", "--yes", home=home)
    assert (last["exit"], last["outcome"], last["message"]["id"]) == (came.exit_code, outcome, came.message)
    assert words in last["message"]["happened"]
    (told,) = last["partners"]
    assert (told["partner"], told["changes_confirmed"]) == ("base-camp", came.changes_confirmed)
    assert told["chunks"] == came.pieces


def test_in_step_says_what_moved(home: Path, radio: Radio) -> None:
    radio.results["base-camp"] = OUTCOMES[0][0]
    done = call("sync", "base-camp", "--yes", home=home)
    assert done.stdout == (
        "OK: In step with base-camp: it has confirmed all that we had. "
        "42 changes confirmed, 0 received; 8.2 kB on the air in 6 min, 12 overs.\n"
    )


def test_the_next_try_is_named(home: Path, radio: Radio) -> None:
    radio.results["base-camp"] = result("link-dropped", 4, next_try_at=1_795_435_200_000)
    assert "Next try: 2026-11-23T12:00:00Z." in call("sync", "base-camp", "--yes", home=home).stderr
    assert answer("sync", "base-camp", "--yes", home=home)["next_try_at"] == "2026-11-23T12:00:00Z"


def test_events_are_told_as_they_come(home: Path, radio: Radio) -> None:
    told = answers("sync", "base-camp", "--yes", home=home)[:-1]
    assert [each.get("event", "progress") for each in told] == [
        *("link-up", "contact-started", "partner-answered", "progress", "contact-finished"),
        *("call-planned", "contact-started", "stranger-called", "link-down"),
    ]
    assert told[3]["chunks_confirmed"] == 1
    assert call("sync", "base-camp", "--yes", home=home).stderr.splitlines() == [
        "OK: Link radio is up.",
        "Calling base-camp over radio.",
        "base-camp is heard.",
        "base-camp via radio: 200 of 900 bytes confirmed, 1 of 4 chunks, 1 over",
        "WAIT: Contact with base-camp over radio: the link ended early; what arrived is kept. "
        "1.2 kB sent, 30 bytes heard, 9 s, 2 overs.",
        "base-camp is called again in 12 s (2 of 5).",
        "base-camp calls over radio.",
        "A station that is no partner called over radio: 3f2a. No answer was sent.",
        "FAIL: Link radio is down. COM1 is in use by x. Tried again in 5 s.",
    ]


# Whom.


def test_without_a_name_all_partners_one_after_the_other(home: Path, radio: Radio) -> None:
    radio.results["base-camp"] = result("no-answer", 20, calls=5)
    done = call("sync", "--yes", "--link", "radio", home=home)
    assert radio.asked == [("base-camp", "radio"), ("field-2", "radio")]
    assert done.exit_code == ExitCode.NO_ANSWER
    assert "OK: In step with field-2" in done.stdout
    assert "FAIL: base-camp did not answer 5 calls." in done.stderr
    last = answer("sync", "--yes", home=home)
    assert [each["message"] for each in last["partners"]] == ["no-answer", "in-step"]


def test_the_beginning_of_a_name_is_enough(home: Path, radio: Radio) -> None:
    assert call("sync", "base", "--yes", home=home).exit_code == 0
    assert radio.asked == [("base-camp", None)]


def test_nobody_to_sync_with(tmp_path: Path, radio: Radio) -> None:
    home = set_up(tmp_path / "alone")
    done = call("sync", "--yes", home=home)
    assert done.exit_code == ExitCode.USAGE
    assert "`radiosync partner add`" in done.stderr
    assert radio.asked == []


@pytest.mark.parametrize("words", [("nobody",), ("base-camp", "--link", "hf-9")])
def test_a_name_that_is_not_there(home: Path, words: tuple[str, ...]) -> None:
    done = call("sync", *words, "--dry-run", home=home)
    assert done.exit_code == ExitCode.USAGE
    assert words[-1] in done.stderr


# Before keying.


def test_the_cost_is_said_and_somebody_must_agree(home: Path, radio: Radio) -> None:
    done = call("sync", home=home)
    assert done.exit_code == ExitCode.USAGE
    assert "would send to base-camp over radio: 1 change, " in done.stderr
    assert "would send to field-2 over radio: 1 change, " in done.stderr
    assert "Give `--yes`" in done.stderr
    assert call("sync", "--json", home=home).exit_code == ExitCode.USAGE
    assert radio.asked == []


@pytest.mark.parametrize(
    ("reply", "code", "hint"), [("n", ExitCode.USAGE, "You said no."), ("y", ExitCode.PORT, "no-such-modem")]
)
def test_on_a_terminal_it_asks(home: Path, reply: str, code: ExitCode, hint: str) -> None:
    with terminal("sync", "base-camp", "--home", home) as screen:
        screen.expect("Transmit now?")
        screen.type(f"{reply}\r")
        assert screen.finish() == code
        assert hint in screen.screen


def test_without_a_terminal_it_never_hangs(home: Path) -> None:
    assert finish("sync", "--home", home).returncode == ExitCode.USAGE


def test_a_dry_run_says_what_would_go_and_touches_nothing(home: Path, radio: Radio) -> None:
    call("status", home=home)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    done = call("sync", "base-camp", "--dry-run", home=home)
    assert done.exit_code == 0
    first, second, third = done.stdout.splitlines()
    assert first.startswith("would send to base-camp over radio: 1 change, ")
    assert " about " in first
    assert second.split()[:3] == ["shelter", "1", "change"]
    assert third == "would receive from base-camp: known only when it answers"
    last = answer("sync", "--dry-run", home=home)
    assert [each["changes"] for each in last["partners"]] == [1, 1]
    assert last["partners"][0]["tables"]["shelter"]["changes"] == 1
    assert last["partners"][0]["longest_s"] > last["partners"][0]["elapsed_s"] > 0
    assert radio.asked == []
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


def test_a_dry_run_with_nothing_to_send_says_what_asking_costs(tmp_path: Path) -> None:
    home = set_up(tmp_path / "idle")
    call("partner", "add", "base-camp", "--station", "0" * 16, home=home)
    assert (
        "nothing waits for base-camp; asking over radio takes about"
        in call("sync", "--dry-run", home=home).stdout
    )


# The gateway.


def test_a_database_that_breaks_meanwhile(home: Path, radio: Radio) -> None:
    radio.results["base-camp"] = StoreError("disk I/O error")
    assert call("sync", "base-camp", "--yes", home=home).exit_code == ExitCode.STORE


@pytest.fixture
def fickle_gateway(home: Path) -> Iterator[None]:
    """A gateway that tells its status and dies at the next question."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(home / "radiosync.sock"))
    listener.listen()

    def serve() -> None:
        for reply in (
            {"v": 1, "type": "result", "result": {"running": True, "links": [], "partners": []}},
            None,
        ):
            client, _ = listener.accept()
            with client, client.makefile("rb") as lines:
                lines.readline()
                if reply is not None:
                    client.sendall(json.dumps(reply).encode() + b"\n")

    server = threading.Thread(target=serve)
    server.start()
    yield
    server.join()
    listener.close()


@pytest.mark.usefixtures("fickle_gateway")
@pytest.mark.parametrize("options", [("--wait",), ()])
def test_a_gateway_that_dies_while_it_works(home: Path, options: tuple[str, ...]) -> None:
    done = call("sync", "base-camp", "--yes", *options, home=home)
    assert done.exit_code == ExitCode.GATEWAY
    assert "`radiosync run`" in done.stderr

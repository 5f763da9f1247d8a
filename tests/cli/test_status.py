"""Status: one sentence of truth for each partner, and how the links are."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from radiosync.gateway.report import ContactProgress, GatewayStatus, LinkStatus, PartnerReport, TableWaiting
from radiosync.identity.station import short_code
from tests.cli.running import answer, call, objects, set_up, spawn, terminal

HOUR_MS = 3_600_000
CLAIMS = ("sent", "synced", "complete", "delivered", "100")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return set_up(tmp_path)


@pytest.fixture
def shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lines of status about a partner or a link as given."""

    def show(
        partner: PartnerReport | None = None, link: LinkStatus | None = None, *, running: bool = True
    ) -> list[str]:
        found = GatewayStatus(
            running=running,
            links=() if link is None else (link,),
            partners=() if partner is None else (partner,),
        )
        monkeypatch.setattr("radiosync.gateway.stopped_status", lambda config, store: found)
        done = call("status", home=home)
        assert done.exit_code == 0
        return done.stdout.splitlines()[1:]

    return show


def partner(**changes: Any) -> PartnerReport:
    known: dict[str, Any] = {
        "name": "base-camp",
        "callsign": "N0CALL",
        "link": "radio",
        "waiting": {},
        "on_the_way": 0,
        "bytes_on_the_way": 0,
        "heard_at": None,
        "confirmed_at": None,
        "changes_confirmed": 0,
        "changes_applied": 0,
        "last_message": None,
        "last_at": None,
    }
    return PartnerReport(**{**known, **changes})


def link(**changes: Any) -> LinkStatus:
    return LinkStatus(**{"name": "hf-1", "port": "COM1", "profile": "kiss-tnc", "state": "up", **changes})


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_what_waits_how_long_and_what_was_confirmed(shown: Callable[..., list[str]]) -> None:
    waiting = {
        "shelter": TableWaiting(changes=30, oldest_at=now_ms() - 3 * HOUR_MS - 1000),
        "stock": TableWaiting(changes=7, oldest_at=now_ms() - HOUR_MS),
    }
    confirmed_at = now_ms() // 86_400_000 * 86_400_000  # midnight is always today
    lines = shown(
        partner(waiting=waiting, on_the_way=5, confirmed_at=confirmed_at, last_message="in-step", last_at=0)
    )
    assert lines == ["WAIT: 42 changes wait for base-camp, oldest 3 h; last confirmed 00:00 UTC"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Nothing waits for base-camp; nothing confirmed yet"),
        ({"on_the_way": 1}, "WAIT: 1 change waits for base-camp; nothing confirmed yet"),
        (
            {"last_message": "in-step", "last_at": 1},
            "OK: In step with base-camp at 1970-01-01 00:00 UTC; nothing waits",
        ),
        (
            {"last_message": "in-step", "last_at": 1, "on_the_way": 2, "confirmed_at": 1},
            "WAIT: 2 changes wait for base-camp; last confirmed 1970-01-01 00:00 UTC",
        ),
        (
            {"last_message": "no-answer", "last_at": 1, "confirmed_at": 1},
            "Nothing waits for base-camp; last confirmed 1970-01-01 00:00 UTC",
        ),
    ],
)
def test_never_more_than_a_receipt_proves(
    shown: Callable[..., list[str]], changes: dict[str, Any], sentence: str
) -> None:
    first = shown(partner(**changes))[0]
    assert first == sentence
    assert not any(claim in first for claim in CLAIMS)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("no-answer", "no answer"),
        ("link-dropped", "the link ended early; what arrived is kept"),
        ("contact-stopped", "ended from here"),
        ("port-missing", "the modem was unplugged"),
        ("of-a-later-version", "of-a-later-version"),
    ],
)
def test_how_the_last_contact_ended(shown: Callable[..., list[str]], message: str, words: str) -> None:
    lines = shown(partner(last_message=message, last_at=1, next_try_at=1))
    assert lines[1:] == [
        f"  last contact 1970-01-01 00:00 UTC: {words}",
        "  next contact 1970-01-01 00:00 UTC",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"since_at": 1}, "OK: Link hf-1 is up since 1970-01-01 00:00 UTC: COM1"),
        ({"state": "opening"}, "WAIT: Link hf-1 is being opened: COM1"),
        ({"state": "disabled"}, "Link hf-1 is switched off in the configuration: COM1"),
        ({"state": "closed"}, "Link hf-1 is closed: COM1"),
        (
            {"state": "down", "message": "port-missing", "values": {"port": "COM1"}},
            "FAIL: Link hf-1 is down. The modem is not plugged in. There is no COM1.",
        ),
        (
            {
                "contact": ContactProgress(
                    link="hf-1", partner="b", pieces=4, pieces_there=1, bytes_total=90, bytes_there=20
                )
            },
            "OK: Link hf-1: b via hf-1: 20 of 90 bytes confirmed, 1 of 4 chunks, 0 overs",
        ),
    ],
)
def test_links(shown: Callable[..., list[str]], changes: dict[str, Any], sentence: str) -> None:
    assert shown(link=link(**changes))[-1] == sentence


def test_when_a_port_is_tried_again(shown: Callable[..., list[str]]) -> None:
    down = link(
        state="down", message="port-held", values={"port": "COM1", "holder": "x"}, retry_at=now_ms() + 30_000
    )
    assert shown(link=down)[-1].startswith("FAIL: Link hf-1 is down. COM1 is in use by x. Tried again in ")


def test_without_a_gateway(home: Path) -> None:
    told = answer("status", home=home)
    assert told["running"] is False
    assert told["links"][0]["state"] == "closed"
    assert told["partners"] == []
    assert told["station"]["name"] == "Field 3"
    assert told["station"]["short_code"] == short_code(bytes.fromhex(told["station"]["station"]))
    lines = call("status", home=home).stdout.splitlines()
    assert lines[0].startswith(f"Field 3, station {told['station']['station']}, short code ")
    assert "No gateway runs; `radiosync sync` and `radiosync run` open the links." in lines


def test_the_answer_in_json(home: Path) -> None:
    call("partner", "add", "base-camp", "--station", "0" * 16, home=home)
    (home / "a.jsonl").write_text(
        '{"t":"2026-11-23T10:00:00Z","table":"a","uuid":"00000000-0000-0000-0000-000000000001","op":"put","fields":{"x":1}}'
    )
    call("import", home / "a.jsonl", home=home)
    (told,) = answer("status", home=home)["partners"]
    assert told["changes_waiting"] == 1
    assert told["waiting"] == {"a": {"changes": 1, "oldest_at": "2026-11-23T10:00:00Z"}}
    assert (told["link"], told["confirmed_at"], told["next_try_at"]) == ("radio", None, None)


def test_status_changes_nothing(home: Path) -> None:
    call("status", home=home)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    call("status", home=home)
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


@pytest.mark.real
def test_watching_tells_what_changes_until_ctrl_c(home: Path) -> None:
    process = spawn("status", "--watch", "--json", "--home", home)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["partners"] == []
    call("partner", "add", "base-camp", "--station", "0" * 16, home=home)
    assert json.loads(process.stdout.readline())["partners"][0]["name"] == "base-camp"
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert objects(stdout.decode())[-1]["exit"] == 0


@pytest.mark.real
def test_watching_draws_on_a_terminal(home: Path) -> None:
    with terminal("status", "--watch", "--home", home) as screen:
        screen.expect("\x1b[H\x1b[J")
        screen.expect("Link radio is closed")
        screen.interrupt()
        assert screen.finish() == 0

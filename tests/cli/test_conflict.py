"""Values that lost are kept where a person can see them."""

from pathlib import Path
from uuid import UUID

import pytest

from radiosync.records.merge import merge
from radiosync.records.model import Dot, Origin, Record, Stamp, Write
from radiosync.records.value import Number
from radiosync.store import Store
from radiosync.sync.ports import Delivery
from radiosync.wire.context import Additions
from tests.cli.running import answer, call, set_up

_UUID = UUID("c0ffee00-0000-4000-8000-000000000001")
_BASE = bytes.fromhex("3f2a9c0d11e45b78")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return set_up(tmp_path)


def _lose(home: Path) -> None:
    """Base camp wrote at the same time as we, and later by the clock."""
    (home / "s.jsonl").write_text(
        f'{{"t":"2026-01-02T10:00:00Z","table":"shelter","uuid":"{_UUID}","op":"put","fields":{{"beds":40}}}}\n'
    )
    assert call("import", str(home / "s.jsonl"), home=home).exit_code == 0
    with Store.open(home / "radiosync.db") as store:
        base = store.add_partner("base-camp", _BASE)
        ours = store.record("shelter", _UUID)
        assert ours is not None
        stamp = Stamp(ours.newest + (60_000 << 16), Dot(Origin(_BASE, 1), 1))
        theirs = Record("shelter", _UUID, writes={"beds": (Write(stamp, Number("55")),)})
        assert merge(ours, theirs).conflicts
        store.begin_epoch(base, 1, 0)
        store.deliver(base, Delivery(1, [theirs], b"plain", Additions()))


def test_nothing_lost(home: Path) -> None:
    assert "No edit has lost" in call("conflict", "list", home=home).stdout
    assert answer("conflict", "list", home=home)["conflicts"] == []


def test_a_lost_value_is_shown_with_who_and_when(home: Path) -> None:
    _lose(home)
    shown = call("conflict", "list", home=home).stdout
    assert (
        f"shelter {_UUID}, beds: 40 (here, 2026-01-02 10:00 UTC) lost against an edit (base-camp, " in shown
    )
    (lost,) = answer("conflict", "list", home=home)["conflicts"]
    assert (lost["lost"], lost["lost_by"], lost["won_by"], lost["value_now"]) == (
        "40",
        "here",
        "base-camp",
        "55",
    )
    assert lost["settled_at"] is None


def test_a_lost_value_that_was_overwritten_is_history(home: Path) -> None:
    _lose(home)
    (home / "t.jsonl").write_text(
        f'{{"table":"shelter","uuid":"{_UUID}","op":"put","fields":{{"beds":60}}}}\n'
    )
    assert call("import", str(home / "t.jsonl"), home=home).exit_code == 0
    assert answer("conflict", "list", home=home)["conflicts"] == []
    (lost,) = answer("conflict", "list", "--all", home=home)["conflicts"]
    assert lost["lost"] == "40"
    assert lost["settled_at"] is not None

"""Records that are left out, and the truth about those that are on their way."""

from pathlib import Path
from uuid import UUID

import pytest

from radiosync.messages import ExitCode
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job
from tests.cli.running import answer, call, set_up

FIRST = "00000000-0000-0000-0000-000000000001"
LINE = (
    '{"t":"2026-11-23T10:00:00Z","table":"%s","uuid":"00000000-0000-0000-0000-00000000000%d",'
    '"op":"put","fields":{"x":1}}\n'
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = set_up(tmp_path / "home")
    for number, name in enumerate(("base-camp", "field-2"), 1):
        call("partner", "add", name, "--station", f"{number:016x}", "--link", "radio", home=home)
    (tmp_path / "a.jsonl").write_text(LINE % ("stock", 1) + LINE % ("stock", 2), "utf-8")
    call("import", tmp_path / "a.jsonl", home=home)
    return home


def test_a_record_is_left_out_for_all_and_put_back_for_one(home: Path) -> None:
    done = call("skip", "stock", FIRST, home=home)
    assert done.exit_code == 0
    assert done.stdout == (
        f"OK: stock {FIRST} is left out of what goes to base-camp.\n"
        f"OK: stock {FIRST} is left out of what goes to field-2.\n"
    )
    assert "  1 record is left out" in call("status", home=home).stdout
    assert answer("sync", "base-camp", "--dry-run", home=home)["partners"][0]["changes"] == 1
    assert answer("unskip", "stock", FIRST, "--partner", "base", home=home)["partners"] == ["base-camp"]
    assert answer("sync", "base-camp", "--dry-run", home=home)["partners"][0]["changes"] == 2
    assert answer("skip", home=home)["left_out"] == [{"partner": "field-2", "table": "stock", "uuid": FIRST}]
    assert call("skip", home=home).stdout == f"WAIT: stock  {FIRST}  left out for field-2\n"
    assert answer("unskip", "stock", FIRST, home=home)["partners"] == ["field-2"]
    assert "was not left out" in call("unskip", "stock", FIRST, home=home).stdout
    assert call("skip", home=home).stdout == "No record is left out.\n"


def test_a_record_in_a_batch_that_has_begun_is_taken_out_unless_it_may_be_there(home: Path) -> None:
    with Store.open(home / "radiosync.db") as store:
        partner = store.partner("base-camp")
        sender = Mail(store, partner, (Job("all"),)).seal_next(1000)
        assert sender is not None
    found = answer("skip", "stock", FIRST, "--partner", "base-camp", home=home)
    assert found["partners"] == [{"name": "base-camp", "on_its_way": "begun"}]
    assert "is made anew without it" in call("skip", "stock", FIRST, home=home).stdout
    with Store.open(home / "radiosync.db") as store:
        store.promise_pieces(partner, {1: sender.shape.block_sizes})
    found = answer("skip", "stock", FIRST, "--partner", "base-camp", home=home)
    assert found["exit"] == ExitCode.NEEDS_PERSON
    assert found["partners"] == [{"name": "base-camp", "on_its_way": "on-air"}]
    told = call("skip", "stock", FIRST, home=home)
    assert "already on the air to base-camp" in told.stderr
    assert told.exit_code == ExitCode.NEEDS_PERSON


def test_what_is_not_there_is_said(home: Path) -> None:
    for command in ("skip", "unskip"):
        assert call(command, "stock", UUID(int=9), home=home).exit_code == ExitCode.USAGE
        assert call(command, "stock", "one", home=home).exit_code == ExitCode.USAGE
        assert call(command, "stock", home=home).exit_code == ExitCode.USAGE
        assert call(command, "stock", FIRST, "--partner", "x", home=home).exit_code == ExitCode.USAGE

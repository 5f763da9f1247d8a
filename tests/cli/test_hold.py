"""Hold and release: what stays here, said plainly, with and without a gateway."""

from pathlib import Path

import pytest

from radiosync.messages import ExitCode
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Job
from tests.cli.running import CONFIG, answer, call, set_up

JOBS = """
[[job]]
partner = "base-camp"
name = "medical"
tables = ["medical"]
priority = "urgent"

[[job]]
partner = "base-camp"
name = "stock"
tables = ["stock"]
"""
LINE = (
    '{"t":"2026-11-23T10:00:00Z","table":"%s","uuid":"00000000-0000-0000-0000-00000000000%d",'
    '"op":"put","fields":{"x":1}}\n'
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = set_up(tmp_path / "home", CONFIG + JOBS)
    call("partner", "add", "base-camp", "--station", "1" * 16, "--link", "radio", home=home)
    lines = [LINE % ("stock", 1), LINE % ("stock", 2), LINE % ("medical", 3)]
    (tmp_path / "a.jsonl").write_text("".join(lines), "utf-8")
    call("import", tmp_path / "a.jsonl", home=home)
    return home


def test_everything_is_held_and_let_go(home: Path) -> None:
    done = call("hold", "base", home=home)
    assert (done.exit_code, done.stdout) == (
        0,
        "WAIT: Everything for base-camp is on hold: 3 changes kept here.\n",
    )
    assert "  on hold: everything, 3 changes" in call("status", home=home).stdout
    assert "already" in call("hold", "base-camp", home=home).stdout
    assert call("release", "base-camp", home=home).stdout == "OK: Everything for base-camp goes again.\n"
    assert "on hold" not in call("status", home=home).stdout
    assert "was not on hold" in call("release", "base-camp", home=home).stdout


def test_a_job_is_held_alone(home: Path) -> None:
    assert answer("hold", "base-camp", "--job", "stock", home=home)["changes_held"] == 2
    found = answer("status", home=home)["partners"][0]
    assert (found["on_hold"], found["jobs_on_hold"], found["changes_held"]) == (False, ["stock"], 2)
    assert found["changes_waiting"] == 3
    costs = answer("sync", "base-camp", "--dry-run", home=home)["partners"][0]
    assert list(costs["tables"]) == ["medical"]
    call("hold", "base-camp", home=home)
    told = call("release", "base-camp", "--job", "stock", home=home).stdout
    assert "Job stock for base-camp goes again. 3 changes stay on hold" in told
    assert answer("release", "base-camp", home=home)["changes_held"] == 0


@pytest.mark.parametrize("command", ["hold", "release", "cancel"])
def test_a_partner_that_is_not_there(home: Path, command: str) -> None:
    assert call(command, "camp-9", home=home).exit_code == ExitCode.USAGE


def test_a_job_that_is_not_there(home: Path) -> None:
    found = answer("hold", "base-camp", "--job", "stocks", home=home)
    assert found["exit"] == ExitCode.USAGE


def test_a_sync_that_leaves_only_what_is_held_says_so() -> None:
    from radiosync.cli.sync import result_notice
    from radiosync.gateway import SyncResult

    result = SyncResult(partner="base-camp", link="radio", message="on-hold", exit_code=3, changes_waiting=2)
    assert result_notice(result).happened == "In step with base-camp, but for 2 changes on hold here."


def test_the_closing_line_counts_edits_that_collapsed() -> None:
    from radiosync.cli.sync import _result_words
    from radiosync.gateway import SyncResult

    result = SyncResult(partner="b", link="radio", message="in-step", changes_confirmed=4, edits_collapsed=7)
    assert "4 changes confirmed, 0 received, 7 edits collapsed; " in _result_words(result)
    assert "collapsed" not in _result_words(SyncResult(partner="b", link="radio", message="in-step"))


def test_the_counter_is_in_the_status(home: Path) -> None:
    (home / "b.jsonl").write_text((LINE % ("stock", 1)).replace(":1}}", ":2}}"), "utf-8")
    call("import", home / "b.jsonl", home=home)
    with Store.open(home / "radiosync.db") as store:
        jobs = (Job("medical", frozenset({"medical"})), Job("stock", frozenset({"stock"})))
        mail = Mail(store, store.partner("base-camp"), jobs)
        while (sender := mail.seal_next(1000)) is not None:
            mail.confirm(sender.number)
    found = answer("status", home=home)["partners"][0]
    assert (found["changes_confirmed"], found["edits_collapsed"]) == (3, 1)

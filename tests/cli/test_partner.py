"""Partners: added by what the other side shows, listed, forgotten."""

from pathlib import Path

import pytest

from radiosync.gateway import partner_link
from radiosync.identity.station import short_code
from radiosync.messages import ExitCode
from radiosync.store import Store
from tests.cli.running import answer, call, set_up, terminal

STATION = "3f2a9c0d11e45b78"
ADD = ("partner", "add", "base-camp", "--station", STATION, "--callsign", "n0call")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return set_up(tmp_path)


def test_added_and_listed(home: Path) -> None:
    done = call(*ADD, "--link", "radio", home=home)
    assert done.exit_code == 0
    assert short_code(bytes.fromhex(STATION)) in done.stdout
    listed = call("partner", "list", home=home).stdout
    assert listed.split() == [
        *("base-camp", STATION, short_code(bytes.fromhex(STATION))),
        *("call", "sign", "N0CALL,", "over", "radio"),
    ]


def test_the_answers_in_json(home: Path) -> None:
    assert answer("partner", "list", home=home)["partners"] == []
    added = answer(*ADD, home=home)
    assert added["station"] == STATION
    (listed,) = answer("partner", "list", home=home)["partners"]
    assert listed.items() <= added.items()
    assert listed["link"] is None
    assert answer("partner", "remove", "base-camp", "--yes", home=home)["name"] == "base-camp"


def test_without_partners_the_list_says_what_to_do(home: Path) -> None:
    done = call("partner", "list", home=home)
    assert done.stdout == ""
    assert "partner add" in done.stderr


def test_an_identity_may_be_read_aloud_in_groups(home: Path) -> None:
    added = answer("partner", "add", "b", "--station", "3F2A 9C0D 11E4 5B78", home=home)
    assert added["station"] == STATION
    assert added["callsign"] is None


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("Base Camp", "--station", STATION), "small letters"),
        (("base", "--station", STATION[:-1]), "16 hexadecimal digits"),
        (("base", "--station", "g" * 16), "16 hexadecimal digits"),
        (("base",), "Missing option '--station'"),
        (("base", "--station", STATION, "--callsign", "TOOLONG"), "no call sign"),
        (("base", "--station", STATION, "--link", "hf-1"), "there is no link hf-1; there are radio"),
    ],
)
def test_what_does_not_fit_adds_nobody(home: Path, words: tuple[str, ...], hint: str) -> None:
    done = call("partner", "add", *words, home=home)
    assert done.exit_code == ExitCode.USAGE
    assert hint in done.stderr
    assert answer("partner", "list", home=home)["partners"] == []


def test_a_name_or_a_station_is_added_once(home: Path) -> None:
    call(*ADD, home=home)
    assert call("partner", "add", "base-camp", "--station", "0" * 16, home=home).exit_code == ExitCode.USAGE
    assert call("partner", "add", "other", "--station", STATION, home=home).exit_code == ExitCode.USAGE
    own = answer("status", home=home)["station"]["station"]
    assert call("partner", "add", "me", "--station", own, home=home).exit_code == ExitCode.USAGE
    assert len(answer("partner", "list", home=home)["partners"]) == 1


def test_removing_asks_and_takes_no_for_an_answer(home: Path) -> None:
    call(*ADD, "--link", "radio", home=home)
    with terminal("partner", "remove", "base-camp", "--home", home) as screen:
        screen.expect("Forget base-camp")
        screen.type("n\r")
        assert screen.finish() == ExitCode.USAGE
        assert "You said no." in screen.screen
    assert len(answer("partner", "list", home=home)["partners"]) == 1
    with terminal("partner", "remove", "base", "--home", home) as screen:
        screen.expect("Forget base-camp")
        screen.type("y\r")
        assert screen.finish() == 0
    assert answer("partner", "list", home=home)["partners"] == []
    with Store.open(home / "radiosync.db") as store:
        assert partner_link(store, "base-camp") is None


def test_removing_needs_somebody_who_answers_or_yes(home: Path) -> None:
    call(*ADD, home=home)
    assert call("partner", "remove", "base-camp", home=home).exit_code == ExitCode.USAGE
    assert answer("partner", "list", home=home)["partners"]
    assert call("partner", "remove", "base-camp", "--yes", home=home).exit_code == 0


@pytest.mark.parametrize(("name", "hint"), [("field", "field-1 or field-2"), ("nobody", "field-1, field-2")])
def test_a_name_must_mean_one_partner(home: Path, name: str, hint: str) -> None:
    for number in (1, 2):
        call("partner", "add", f"field-{number}", "--station", f"{number:016x}", home=home)
    done = call("partner", "remove", name, "--yes", home=home)
    assert done.exit_code == ExitCode.USAGE
    assert hint in done.stderr

"""Setup: a dialogue on a terminal, options alone elsewhere, and never a hang."""

from pathlib import Path

import pytest

from radiosync.config import Config
from radiosync.identity.station import short_code
from radiosync.messages import ExitCode
from radiosync.store import Store
from tests.cli.running import Terminal, answer, call, finish, objects, terminal

NAMED = ("--name", "Field 3", "--service", "amateur", "--callsign", "n0call-7")
WHOLE = (*NAMED, "--port", "/dev/ttyUSB0", "--profile", "kiss-tnc", "--bit-rate", "300")


def config_of(home: Path) -> Config:
    return Config.load(home / "radiosync.toml")


def test_options_alone_make_a_station(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    done = call("setup", *WHOLE, home=home)
    assert done.exit_code == 0, done.stderr
    config = config_of(home)
    assert (config.station.name, str(config.station.callsign), config.station.service) == (
        "Field 3",
        "N0CALL-7",
        "amateur",
    )
    link = config.links["radio"]
    assert (link.port, link.profile, link.bit_rate) == ("/dev/ttyUSB0", "kiss-tnc", 300)
    with Store.open(home / "radiosync.db") as store:
        station = store.station
    assert f"  station     {station.hex()}" in done.stdout
    assert f"  short code  {short_code(station)}" in done.stdout
    assert (
        f"radiosync partner add field-3 --station {station.hex()} --callsign N0CALL-7 --link radio"
        in done.stdout
    )


def test_what_is_printed_for_the_partner_is_what_partner_add_takes(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    told = call("setup", *WHOLE, home=here).stdout
    call("setup", *WHOLE, home=there)
    (line,) = [line for line in told.splitlines() if line.startswith("  radiosync partner add")]
    words = line.replace("LINK", "radio").split()[1:]
    assert call(*words, home=there).exit_code == 0


def test_the_answer_in_json(tmp_path: Path) -> None:
    told = answer("setup", *WHOLE, home=tmp_path)
    assert told["file"] == str(tmp_path / "radiosync.toml")
    assert (told["name"], told["callsign"], told["service"], told["links"]) == (
        "Field 3",
        "N0CALL-7",
        "amateur",
        ["radio"],
    )
    assert told["short_code"] == short_code(bytes.fromhex(told["station"]))


def test_yes_leaves_out_what_need_not_be(tmp_path: Path) -> None:
    assert call("setup", "--name", "Base", "--service", "licensed", "--yes", home=tmp_path).exit_code == 0
    config = config_of(tmp_path)
    assert config.station.callsign is None
    assert config.links == {}
    assert call("config", "check", home=tmp_path).exit_code == 0


def test_the_profiles_own_bit_rate_is_not_written_down(tmp_path: Path) -> None:
    call("setup", *NAMED, "--port", "COM1", "--profile", "kiss-tnc", "--bit-rate", "1200", home=tmp_path)
    assert config_of(tmp_path).links["radio"].bit_rate is None


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ((), "--name, --service, --port (or --yes for none)"),
        (("--yes",), "--name, --service"),
        (("--name", "x", "--service", "amateur", "--yes"), "--callsign"),
        (NAMED, "--port (or --yes for none)"),
        ((*NAMED, "--port", "COM1"), "--profile"),
        ((*NAMED, "--port", "COM1", "--yes"), "--profile"),
    ],
)
def test_without_a_terminal_missing_answers_are_named(
    tmp_path: Path, given: tuple[str, ...], missing: str
) -> None:
    done = finish("setup", *given, "--home", tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert f"Add these options: {missing}." in done.stderr
    assert list(tmp_path.iterdir()) == []
    (told,) = objects(finish("setup", *given, "--home", tmp_path, "--json").stdout)
    assert told["message"]["id"] == "setup-incomplete"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ((*NAMED[:4], "--callsign", "N0/CALL", "--yes"), "stroke"),
        (("--name", "x\ny", "--service", "ism", "--yes"), "name"),
        (("--name", "x" * 41, "--service", "ism", "--yes"), "40 characters"),
        ((*NAMED, "--port", "COM1", "--profile", "nothing"), 'no profile is called "nothing"'),
        ((*NAMED, "--port", "COM1", "--profile", "kiss-tnc", "--bit-rate", "0"), "0 is not in the range"),
        ((*NAMED, "--service", "pirate", "--yes"), "'pirate' is not one of"),
    ],
)
def test_answers_that_do_not_fit_write_nothing(tmp_path: Path, given: tuple[str, ...], hint: str) -> None:
    done = call("setup", *given, home=tmp_path)
    assert done.exit_code in (ExitCode.USAGE, ExitCode.CONFIGURATION)
    assert hint in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_station_is_not_set_up_twice_by_mistake(tmp_path: Path) -> None:
    call("setup", *WHOLE, home=tmp_path)
    before = (tmp_path / "radiosync.toml").read_bytes()
    done = call("setup", "--name", "Other", "--service", "ism", "--yes", home=tmp_path)
    assert done.exit_code == ExitCode.USAGE
    assert "--force" in done.stderr
    assert (tmp_path / "radiosync.toml").read_bytes() == before


def test_force_keeps_the_old_file_and_the_identity(tmp_path: Path) -> None:
    first = answer("setup", *WHOLE, home=tmp_path)
    before = (tmp_path / "radiosync.toml").read_bytes()
    second = answer("setup", "--name", "Other", "--service", "ism", "--yes", "--force", home=tmp_path)
    assert (tmp_path / "radiosync.toml.old").read_bytes() == before
    assert config_of(tmp_path).station.name == "Other"
    assert second["station"] == first["station"]


def test_force_with_answers_that_do_not_fit_keeps_the_file(tmp_path: Path) -> None:
    call("setup", *WHOLE, home=tmp_path)
    before = (tmp_path / "radiosync.toml").read_bytes()
    assert (
        call("setup", "--name", "x" * 41, "--service", "ism", "--yes", "--force", home=tmp_path).exit_code
        != 0
    )
    assert (tmp_path / "radiosync.toml").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call("setup", *WHOLE, home=tmp_path / "file" / "home")
    assert done.exit_code in (ExitCode.CONFIGURATION, ExitCode.STORE)
    assert str(tmp_path / "file") in done.stderr


# The dialogue.


def talk(screen: Terminal, *pairs: tuple[str, str]) -> None:
    for question, reply in pairs:
        screen.expect(question)
        screen.type(reply + "\r")


def test_the_dialogue(tmp_path: Path) -> None:
    with terminal("setup", "--home", tmp_path) as screen:
        talk(
            screen,
            ("Name of this station", "Field 3"),
            ("Service: number or name", "1"),
            ("Call sign, such as N0CALL-7", "N0/CALL"),
            ("stroke", "n0call-7"),
            ("(Enter for none yet)", "socket://127.0.0.1:8001"),
            ("Profile: number or name", "9"),
            ("must be a number from 1 to", "kiss-tnc"),
            ("Bits a second on the air [1200]", ""),
        )
        screen.expect("Field 3 is set up.")
        assert screen.finish() == 0
    link = config_of(tmp_path).links["radio"]
    assert (link.port, link.profile, link.bit_rate) == ("socket://127.0.0.1:8001", "kiss-tnc", None)


def test_the_dialogue_asks_only_what_is_not_known(tmp_path: Path) -> None:
    with terminal("setup", "--home", tmp_path, "--name", "Base", "--service", "licensed") as screen:
        talk(screen, ("Call sign (Enter for none)", ""), ("(Enter for none yet)", ""))
        screen.expect("Base is set up.")
        assert screen.finish() == 0
        assert "Name of" not in screen.screen
    assert config_of(tmp_path).links == {}


def test_ctrl_c_in_the_dialogue_writes_nothing(tmp_path: Path) -> None:
    with terminal("setup", "--home", tmp_path) as screen:
        screen.expect("Name of this station")
        screen.interrupt()
        assert screen.finish() == ExitCode.INTERRUPTED
        assert "You stopped this command." in screen.screen
    assert list(tmp_path.iterdir()) == []

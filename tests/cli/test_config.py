"""Where files are, and whether the configuration fits."""

from pathlib import Path

import pytest

from radiosync.messages import ExitCode
from radiosync.paths import Paths
from tests.cli.running import CONFIG, answer, call, finish, set_up


def test_paths_of_one_home(tmp_path: Path) -> None:
    told = answer("config", "path", home=tmp_path)
    assert told["config"] == str(tmp_path / "radiosync.toml")
    assert told["database"] == str(tmp_path / "radiosync.db")
    for name in ("config", "database", "state", "socket"):
        assert told[name] in call("config", "path", home=tmp_path).stdout
    assert list(tmp_path.iterdir()) == []


def test_paths_of_the_system(tmp_path: Path) -> None:
    done = finish("config", "path", HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path / "state"))
    expected = Paths.find(None, {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")})
    assert str(expected.config_file) in done.stdout
    assert str(expected.runtime) in done.stdout


def test_a_configuration_that_fits(tmp_path: Path) -> None:
    home = set_up(tmp_path)
    assert call("config", "check", home=home).stdout == f"OK: {home / 'radiosync.toml'}: 1 link, 0 jobs\n"
    assert answer("config", "check", home=home)["links"] == ["radio"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "Field 3"', "name = 3", '[station], key "name"'),
        ('"amateur"', '"pirate"', '[station], key "service"'),
        ('profile = "kiss-tnc"', 'profile = "nothing"', "[link.radio]"),
        ('profile = "kiss-tnc"', 'profile = "kiss-tnc"\nkey_up_s = 9', "[link.radio]"),
        ('callsign = "N0CALL-3"\nservice = "amateur"', 'service = "ism"', "callsign"),
        ('beds = "integer"', 'beds = "number"', '[table.shelter.fields], key "beds"'),
        ("[station]", "[station", "is not TOML"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(tmp_path: Path, old: str, new: str, place: str) -> None:
    home = set_up(tmp_path, CONFIG.replace(old, new))
    done = call("config", "check", home=home)
    assert done.exit_code == ExitCode.CONFIGURATION
    assert str(home / "radiosync.toml") in done.stderr
    assert place in done.stderr
    assert call("config", "check", "--json", home=home).exit_code == ExitCode.CONFIGURATION


@pytest.mark.parametrize(
    "words",
    [
        ("config", "check"),
        ("partner", "list"),
        ("import", "x"),
        ("export", "-"),
        ("sync",),
        ("status",),
        ("run",),
    ],
    ids=" ".join,
)
def test_before_setup_every_command_says_so(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = call(*words, home=tmp_path)
    assert done.exit_code == ExitCode.CONFIGURATION
    assert "This station is not set up." in done.stderr
    assert list(tmp_path.iterdir()) == []

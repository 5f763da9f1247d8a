"""Where files are."""

from pathlib import Path

import pytest

from radiosync.paths import Paths


def test_the_folders_of_xdg() -> None:
    paths = Paths.find(
        environ={
            "HOME": "/home/ana",
            "XDG_CONFIG_HOME": "/c",
            "XDG_DATA_HOME": "/d",
            "XDG_STATE_HOME": "/s",
            "XDG_RUNTIME_DIR": "/run/user/1000",
        }
    )
    assert paths == Paths(
        Path("/c/radiosync"), Path("/d/radiosync"), Path("/s/radiosync"), Path("/run/user/1000/radiosync")
    )
    assert paths.config_file == Path("/c/radiosync/radiosync.toml")
    assert paths.database == Path("/d/radiosync/radiosync.db")
    assert paths.lock_file == Path("/run/user/1000/radiosync/radiosync.lock")


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_without_a_usable_variable_the_folders_of_the_user(value: str) -> None:
    names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
    paths = Paths.find(environ={"HOME": "/home/ana", **dict.fromkeys(names, value)})
    assert paths == Paths(
        Path("/home/ana/.config/radiosync"),
        Path("/home/ana/.local/share/radiosync"),
        Path("/home/ana/.local/state/radiosync"),
        Path("/home/ana/.local/state/radiosync"),
    )


def test_one_folder_for_all(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    environ = {"HOME": "/home/ana", "XDG_CONFIG_HOME": "/c", "RADIOSYNC_HOME": "/elsewhere"}
    assert Paths.find(stick, environ) == Paths(stick, stick, stick, stick)
    assert Paths.find(environ=environ).database == Path("/elsewhere/radiosync.db")


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.find(Path("here"), {}).config == tmp_path / "here"


def test_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    paths = Paths.find(tmp_path / "a", {})
    paths.create()
    paths.create()
    assert paths.data.stat().st_mode & 0o777 == 0o700

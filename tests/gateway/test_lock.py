"""One gateway at a time."""

import os
from pathlib import Path

import pytest

from radiosync.errors import BusyError, LocalError
from radiosync.gateway.lock import GatewayLock


def test_the_second_one_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    path = tmp_path / "radiosync.lock"
    with (
        GatewayLock(path),
        pytest.raises(BusyError, match=f"running already, as process {os.getpid()}$"),
        GatewayLock(path),
    ):
        pass


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "radiosync.lock"
    path.write_text("4711 is long dead, and wrote a longer line\n")
    for _ in range(2):
        with GatewayLock(path):
            assert path.read_text() == f"{os.getpid()}\n"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot be used as a lock"), GatewayLock(tmp_path / "none" / "lock"):
        pass

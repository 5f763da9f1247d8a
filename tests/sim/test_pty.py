"""Two PTYs in real time. Short, on a link so fast that only the plumbing is timed."""

import os
import selectors
import stat
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from radiosync.wire.kiss import KissDecoder, encode_kiss
from radiosync_sim.errors import SimulationError
from radiosync_sim.pty import PtyPair, serve
from radiosync_sim.scenario import load_scenario

WIRE = load_scenario("clean-9600")
QUICK_WIRE = replace(WIRE, airtime=replace(WIRE.airtime, bit_rate=1_000_000))
VHF = load_scenario("vhf-1200")
QUICK_TNC = replace(
    VHF,
    airtime=replace(VHF.airtime, bit_rate=100_000, key_up_s=0.02),
    good=replace(VHF.good, bit_error_rate=0),
    bad=None,
)
PATIENCE_S = 5.0


def open_end(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY)


def read(port: int, count: int, patience_s: float = PATIENCE_S) -> bytes:
    """Read `count` bytes, or what there is when patience ends or the port is gone."""
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(port, selectors.EVENT_READ)
        end_at = time.monotonic() + patience_s
        while len(data) < count and selector.select(end_at - time.monotonic()):
            try:
                piece = os.read(port, count - len(data))
            except OSError:
                piece = b""
            if not piece:
                break
            data += piece
    return data


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[PtyPair]:
    with PtyPair(QUICK_WIRE, 1, tmp_path / "links") as pair:
        yield pair


def talk(sender: int, hearer: int, data: bytes) -> None:
    """Send until something comes through: the far end may not have been noticed yet."""
    os.write(sender, data)
    assert read(hearer, len(data)) == data


def settle() -> None:
    """Long enough for the pair to notice who came and went."""
    time.sleep(0.06)


def test_bytes_go_both_ways_unchanged(pair: PtyPair) -> None:
    a, b = (open_end(path) for path in pair.names.values())
    settle()
    every = bytes(range(256)) * 4
    talk(a, b, every)
    talk(b, a, every[::-1])
    os.close(a)
    os.close(b)


def test_frames_cross_a_tnc_in_their_time() -> None:
    with PtyPair(QUICK_TNC, 1) as pair:
        a, b = (open_end(path) for path in pair.names.values())
        settle()
        wire, began_at = encode_kiss(bytes(range(200))), time.monotonic()
        os.write(a, wire)
        (frame,) = KissDecoder().receive(read(b, len(wire)))
        took_s = time.monotonic() - began_at
        os.close(a)
        os.close(b)
    assert frame.payload == bytes(range(200))
    assert 0.02 + 202 * 8 / 100_000 <= took_s < 1


def test_a_client_may_come_back(pair: PtyPair) -> None:
    a, b = (open_end(path) for path in pair.names.values())
    settle()
    talk(a, b, b"first")
    os.close(b)
    settle()
    os.write(a, b"nobody listens")
    settle()
    b = open_end(pair.names["b"])
    settle()
    talk(a, b, b"second")
    talk(b, a, b"third")
    os.close(a)
    os.close(b)


def test_each_client_finds_a_raw_port(pair: PtyPair) -> None:
    """An echoing port would send what arrives straight back."""
    b = open_end(pair.names["b"])
    settle()
    settings = termios.tcgetattr(b)
    settings[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(b, termios.TCSANOW, settings)
    os.close(b)
    settle()
    b = open_end(pair.names["b"])
    assert not termios.tcgetattr(b)[3] & (termios.ECHO | termios.ICANON)
    os.close(b)


def test_a_client_that_does_not_read_loses_the_oldest_bytes() -> None:
    very_quick = replace(WIRE, airtime=replace(WIRE.airtime, bit_rate=1e9))
    with PtyPair(very_quick, 1) as pair:
        a, b = (open_end(path) for path in pair.names.values())
        settle()
        for number in range(200):
            os.write(a, bytes([number]) * 1000)
        settle()
        heard = read(b, 200_000, patience_s=0.2)
        os.close(a)
        os.close(b)
    assert 64 * 1024 <= len(heard) < 100_000
    assert heard[0] == 0
    assert heard.endswith(bytes([199]) * 1000)


def test_the_last_words_of_a_client_are_sent(pair: PtyPair) -> None:
    a, b = (open_end(path) for path in pair.names.values())
    settle()
    os.write(a, b"bye")
    os.close(a)
    assert read(b, 3) == b"bye"
    os.close(b)


def test_unplugging_takes_the_port_and_replugging_brings_it_back(pair: PtyPair) -> None:
    a, b = (open_end(path) for path in pair.names.values())
    settle()
    talk(a, b, b"first")
    link = pair.names["b"]
    pair.unplug("b")
    pair.unplug("b")
    assert read(b, 1) == b""
    os.close(b)
    assert list(pair.names) == ["a"]
    assert not os.path.lexists(link)
    os.write(a, b"into the void")
    settle()
    pair.replug("b")
    pair.replug("b")
    assert pair.names["b"] == link
    b = open_end(link)
    settle()
    talk(a, b, b"second")
    os.close(a)
    os.close(b)


def test_links_point_to_the_devices_and_go_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/left/by/a/crash")
    with PtyPair(QUICK_WIRE, 1, tmp_path) as pair:
        assert pair.names == {name: str(tmp_path / name) for name in "ab"}
        for path in pair.names.values():
            assert stat.S_ISCHR(os.stat(path).st_mode)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(FileExistsError):
        PtyPair(QUICK_WIRE, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_text() == "mine"


def test_nothing_is_left_behind() -> None:
    fds, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    with PtyPair(QUICK_WIRE, 1) as pair:
        os.close(open_end(pair.names["a"]))
        settle()
    assert len(os.listdir("/proc/self/fd")) == fds
    assert threading.active_count() == threads


def test_there_are_two_ends_only(pair: PtyPair) -> None:
    with pytest.raises(SimulationError, match="'c'"):
        pair.unplug("c")


def test_serve_tells_the_names_and_cleans_up(tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def on_ready(names: Mapping[str, str]) -> None:
        seen.update(names)
        assert all(os.path.exists(path) for path in names.values())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(QUICK_WIRE, 1, on_ready, tmp_path)
    assert sorted(seen) == ["a", "b"]
    assert list(tmp_path.iterdir()) == []

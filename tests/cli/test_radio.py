"""Two stations on a simulated radio in real time: run, sync, status, as a person would use them."""

import hashlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from radiosync.messages import ExitCode
from radiosync_sim.pty import PtyPair
from radiosync_sim.scenario import parse_scenario
from tests.cli.running import CONFIG, PATIENCE_S, answer, call, finish, objects, set_up, spawn, terminal

pytestmark = pytest.mark.real

QUICK = parse_scenario(
    "quick",
    """
    summary = "A quick and quiet radio"
    seed = 1
    [modem]
    kind = "kiss-tnc"
    bit_rate = 40000
    frame_payload_bytes = 256
    [radio]
    key_up_and_turn_s = 0.1
    [errors.good]
    bit_error_rate = 0
    """,
)
LINK = "bit_rate = 40000\nkey_up_s = 0.1\nturn_s = 0.1\nlongest_over_s = 1"


class Running:
    """A `radiosync run --json` and what it tells."""

    def __init__(self, home: Path) -> None:
        self.process = spawn("run", "--json", "--home", home)
        self._told: Queue[dict[str, Any]] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def expect(self, event: str) -> dict[str, Any]:
        """Wait for an event of that name."""
        while True:
            told = self._told.get(timeout=PATIENCE_S)
            if told.get("event") == event or told["type"] == event:
                return told

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._told.put(json.loads(line))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two stations that know each other, each with a modem."""
    folder = tmp_path_factory.mktemp("radio")
    with PtyPair(QUICK, 1, folder / "ports"):
        found = []
        for name in "ab":
            config = CONFIG.replace("/dev/no-such-modem", str(folder / "ports" / name))
            config = config.replace('profile = "kiss-tnc"', f'profile = "kiss-tnc"\n{LINK}').replace(
                "N0CALL-3", f"N0CALL-{ord(name) % 7}"
            )
            found.append(set_up(folder / name, config))
        here, there = found
        for home, other, name in ((here, there, "base-camp"), (there, here, "field")):
            identity = answer("status", home=other)["station"]["station"]
            call("partner", "add", name, "--station", identity, home=home)
        yield here, there


@pytest.fixture
def base_camp(homes: tuple[Path, Path]) -> Iterator[Running]:
    running = Running(homes[1])
    running.expect("link-up")
    yield running
    running.end()


def write(home: Path, number: int, count: int = 60) -> None:
    lines = [
        json.dumps(
            {
                "table": "shelter",
                "uuid": f"{number:08}-0000-4000-8000-{each:012}",
                "op": "put",
                "fields": fields,
            }
        )
        for each in range(count)
        for fields in [{"seal": hashlib.sha256(b"%d %d" % (number, each)).hexdigest()}]  # does not compress
    ]
    (home / "in.jsonl").write_text("\n".join(lines))
    assert call("import", home / "in.jsonl", home=home).exit_code == 0


def content(home: Path) -> list[str]:
    call("export", home / "out.jsonl", home=home)
    return sorted((home / "out.jsonl").read_text("utf-8").splitlines())


def test_a_sync_without_a_gateway(homes: tuple[Path, Path], base_camp: Running) -> None:
    here, there = homes
    write(here, 1)
    done = finish("sync", "base-camp", "--yes", "--json", "--home", here)
    told = objects(done.stdout)
    assert done.returncode == 0, told[-1]
    assert {"link-up", "contact-started", "partner-answered", "contact-finished"} <= {
        each.get("event") for each in told
    }
    assert any(each["type"] == "progress" and each["chunks"] for each in told)
    (only,) = told[-1]["partners"]
    assert (only["changes_confirmed"], only["changes_waiting"], only["message"]) == (60, 0, "in-step")
    assert content(here) == content(there)
    assert base_camp.expect("contact-finished")["partner"] == "field"
    assert "In step with base-camp at" in call("status", home=here).stdout


def test_a_sync_on_a_terminal(homes: tuple[Path, Path], base_camp: Running) -> None:
    here, _ = homes
    write(here, 2)
    with terminal("sync", "base", "--home", here) as screen:
        screen.expect("would send to base-camp over radio: 60 changes")
        screen.expect("Transmit now? [y/N]")
        screen.type("y\r")
        screen.expect("base-camp is heard.")
        screen.expect("chunks")
        assert screen.finish() == 0
        assert "\u2588" in screen.screen or "\u2591" in screen.screen
        assert "OK\x1b[0m: In step with base-camp" in screen.screen


def test_a_sync_by_the_gateway_that_runs(homes: tuple[Path, Path], base_camp: Running) -> None:
    here, there = homes
    gateway = Running(here)
    try:
        gateway.expect("link-up")
        write(here, 3, 5)
        done = finish("sync", "base-camp", "--yes", "--home", here)
        assert done.returncode == ExitCode.KEPT
        assert "The gateway calls base-camp now." in done.stderr
        gateway.expect("contact-finished")
        write(there, 4, 5)
        last = answer("sync", "base-camp", "--yes", "--wait", home=here)
        assert (last["exit"], last["message"]["id"]) == (0, "in-step")
        assert content(here) == content(there)
        told = answer("status", home=here)
        assert told["running"] is True
        assert told["links"][0]["state"] == "up"
        assert "OK: Link radio is up since" in call("status", home=here).stdout
        second = finish("run", "--home", here)
        assert second.returncode == ExitCode.GATEWAY
        assert "runs already" in second.stderr
    finally:
        assert gateway.end() == 0


def test_nobody_answers_and_ctrl_c(homes: tuple[Path, Path]) -> None:
    here, _ = homes
    write(here, 5)
    process = spawn("sync", "base-camp", "--yes", "--json", "--home", here)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("event") == "contact-started":
            break
    os.kill(process.pid, signal.SIGINT)
    stdout, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == ExitCode.INTERRUPTED
    assert objects(stdout.decode())[-1]["message"]["id"] == "interrupted"
    assert answer("status", home=here)["partners"][0]["changes_waiting"] == 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_ends_cleanly(homes: tuple[Path, Path], number: signal.Signals) -> None:
    gateway = Running(homes[0])
    assert gateway.expect("gateway-started")["links"] == ["radio"]
    gateway.expect("link-up")
    assert gateway.end(number) == 0
    assert gateway.expect("result")["exit"] == 0
    assert not (homes[0] / "radiosync.sock").exists()


def test_a_gateway_in_words(homes: tuple[Path, Path]) -> None:
    process = spawn("run", "--home", homes[0])
    assert process.stderr is not None
    lines = [process.stderr.readline().decode() for _ in range(2)]
    assert lines == ["The gateway of Field 3 runs. Ctrl-C ends it.\n", "OK: Link radio is up.\n"]
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stdout) == (0, b"")
    assert stderr.decode() == "The gateway has ended. What was not confirmed is kept.\n"


def test_a_gateway_without_its_modem_says_so_and_goes_on(tmp_path: Path) -> None:
    running = Running(set_up(tmp_path))
    down = running.expect("link-down")
    assert (down["message"], down["values"]["port"]) == ("port-missing", "/dev/no-such-modem")
    assert running.process.poll() is None
    assert running.end() == 0

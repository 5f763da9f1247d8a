"""Real processes on two PTYs, killed with kill -9 at random moments."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from radiosync.connectors.jsonlines import write_jsonlines
from radiosync.store import Store
from radiosync_sim.story import tell_story

pytestmark = pytest.mark.real

_KILLS = 12
_EDITS = 2500
_ROOT = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-c", "from radiosync.cli import main; main()")
_SCENARIO = """
summary = "a quick radio with fades, so that a test need not wait"
seed = 1
[modem]
kind = "kiss-tnc"
bit_rate = 19200
frame_payload_bytes = 256
[radio]
key_up_and_turn_s = 0.05
carrier_sense = true
longest_over_s = 2
[errors.good]
bit_error_rate = 1e-6
mean_dwell_s = 1
[errors.bad]
bit_error_rate = 3e-3
mean_dwell_s = 0.05
"""


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(_ROOT), str(_ROOT / "sim")))}


def _call(*words: str) -> dict[str, object]:
    done = subprocess.run(
        [*_COMMAND, "--json", *words], env=_environment(), capture_output=True, check=True, timeout=60
    )
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


@contextlib.contextmanager
def _process(words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*_COMMAND, *words], env=_environment(), stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Site:
    """One station in a folder of its own."""

    def __init__(self, folder: Path, name: str, ports: Path) -> None:
        self.name, self.home, self.log = name, folder / name, folder / f"{name}.log"
        station = _call(
            "--home", str(self.home), "setup", "--name", name, "--callsign", f"{name.upper()}-1", "--service", "amateur",
            "--port", str(ports / name), "--profile", "kiss-tnc", "--bit-rate", "19200", "--yes",
        )  # fmt: skip
        config = self.home / "radiosync.toml"
        config.write_text(
            config.read_text().replace(
                "bit_rate = 19200", "bit_rate = 19200\nkey_up_s = 0.05\nlongest_over_s = 2", 1
            )
        )
        status = _call("--home", str(self.home), "status")
        assert isinstance(status["station"], dict)
        self.identity = str(status["station"]["station"])
        assert station["exit"] == 0

    def know(self, other: "Site") -> None:
        _call(
            "--home", str(self.home), "partner", "add", other.name, "--station", other.identity,
            "--callsign", f"{other.name.upper()}-1", "--link", "radio",
        )  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [*_COMMAND, "--home", str(self.home), *words],
                env=_environment(),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )

    def content(self) -> str:
        with Store.open(self.home / "radiosync.db") as store:
            return store.content_digest()


def test_a_dozen_kills_lose_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("RADIOSYNC_TEST_SEED", "1"))
    random = Random(seed)
    scenario = tmp_path / "quick.toml"
    scenario.write_text(_SCENARIO)
    ports = tmp_path / "ports"
    with _process(["sim", "pty", str(scenario), "--link", str(ports)], tmp_path / "pty.log"):
        deadline = time.monotonic() + 20
        while not (ports / "b").exists():
            assert time.monotonic() < deadline, (tmp_path / "pty.log").read_text()
            time.sleep(0.05)
        field, base = Site(tmp_path, "a", ports), Site(tmp_path, "b", ports)
        field.know(base)
        base.know(field)
        with Store.open(":memory:") as source, (tmp_path / "story.jsonl").open("wb") as file:
            source.edit(tell_story(_EDITS, seed))
            write_jsonlines(source.records(), file)
        _call("--home", str(field.home), "import", str(tmp_path / "story.jsonl"))
        _kill_and_finish(field, base, random)
    assert field.content() == base.content(), f"seed {seed}"


def _kill_and_finish(field: Site, base: Site, random: Random) -> None:
    """Start both, kill one or the other at a random moment, until the kills are used up; then let them finish."""
    running = {field: field.start("sync", "b", "--wait", "--yes"), base: base.start("run")}
    try:
        for _ in range(_KILLS):
            time.sleep(random.uniform(0.3, 2.5))
            victim = random.choice([field, base])
            running[victim].send_signal(signal.SIGKILL)
            running[victim].wait()
            words = ("sync", "b", "--wait", "--yes") if victim is field else ("run",)
            running[victim] = victim.start(*words)
        for _ in range(5):
            code = running[field].wait(timeout=90)
            if code == 0:
                break
            running[field] = field.start("sync", "b", "--wait", "--yes")
        assert code == 0, field.log.read_text()
        running[base].send_signal(signal.SIGINT)
        assert running[base].wait(timeout=20) in (0, 130)
    finally:
        for process in running.values():
            process.kill()
            process.wait()

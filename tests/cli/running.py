"""Running the program in tests: in this process, as a process of its own, and on a terminal."""

import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result

from radiosync.cli import main
from tests.project.checkout import ROOT

PROGRAM = (sys.executable, "-c", "from radiosync.cli import main; main()")
PATIENCE_S = 20.0

# The terminal is made the one whose Ctrl-C counts.
_ON_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); " + PROGRAM[-1]

CONFIG = """\
[station]
name = "Field 3"
callsign = "N0CALL-3"
service = "amateur"

[link.radio]
port = "/dev/no-such-modem"
profile = "kiss-tnc"

[table.shelter.fields]
beds = "integer"
"""


def _every_command(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _every_command(below, (*path, name))


EVERY = dict(_every_command(main))
"""All commands and groups of commands, by the words that name them."""


def set_up(home: Path, config: str = CONFIG) -> Path:
    """Make a station in that folder."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "radiosync.toml").write_text(config, "utf-8")
    return home


def call(*words: object, home: Path | None = None, text: str | None = None) -> Result:
    """Run a command in this process."""
    place = [] if home is None else ["--home", str(home)]
    return CliRunner().invoke(main, [*map(str, words), *place], input=text, catch_exceptions=False)


def answer(*words: object, home: Path | None = None) -> dict[str, Any]:
    """Run a command with `--json` and return its last object."""
    return answers(*words, home=home)[-1]


def answers(*words: object, home: Path | None = None) -> list[dict[str, Any]]:
    """Run a command with `--json` and return all its objects, once all that holds for every answer has been checked."""
    done = call(*words, "--json", home=home)
    found = objects(done.stdout)
    assert done.stderr == ""
    assert found[-1]["exit"] == done.exit_code
    return found


def objects(stdout: str) -> list[dict[str, Any]]:
    """The objects of JSON Lines, the last of which concludes."""
    found = [json.loads(line) for line in stdout.splitlines()]
    assert all(each["v"] == 1 for each in found)
    assert [each["type"] for each in found[:-1] if each["type"] not in ("progress", "event")] == []
    last = found[-1]
    assert last["type"] == ("result" if last["exit"] in (0, 3, 4) else "error")
    assert {"outcome", "side", "message", "next_try_at", "exit"} <= last.keys()
    return found


def environment(**changes: str) -> dict[str, str]:
    """What a process of ours gets: our code, and nothing of the person who runs the tests."""
    kept = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'sim'}",
        "LC_ALL": "C.UTF-8",
    }
    return {**kept, "TERM": "xterm", "HOME": os.devnull, **changes}


def spawn(*words: object, **changes: str) -> "subprocess.Popen[bytes]":
    """Start a process of the program with pipes."""
    command = [*PROGRAM, *map(str, words)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**changes),
    )


def finish(*words: object, **changes: str) -> "subprocess.CompletedProcess[str]":
    """Run a process of the program with pipes to its end."""
    process = spawn(*words, **changes)
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout.decode(), stderr.decode())


class Terminal:
    """A process of the program on a terminal of its own.

    Attributes:
        screen: all that it has written.
    """

    def __init__(self, words: tuple[object, ...], changes: Mapping[str, str]) -> None:
        self.screen = ""
        self._port, client = pty.openpty()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _ON_TERMINAL, *map(str, words)],
                stdin=client,
                stdout=client,
                stderr=client,
                env=environment(**changes),
                start_new_session=True,
            )
        finally:
            os.close(client)

    def expect(self, text: str) -> None:
        """Wait until the text stands on the screen, behind what was expected before."""
        start = len(self.screen) if not text else 0
        end_at = time.monotonic() + PATIENCE_S
        while text not in self.screen[start:]:
            assert time.monotonic() < end_at, f"no {text!r} in {self.screen!r}"
            assert self._read(end_at - time.monotonic()), f"ended without {text!r}: {self.screen!r}"

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._port, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C until it ends: Python does not see one that comes just before it waits for a key."""
        end_at = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < end_at:
            self.type("\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2.0)

    def finish(self) -> int:
        """Read to the end and return the exit code."""
        while self._read(PATIENCE_S):
            pass
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """End it, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._port)

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._port], [], [], max(0.0, timeout_s))[0]:
            return False
        try:
            data = os.read(self._port, 65536)
        except OSError:  # how Linux says that the other end has gone
            return False
        self.screen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@contextlib.contextmanager
def terminal(*words: object, **changes: str) -> Iterator[Terminal]:
    """A process on a terminal; killed at the end if it still runs."""
    found = Terminal(words, changes)
    try:
        yield found
    finally:
        found.close()

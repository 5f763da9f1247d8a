"""What holds for every command: help, options in any place, exit codes, words for what goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from radiosync.cli import main
from radiosync.cli.failure import notice_of
from radiosync.errors import (
    BusyError,
    ConfigError,
    ContextError,
    InputError,
    LocalError,
    PortError,
    StoreError,
    UsageError,
)
from radiosync.messages import MESSAGES, ExitCode
from radiosync.ports import PortReason, TransportError
from radiosync_sim.errors import LivelockError
from tests.cli.running import EVERY, PROGRAM, answer, call, environment, finish, objects, set_up, spawn
from tests.project.checkout import ROOT

HELP_S = 0.3
FOUR = ("side     ", "next     ", "you can  ", "more: radiosync explain ")


# Help.


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help(path: tuple[str, ...], option: str) -> None:
    done = call(*path, option)
    assert done.exit_code == 0
    assert done.stdout.startswith("Usage: ")
    assert "Options of every command" in done.stdout


@pytest.mark.parametrize("path", [path for path in EVERY if path], ids=" ".join)
def test_the_list_of_commands_says_what_each_is_for(path: tuple[str, ...]) -> None:
    words = EVERY[path].get_short_help_str(100)
    assert words
    assert not words.endswith("...")


def test_help_is_quick() -> None:
    def once() -> float:
        began_at = time.perf_counter()
        subprocess.run([*PROGRAM, "--help"], check=True, capture_output=True, env=environment())
        return time.perf_counter() - began_at

    assert min(once() for _ in range(5)) < HELP_S


def test_help_loads_nothing_heavy() -> None:
    heavy = ("sqlalchemy", "alembic", "asyncio", "serial", "cbor2", "zstandard", "radiosync_sim")
    code = (
        "import sys; from radiosync.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment()
    )
    assert done.stderr.strip() == "[]"


def test_without_arguments_the_first_things_to_do() -> None:
    done = call()
    assert done.exit_code == 0
    assert [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")] == [
        "radiosync demo",
        "radiosync setup",
        "radiosync --help",
    ]
    assert "sync" in answer()["commands"]


def test_a_shell_can_complete_commands() -> None:
    done = finish(_RADIOSYNC_COMPLETE="bash_source")
    assert done.returncode == 0
    assert "complete -o nosort" in done.stdout
    found = finish(_RADIOSYNC_COMPLETE="bash_complete", COMP_WORDS="radiosync partner a", COMP_CWORD="2")
    assert found.stdout.split() == ["plain,add"]


# Options that all share.


@pytest.mark.parametrize("words", [("--json", "version"), ("version", "--json")])
def test_shared_options_stand_anywhere(words: tuple[str, ...]) -> None:
    done = call(*words)
    (only,) = objects(done.stdout)
    assert only["radiosync"]


def test_the_nearer_home_wins_and_the_variable_comes_last(tmp_path: Path) -> None:
    words = ("--home", tmp_path / "a", "config", "--home", tmp_path / "b", "path")
    assert call(*words).stdout.startswith(f"config    {tmp_path / 'b'}")
    done = finish("config", "path", RADIOSYNC_HOME=str(tmp_path / "c"))
    assert done.stdout.startswith(f"config    {tmp_path / 'c'}")
    done = finish("config", "path", "--home", tmp_path / "d", RADIOSYNC_HOME=str(tmp_path / "c"))
    assert done.stdout.startswith(f"config    {tmp_path / 'd'}")


# Wrong use.


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("stat",), "Did you mean"),
        (("exprot",), "Did you mean 'export'?"),
        (("partner", "ad"), "Did you mean 'add'?"),
        (("status", "--wach"), "Did you mean '--watch'?"),
        (("import",), "Missing argument 'FILE'."),
        (("--progress", "lots", "version"), "'lots' is not one of"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(words: tuple[str, ...], hint: str) -> None:
    done = call(*words)
    assert done.exit_code == ExitCode.USAGE
    assert hint in done.stderr
    assert done.stdout == ""
    assert objects(call("--json", *words).stdout)[-1]["message"]["id"] == "usage"


def test_the_help_that_is_named_is_that_of_the_command() -> None:
    assert "`radiosync partner add --help`" in call("partner", "add", "--nothing").stderr
    assert "`radiosync --help`" in call("--nothing", "version").stderr


# What goes wrong.


def test_four_lines_and_no_traceback(tmp_path: Path) -> None:
    done = call("partner", "list", home=tmp_path)
    first, *rest = done.stderr.splitlines()
    assert first == f"FAIL: This station is not set up. There is no file {tmp_path / 'radiosync.toml'}."
    assert [line.strip()[: len(start)] for line, start in zip(rest, FOUR, strict=True)] == list(FOUR)
    assert done.exit_code == ExitCode.CONFIGURATION


def test_the_traceback_is_there_for_the_asking(tmp_path: Path) -> None:
    assert "Traceback" not in call("partner", "list", home=tmp_path).stderr
    assert "Traceback" in call("partner", "list", "--debug", home=tmp_path).stderr


@pytest.mark.parametrize(
    ("error", "id"),
    [
        (ConfigError("radiosync.toml: is not TOML."), "config-wrong"),
        (InputError("a.csv", 3, "beds", "must be a whole number"), "input-wrong"),
        (UsageError("there is no partner 'x'"), "request-refused"),
        (PortError("what"), "port-unusable"),
        (TransportError(PortReason.MISSING, "COM1", "is not there"), "port-missing"),
        (TransportError(PortReason.DENIED, "COM1", "no", {"user": "ana", "group": "dialout"}), "port-denied"),
        (TransportError(PortReason.HELD, "COM1", "no", {"holder": "x"}), "port-held"),
        (TransportError(PortReason.UNUSABLE, "COM1", "no"), "port-unusable"),
        (StoreError("no such table"), "store-unusable"),
        (BusyError("locked"), "store-busy"),
        (KeyboardInterrupt(), "interrupted"),
        (click.Abort(), "interrupted"),
        (click.UsageError("no"), "usage"),
        (ContextError("what"), "unexpected"),
        (LocalError("what"), "disk-unusable"),
        (LivelockError("what"), "unexpected"),
        (ZeroDivisionError("what"), "unexpected"),
        (AssertionError(), "unexpected"),
    ],
)
def test_each_exception_has_its_message(error: BaseException, id: str) -> None:
    told = notice_of(error, "radiosync x", lambda error: "report.txt")
    assert told.message is MESSAGES[id]
    for text in (told.happened, told.next, told.you_can):
        assert "<" not in text
        assert "?" not in text
        assert ".." not in text


def test_a_place_in_a_file_is_named() -> None:
    told = notice_of(InputError("a.csv", 3, "beds", "must be a whole number"), "x", lambda error: "")
    assert told.happened == 'a.csv, line 3, field "beds" does not fit: must be a whole number.'
    told = notice_of(InputError("a.csv", None, None, "is empty"), "x", lambda error: "")
    assert told.happened == "a.csv does not fit: is empty."


BREAK = (
    "import sys, radiosync.cli.version as v\n"
    "from radiosync.cli import main\n"
    "def platform_system(): raise {error}\n"
    "v.platform.system = platform_system\n"
    "main(sys.argv[1:])"
)


def broken(*words: object, error: str = "RuntimeError('no such luck')") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", BREAK.format(error=error), "version", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=20, check=False)


def test_what_nobody_foresaw_is_reported(tmp_path: Path) -> None:
    done = broken("--home", tmp_path / "deep" / "home")
    assert done.returncode == ExitCode.UNEXPECTED
    assert "Traceback" not in done.stderr
    assert "did not foresee: RuntimeError: no such luck." in done.stderr
    (report,) = (tmp_path / "deep" / "home").glob("report-*.txt")
    assert str(report) in done.stderr
    text = report.read_text("utf-8")
    assert "RuntimeError: no such luck" in text
    assert "platform_system" in text
    assert "radiosync 0." in text


def test_a_report_that_cannot_be_written_is_no_second_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = broken("--home", tmp_path / "file" / "home", "--json")
    assert done.returncode == ExitCode.UNEXPECTED
    last = objects(done.stdout)[-1]
    assert last["message"]["id"] == "unexpected"
    assert "cannot be written" in last["message"]["next"]


def test_interrupted(tmp_path: Path) -> None:
    done = broken("--home", tmp_path, error="KeyboardInterrupt")
    assert done.returncode == ExitCode.INTERRUPTED
    assert "Progress is kept" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_during_an_import_leaves_everything_as_it_was(tmp_path: Path) -> None:
    home = set_up(tmp_path / "home")
    slow = tmp_path / "slow.jsonl"
    os.mkfifo(slow)
    process = spawn("import", slow, "--home", home, "--json")
    with slow.open("wb", buffering=0) as out:
        out.write(
            b'{"table":"a","uuid":"00000000-0000-0000-0000-000000000001","op":"put","fields":{"x":1}}\n' * 2
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["type"] == "progress"
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert objects(stdout.decode())[-1]["outcome"] == "interrupted"
    assert answer("export", tmp_path / "all.jsonl", home=home)["records"] == 0


# Readers that go away.


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    home = set_up(tmp_path / "home")
    lines = [
        f'{{"table":"a","uuid":"{number:08d}-0000-4000-8000-000000000000","op":"put","fields":{{"x":"{"y" * 500}"}}}}'
        for number in range(2000)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert finish("import", tmp_path / "a.jsonl", "--home", home).returncode == 0
    process = spawn("export", "-", "--home", home)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    talk = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(20) == ExitCode.READER_GONE
    assert "Traceback" not in talk
    assert "Broken" not in talk
    assert "FAIL" not in talk


def test_a_name_that_the_locale_cannot_write_is_no_fault(tmp_path: Path) -> None:
    home = set_up(tmp_path / "home")
    (tmp_path / "caf\xe9.jsonl").write_text("{}")
    done = finish("import", tmp_path / "caf\xe9.jsonl", "--home", home, LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == ExitCode.INPUT
    assert "caf\\xe9.jsonl, line 1" in done.stderr


def test_the_program_starts_as_a_module_of_its_package() -> None:
    assert main.name == "radiosync"
    assert (ROOT / "pyproject.toml").read_text("utf-8").count('radiosync = "radiosync.cli:main"') == 1

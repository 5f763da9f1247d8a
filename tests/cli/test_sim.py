"""The simulator's commands."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from radiosync.messages import ExitCode
from radiosync_sim.run import RunOptions, RunResult
from radiosync_sim.scenario import scenario_names
from tests.cli.running import answer, call, objects, spawn

STREAM = "".join(
    f'{{"t":"2026-11-23T10:{number:02}:00Z","table":"a","uuid":"{number % 7:08d}-0000-4000-8000-000000000000","op":"put",'
    f'"fields":{{"x":{number}}}}}\n'
    for number in range(40)
)
PROMISED = [
    *(
        "stream",
        "scenario",
        "seed",
        "edits",
        "changes",
        "contacts",
        "payload_bytes",
        "bytes_on_air",
        "bytes_a_change",
    ),
    *(
        "airtime_s",
        "airtime_a_change_s",
        "elapsed_s",
        "utilisation",
        "utilisation_each",
        "frames_sent",
        "frames_lost",
        "overs",
        "pieces_repeated",
        "resumes",
    ),
    "identical",
]

SEEDS_PROMISED = [
    "stream",
    "scenario",
    "seeds",
    "utilisation",
    "utilisation_each",
    "elapsed_s",
    "resumes",
    "identical",
]


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    path = tmp_path / "stream.jsonl"
    path.write_text(STREAM)
    return path


def test_the_list() -> None:
    told = call("sim", "list").stdout
    assert [line.split()[0] for line in told.splitlines()] == scenario_names()
    assert [each["name"] for each in answer("sim", "list")["scenarios"]] == scenario_names()


def test_one_object_says_what_a_run_cost(stream: Path) -> None:
    done = call(
        "sim",
        "run",
        "clean-9600",
        "--data",
        stream,
        "--limit",
        "30",
        "--contact",
        "10",
        "--seed",
        "5",
        "--json",
    )
    told = json.loads(done.stdout)
    assert [name for name in PROMISED if name not in told] == []
    assert (told["scenario"], told["seed"], told["edits"], told["contacts"]) == ("clean-9600", 5, 30, 3)
    assert told["stream"] == str(stream)
    assert told["bytes_on_air"].keys() == {"a_to_b", "b_to_a"}
    assert told["identical"] is True
    assert told["exit"] == 0


def test_the_same_seed_gives_the_same_run(stream: Path) -> None:
    words = ("sim", "run", "vhf-1200", "--data", stream, "--seed", "3")
    assert answer(*words) == answer(*words)


def test_bytes_instead_of_records() -> None:
    told = answer("sim", "run", "clean-9600", "--payload", "2000")
    assert (told["stream"], told["payload_bytes"], told["bytes_a_change"]) == ("payload", 2000, None)


def test_the_figures_in_words(stream: Path) -> None:
    done = call("sim", "run", "clean-9600", "--data", stream)
    assert "OK: Both sides hold the same." in done.stdout
    assert "contacts, " in done.stderr


def test_bytes_both_ways() -> None:
    words = ("sim", "run", "clean-9600", "--payload", "2000", "--both-ways")
    told = answer(*words)
    each = told["utilisation_each"]
    assert told["payload_bytes"] == 4000
    assert f"({each['a_to_b']:.0%} there, {each['b_to_a']:.0%} back)" in call(*words).stdout


def test_many_seeds_in_one_object() -> None:
    told = answer("sim", "run", "vhf-1200", "--payload", "1000", "--both-ways", "--seeds", "5", "--seed", "3")
    assert [name for name in SEEDS_PROMISED if name not in told] == []
    assert told["seeds"] == [3, 4, 5, 6, 7]
    spread = told["utilisation"]
    assert len(spread["each"]) == 5
    assert spread["worst"] == min(spread["each"]) <= spread["median"] == sorted(spread["each"])[2]
    assert (told["identical"], told["differing"], told["bytes_a_change"]) == (True, [], None)


def test_many_seeds_in_words(stream: Path) -> None:
    done = call("sim", "run", "vhf-1200", "--data", stream, "--seeds", "2")
    assert "2 seeds from 1" in done.stdout
    assert "median       p5    worst" in done.stdout
    assert [
        word for word in ("utilisation", "bytes a change", "air s a change") if word not in done.stdout
    ] == []
    assert "OK: Both sides hold the same after each seed." in done.stdout
    assert "seeds, " in done.stderr


def test_the_first_seed_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiosync_sim.seeds.run_scenario", lambda options: _differing(options.seed))
    done = call("sim", "run", "vhf-1200", "--payload", "10", "--seeds", "3", "--seed", "8")
    assert done.exit_code == ExitCode.UNEXPECTED
    assert "vhf-1200 with seed 8" in done.stderr
    assert answer("sim", "run", "vhf-1200", "--payload", "10", "--seeds", "3")["differing"] == [1, 2, 3]


def _differing(seed: int) -> RunResult:
    """A run after which the sides differ."""
    return RunResult(
        stream="s",
        scenario="vhf-1200",
        seed=seed,
        edits=1,
        changes=1,
        contacts=1,
        payload_bytes=1,
        bytes_on_air={"a_to_b": 1, "b_to_a": 1},
        bytes_a_change=1.0,
        airtime_s=1.0,
        airtime_a_change_s=1.0,
        elapsed_s=1.0,
        utilisation=0.1,
        utilisation_each={"a_to_b": 0.1, "b_to_a": 0.0},
        frames_sent=1,
        frames_lost=0,
        overs=1,
        pieces_repeated=0,
        resumes=0,
        identical=False,
    )


def test_every_option_reaches_the_run(stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunOptions] = []

    def run_scenario(options: RunOptions, on_contact: object) -> RunResult:
        seen.append(options)
        return _differing(1)

    monkeypatch.setattr("radiosync_sim.run.run_scenario", run_scenario)
    words = (
        "--contact",
        "7",
        "--warm",
        "0.5",
        "--limit",
        "9",
        "--every-edit",
        "--split",
        "field",
        "--seed",
        "4",
    )
    done = call("sim", "run", "hf-300", "--data", stream, *words)
    (options,) = seen
    assert (options.scenario, options.contact, options.warm, options.seed) == ("hf-300", 7, 0.5, 4)
    assert (len(options.edits), options.every_edit, options.split) == (9, True, "field")
    # A run after which the sides differ is the worst that can happen, and must not look like success.
    assert done.exit_code == ExitCode.UNEXPECTED
    assert "do not hold the same" in done.stderr
    assert answer("sim", "run", "hf-300", "--data", stream)["identical"] is False


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("nothing", "--payload", "1"), ExitCode.CONFIGURATION, "no scenario is called 'nothing'"),
        (("no-such-file.toml", "--payload", "1"), ExitCode.CONFIGURATION, "no-such-file.toml"),
        (("hf-300",), ExitCode.USAGE, "either --data or --payload"),
        (("hf-300", "--payload", "1", "--data", "x"), ExitCode.USAGE, "either --data or --payload"),
        (("hf-300", "--payload", "0"), ExitCode.USAGE, "--payload"),
        (("hf-300", "--data", "x", "--both-ways"), ExitCode.USAGE, "--both-ways goes with --payload"),
        (("hf-300", "--payload", "9", "--seeds", "0"), ExitCode.USAGE, "--seeds"),
        (("hf-300", "--payload", "9", "--warm", "1.5"), ExitCode.USAGE, "--warm"),
        (("hf-300", "--payload", "9", "--split", "half"), ExitCode.USAGE, "--split"),
        (("hf-300", "--data", "no-such-file"), ExitCode.INPUT, "no-such-file cannot be read"),
        (("hf-300", "--data", os.devnull), ExitCode.DONE, ""),
    ],
)
def test_what_cannot_be_run(words: tuple[str, ...], code: ExitCode, hint: str) -> None:
    done = call("sim", "run", *words)
    assert done.exit_code == code
    assert hint in done.stderr


def test_a_stream_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("[]\n")
    done = call("sim", "run", "hf-300", "--data", tmp_path / "a.jsonl")
    assert done.exit_code == ExitCode.INPUT
    assert "a.jsonl, line 1" in done.stderr


@pytest.mark.real
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_ports_until_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    process = spawn("sim", "pty", "clean-9600", "--link", tmp_path / "ports", "--json")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ports"] == {name: str(tmp_path / "ports" / name) for name in "ab"}
    assert all(stat.S_ISCHR(Path(port).stat().st_mode) for port in ready["ports"].values())
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert objects(stdout.decode())[-1]["scenario"] == "clean-9600"
    assert list((tmp_path / "ports").iterdir()) == []


def test_ports_of_no_scenario(tmp_path: Path) -> None:
    assert call("sim", "pty", "nothing").exit_code == ExitCode.CONFIGURATION
    (tmp_path / "file").write_text("")
    done = call("sim", "pty", "hf-300", "--link", tmp_path / "file" / "ports")
    assert done.exit_code == ExitCode.PORT

"""The commands of the bench: tables for a person, one object for a script, words for what goes wrong."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from radiosync.messages import ExitCode
from radiosync_sim.bench import air
from radiosync_sim.bench.streams import story_stream
from radiosync_sim.bench.yardstick import COLUMNS
from tests.cli.running import answer, answers, call, terminal
from tests.sim.bench.lines import lines_of

QUICK = ("--scenario", "clean-9600")
WIDTH = 100


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    path = tmp_path / "shelters" / "changes.jsonl"
    path.parent.mkdir()
    path.write_bytes(lines_of(story_stream(60).rows))
    return path


@pytest.fixture
def few_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(air, "LOSSES", (0.0, 0.2))


def fits(told: str) -> bool:
    return max(map(len, told.splitlines())) <= WIDTH


# Bytes.


def test_bytes_as_a_table(stream: Path) -> None:
    done = call("bench", "bytes", stream, stream, "--contact", "10", *QUICK)
    assert done.exit_code == 0
    assert fits(done.stdout)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["stream", "changes", *COLUMNS] in lines
    assert [line[0] for line in lines if line][:5] == ["A", "stream", "shelters", "shelters", "ours,"]
    mean = next(line for line in lines if line[:1] == ["mean"])
    assert mean[1] == next(line for line in reversed(lines) if line[:1] == ["shelters"])[-1]
    assert "50% of each stream" in done.stdout


def test_bytes_as_one_object(stream: Path) -> None:
    told = answer("bench", "bytes", stream, "--contact", "10", "--contact", "30", "--warm", "0.25", *QUICK)
    assert told["warm"] == 0.25
    assert [(each["stream"], each["contact"]) for each in told["results"]] == [
        ("shelters", 10),
        ("shelters", 30),
    ]
    for result, mean in zip(told["results"], told["means"], strict=True):
        (ours,) = result["ours"]
        assert tuple(result["bytes"]) == COLUMNS
        assert (ours["scenario"], ours["to_solid"]) == ("clean-9600", mean["to_solid"])
        assert ours["bytes_on_air"] / result["bytes"]["solid"] == pytest.approx(ours["to_solid"], abs=1e-3)


def test_without_a_stream_there_is_a_story() -> None:
    (only,) = answer("bench", "bytes", "--limit", "60", "--contact", "30", *QUICK)["results"]
    assert (only["stream"], only["edits"]) == ("story", 30)


def test_every_stream_and_scenario_is_in_the_picture(stream: Path, tmp_path: Path) -> None:
    words = ("--contact", "10", "--contact", "30", *QUICK, "--scenario", "vhf-1200")
    done = call("bench", "bytes", stream, *words, "--svg", tmp_path / "a.svg")
    assert done.exit_code == 0
    drawn = [
        text.text for text in ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"shelters", "radiosync, clean-9600", "radiosync, vhf-1200", *COLUMNS} <= set(drawn)
    assert f"The picture is in {tmp_path / 'a.svg'}." in done.stderr


def test_progress_is_drawn_on_a_terminal_and_taken_away(stream: Path) -> None:
    with terminal("bench", "bytes", stream, "--contact", "2", *QUICK) as process:
        process.expect("shelters, contacts of 2, ")
        process.expect("on air to solid")
        assert process.finish() == 0


# Airtime.


def test_air_as_a_table() -> None:
    done = call(
        "bench", "air", *QUICK, "--scenario", "lora-sf9", "--seeds", "2", "--payload", "500", "--both-ways"
    )
    assert done.exit_code == 0
    assert fits(done.stdout)
    heading, wire, lora, *_ = (line.split() for line in done.stdout.splitlines())
    assert heading == [
        "scenario",
        "ideal",
        "one",
        "way",
        "5",
        "%",
        "worst",
        "both",
        "ways",
        "5",
        "%",
        "worst",
    ]
    assert (wire[0], lora[0], len(lora)) == ("clean-9600", "lora-sf9", 8)


def test_air_as_one_object() -> None:
    told = answer("bench", "air", *QUICK, "--seeds", "3", "--payload", "500")
    (result,) = told["results"]
    assert (told["seeds"], told["payload_bytes"], result["scenario"]) == (3, 500, "clean-9600")
    assert result["ideal"] == 1
    assert len(result["one_way"]["each"]) == 3
    assert 0 < result["one_way"]["worst"] <= result["one_way"]["p5"] <= result["one_way"]["median"] < 1
    assert result["both_ways"] is None


@pytest.mark.usefixtures("few_losses")
def test_loss_as_a_table_and_a_picture(tmp_path: Path) -> None:
    words = ("--against-loss", "--seeds", "1", "--payload", "500", "--svg", tmp_path / "loss.svg")
    done = call("bench", "air", *words)
    assert done.exit_code == 0
    assert fits(done.stdout)
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["0%", "20%"]
    drawn = [
        text.text
        for text in ElementTree.parse(tmp_path / "loss.svg").iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {*air.LOSS_SCENARIOS, *(f"{name}, ideal" for name in air.LOSS_SCENARIOS)} <= set(drawn)


@pytest.mark.usefixtures("few_losses")
def test_loss_as_one_object() -> None:
    told = answer(
        "bench", "air", "--against-loss", "--scenario", "lora-sf9", "--seeds", "1", "--payload", "500"
    )
    assert [each["loss"] for each in told["results"]] == [0.0, 0.2]


# Processor.


def test_cpu(stream: Path) -> None:
    done = call("bench", "cpu", stream, "--contact", "10", *QUICK)
    assert done.exit_code == 0
    assert fits(done.stdout)
    assert done.stdout.splitlines()[1].split()[:3] == ["shelters", "clean-9600", "10"]
    (result,) = answer("bench", "cpu", stream, "--contact", "10", *QUICK)["results"]
    assert 0 < result["sealing_s"] < 60
    spent_s = result["sealing_s"] + result["opening_s"]
    assert result["share"] == pytest.approx(spent_s / result["airtime_s"], abs=2e-3)


# What goes wrong.


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("bytes", "no-such-file"), ExitCode.INPUT, "no-such-file cannot be read"),
        (("cpu", "no-such-file"), ExitCode.INPUT, "no-such-file cannot be read"),
        (("bytes", "--scenario", "nothing"), ExitCode.CONFIGURATION, "no scenario is called 'nothing'"),
        (("air", "--scenario", "nothing"), ExitCode.CONFIGURATION, "no scenario is called 'nothing'"),
        (("cpu", "--scenario", "nothing"), ExitCode.CONFIGURATION, "no scenario is called 'nothing'"),
        (("bytes", "--limit", "5", *QUICK), ExitCode.INPUT, "no change is left"),
        (("bytes", "--warm", "1"), ExitCode.USAGE, "--warm"),
        (("bytes", "--contact", "0"), ExitCode.USAGE, "--contact"),
        (("bytes", "--contact", "20", "--svg", "x.svg"), ExitCode.USAGE, "two or more sizes"),
        (("air", "--seeds", "0"), ExitCode.USAGE, "--seeds"),
        (("air", "--svg", "x.svg"), ExitCode.USAGE, "--against-loss"),
        (("air", "--both-ways", "--against-loss"), ExitCode.USAGE, "either --both-ways or"),
    ],
)
def test_what_cannot_be_measured(words: tuple[str, ...], code: ExitCode, hint: str) -> None:
    done = call("bench", *words)
    assert done.exit_code == code
    assert hint in " ".join(done.stderr.split())
    assert not Path("x.svg").exists()


def test_a_line_that_is_wrong_is_named(stream: Path) -> None:
    with stream.open("a") as file:
        file.write('{"table":"t"}\n')
    done = call("bench", "bytes", stream, *QUICK)
    assert done.exit_code == ExitCode.INPUT
    assert "changes.jsonl, line 61" in done.stderr


@pytest.mark.usefixtures("few_losses")
def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    words = ("--against-loss", "--scenario", "lora-sf9", "--seeds", "1", "--payload", "100")
    *_, last = answers("bench", "air", *words, "--svg", str(tmp_path / "no" / "a.svg"))
    assert last["message"]["id"] == "file-unwritable"


def test_with_json_there_is_one_object_and_nothing_else(stream: Path) -> None:
    done = call("bench", "bytes", stream, "--contact", "2", *QUICK, "--json")
    assert json.loads(done.stdout)["exit"] == 0
    assert done.stderr == ""

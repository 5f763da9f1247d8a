"""The newcomer's three minutes: a story on a terminal, plain lines elsewhere, figures at the end."""

import json
from pathlib import Path

import pytest

from radiosync.messages import ExitCode
from radiosync_sim.demo import DemoResult, Turn, run_demo
from tests.cli.running import answers, call, finish, terminal


def stream(count: int = 120) -> str:
    return "".join(
        json.dumps(
            {
                "table": "a",
                "uuid": f"{number % 50:08}-0000-4000-8000-000000000000",
                "op": "put",
                "fields": {"x": number},
            }
        )
        + "\n"
        for number in range(count)
    )


def test_plain_lines_when_nobody_watches() -> None:
    done = finish("demo")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stderr
    assert "The link is cut." in done.stderr
    assert "killed in the middle" in done.stderr
    assert done.stdout.splitlines()[-1] == "OK: Both databases are identical."
    assert done.stdout.split()[:3] == ["changes", "bytes", "on"]


def test_the_story_in_json() -> None:
    *told, last = answers("demo", "--seed", "3")
    events = [each["event"] for each in told if each["type"] == "event"]
    assert {turn.value for turn in Turn} <= set(events)
    assert events.count("contact") == 5
    assert last["identical"] is True
    assert last["seed"] == 3
    assert last["first"]["bytes_on_air"] > last["later"]["bytes_on_air"] > 0
    assert last["resumes"] >= 2


def test_the_same_seed_tells_the_same_story() -> None:
    one, other, third = (call("demo", "--seed", seed, "--progress", "none") for seed in (7, 7, 8))
    assert (one.stdout, one.stderr) == (other.stdout, other.stderr)
    assert one.stdout != third.stdout


@pytest.mark.parametrize("name", ["own.jsonl", "own.csv", "keyed.csv", "with-uuid.csv"])
def test_a_file_of_ones_own(tmp_path: Path, name: str) -> None:
    rows = [f"{number},{number % 7},x" for number in range(60)]
    texts = {
        "own.jsonl": stream(),
        "own.csv": "\n".join(["id,beds,name", *rows]),
        "keyed.csv": "\n".join(["beds,id", *(f"{number % 7},{number}" for number in range(60))]),
        "with-uuid.csv": "\n".join(
            ["beds,uuid", *(f"1,{number:08}-0000-4000-8000-000000000000" for number in range(60))]
        ),
    }
    (tmp_path / name).write_text(texts[name])
    last = answers("demo", "--data", tmp_path / name)[-1]
    assert last["exit"] == 0
    assert sum(last["records"].values()) in (50, 60)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.jsonl", ""), ("a.csv", ""), ("a.csv", "x,x\n1,2\n"), ("a.jsonl", "{}"), ("b", None)],
)
def test_a_file_that_does_not_fit(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    done = call("demo", "--data", tmp_path / name)
    assert done.exit_code == ExitCode.INPUT
    assert name in done.stderr


def test_two_sides_that_differ_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def differ(*arguments: object) -> DemoResult:
        from dataclasses import replace

        return replace(run_demo(*arguments), identical=False)  # type: ignore[arg-type]

    monkeypatch.setattr("radiosync_sim.demo.run_demo", differ)
    done = call("demo")
    assert done.exit_code == ExitCode.UNEXPECTED
    assert "do not hold the same" in done.stderr
    assert "identical" not in done.stdout


def test_on_a_terminal_it_moves_and_leaves_only_the_story(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(stream())
    with terminal("demo", "--data", tmp_path / "own.jsonl", COLUMNS="100") as screen:
        assert screen.finish() == 0
    assert "\u2588" in screen.screen
    assert screen.screen.count("\r\x1b[K") >= 2
    left = [line.rpartition("\x1b[K")[2] for line in screen.screen.splitlines()]
    assert any(line.endswith("In step: base camp has confirmed everything.") for line in left)
    assert not any("\u2588" in line for line in left)


def test_ctrl_c() -> None:
    with terminal("demo") as screen:
        screen.expect("calls base camp")
        screen.interrupt()
        assert screen.finish() == ExitCode.INTERRUPTED

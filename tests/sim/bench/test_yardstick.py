"""The yardstick's columns: to the byte those of the script that they were taken from, and right where that can be said."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from radiosync_sim.bench.streams import story_stream
from radiosync_sim.bench.yardstick import COLUMNS, Row, Yardstick, measure, windows
from tests.sim.bench.lines import lines_of

SCRIPT = Path(__file__).parents[4] / "shared" / "bench" / "baselines.py"


@pytest.mark.parametrize(("contact", "warm"), [(20, 0.5), (7, 0.31), (200, 0.0)])
def test_to_the_byte_as_the_script_has_it(tmp_path: Path, contact: int, warm: float) -> None:
    if not SCRIPT.exists():
        pytest.skip("the script of the yardstick is not beside this checkout")
    rows = story_stream(600, seed=3).rows
    (tmp_path / "changes.jsonl.gz").write_bytes(gzip.compress(lines_of(rows)))
    words = ["--json", "--contact", str(contact), "--warm", str(warm), str(tmp_path / "changes.jsonl.gz")]
    done = subprocess.run([sys.executable, str(SCRIPT), *words], check=True, capture_output=True, text=True)
    told, ours = json.loads(done.stdout), measure(rows, contact, warm)
    assert ours == Yardstick(told["contacts"], told["edits"], told["changes"], told["bytes"])


def test_the_figures_of_the_story() -> None:
    # The libraries of another machine may pack a little better or worse.
    found = measure(story_stream(600, seed=3).rows, 20, 0.5)
    expected = {
        "csv_gzip": 21741,
        "json_zstd": 21965,
        "delta_zstd": 15613,
        "columns_zstd": 9583,
        "columns_hist": 4875,
        "solid": 5268,
    }
    assert (found.contacts, found.edits, found.changes) == (15, 300, 267)
    assert found.bytes == pytest.approx(expected, rel=0.02)
    assert tuple(found.bytes) == COLUMNS


def test_only_the_last_edit_of_a_record_travels() -> None:
    rows = [Row(f"2026-01-01T00:00:0{n}Z", "t", str(n % 2) * 32, {"x": n}) for n in range(6)]
    found = measure(rows, 6, 0.0)
    assert (found.contacts, found.edits, found.changes) == (1, 6, 2)


def test_a_delete_of_what_nobody_knows_is_no_change() -> None:
    rows = [
        Row("2026-01-01T00:00:00Z", "t", "0" * 32, None),
        Row("2026-01-01T00:00:00Z", "t", "1" * 32, {"x": 1}),
    ]
    assert measure(rows, 2, 0.0).changes == 1
    assert measure(rows, 1, 0.0).contacts == 1
    assert measure(rows[:1], 1, 0.0) == Yardstick(0, 0, 0, dict.fromkeys(COLUMNS[:-1], 0) | {"solid": 32})


def test_every_contact_is_reported() -> None:
    rows, calls = story_stream(95).rows, []
    measure(rows, 20, 0.5, lambda: calls.append(1))
    assert len(calls) == sum(windows(95, 20, 0.5)) == 5


@pytest.mark.parametrize(
    ("count", "contact", "warm", "expected"),
    [
        (100, 20, 0.5, (3, 2)),
        (80, 20, 0.5, (2, 2)),
        (81, 20, 0.5, (2, 3)),
        (0, 20, 0.5, (0, 0)),
        (5, 20, 0.0, (0, 1)),
        (5, 20, 0.9, (1, 0)),
    ],
)
def test_contacts_that_begin_in_the_warm_part_are_not_measured(
    count: int, contact: int, warm: float, expected: tuple[int, int]
) -> None:
    assert windows(count, contact, warm) == expected
    starts = range(0, count, contact)
    assert expected[0] == sum(at < int(count * warm) for at in starts)

"""The benchmark runs, on a stream of a few edits."""

import gzip
import json
from pathlib import Path
from uuid import UUID

import pytest

from tests.benchmarks import bench_store


def test_it_runs_and_both_stores_end_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = [
        {
            "t": "2020-01-02T03:04:05Z",
            "table": "t",
            "uuid": str(UUID(int=number % 9)),
            "op": "put",
            "fields": {"x": number},
        }
        for number in range(30)
    ]
    edits.append({"t": "2020-01-02T03:04:06Z", "table": "t", "uuid": str(UUID(int=1)), "op": "delete"})
    path = tmp_path / "changes.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(edit) + "\n" for edit in edits).encode()))
    bench_store.main(path)
    said = capsys.readouterr().out
    assert "EditSummary(added=9, updated=21, deleted=1, unchanged=0)" in said
    assert "identical      True" in said

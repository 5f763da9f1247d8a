"""Streams: the same edits for radiosync and for plain JSON."""

import gzip
from pathlib import Path

import pytest

from radiosync.errors import InputError
from radiosync_sim.bench.streams import read_stream, story_stream
from tests.sim.bench.lines import lines_of

UUID = "e8820977-ab01-5c22-93c4-e6c2ca8f249c"
PUT = (
    f'{{"t":"2026-01-02T03:04:05Z","table":"t","uuid":"{UUID}","op":"put","fields":{{"x":1.50,"y":null}}}}\n'
)
DELETE = f'{{"t":"2026-01-02T03:04:06+01:00","table":"t","uuid":"{UUID}","op":"delete"}}\n'


def test_a_file_is_read_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(PUT + "\n" + DELETE)
    stream = read_stream(path)
    assert (stream.name, stream.file) == ("some", str(path))
    assert [edit.fields is None for edit in stream.edits] == [False, True]
    put, delete = stream.rows
    assert (put.t, put.table, put.uuid, put.op, put.fields) == (
        "2026-01-02T03:04:05Z",
        "t",
        UUID,
        "put",
        {"x": 1.5, "y": None},
    )
    assert (delete.op, delete.fields) == ("delete", None)


@pytest.mark.parametrize(
    ("place", "name"),
    [("fema/changes.jsonl.gz", "fema"), ("fema/changes.jsonl", "fema"), ("a/b.jsonl.gz", "b"), ("a/b", "b")],
)
def test_a_stream_has_a_short_name(tmp_path: Path, place: str, name: str) -> None:
    path = tmp_path / place
    path.parent.mkdir()
    path.write_bytes(gzip.compress(PUT.encode()))
    assert read_stream(path).name == name


def test_a_limit_takes_the_first_edits(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(PUT * 3 + DELETE)
    stream = read_stream(tmp_path / "a.jsonl", 2)
    assert len(stream.edits) == len(stream.rows) == 2


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        (PUT + PUT.replace('"t":"2026-01-02T03:04:05Z",', ""), 2, "the time of each edit"),
        (PUT + "{", 2, "is not JSON"),
        (PUT + PUT + "\x00\n", 3, "is not JSON"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, text: str, line: int, hint: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InputError, match=hint) as caught:
        read_stream(tmp_path / "a.jsonl")
    assert caught.value.line == line
    assert "a.jsonl" in caught.value.source


def test_a_file_that_is_missing() -> None:
    with pytest.raises(FileNotFoundError):
        read_stream(Path("no-such-file"))


def test_the_story_is_the_same_both_ways(tmp_path: Path) -> None:
    story = story_stream(80, seed=2)
    (tmp_path / "story.jsonl").write_bytes(lines_of(story.rows))
    again = read_stream(tmp_path / "story.jsonl")
    assert list(again.rows) == list(story.rows)
    for one, other in zip(again.edits, story.edits, strict=True):
        assert (one.table, one.uuid, one.wall_ms) == (other.table, other.uuid, other.wall_ms)
        assert (one.fields or {}).keys() == (other.fields or {}).keys()
    assert story == story_stream(80, seed=2)

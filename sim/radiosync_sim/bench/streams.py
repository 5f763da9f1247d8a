"""Streams of edits to measure with: files of JSON Lines, or the made-up story of the demo."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from radiosync.connectors.jsonlines import read_jsonlines
from radiosync.connectors.textlines import read_lines
from radiosync.errors import InputError
from radiosync.records.edit import Edit
from radiosync.records.value import fields_to_json
from radiosync_sim.bench.yardstick import Row
from radiosync_sim.story import tell_story

STORY_EDITS: Final = 2000
"""Enough for a warm half and ten contacts of 100 edits behind it."""
STORY_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Stream:
    """Edits in order of time, as radiosync reads them and as plain JSON has them.

    Attributes:
        name: short, for tables.
        file: as the person gave it.
        edits, rows: the same edits.
    """

    name: str
    file: str
    edits: Sequence[Edit]
    rows: Sequence[Row]


def read_stream(path: Path, limit: int | None = None) -> Stream:
    """The first edits of a file of JSON Lines.

    Raises:
        InputError: a line is wrong, or has no time: the yardstick's columns need it.
        OSError: the file cannot be read.
    """
    source, data = str(path), path.read_bytes()
    edits = list(read_jsonlines(BytesIO(data), source))[:limit]
    rows = [_row(text, source, line) for line, text in read_lines(BytesIO(data), source) if text.strip()]
    plain = path.name.removesuffix(".gz").removesuffix(".jsonl")
    name = path.absolute().parent.name if plain == "changes" else plain
    return Stream(name, source, edits, rows[:limit])


def story_stream(edits: int = STORY_EDITS, seed: int = STORY_SEED) -> Stream:
    """The made-up story of the demo, for those who have no data at hand."""
    told = list(tell_story(edits, seed))
    return Stream("story", "story", told, [_told_row(edit) for edit in told])


def _row(text: str, source: str, line: int) -> Row:
    change = json.loads(text)
    if "t" not in change:
        raise InputError(source, line, "t", "is missing; a measurement needs the time of each edit")
    fields = None if change["op"] == "delete" else change["fields"]
    return Row(change["t"], change["table"], change["uuid"], fields)


def _told_row(edit: Edit) -> Row:
    at = datetime.fromtimestamp((edit.wall_ms or 0) // 1000, UTC)
    fields = None if edit.fields is None else json.loads(fields_to_json(edit.fields))
    return Row(f"{at:%Y-%m-%dT%H:%M:%SZ}", edit.table, str(edit.uuid), fields)

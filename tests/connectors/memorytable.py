"""Stands in for the store: applies edits to records in memory. And what connectors' tests draw at random."""

import io
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from uuid import UUID

from hypothesis import strategies as st

from radiosync.connectors.jsonlines import write_jsonlines
from radiosync.records.edit import Edit, Pen, apply_edit
from radiosync.records.merge import merge
from radiosync.records.model import Origin, Record
from radiosync.records.value import Number

NOW_MS = 1_600_000_000_123
REAL_STREAMS = {
    name: Path(__file__).parents[3] / "shared" / "data" / name / "changes.jsonl.gz"
    for name in ("fema-shelters", "calfire-incidents", "eden-reference")
}


class MemoryTable:
    """Records by table and UUID."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, UUID], Record] = {}
        self.changes = 0
        self._sequence = count(1)

    def present(self, edit: Edit) -> Record | None:
        return self.records.get((edit.table, edit.uuid))

    def apply(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            wall_ms = NOW_MS if edit.wall_ms is None else edit.wall_ms
            pen = Pen(Origin(b"01234567", 1), lambda: next(self._sequence), wall_ms)
            mine = self.present(edit)
            change = apply_edit(mine, edit, pen)
            if change is not None:
                self.changes += 1
                self.records[edit.table, edit.uuid] = change if mine is None else merge(mine, change).record

    def sorted(self) -> list[Record]:
        return [self.records[key] for key in sorted(self.records)]


def jsonlines_of(table: MemoryTable, *, deleted: bool = False) -> bytes:
    out = io.BytesIO()
    write_jsonlines(table.sorted(), out, deleted=deleted)
    return out.getvalue()


NASTY = [
    "",
    " ",
    '"',
    '""',
    "\n",
    "\r\n",
    "\r",
    ",",
    ";",
    "\t",
    "\ufeff",
    "\x00",
    "\x85",
    "\u2028",
    "'",
    "\\",
    "null",
    "=1+1",
]
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), max_size=4).map("".join)
names = texts.filter(lambda text: 1 <= len(text) <= 120) | st.sampled_from(["a", "B", "é", "t", "fields"])
literals = st.sampled_from(["0", "-0", "1", "1.0", "1.00", "1e5", "1E+05", "-12.50", "9" * 60, "0.1"])
values = texts | st.booleans() | literals.map(Number)
uuids = st.sampled_from([UUID(int=0), UUID(int=7), UUID(int=2**128 - 1)]) | st.uuids()
"""Some come again, so that records are edited, deleted and revived."""
records_fields = st.dictionaries(names.filter(lambda name: name != "uuid"), values, max_size=5)
times_ms = st.none() | st.integers(0, 4_000_000_000_000)

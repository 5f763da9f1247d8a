"""Edits of people and connectors on their way into the database."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from radiosync.errors import UsageError
from radiosync.limits import FIELDS_PER_RECORD, TABLE_NAME_CHARACTERS
from radiosync.records.edit import Edit, Pen, apply_edit
from radiosync.records.model import Origin, Record
from radiosync.store.apply import Application
from radiosync.store.station import Counters
from radiosync.wire.context import RecordKey

CHUNK_EDITS: Final = 500
"""Edits that are applied together. So many records are in memory at once, however many there are in all."""


class EditSummary(NamedTuple):
    """What became of edits: how many added a record, updated one, deleted one, or changed nothing."""

    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0


@dataclass
class Editor:
    """Turns edits into changes of this station's own.

    Attributes:
        origin: who writes.
        counters: how far this station has counted; moves on.
        wall_ms: the wall clock, for edits that do not know when they were made.
        begin: begins the application of a chunk: given the records that it may touch, and the newest arrival.
        summary: what became of the edits so far.
    """

    origin: Origin
    counters: Counters
    wall_ms: Callable[[], int]
    begin: Callable[[Iterable[RecordKey], int], Application]
    summary: EditSummary = field(default_factory=EditSummary)

    def apply(self, edits: Iterable[Edit]) -> None:
        """Apply edits, a chunk at a time."""
        for chunk in _chunks(edits):
            application = self.begin(
                [RecordKey(edit.table, edit.uuid) for edit in chunk], self.counters.arrival
            )
            for edit in chunk:
                self._apply_one(application, edit)
            application.write()
            self.counters = self.counters._replace(arrival=application.arrival)

    def _apply_one(self, application: Application, edit: Edit) -> None:
        if not 1 <= len(edit.table) <= TABLE_NAME_CHARACTERS:
            raise UsageError(
                f"The name of a table has 1 to {TABLE_NAME_CHARACTERS} characters, not {len(edit.table)}"
            )
        mine = application.record(RecordKey(edit.table, edit.uuid))
        wall_ms = self.wall_ms() if edit.wall_ms is None else edit.wall_ms
        change = apply_edit(mine, edit, Pen(self.origin, self._next_sequence, wall_ms))
        if change is not None:
            merged = application.apply(change)
            if len(merged.record.writes) > FIELDS_PER_RECORD:
                raise UsageError(
                    f"The record {edit.uuid} would have {len(merged.record.writes)} fields; the limit is {FIELDS_PER_RECORD}"
                )
        self._count("unchanged" if change is None else _outcome(mine, edit))

    def _next_sequence(self) -> int:
        self.counters = self.counters._replace(sequence=self.counters.sequence + 1)
        return self.counters.sequence

    def _count(self, outcome: str) -> None:
        self.summary = self.summary._replace(**{outcome: getattr(self.summary, outcome) + 1})


def _outcome(mine: Record | None, edit: Edit) -> str:
    if edit.fields is None:
        return "deleted"
    return "updated" if mine is not None and mine.alive else "added"


def _chunks(edits: Iterable[Edit]) -> Iterator[Sequence[Edit]]:
    waiting = iter(edits)
    while chunk := list(islice(waiting, CHUNK_EDITS)):
        yield chunk

"""What unconfirmed transfers carry, by record, so that it can be told later how much of it still counts."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from radiosync.records.model import Change, Dot, Record
from radiosync.store.codec import Content
from radiosync.store.origins import Origins
from radiosync.store.records import CONTENT, Records
from radiosync.store.schema import carried as table
from radiosync.store.schema import change, left_out, record, transfer_out
from radiosync.sync.ports import Wear
from radiosync.wire.context import RecordKey

_Dot: TypeAlias = tuple[str | None, Dot]
"""The field and the dot of a write; no field for a grave."""

_ADD: Final = insert(table)
_DROP: Final = delete(table).where(
    table.c.partner == bindparam("of_partner"), table.c.number == bindparam("of_number")
)
_TOTALS: Final = (
    select(table.c.number, func.sum(table.c.writes))
    .where(table.c.partner == bindparam("of_partner"))
    .group_by(table.c.number)
)
# The log is asked for what is new in it, so this costs as much as there is behind the oldest of the transfers.
_OLDEST: Final = select(func.min(transfer_out.c.arrival)).where(
    transfer_out.c.partner == bindparam("of_partner")
)
_TOUCHED: Final = (
    select(change.c.record_id, func.max(change.c.arrival).label("arrival"))
    .where(change.c.arrival > _OLDEST.scalar_subquery())
    .group_by(change.c.record_id)
    .cte("touched")
)
_EDITED: Final = (
    select(table.c.number, table.c.dots, record.c.table_name, record.c.uuid, *CONTENT)
    .select_from(transfer_out)
    .join(_TOUCHED, _TOUCHED.c.arrival > transfer_out.c.arrival)
    .join(
        table,
        (table.c.partner == transfer_out.c.partner)
        & (table.c.number == transfer_out.c.number)
        & (table.c.record_id == _TOUCHED.c.record_id),
    )
    .join(record, record.c.id == table.c.record_id)
    .where(transfer_out.c.partner == bindparam("of_partner"))
)
_LEFT_OUT: Final = (
    select(table.c.number, func.count())
    .join(left_out, (left_out.c.partner == table.c.partner) & (left_out.c.record_id == table.c.record_id))
    .where(table.c.partner == bindparam("of_partner"))
    .group_by(table.c.number)
)
_CARRIERS: Final = select(table.c.number).where(
    table.c.partner == bindparam("of_partner"), table.c.record_id == bindparam("of_record")
)


class Carried:
    """The contents of transfers that are on their way."""

    def __init__(self, records: Records, origins: Origins) -> None:
        self._records, self._origins = records, origins

    def note(self, connection: Connection, partner: int, number: int, changes: Sequence[Change]) -> None:
        """A transfer carries these changes, and nothing else. From now on others may know their records."""
        connection.execute(_DROP, {"of_partner": partner, "of_number": number})
        dots: dict[RecordKey, list[list[object]]] = defaultdict(list)
        for each in changes:
            dots[RecordKey(each.table, each.uuid)] += self._dots(each)
        ids = self._records.ids(connection, dots)
        rows = [
            {
                "partner": partner,
                "number": number,
                "record_id": ids[key],
                "dots": json.dumps(of_record),
                "writes": len(of_record),
            }
            for key, of_record in dots.items()
            if key in ids
        ]
        if rows:
            connection.execute(_ADD, rows)
            self._records.pass_on(connection, ids.values())

    def worn(self, connection: Connection, partner: int) -> dict[int, Wear]:
        """Transfers that hold anything edited or left out since they were sealed."""
        of_partner = {"of_partner": partner}
        superseded: dict[int, int] = defaultdict(int)
        for number, dots, name, uuid, *columns in connection.execute(_EDITED, of_partner):
            now = self._records.decode(RecordKey(name, UUID(bytes=uuid)), Content(*columns))
            superseded[number] += sum(not _counts(dot, now) for dot in self._read(dots))
        gone: dict[int, int] = {
            number: int(count) for number, count in connection.execute(_LEFT_OUT, of_partner)
        }
        if not superseded and not gone:
            return {}
        totals = {number: int(count) for number, count in connection.execute(_TOTALS, of_partner)}
        return {
            number: Wear(totals[number], superseded[number], gone.get(number, 0))
            for number in {*superseded, *gone}
        }

    def carriers(self, connection: Connection, partner: int, record_id: int) -> list[int]:
        """Numbers of the transfers that carry something of a record."""
        values = {"of_partner": partner, "of_record": record_id}
        return sorted(connection.execute(_CARRIERS, values).scalars())

    def _dots(self, each: Change) -> Iterator[list[object]]:
        for name, siblings in each.writes.items():
            yield from (self._dot(name, write.stamp.dot) for write in siblings)
        if each.grave is not None:
            yield self._dot(None, each.grave.stamp.dot)

    def _dot(self, name: str | None, dot: Dot) -> list[object]:
        return [name, self._origins.number_of(dot.origin), dot.sequence]

    def _read(self, dots: str) -> list[_Dot]:
        return [
            (name, Dot(self._origins.origin_of(origin), sequence))
            for name, origin, sequence in json.loads(dots)
        ]


def _counts(write: _Dot, now: Record) -> bool:
    """True if a write, or a delete, is still a part of its record's state."""
    name, dot = write
    if name is None:
        return now.grave is not None and now.grave.stamp.dot == dot
    return now.alive and any(sibling.stamp.dot == dot for sibling in now.writes.get(name, ()))

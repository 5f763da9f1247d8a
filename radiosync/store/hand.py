"""What the operator's hand has stopped: partners and jobs on hold, and records that are left out of what a partner gets."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from radiosync.errors import UsageError
from radiosync.store.log import Log, LogRow
from radiosync.store.records import Records
from radiosync.store.schema import hold, left_out, record
from radiosync.store.station import read_counters, write_counters
from radiosync.sync.ports import Holds
from radiosync.wire.context import RecordKey

_EVERYTHING: Final = ""
"""What stands in the place of a job's name when everything is on hold. No job has that name."""


class Hand:
    """What people have stopped."""

    def __init__(self, records: Records, log: Log) -> None:
        self._records, self._log = records, log

    # Holds.

    def holds(self, connection: Connection, partner: int) -> Holds:
        """What is on hold."""
        jobs = set(connection.execute(select(hold.c.job).where(hold.c.partner == partner)).scalars())
        return Holds(_EVERYTHING in jobs, frozenset(jobs - {_EVERYTHING}))

    def hold(self, connection: Connection, partner: int, job: str | None) -> bool:
        """Put a job on hold, or everything. False if it is so already."""
        name = _EVERYTHING if job is None else job
        known = (hold.c.partner == partner) & (hold.c.job == name)
        if connection.execute(select(hold.c.job).where(known)).first() is not None:
            return False
        connection.execute(insert(hold).values(partner=partner, job=name))
        return True

    def release(self, connection: Connection, partner: int, job: str | None) -> bool:
        """Take a job off hold, or everything with all jobs. False if nothing was on hold."""
        held = hold.c.partner == partner
        if job is not None:
            held &= hold.c.job == job
        return connection.execute(delete(hold).where(held)).rowcount > 0

    # Records.

    def rows_left_out(self, connection: Connection, partner: int) -> frozenset[int]:
        """Rows of the records that are left out."""
        rows = connection.execute(select(left_out.c.record_id).where(left_out.c.partner == partner))
        return frozenset(rows.scalars())

    def left_out(self, connection: Connection, partner: int) -> list[RecordKey]:
        """The records that are left out, by table and identity."""
        names = select(record.c.table_name, record.c.uuid).join(left_out, left_out.c.record_id == record.c.id)
        ordered = names.where(left_out.c.partner == partner).order_by(record.c.table_name, record.c.uuid)
        return [RecordKey(name, UUID(bytes=uuid)) for name, uuid in connection.execute(ordered)]

    def leave_out(self, connection: Connection, partner: int, key: RecordKey) -> int:
        """Leave a record out, which it may be already; gives its row.

        Raises:
            UsageError: there is no such record.
        """
        number = self._row_of(connection, key)
        if number not in self.rows_left_out(connection, partner):
            connection.execute(insert(left_out).values(partner=partner, record_id=number))
        return number

    def put_back(self, connection: Connection, partner: int, key: RecordKey) -> bool:
        """Let a record go to a partner again, all of it, because nobody knows what it has missed. False if it does already.

        Raises:
            UsageError: there is no such record.
        """
        number = self._row_of(connection, key)
        known = (left_out.c.partner == partner) & (left_out.c.record_id == number)
        if not connection.execute(delete(left_out).where(known)).rowcount:
            return False
        counters = read_counters(connection)
        counters = counters._replace(arrival=counters.arrival + 1)
        whole = self._records.load(connection, [key])[key].record
        self._log.append(connection, [LogRow(counters.arrival, number, None, whole, partner)])
        write_counters(connection, counters)
        return True

    def _row_of(self, connection: Connection, key: RecordKey) -> int:
        number = self._records.ids(connection, [key]).get(key)
        if number is None:
            raise UsageError(f"there is no record {key.uuid} in the table {key.table}")
        return number

"""Partners, the contacts with them, and how things stand."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, exists, func, insert, select, update

from radiosync.errors import UsageError
from radiosync.records.model import Origin
from radiosync.store.database import AnyRow
from radiosync.store.exchange import Confirmed, State
from radiosync.store.log import Reader, Waiting
from radiosync.store.schema import contact, exchange, member, transfer_out
from radiosync.store.schema import partner as table
from radiosync.store.station import read_counters
from radiosync.sync.ports import Holds, Partner, PoolRole, job_of

CONTACT_NUMBERS: Final = 65_536
"""Contacts are numbered modulo this."""

_SPEAKS: Final = exists(select(member.c.partner).where(member.c.partner == table.c.key))
_ROLE: Final = case(
    (table.c.pool & _SPEAKS, PoolRole.SPEAKER.value), (table.c.pool, PoolRole.LISTENER.value), else_=None
)
"""A pool of which we know the members is ours."""
_PARTNER: Final = tuple(_ROLE if field.name == "pool" else table.c[field.name] for field in fields(Partner))
_READER: Final = select(table.c.incarnation, table.c.incarnation_since).where(
    table.c.key == bindparam("of_key")
)
_NOTE_CONFIRMED: Final = (
    update(table)
    .where(table.c.key == bindparam("of_key"))
    .values(
        confirmed_at=bindparam("now_ms"),
        changes_confirmed=table.c.changes_confirmed + bindparam("more"),
        edits_collapsed=table.c.edits_collapsed + bindparam("more_collapsed"),
    )
)
_NOTE_APPLIED: Final = (
    update(table)
    .where(table.c.key == bindparam("of_key"))
    .values(changes_applied=table.c.changes_applied + bindparam("more"))
)


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that is over.

    Attributes:
        started_at, ended_at: in milliseconds since 1970.
        outcome: identifier of a text in the message catalogue.
        bytes_out, bytes_in: bytes on the air.
    """

    started_at: int
    ended_at: int
    outcome: str
    bytes_out: int
    bytes_in: int


class UnconfirmedTransfer(NamedTuple):
    """A transfer that is on its way.

    Attributes:
        number: its number.
        changes: changes that it carries.
        data_bytes: its sealed bytes.
        pieces: data pieces that it has.
        promised: pieces of it that may have been on the air, repair pieces included.
    """

    number: int
    changes: int
    data_bytes: int
    pieces: int
    promised: int


@dataclass(frozen=True, slots=True)
class PartnerStatus:
    """How things stand with a partner.

    Attributes:
        waiting: what waits here, by table.
        unconfirmed: transfers on their way to it, in order.
        heard_at: when it last spoke to us, in milliseconds since 1970; None if never.
        confirmed_at: when it last confirmed a transfer; None if never.
        changes_confirmed: changes of ours that it has confirmed, ever.
        changes_applied: changes of its that we have applied, ever.
        edits_collapsed: edits that never travelled, because a newer one has taken their place; ever.
        on_the_way: changes in unconfirmed transfers, by name of their job.
        holds: what a person has put on hold.
        changes_held: changes that wait or are on their way, and are on hold.
        records_left_out: records that a person has left out.
    """

    waiting: Mapping[str, Waiting]
    unconfirmed: Sequence[UnconfirmedTransfer]
    heard_at: int | None
    confirmed_at: int | None
    changes_confirmed: int
    changes_applied: int
    edits_collapsed: int = 0
    on_the_way: Mapping[str, int] = field(default_factory=dict)
    holds: Holds = field(default_factory=Holds)
    changes_held: int = 0
    records_left_out: int = 0


class Partners:
    """The partners in a database."""

    def add(
        self,
        connection: Connection,
        name: str,
        station: bytes,
        callsign: str | None,
        *,
        pool: PoolRole | None = None,
    ) -> Partner:
        """A new partner, or a pool."""
        same = (table.c.name == name) | (table.c.station == station)
        known = connection.execute(select(*_PARTNER).where(same)).first()
        if known is not None:
            what = "that name" if known.name == name else f"that station: {known.name}"
            raise UsageError(
                f"There is a partner with {what} already; `radiosync partner remove {known.name}` forgets it"
            )
        values = {
            "name": name,
            "station": station,
            "callsign": callsign,
            "incarnation_since": 0,
            "contact": 0,
            "capabilities": 0,
            "pool": pool is not None,
        }
        counts = {"changes_confirmed": 0, "changes_applied": 0}
        added = connection.execute(insert(table).values({**values, **counts}))
        key = int(added.inserted_primary_key[0])  # type: ignore[index]  # always there after an insert of one row
        connection.execute(insert(exchange).values(partner=key, **State()._asdict()))
        return Partner(key, name, station, callsign, pool=pool)

    def every(self, connection: Connection) -> list[Partner]:
        """All partners by name."""
        return [_partner(row) for row in connection.execute(select(*_PARTNER).order_by(table.c.name))]

    def named(self, connection: Connection, name: str) -> Partner:
        """The partner with that name."""
        row = connection.execute(select(*_PARTNER).where(table.c.name == name)).first()
        if row is None:
            raise UsageError(f"there is no partner {name!r}")
        return _partner(row)

    def remove(self, connection: Connection, name: str) -> None:
        """Forget a partner and all that was on its way."""
        connection.execute(delete(table).where(table.c.key == self.named(connection, name).key))

    def reader(self, connection: Connection, partner: Partner) -> Reader:
        """The partner as a reader of the log."""
        row = connection.execute(_READER, {"of_key": partner.key}).first()
        if row is None:
            raise UsageError("this partner has been removed")
        origin = None if row.incarnation is None else Origin(partner.station, row.incarnation)
        return Reader(partner.key, origin, row.incarnation_since)

    # Contacts.

    def next_contact(self, connection: Connection, partner: int) -> int:
        """The number of the next contact."""
        row = connection.execute(select(table.c.contact).where(table.c.key == partner)).scalar_one()
        _update(connection, partner, contact=row + 1)
        return (int(row) + 1) % CONTACT_NUMBERS

    def meet(
        self, connection: Connection, partner: int, incarnation: int, now_ms: int, **spoken: int
    ) -> None:
        """The partner has spoken; `spoken` may hold the version and capabilities that it named."""
        known = connection.execute(select(table.c.incarnation).where(table.c.key == partner)).scalar()
        if known != incarnation:
            since = read_counters(connection).arrival
            _update(connection, partner, incarnation=incarnation, incarnation_since=since)
        _update(connection, partner, heard_at=now_ms, **spoken)

    def note_confirmed(self, connection: Connection, partner: int, confirmed: Confirmed, now_ms: int) -> None:
        """The partner has confirmed transfers."""
        more = {"more": confirmed.changes, "more_collapsed": confirmed.collapsed}
        connection.execute(_NOTE_CONFIRMED, {"of_key": partner, "now_ms": now_ms, **more})

    def note_applied(self, connection: Connection, partner: int, changes: int) -> None:
        """That many changes of the partner were applied."""
        connection.execute(_NOTE_APPLIED, {"of_key": partner, "more": changes})

    def note_contact(self, connection: Connection, partner: int, over: Contact) -> None:
        """Add to the log of contacts."""
        connection.execute(
            insert(contact).values(
                partner=partner,
                started_at=over.started_at,
                ended_at=over.ended_at,
                outcome=over.outcome,
                bytes_out=over.bytes_out,
                bytes_in=over.bytes_in,
            )
        )

    def recent_contacts(self, connection: Connection, partner: int, count: int) -> list[Contact]:
        """The last contacts, the newest first."""
        columns = [contact.c[name] for name in Contact.__slots__]
        statement = select(*columns).where(contact.c.partner == partner)
        rows = connection.execute(
            statement.order_by(contact.c.started_at.desc(), contact.c.id.desc()).limit(count)
        )
        return [Contact(*row) for row in rows]

    def status(self, connection: Connection, partner: int, waiting: Mapping[str, Waiting]) -> PartnerStatus:
        """How things stand."""
        row = connection.execute(select(table).where(table.c.key == partner)).one()
        return PartnerStatus(
            waiting=waiting,
            unconfirmed=self._unconfirmed(connection, partner),
            heard_at=row.heard_at,
            confirmed_at=row.confirmed_at,
            changes_confirmed=row.changes_confirmed,
            changes_applied=row.changes_applied,
            edits_collapsed=row.edits_collapsed,
            on_the_way=self._on_the_way(connection, partner),
        )

    def _on_the_way(self, connection: Connection, partner: int) -> dict[str, int]:
        columns = select(transfer_out.c.scope, func.sum(transfer_out.c.changes))
        rows = connection.execute(
            columns.where(transfer_out.c.partner == partner).group_by(transfer_out.c.scope)
        )
        found: Counter[str] = Counter()
        for scope, changes in rows:
            found[job_of(scope)] += changes
        return dict(found)

    def _unconfirmed(self, connection: Connection, partner: int) -> list[UnconfirmedTransfer]:
        columns = (
            transfer_out.c.number,
            transfer_out.c.changes,
            func.length(transfer_out.c.data),
            transfer_out.c.pieces,
            transfer_out.c.next_pieces,
        )
        rows = connection.execute(
            select(*columns).where(transfer_out.c.partner == partner).order_by(transfer_out.c.number)
        )
        return [
            UnconfirmedTransfer(number, changes, size, pieces, sum(json.loads(promised)))
            for number, changes, size, pieces, promised in rows
        ]


def _partner(row: AnyRow) -> Partner:
    known = Partner(*row)
    return known if known.pool is None else replace(known, pool=PoolRole(known.pool))


def _update(connection: Connection, partner: int, **columns: object) -> None:
    connection.execute(update(table).where(table.c.key == partner).values(**columns))

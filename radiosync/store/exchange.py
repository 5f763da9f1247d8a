"""Transfers: those on their way to a partner, and those on their way to us."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, insert, select, update

from radiosync.errors import UsageError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.records.model import Origin
from radiosync.store.carried import Carried
from radiosync.store.context import Contexts, Side, Tip
from radiosync.store.database import AnyRow
from radiosync.store.models import forget_models, keep_model, model_digest, prune_models
from radiosync.store.schema import exchange, piece, transfer_in, transfer_out
from radiosync.store.station import read_counters
from radiosync.sync.ports import ArrivingTransfer, Delivery, Direction, Draft, SealedTransfer
from radiosync.wire.context import Additions, FieldKey, Mark, RecordKey
from radiosync.wire.shape import Shape

EPOCHS: Final = 256
"""Epochs are counted modulo this."""

_PRUNE_EVERY: Final = 16
_VERSIONS_BACK: Final = 2 * OPEN_TRANSFERS
"""A sender whose last acknowledgements were lost builds on a version that is so far behind ours at most."""


class State(NamedTuple):
    """How far both directions have come; the columns of `exchange`."""

    out_epoch: int = 0
    out_sealed: int = 0
    out_confirmed: int = 0
    in_incarnation: int | None = None
    in_epoch: int = 0
    in_through: int = 0
    out_begins: int = 0
    in_begins: int = 0


def _transfer(table: Table) -> ColumnElement[bool]:
    return (table.c.partner == bindparam("of_partner")) & (table.c.number == bindparam("of_number"))


# Statements are put together once: that takes longer than to run them.
_STATE: Final = select(*(exchange.c[name] for name in State._fields)).where(
    exchange.c.partner == bindparam("of_partner")
)
_SET_STATE: Final = update(exchange).where(exchange.c.partner == bindparam("of_partner"))
_ADD_OUT: Final = insert(transfer_out)
_ALL_OUT: Final = (
    select(transfer_out)
    .where(transfer_out.c.partner == bindparam("of_partner"))
    .order_by(transfer_out.c.number)
)
_SET_OUT: Final = update(transfer_out).where(_transfer(transfer_out))
_LATER_OUT: Final = _ALL_OUT.where(transfer_out.c.number > bindparam("of_number"))
_THROUGH: Final = (transfer_out.c.partner == bindparam("of_partner")) & (
    transfer_out.c.number <= bindparam("through")
)
_CONFIRMED: Final = select(func.sum(transfer_out.c.changes), func.sum(transfer_out.c.collapsed)).where(
    _THROUGH
)
_DROP_OUT: Final = delete(transfer_out).where(_THROUGH)
_ADD_IN: Final = insert(transfer_in)
_ONE_IN: Final = select(transfer_in).where(_transfer(transfer_in))
_ALL_IN: Final = (
    select(transfer_in).where(transfer_in.c.partner == bindparam("of_partner")).order_by(transfer_in.c.number)
)
_SET_IN: Final = update(transfer_in).where(_transfer(transfer_in))
_DROP_IN: Final = delete(transfer_in).where(_transfer(transfer_in))
_ADD_PIECE: Final = insert(piece)
_ALL_PIECES: Final = select(piece.c.number, piece.c.block, piece.c.place, piece.c.data).where(
    piece.c.partner == bindparam("of_partner")
)
_PLACES: Final = select(piece.c.place).where(_transfer(piece), piece.c.block == bindparam("of_block"))
_DROP_PIECES: Final = delete(piece).where(_transfer(piece))
_DROP_PIECE: Final = delete(piece).where(
    _transfer(piece), piece.c.block == bindparam("of_block"), piece.c.place == bindparam("of_place")
)
_FORGET_IN: Final = tuple(
    delete(table).where(table.c.partner == bindparam("of_partner")) for table in (piece, transfer_in)
)


def read_state(connection: Connection, partner: int) -> State:
    """How far both directions have come.

    Raises:
        UsageError: the partner has been removed.
    """
    row = connection.execute(_STATE, {"of_partner": partner}).first()
    if row is None:
        raise UsageError("this partner has been removed")
    return State(*row)


def _write_state(connection: Connection, partner: int, **columns: int) -> None:
    connection.execute(_SET_STATE, {"of_partner": partner, **columns})


class Confirmed(NamedTuple):
    """What transfers carried that have just been confirmed.

    Attributes:
        changes: how many.
        collapsed: edits that did not travel, because one of these changes has taken their place.
    """

    changes: int
    collapsed: int


class OnItsWay(Enum):
    """Whether something that is to stay here has been sealed already."""

    NO = "no"
    BEGUN = "begun"
    """It is in a batch that has begun, and is sealed anew without it before more of that is sent."""
    ON_AIR = "on-air"
    """It is in a batch that the partner may have, or gets."""


class OutboundTransfers:
    """What goes out."""

    def __init__(self, contexts: Contexts, carried: Carried) -> None:
        self._contexts, self._carried = contexts, carried

    def cursors(self, connection: Connection, partner: int, number: int | None = None) -> dict[str, int]:
        """For each scope, the arrival up to which everything is sealed or confirmed, now or with transfer `number`."""
        if number is None:
            number = read_state(connection, partner).out_sealed
        return _cursors(self._tip(connection, partner, number))

    def skip(self, connection: Connection, partner: int, scope: str, through: int) -> None:
        """Move the cursor of a scope without a transfer."""
        number = read_state(connection, partner).out_sealed
        cursors = json.dumps({**_cursors(self._tip(connection, partner, number)), scope: through})
        self._contexts.set_cursors(connection, _out(partner), number, cursors)

    def seal(self, connection: Connection, partner: int, draft: Draft) -> SealedTransfer:
        """Keep a batch as the next transfer."""
        state = read_state(connection, partner)
        before = self._tip(connection, partner, state.out_sealed)
        cursors, arrival = json.dumps({**_cursors(before), draft.scope: draft.through}), _arrival(connection)
        side, row = _out(partner), _row(draft, arrival)
        tip = self._contexts.grow(connection, side, before, draft.plain, draft.additions, cursors, arrival)
        connection.execute(_ADD_OUT, {"partner": partner, "number": tip.number, **row})
        keep_model(connection, _out(partner), tip.number, draft.model, draft.plain)
        self._carried.note(connection, partner, tip.number, draft.carries)
        _write_state(connection, partner, out_sealed=tip.number)
        return _fresh(tip.number, draft)

    def seal_anew(self, connection: Connection, partner: int, number: int, draft: Draft) -> SealedTransfer:
        """Put another batch in the place of an unconfirmed transfer.

        The context grows anew from there. No later batch builds on it: batches build on what is confirmed.
        """
        rows = connection.execute(_LATER_OUT, _name(partner, number - 1)).all()
        if not rows or rows[0].number != number or _sealed(rows[0]).may_have_arrived:
            raise UsageError(f"transfer {number} cannot be taken back any more")
        side, later = _out(partner), rows[1:]
        plains = [self._contexts.plain(connection, side, row.number) for row in later]
        cursors = [self.cursors(connection, partner, row.number) for row in later]
        self._contexts.cut(connection, side, number)
        tip = self._tip(connection, partner, number - 1)
        own, arrival = json.dumps({**_cursors(tip), draft.scope: draft.through}), _arrival(connection)
        tip = self._contexts.grow(connection, side, tip, draft.plain, draft.additions, own, arrival)
        for row, plain, kept in zip(later, plains, cursors, strict=True):
            moved = json.dumps({**kept, draft.scope: max(draft.through, kept.get(draft.scope, 0))})
            additions = _load_additions(row.additions)
            tip = self._contexts.grow(connection, side, tip, plain, additions, moved, row.arrival)
        connection.execute(_SET_OUT, {**_name(partner, number), **_row(draft, arrival), "sealed_anew": True})
        keep_model(connection, side, number, draft.model, draft.plain)
        self._carried.note(connection, partner, number, draft.carries)
        return replace(_fresh(number, draft), sealed_anew=True)

    def on_its_way(self, connection: Connection, partner: int, numbers: Collection[int]) -> OnItsWay:
        """Whether all transfers of these numbers can still be sealed anew; `Mail.review` does so."""
        transfers = self.unconfirmed(connection, partner)
        for transfer in transfers:
            if transfer.number in numbers:
                followed = any(
                    later.scope == transfer.scope and later.number > transfer.number for later in transfers
                )
                if transfer.may_have_arrived or followed:
                    return OnItsWay.ON_AIR
        return OnItsWay.BEGUN if numbers else OnItsWay.NO

    def unconfirmed(self, connection: Connection, partner: int) -> list[SealedTransfer]:
        """Transfers that are sealed and not confirmed, in order."""
        return [_sealed(row) for row in connection.execute(_ALL_OUT, {"of_partner": partner})]

    def promise(self, connection: Connection, partner: int, next_pieces: Mapping[int, Sequence[int]]) -> None:
        """Note for each transfer which pieces may be on the air."""
        rows = [
            {"of_partner": partner, "of_number": number, "next_pieces": json.dumps(list(places))}
            for number, places in next_pieces.items()
        ]
        if rows:
            connection.execute(_SET_OUT, rows)

    def confirm(self, connection: Connection, partner: int, through: int) -> Confirmed | None:
        """Forget transfers up to `through`; gives what they carried, None if it was known already."""
        state = read_state(connection, partner)
        if through > state.out_sealed:
            raise UsageError(f"transfer {through} was never sealed")
        if through <= state.out_confirmed:
            return None
        values = {"of_partner": partner, "through": through}
        carried = Confirmed(*connection.execute(_CONFIRMED, values).one())
        connection.execute(_DROP_OUT, values)
        _write_state(connection, partner, out_confirmed=through)
        prune_models(connection, _out(partner), through)
        if through // _PRUNE_EVERY > state.out_confirmed // _PRUNE_EVERY:
            self._contexts.prune(connection, _out(partner), through)
        return carried

    def mark(self, connection: Connection, partner: int, number: int) -> Mark | None:
        """What both share after a transfer; None if that is not known."""
        return _mark(connection, self._contexts, _out(partner), number)

    def rewind(self, connection: Connection, partner: int, through: int, heard_epoch: int | None) -> Tip:
        """Start a new epoch behind `through`, or from the very start if that is not known; gives where."""
        state, side = read_state(connection, partner), _out(partner)
        connection.execute(_DROP_OUT, {"of_partner": partner, "through": state.out_sealed})
        tip = self._contexts.go_back(connection, side, through)
        forget_models(connection, side)
        epoch = (state.out_epoch + 1) % EPOCHS
        if epoch == heard_epoch:
            epoch = (epoch + 1) % EPOCHS
        begins = tip.number
        _write_state(
            connection, partner, out_epoch=epoch, out_begins=begins, out_sealed=begins, out_confirmed=begins
        )
        return tip

    def _tip(self, connection: Connection, partner: int, number: int) -> Tip:
        tip = self._contexts.tip(connection, _out(partner), number)
        assert tip is not None, "the newest version is never pruned"
        return tip


class InboundTransfers:
    """What comes in."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    def mark(self, connection: Connection, partner: int, through: int) -> Mark:
        """What is here after all that is applied without a gap."""
        mark = _mark(connection, self._contexts, _in(partner), through)
        assert mark is not None, "the newest version is never pruned"
        return mark

    def arriving(self, connection: Connection, partner: int) -> list[ArrivingTransfer]:
        """Transfers of which anything is here, in order."""
        pieces: dict[int, dict[int, dict[int, bytes]]] = defaultdict(lambda: defaultdict(dict))
        of_partner = {"of_partner": partner}
        for number, block, place, data in connection.execute(_ALL_PIECES, of_partner):
            pieces[number][block][place] = data
        found = []
        for row in connection.execute(_ALL_IN, of_partner):
            shape = Shape(row.pieces, row.size_code)
            blocks = tuple(dict(pieces[row.number][block]) for block in range(len(shape.block_sizes)))
            found.append(ArrivingTransfer(row.number, shape, blocks, row.applied))
        return found

    def begin_epoch(
        self, connection: Connection, partner: int, incarnation: int, epoch: int, begins: int
    ) -> None:
        """Forget all that has arrived in part, and the context behind `begins`, or all of it if it is not known so far."""
        for statement in _FORGET_IN:
            connection.execute(statement, {"of_partner": partner})
        begins = self._contexts.go_back(connection, _in(partner), begins).number
        forget_models(connection, _in(partner))
        _write_state(
            connection,
            partner,
            in_incarnation=incarnation,
            in_epoch=epoch,
            in_begins=begins,
            in_through=begins,
        )

    def keep(
        self,
        connection: Connection,
        partner: int,
        number: int,
        shape: Shape,
        block: int,
        pieces: Mapping[int, bytes],
    ) -> None:
        """Keep pieces of one block. Those of a transfer that has been applied are of no use any more."""
        row = self._row(connection, partner, number)
        if (row is not None and row.applied) or number <= read_state(connection, partner).in_through:
            return
        if row is not None and Shape(row.pieces, row.size_code) != shape:
            self.drop(connection, partner, number)
            row = None
        if row is None:
            connection.execute(_ADD_IN, _arriving(partner, number, shape))
        place_of = {**_name(partner, number), "of_block": block}
        known = set(connection.execute(_PLACES, place_of).scalars())
        common = {"partner": partner, "number": number, "block": block}
        rows = [
            {**common, "place": place, "data": data} for place, data in pieces.items() if place not in known
        ]
        if rows:
            connection.execute(_ADD_PIECE, rows)

    def drop(self, connection: Connection, partner: int, number: int) -> None:
        """Forget a transfer that has not been applied."""
        row = self._row(connection, partner, number)
        if row is not None and not row.applied:
            connection.execute(_DROP_PIECES, _name(partner, number))
            connection.execute(_DROP_IN, _name(partner, number))

    def drop_pieces(
        self, connection: Connection, partner: int, number: int, wrong: Mapping[int, Collection[int]]
    ) -> None:
        """Forget these pieces, by block. The transfer stays."""
        rows = [
            {**_name(partner, number), "of_block": block, "of_place": place}
            for block, places in wrong.items()
            for place in places
        ]
        if rows:
            connection.execute(_DROP_PIECE, rows)

    def is_applied(self, connection: Connection, partner: int, number: int) -> bool:
        """True if that transfer has been applied."""
        if number <= read_state(connection, partner).in_through:
            return True
        row = self._row(connection, partner, number)
        return row is not None and bool(row.applied)

    def finish(self, connection: Connection, partner: int, delivery: Delivery) -> None:
        """A transfer has been applied: take it and those that waited for it into the context, or let it wait."""
        number, plain, additions = delivery.number, delivery.plain, delivery.additions
        connection.execute(_DROP_PIECES, _name(partner, number))
        keep_model(connection, _in(partner), number, delivery.model, plain)
        through = read_state(connection, partner).in_through
        if number != through + 1:
            self._let_wait(connection, partner, number, plain, additions)
            return
        connection.execute(_DROP_IN, _name(partner, number))
        tip = self._tip(connection, partner, through)
        tip = self._contexts.grow(connection, _in(partner), tip, plain, additions)
        while (row := self._row(connection, partner, tip.number + 1)) is not None and row.applied:
            connection.execute(_DROP_IN, _name(partner, row.number))
            waited = _load_additions(row.additions)
            tip = self._contexts.grow(connection, _in(partner), tip, row.plain, waited)
        _write_state(connection, partner, in_through=tip.number)
        prune_models(connection, _in(partner), tip.number - _VERSIONS_BACK)
        if tip.number // _PRUNE_EVERY > through // _PRUNE_EVERY:
            self._contexts.prune(connection, _in(partner), tip.number)

    def _let_wait(
        self, connection: Connection, partner: int, number: int, plain: bytes, additions: Additions
    ) -> None:
        if self._row(connection, partner, number) is None:
            # It came whole, without ever having been kept in pieces. How it was cut does not matter any more.
            connection.execute(_ADD_IN, _arriving(partner, number, Shape(1, 0)))
        values = {"applied": True, "plain": plain, "additions": _dump_additions(additions)}
        connection.execute(_SET_IN, {**_name(partner, number), **values})

    def _row(self, connection: Connection, partner: int, number: int) -> AnyRow | None:
        return connection.execute(_ONE_IN, _name(partner, number)).first()

    def _tip(self, connection: Connection, partner: int, number: int) -> Tip:
        tip = self._contexts.tip(connection, _in(partner), number)
        assert tip is not None, "the newest version is never pruned"
        return tip


def _mark(connection: Connection, contexts: Contexts, side: Side, number: int) -> Mark | None:
    tip = contexts.tip(connection, side, number)
    return None if tip is None else Mark(tip.digest, model_digest(connection, side, number))


def _out(partner: int) -> Side:
    return Side(partner, Direction.OUT)


def _in(partner: int) -> Side:
    return Side(partner, Direction.IN)


def _name(partner: int, number: int) -> dict[str, int]:
    return {"of_partner": partner, "of_number": number}


def _arriving(partner: int, number: int, shape: Shape) -> dict[str, object]:
    return {
        "partner": partner,
        "number": number,
        "pieces": shape.pieces,
        "size_code": shape.size_code,
        "applied": False,
    }


def _arrival(connection: Connection) -> int:
    """The newest in the log."""
    return read_counters(connection).arrival


def _row(draft: Draft, arrival: int) -> dict[str, object]:
    """The columns of a transfer that has just been sealed."""
    return {
        "scope": draft.scope,
        "through": draft.through,
        "data": draft.data,
        "pieces": draft.shape.pieces,
        "size_code": draft.shape.size_code,
        "next_pieces": json.dumps([0] * len(draft.shape.block_sizes)),
        "changes": draft.changes,
        "priority": draft.priority,
        "collapsed": draft.collapsed,
        "additions": _dump_additions(draft.additions),
        "arrival": arrival,
    }


def _fresh(number: int, draft: Draft) -> SealedTransfer:
    next_pieces = (0,) * len(draft.shape.block_sizes)
    return SealedTransfer(number, draft.data, draft.shape, next_pieces, draft.priority, draft.scope)


def _sealed(row: AnyRow) -> SealedTransfer:
    shape, next_pieces = Shape(row.pieces, row.size_code), tuple(json.loads(row.next_pieces))
    return SealedTransfer(row.number, row.data, shape, next_pieces, row.priority, row.scope, row.sealed_anew)


def _cursors(tip: Tip) -> dict[str, int]:
    cursors: dict[str, int] = json.loads(tip.cursors)
    return cursors


def _dump_additions(additions: Additions) -> str:
    return json.dumps(
        {
            "origins": [[origin.station.hex(), origin.incarnation] for origin in additions.origins],
            "tables": additions.tables,
            "fields": additions.fields,
            "records": [[key.table, key.uuid.hex] for key in additions.records],
        }
    )


def _load_additions(text: str) -> Additions:
    parts = json.loads(text)
    return Additions(
        origins=tuple(Origin(bytes.fromhex(station), number) for station, number in parts["origins"]),
        tables=tuple(parts["tables"]),
        fields=tuple(FieldKey(table, name) for table, name in parts["fields"]),
        records=tuple(RecordKey(table, UUID(uuid)) for table, uuid in parts["records"]),
    )

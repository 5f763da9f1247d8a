"""`radiosync skip` and `radiosync unskip`: leave a record out of what goes to partners, and let it go again."""

from typing import TYPE_CHECKING
from uuid import UUID

import click

from radiosync.cli.failure import CommandError
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.partner import find_partner
from radiosync.cli.session import Session, pass_session
from radiosync.messages import notice

if TYPE_CHECKING:
    from radiosync.store import OnItsWay, Store
    from radiosync.sync.ports import Partner

_PARTNER = click.option("--partner", help="Only for this partner. Without it: for all.")


@click.command(cls=Command)
@click.argument("table", required=False)
@click.argument("id", type=click.UUID, required=False)
@_PARTNER
@pass_session
def skip(session: Session, *, table: str | None, id: UUID | None, partner: str | None) -> None:
    """Leave a record out of what is sent, or, without a record, list those that are left out.

    In the middle of a transfer this counts from the next over on. What the partner may have already cannot be taken back.

    \b
    Examples:
      radiosync skip shelter e8820977-ab01-5c22-93c4-e6c2ca8f249c
      radiosync skip
    """
    with session.open_store(session.load_config()) as store:
        partners = _partners(store, partner)
        if table is None:
            _list(session, store, partners)
            return
        if id is None:
            raise click.UsageError("Missing argument 'ID'.")
        found = {known.name: _leave_out(store, known, table, id) for known in partners}
    for name, state in found.items():
        session.out.data(f"{table} {id} is left out of what goes to {name}{_WORDS[state.value]}.", Mark.OK)
    fields = {
        "table": table,
        "uuid": str(id),
        "partners": [{"name": name, "on_its_way": state.value} for name, state in found.items()],
    }
    late = [name for name, state in found.items() if state.value == "on-air"]
    if late:
        raise CommandError(notice("already-on-air", partner=" and ".join(late)), fields)
    session.out.result(fields)


@click.command(cls=Command)
@click.argument("table")
@click.argument("id", type=click.UUID)
@_PARTNER
@pass_session
def unskip(session: Session, *, table: str, id: UUID, partner: str | None) -> None:
    """Let a record go again that was left out. All of it is sent.

    \b
    Example:
      radiosync unskip shelter e8820977-ab01-5c22-93c4-e6c2ca8f249c
    """
    from radiosync.wire.context import RecordKey

    with session.open_store(session.load_config()) as store:
        partners = _partners(store, partner)
        gone = [known.name for known in partners if store.put_back(known, RecordKey(table, id))]
    for name in gone:
        session.out.data(f"{table} {id} goes to {name} again.", Mark.OK)
    if not gone:
        session.out.data(f"{table} {id} was not left out.")
    session.out.result({"table": table, "uuid": str(id), "partners": gone})


_WORDS = {
    "no": "",
    "begun": "; a batch that holds it has begun, and is made anew without it",
    "on-air": " from now on",
}


def _leave_out(store: "Store", partner: "Partner", table: str, id: UUID) -> "OnItsWay":
    from radiosync.wire.context import RecordKey

    return store.leave_out(partner, RecordKey(table, id))


def _list(session: Session, store: "Store", partners: "list[Partner]") -> None:
    found = [(known.name, key) for known in partners for key in store.left_out(known)]
    for name, key in found:
        session.out.data(f"{key.table}  {key.uuid}  left out for {name}", Mark.WAIT)
    if not found:
        session.out.data("No record is left out.")
    left_out = [{"partner": name, "table": key.table, "uuid": str(key.uuid)} for name, key in found]
    session.out.result({"left_out": left_out})


def _partners(store: "Store", name: str | None) -> "list[Partner]":
    return list(store.partners()) if name is None else [find_partner(store, name)]

"""`radiosync conflict`: values that lost against an edit made elsewhere at the same time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from radiosync.cli.group import Group
from radiosync.cli.output import Mark
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import clock_time, iso_time
from radiosync.records.clock import to_milliseconds

if TYPE_CHECKING:
    from radiosync.records.model import Stamp
    from radiosync.records.value import Value
    from radiosync.store import NotedConflict, Store


@click.group(cls=Group)
def conflict() -> None:
    """See which values lost when two stations wrote at the same time."""


@conflict.command("list")
@click.option("--all", "also_settled", is_flag=True, help="Also those that were overwritten since.")
@pass_session
def list_conflicts(session: Session, *, also_settled: bool) -> None:
    """List the values that lost. The newer edit counts; what it won against is kept here."""
    config = session.load_config()
    with session.open_store(config) as store:
        names = {partner.station: partner.name for partner in store.partners()} | {store.station: "here"}
        described = [_describe(store, noted, names) for noted in store.conflicts(only_open=not also_settled)]
        lines = [
            _words(noted, names, session.now_ms) for noted in store.conflicts(only_open=not also_settled)
        ]
    for line in lines:
        session.out.data(line, Mark.WAIT)
    if not lines:
        session.out.data("No edit has lost against another one.")
    session.out.result({"conflicts": described})


def _words(noted: "NotedConflict", names: Mapping[bytes, str], now_ms: int) -> str:
    """Such as `shelter c0ff... beds: lost 40 (base-camp, 14:31 UTC) against an edit made here, 14:35 UTC`."""
    what = f"{noted.key.table} {noted.key.uuid}"
    loser, winner = (_who(stamp, names, now_ms) for stamp in (noted.loser, noted.winner))
    if not noted.field:
        return f"{what}: a delete ({loser}) lost against an edit ({winner}); the record stays"
    return f"{what}, {noted.field}: {_shown(noted.value)} ({loser}) lost against an edit ({winner})"


def _who(stamp: "Stamp", names: Mapping[bytes, str], now_ms: int) -> str:
    station = stamp.dot.origin.station
    return f"{names.get(station, station.hex())}, {clock_time(to_milliseconds(stamp.time), now_ms)}"


def _shown(value: "Value | None") -> str:
    from radiosync.records.value import value_to_json

    return "no value" if value is None else value_to_json(value)


def _describe(store: "Store", noted: "NotedConflict", names: Mapping[bytes, str]) -> dict[str, object]:
    from radiosync.records.value import text_form

    record = store.record(noted.key.table, noted.key.uuid)
    now = None if record is None else record.fields.get(noted.field)
    return {
        "table": noted.key.table,
        "uuid": str(noted.key.uuid),
        "kind": noted.kind.value,
        "field": noted.field or None,
        "lost": None if noted.value is None else text_form(noted.value),
        "lost_by": names.get(noted.loser.dot.origin.station, noted.loser.dot.origin.station.hex()),
        "lost_at": iso_time(to_milliseconds(noted.loser.time)),
        "won_by": names.get(noted.winner.dot.origin.station, noted.winner.dot.origin.station.hex()),
        "won_at": iso_time(to_milliseconds(noted.winner.time)),
        "value_now": None if now is None else text_form(now),
        "settled_at": iso_time(noted.settled_at),
    }

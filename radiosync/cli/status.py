"""`radiosync status`."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import age, clock_time, count, span

if TYPE_CHECKING:
    from radiosync.config import Config
    from radiosync.gateway import GatewayStatus
    from radiosync.gateway.report import LinkStatus, PartnerReport
    from radiosync.store import Store

_WATCH_S: Final = 2.0
"""How often `--watch` looks."""

_FROM_THE_TOP: Final = "\x1b[H\x1b[J"
"""Cursor to the top left, and erase from there: ECMA-48 sections 8.3.21 (CUP) and 8.3.39 (ED)."""


@click.command(cls=Command)
@click.option("--watch", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@pass_session
def status(session: Session, *, watch: bool) -> None:
    """Say what waits, what moves, and how the links are. Transmits nothing.

    \b
    Examples:
      radiosync status
      radiosync status --watch
    """
    config = session.load_config()
    with session.open_store(config) as store:
        if watch:
            _watch(session, config, store)
        found = _look(session, config, store)
        if not watch:
            _show(session, _lines(session, config, store, found))
        session.out.result(_fields(config, store, found))


def _watch(session: Session, config: "Config", store: "Store") -> None:
    """Show how things stand, again whenever that changes."""
    shown: object = None
    try:
        while True:
            found = _look(session, config, store)
            lines = _lines(session, config, store, found)
            if lines != shown:
                shown = lines
                if session.out.look.terminal:
                    session.out.draw(_FROM_THE_TOP)
                _show(session, lines)
                session.out.event("event", event="status", **_fields(config, store, found))
            time.sleep(_WATCH_S)
    except KeyboardInterrupt:
        pass


def _show(session: Session, lines: "list[tuple[str, Mark | None]]") -> None:
    for line, mark in lines:
        session.out.data(line, mark)


def _look(session: Session, config: "Config", store: "Store") -> "GatewayStatus":
    """How things stand: from the gateway that runs, else from the store."""
    import asyncio

    from radiosync.gateway import ControlClient, NoGatewayError, socket_path, stopped_status

    try:
        return asyncio.run(ControlClient(socket_path(session.paths)).status())
    except NoGatewayError:
        return stopped_status(config, store)


def _fields(config: "Config", store: "Store", found: "GatewayStatus") -> dict[str, object]:
    from radiosync.cli.happenings import as_json
    from radiosync.identity.station import short_code

    own = {
        "name": config.station.name,
        "station": store.station.hex(),
        "short_code": short_code(store.station),
    }
    partners = [{**asdict(each), "changes_waiting": each.changes_waiting} for each in found.partners]
    links = [asdict(each) for each in found.links]
    fields = as_json({"station": own, "running": found.running, "links": links, "partners": partners})
    assert isinstance(fields, dict)
    return fields


# Words.


def _lines(
    session: Session, config: "Config", store: "Store", found: "GatewayStatus"
) -> "list[tuple[str, Mark | None]]":
    from radiosync.identity.station import short_code

    now_ms = session.now_ms
    station = f"{config.station.name}, station {store.station.hex()}, short code {short_code(store.station)}"
    lines: list[tuple[str, Mark | None]] = [(station, None)]
    lines += [line for each in found.partners for line in _partner_lines(each, now_ms)]
    if not found.partners:
        lines.append(("There is no partner yet. Add one with `radiosync partner add`.", None))
    if not found.running:
        lines.append(("No gateway runs; `radiosync sync` and `radiosync run` open the links.", None))
    lines += [_link_line(each, now_ms) for each in found.links]
    return lines


def _partner_lines(partner: "PartnerReport", now_ms: int) -> "list[tuple[str, Mark | None]]":
    from radiosync.cli.happenings import ENDS

    if partner.confirmed_at is None:
        confirmed = "nothing confirmed yet"
    else:
        confirmed = f"last confirmed {clock_time(partner.confirmed_at, now_ms)}"
    lines = [_partner_sentence(partner, confirmed, now_ms)]
    if partner.last_at is not None and partner.last_message != "in-step":
        how = ENDS.get(partner.last_message or "", partner.last_message)
        lines.append((f"  last contact {clock_time(partner.last_at, now_ms)}: {how}", None))
    if partner.next_try_at is not None:
        lines.append((f"  next contact {clock_time(partner.next_try_at, now_ms)}", None))
    return [*lines, *_stopped_lines(partner)]


def _stopped_lines(partner: "PartnerReport") -> "list[tuple[str, Mark | None]]":
    """What a person has stopped."""
    lines: list[tuple[str, Mark | None]] = []
    if partner.on_hold or partner.jobs_on_hold:
        what = "everything" if partner.on_hold else f"job {' and '.join(partner.jobs_on_hold)}"
        lines.append((f"  on hold: {what}, {count(partner.changes_held, 'change')}", Mark.WAIT))
    if partner.records_left_out:
        verb = "is" if partner.records_left_out == 1 else "are"
        lines.append((f"  {count(partner.records_left_out, 'record')} {verb} left out", Mark.WAIT))
    return lines


def _partner_sentence(partner: "PartnerReport", confirmed: str, now_ms: int) -> "tuple[str, Mark | None]":
    waiting = partner.changes_waiting
    if waiting:
        oldest = min((table.oldest_at for table in partner.waiting.values()), default=None)
        since = "" if oldest is None else f", oldest {age(oldest, now_ms)}"
        verb = "waits" if waiting == 1 else "wait"
        return f"{count(waiting, 'change')} {verb} for {partner.name}{since}; {confirmed}", Mark.WAIT
    if partner.last_message == "in-step" and partner.last_at is not None:
        return f"In step with {partner.name} at {clock_time(partner.last_at, now_ms)}; nothing waits", Mark.OK
    return f"Nothing waits for {partner.name}; {confirmed}", None


def _link_line(link: "LinkStatus", now_ms: int) -> "tuple[str, Mark | None]":
    from radiosync.cli.happenings import reading_of
    from radiosync.messages import received_notice

    match link.state:
        case "up":
            since = "" if link.since_at is None else f" since {clock_time(link.since_at, now_ms)}"
            if link.contact is not None:
                return f"Link {link.name}: {reading_of(link.contact).words()}", Mark.OK
            return f"Link {link.name} is up{since}: {link.port}", Mark.OK
        case "down":
            told = received_notice(link.message or "", link.values)
            why = told.happened if told is not None else ""
            again = (
                "" if link.retry_at is None else f" Tried again in {span((link.retry_at - now_ms) / 1000)}."
            )
            return f"Link {link.name} is down. {why}{again}", Mark.FAIL
        case "opening":
            return f"Link {link.name} is being opened: {link.port}", Mark.WAIT
        case "disabled":
            return f"Link {link.name} is switched off in the configuration: {link.port}", None
        case "closed":
            return f"Link {link.name} is closed: {link.port}", None

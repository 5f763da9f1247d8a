"""`radiosync cancel`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.partner import find_partner
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import clock_time, count, iso_time
from radiosync.messages import notice

if TYPE_CHECKING:
    from radiosync.gateway import CancelResult


@click.command(cls=Command)
@click.argument("partner")
@pass_session
def cancel(session: Session, *, partner: str) -> None:
    """End the contact with a partner, and do not call it again for now. Nothing is lost.

    The over that is on the air is sent to its end.

    \b
    Example:
      radiosync cancel base-camp
    """
    import asyncio

    from radiosync.gateway import ControlClient, NoGatewayError, socket_path

    with session.open_store(session.load_config()) as store:
        name = find_partner(store, partner).name
    try:
        found = asyncio.run(ControlClient(socket_path(session.paths)).cancel(name))
    except NoGatewayError:
        raise stop("gateway-stopped") from None
    if not found.under_way:
        nothing = notice("contact-none", partner=name)
        session.out.data(nothing.happened)
        session.out.result(_fields(found), nothing)
        return
    session.out.data(_words(found, session.now_ms), Mark.OK)
    session.out.result(_fields(found), next_try_at=iso_time(found.next_try_at))


def _words(found: "CancelResult", now_ms: int) -> str:
    """What happens next."""
    ends = f"The contact with {found.partner} ends after this over."
    waiting = found.changes_waiting
    waits = (
        f"{count(waiting, 'change')} {'waits' if waiting == 1 else 'wait'} here"
        if waiting
        else "Nothing waits"
    )
    if found.next_try_at is None:
        return f"{ends} {waits}; no contact is planned."
    return f"{ends} {waits}; next contact {clock_time(found.next_try_at, now_ms)}."


def _fields(found: "CancelResult") -> dict[str, object]:
    from radiosync.cli.happenings import as_json

    fields = as_json(asdict(found))
    assert isinstance(fields, dict)
    return fields

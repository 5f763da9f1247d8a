"""`radiosync hold` and `radiosync release`: keep changes back, and let them go."""

from typing import TYPE_CHECKING

import click

from radiosync.cli.failure import stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.partner import find_partner
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import count

if TYPE_CHECKING:
    from radiosync.config import Config
    from radiosync.store import Store
    from radiosync.sync.ports import Partner

_JOB = click.option("--job", help="Only this job of the configuration. Without it: everything.")


@click.command(cls=Command)
@click.argument("partner")
@_JOB
@pass_session
def hold(session: Session, *, partner: str, job: str | None) -> None:
    """Send a partner nothing until it is released. What the partner has for us still comes in.

    In the middle of a transfer this counts from the next over on. A restart does not end it.

    \b
    Examples:
      radiosync hold base-camp
      radiosync hold base-camp --job stock
    """
    config = session.load_config()
    with session.open_store(config) as store:
        known = find_partner(store, partner)
        _check_job(config, known, job)
        is_new = store.hold(known, job)
        held = _held(config, store, known)
    again = "" if is_new else " already"
    session.out.data(f"{_what(known, job)} is on hold{again}: {count(held, 'change')} kept here.", Mark.WAIT)
    session.out.result({"partner": known.name, "job": job, "changed": is_new, "changes_held": held})


@click.command(cls=Command)
@click.argument("partner")
@_JOB
@pass_session
def release(session: Session, *, partner: str, job: str | None) -> None:
    """Let go what is on hold for a partner. It is sent with the next contact, or the one under way.

    \b
    Example:
      radiosync release base-camp
    """
    config = session.load_config()
    with session.open_store(config) as store:
        known = find_partner(store, partner)
        was_held = store.release(known, job)
        held = _held(config, store, known)
    what = _what(known, job)
    told = f"{what} goes again." if was_held else f"{what} was not on hold."
    left = f" {count(held, 'change')} stay on hold: `radiosync status` says why." if held else ""
    session.out.data(told + left, Mark.OK if not held else Mark.WAIT)
    session.out.result({"partner": known.name, "job": job, "changed": was_held, "changes_held": held})


def _held(config: "Config", store: "Store", partner: "Partner") -> int:
    from radiosync.gateway import jobs_for

    return store.status(partner, jobs_for(config, partner.name)).changes_held


def _check_job(config: "Config", partner: "Partner", job: str | None) -> None:
    """Raise CommandError if a partner has no such job."""
    from radiosync.gateway import jobs_for

    names = [each.name for each in jobs_for(config, partner.name)]
    if job is not None and job not in names:
        problem = f"There is no job {job} for {partner.name}; there are {', '.join(names)}"
        raise stop("request-refused", problem=problem)


def _what(partner: "Partner", job: str | None) -> str:
    return f"Everything for {partner.name}" if job is None else f"Job {job} for {partner.name}"

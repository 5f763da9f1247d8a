"""Partners as a gateway sees them: by which link they are called, and what is synced with them."""

from collections.abc import Sequence

from radiosync.config import Config, JobSettings, Link
from radiosync.errors import UsageError
from radiosync.store import Store
from radiosync.sync.ports import Job, Partner

EVERYTHING = Job("all")
"""The job of a partner for whom the config has none: all tables, both ways."""


def partner_link(store: Store, partner: str) -> str | None:
    """Name of the partner's own link; None if it has none."""
    return store.get_setting(_key(partner)) or None


def set_partner_link(store: Store, partner: str, link: str | None) -> None:
    """Give a partner a link of its own; None takes it away. To be called with None when a partner is removed."""
    store.set_setting(_key(partner), link or "")


def _key(partner: str) -> str:
    return f"partner-link/{partner}"


def jobs_for(config: Config, partner: str, link: str | None = None) -> Sequence[Job]:
    """What is synced with a partner; on one link if that is given."""
    jobs = [settings for settings in config.jobs if settings.partner == partner]
    if not jobs:
        return (EVERYTHING,)
    return [_job(settings) for settings in jobs if link is None or settings.link in (None, link)]


def _job(settings: JobSettings) -> Job:
    return Job(
        settings.name,
        None if settings.tables is None else frozenset(settings.tables),
        sends=settings.direction in ("send", "both"),
        receives=settings.direction in ("receive", "both"),
        priority=settings.priority,
        every_edit=settings.every_edit,
    )


def link_for(config: Config, store: Store, partner: Partner, name: str | None = None) -> Link:
    """The link over which a partner is called.

    That is the one asked for; else the partner's own; else the only one that its jobs name; else the first that is enabled.

    Raises:
        UsageError: there is none, or it is disabled.
    """
    of_jobs = {job.link for job in config.jobs if job.partner == partner.name and job.link is not None}
    name = name or partner_link(store, partner.name) or (of_jobs.pop() if len(of_jobs) == 1 else None)
    if name is None:
        name = next((link.name for link in config.links.values() if link.enabled), None)
    if name is None:
        raise UsageError(f"no link is configured over which {partner.name} could be called")
    link = config.links.get(name)
    if link is None:
        raise UsageError(f"there is no link {name!r}; there are {', '.join(config.links) or 'none'}")
    if not link.enabled:
        raise UsageError(f"the link {name!r} is switched off in the configuration")
    return link


def schedule_s(config: Config, partner: str) -> float | None:
    """Seconds between two scheduled contacts with a partner: the shortest of its jobs; None if none has a schedule."""
    return min(
        (job.every_s for job in config.jobs if job.partner == partner and job.every_s is not None),
        default=None,
    )

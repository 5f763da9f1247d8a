"""How things stand with partners, from the store alone: also when no gateway runs."""

from collections.abc import Mapping

from radiosync.config import Config
from radiosync.errors import UsageError
from radiosync.gateway.partners import jobs_for, link_for
from radiosync.gateway.report import GatewayStatus, LinkStatus, PartnerReport, TableWaiting
from radiosync.store import Store
from radiosync.sync.ports import Partner


def stopped_status(config: Config, store: Store) -> GatewayStatus:
    """How things stand while no gateway runs."""
    links = tuple(
        LinkStatus(
            name=link.name,
            port=link.port,
            profile=link.profile,
            state="closed" if link.enabled else "disabled",
        )
        for link in config.links.values()
    )
    return GatewayStatus(running=False, links=links, partners=report_partners(config, store))


def report_partners(
    config: Config, store: Store, next_tries: Mapping[str, int] | None = None
) -> tuple[PartnerReport, ...]:
    """How things stand with all partners.

    Args:
        next_tries: when a schedule calls a partner next, by its name.
    """
    return tuple(report_partner(config, store, partner, next_tries or {}) for partner in store.partners())


def report_partner(
    config: Config, store: Store, partner: Partner, next_tries: Mapping[str, int], link: str | None = None
) -> PartnerReport:
    """How things stand with one partner; with `link`, only what that link may carry waits."""
    status = store.status(partner, jobs_for(config, partner.name, link))
    last = next(iter(store.recent_contacts(partner, 1)), None)
    return PartnerReport(
        name=partner.name,
        callsign=partner.callsign,
        link=_link_name(config, store, partner),
        waiting={
            table: TableWaiting(changes=waiting.changes, oldest_at=waiting.oldest_at)
            for table, waiting in status.waiting.items()
        },
        on_the_way=sum(transfer.changes for transfer in status.unconfirmed),
        bytes_on_the_way=sum(transfer.data_bytes for transfer in status.unconfirmed),
        heard_at=status.heard_at,
        confirmed_at=status.confirmed_at,
        changes_confirmed=status.changes_confirmed,
        changes_applied=status.changes_applied,
        last_message=None if last is None else last.outcome,
        last_at=None if last is None else last.ended_at,
        next_try_at=next_tries.get(partner.name),
        edits_collapsed=status.edits_collapsed,
        on_hold=status.holds.everything,
        jobs_on_hold=tuple(sorted(status.holds.jobs)),
        changes_held=status.changes_held,
        records_left_out=status.records_left_out,
    )


def _link_name(config: Config, store: Store, partner: Partner) -> str | None:
    try:
        return link_for(config, store, partner).name
    except UsageError:
        return None

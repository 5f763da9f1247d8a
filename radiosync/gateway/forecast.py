"""What a sync would send, in the words of a person who decides whether to key."""

from radiosync.config import Config
from radiosync.gateway.medium import medium_of
from radiosync.gateway.partners import jobs_for, link_for
from radiosync.gateway.report import DryRun, TableForecast
from radiosync.store import Store
from radiosync.sync.estimate import estimate


def forecast(config: Config, store: Store, partner: str, link: str | None = None) -> DryRun:
    """What a sync would send. Neither keys nor writes anything; no gateway needs to run.

    Args:
        config: links and jobs.
        store: this station's.
        partner: name of the partner.
        link: over which link, if not the usual one.

    Raises:
        UsageError: there is no such partner, or no link to it.
        ConfigError: the link's profile does not fit.
    """
    known = store.partner(partner)
    chosen = link_for(config, store, known, link)
    jobs = jobs_for(config, partner, chosen.name)
    found = estimate(store, known, jobs, medium_of(config, chosen).timing)
    on_the_way = sum(transfer.changes for transfer in store.status(known, jobs).unconfirmed)
    return DryRun(
        partner=partner,
        link=chosen.name,
        tables={
            name: TableForecast(changes=table.changes, data_bytes=table.data_bytes)
            for name, table in found.tables.items()
        },
        changes=sum(table.changes for table in found.tables.values()) + on_the_way,
        data_bytes=found.waiting_bytes + found.sealed_bytes,
        changes_on_the_way=on_the_way,
        bytes_on_the_way=found.sealed_bytes,
        air_bytes=found.air_bytes,
        overs=found.overs,
        elapsed_s=found.elapsed_s,
    )

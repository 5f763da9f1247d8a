"""`radiosync sync`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from radiosync.cli.failure import CommandError, stop
from radiosync.cli.group import Command
from radiosync.cli.output import Mark
from radiosync.cli.partner import find_partner
from radiosync.cli.session import Session, pass_session
from radiosync.cli.words import count, iso_time, size, span, span_range
from radiosync.messages import MESSAGES, Notice, notice, received_notice

if TYPE_CHECKING:
    from radiosync.config import Config
    from radiosync.gateway import ControlClient, DryRun, SyncResult
    from radiosync.store import Store

_WORST: Final = 2.0
"""How many times longer than without any loss a contact may take: repairs, and what the partner has for us."""


@click.command(cls=Command)
@click.argument("partner", required=False)
@click.option("--wait", is_flag=True, help="Wait for the end, also when a gateway runs that does the work.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; transmit nothing.")
@click.option("--link", help="Over this link, not the usual one.")
@click.option("--yes", is_flag=True, help="Transmit without being asked.")
@pass_session
def sync(
    session: Session, *, partner: str | None, wait: bool, dry_run: bool, link: str | None, yes: bool
) -> None:
    """Call a partner and exchange what waits. This transmits.

    Without a name all partners are called, one after the other.

    \b
    Examples:
      radiosync sync base-camp --dry-run     what would go, and how long it takes
      radiosync sync base-camp --wait --yes
    """
    import asyncio

    from radiosync.gateway import forecast

    config = session.load_config()
    with session.open_store(config) as store:
        names = [find_partner(store, partner).name] if partner else [known.name for known in store.partners()]
        if not names:
            raise stop("partner-none")
        costs = [] if yes and not dry_run else [forecast(config, store, name, link) for name in names]
        if dry_run:
            _tell_costs(session, costs)
            return
        _ask(session, costs, yes=yes)
        results = asyncio.run(_Syncing(session, config, store, link).run(names, wait=wait))
    _conclude(session, results)


class _Syncing:
    """Syncs through the gateway that runs, or else as the gateway."""

    def __init__(self, session: Session, config: "Config", store: "Store", link: str | None) -> None:
        self._session, self._config, self._store, self._link = session, config, store, link

    async def run(self, names: Sequence[str], *, wait: bool) -> "list[SyncResult]":
        from radiosync.gateway import ControlClient, NoGatewayError, socket_path

        client = ControlClient(socket_path(self._session.paths))
        try:
            await client.status()
        except NoGatewayError:
            return await self._run_alone(names)
        try:
            if wait:
                return await self._wait(client, names)
            for name in names:
                await client.begin_sync(name, link=self._link)
        except NoGatewayError:
            raise stop("gateway-stopped") from None
        raise CommandError(notice("sync-started", partner=" and ".join(names)), {"partners": list(names)})

    async def _run_alone(self, names: Sequence[str]) -> "list[SyncResult]":
        from radiosync.cli.station import gateway_lock, open_gateway, showing
        from radiosync.gateway import ControlServer, socket_path

        with gateway_lock(self._session):
            gateway = open_gateway(self._config, self._store)
            async with showing(self._session) as teller:
                gateway.subscribe(teller.tell)
                # Other terminals can ask it for its status, and to sync with others, as long as it is there.
                async with gateway, ControlServer(gateway, socket_path(self._session.paths)):
                    return [await gateway.sync(name, link=self._link) for name in names]

    async def _wait(self, client: "ControlClient", names: Sequence[str]) -> "list[SyncResult]":
        from radiosync.cli.station import showing

        async with showing(self._session) as teller:
            return [await client.sync(name, link=self._link, on_event=teller.tell) for name in names]


# Before.


def _ask(session: Session, costs: "Sequence[DryRun]", *, yes: bool) -> None:
    for cost in costs:
        session.out.say(_cost_words(cost, "would send" if cost.changes else "would ask"))
    session.confirm("Transmit now?", yes=yes)


def _tell_costs(session: Session, costs: "Sequence[DryRun]") -> None:
    for cost in costs:
        session.out.data(_cost_words(cost, "would send"))
        for name, table in cost.tables.items():
            session.out.data(f"  {name:20}  {count(table.changes, 'change'):>14}  {size(table.data_bytes)}")
        if cost.changes_on_the_way:
            rest = f"{count(cost.changes_on_the_way, 'change'):>14}  {size(cost.bytes_on_the_way)}"
            session.out.data(f"  {'begun earlier':20}  {rest}")
        session.out.data(f"would receive from {cost.partner}: known only when it answers")
    session.out.result({"dry_run": True, "partners": [_cost_fields(cost) for cost in costs]})


def _cost_words(cost: "DryRun", verb: str) -> str:
    minutes = span_range(cost.elapsed_s, cost.elapsed_s * _WORST)
    if not cost.changes:
        return f"nothing waits for {cost.partner}; asking over {cost.link} takes about {minutes}"
    what = f"{count(cost.changes, 'change')}, {size(cost.data_bytes)}"
    return f"{verb} to {cost.partner} over {cost.link}: {what}, about {minutes}"


def _cost_fields(cost: "DryRun") -> object:
    from radiosync.cli.happenings import as_json

    return as_json({**asdict(cost), "longest_s": cost.elapsed_s * _WORST})


# Afterwards.


def _conclude(session: Session, results: "Sequence[SyncResult]") -> None:
    """Say what came of it. Raises CommandError for the worst that was not quite done."""
    worst = max(results, key=lambda result: result.exit_code)
    for result in results:
        if result is not worst or not result.exit_code:
            session.out.data(_result_words(result), Mark.WAIT if result.exit_code else Mark.OK)
    fields = {"partners": [_result_fields(result) for result in results]}
    told = result_notice(worst)
    if worst.exit_code:
        raise CommandError(told, fields, next_try_at=iso_time(worst.next_try_at))
    session.out.result(fields, told)


def result_notice(result: "SyncResult") -> Notice:
    """The message about one sync."""
    values = {
        "partner": result.partner,
        "calls": count(result.calls, "call"),
        "changes": count(result.changes_waiting, "change"),
        "pieces": str(result.pieces),
        "pieces_there": str(result.pieces_there),
        **result.values,
    }
    return received_notice(result.message, values) or Notice(MESSAGES["contact-stopped"], values)


def _result_words(result: "SyncResult") -> str:
    moved = f"{count(result.changes_confirmed, 'change')} confirmed, {result.changes_received:,} received"
    if result.edits_collapsed:
        moved += f", {count(result.edits_collapsed, 'edit')} collapsed"
    air = f"{size(result.bytes_out + result.bytes_in)} on the air in {span(result.elapsed_s)}"
    return f"{result_notice(result).happened} {moved}; {air}, {count(result.overs, 'over')}."


def _result_fields(result: "SyncResult") -> object:
    from radiosync.cli.happenings import as_json

    return as_json(asdict(result))

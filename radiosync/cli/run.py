"""`radiosync run`."""

import signal
from typing import TYPE_CHECKING

import click

from radiosync.cli.group import Command
from radiosync.cli.session import Session, pass_session

if TYPE_CHECKING:
    from radiosync.config import Config
    from radiosync.store import Store


@click.command(cls=Command)
@pass_session
def run(session: Session) -> None:
    """Open the links, answer calls and run the schedules, until Ctrl-C.

    This may transmit whenever a partner calls or a schedule falls due.
    """
    import asyncio

    from radiosync.cli.station import gateway_lock

    config = session.load_config()
    with session.open_store(config) as store, gateway_lock(session):
        asyncio.run(_run(session, config, store))
    session.out.say("The gateway has ended. What was not confirmed is kept.")
    session.out.result({})


async def _run(session: Session, config: "Config", store: "Store") -> None:
    import asyncio

    from radiosync.cli.station import open_gateway, showing
    from radiosync.gateway import ControlServer, socket_path

    gateway = open_gateway(config, store)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, gateway.stop)
    async with showing(session) as teller, ControlServer(gateway, socket_path(session.paths)):
        gateway.subscribe(teller.tell)
        session.out.say(f"The gateway of {config.station.name} runs. Ctrl-C ends it.")
        session.out.event("event", event="gateway-started", links=list(config.links))
        await gateway.run()

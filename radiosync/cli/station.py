"""What the commands that drive or ask a gateway share."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from random import Random
from typing import Final

from radiosync.cli.failure import stop
from radiosync.cli.happenings import Teller
from radiosync.cli.progress import Meter, metered
from radiosync.cli.session import Session
from radiosync.config import Config
from radiosync.errors import BusyError
from radiosync.gateway import Gateway, GatewayLock, SystemClock
from radiosync.store import Store
from radiosync.transports.serialport import serial_transport

_TICK_S: Final = 0.25
"""How long a signal that asks for progress may wait."""


def open_gateway(config: Config, store: Store) -> Gateway:
    """A gateway on this machine's clocks and ports. Opens no port yet."""
    return Gateway(config, store, clock=SystemClock(), open_transport=serial_transport, random=Random())


@contextmanager
def gateway_lock(session: Session) -> Iterator[None]:
    """Be the only gateway of this station. Raises CommandError when there is one."""
    with ExitStack() as stack:
        try:
            stack.enter_context(GatewayLock(session.paths.lock_file))
        except BusyError:
            raise stop("gateway-runs") from None
        yield


@asynccontextmanager
async def showing(session: Session) -> AsyncIterator[Teller]:
    """Tell events and show progress while this goes on."""
    with metered(session.meter()) as meter:
        ticker = asyncio.create_task(_tick(meter))
        try:
            yield Teller(session.out, meter)
        finally:
            ticker.cancel()


async def _tick(meter: Meter) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        meter.tick()

"""The gateway: opens links, drives contacts, runs jobs, and tells how things stand.

May import everything but `cli` and `console`. Start at `gateway`, which joins what a config names; `driver` is one link;
`control` is how other processes speak with a gateway that runs; `report` is all that it tells.
"""

from radiosync.gateway.clock import SystemClock
from radiosync.gateway.control import ControlClient, ControlServer, NoGatewayError, socket_path
from radiosync.gateway.forecast import forecast
from radiosync.gateway.gateway import Gateway
from radiosync.gateway.lock import GatewayLock
from radiosync.gateway.partners import jobs_for, partner_link, set_partner_link
from radiosync.gateway.report import CancelResult, DryRun, GatewayEvent, GatewayStatus, SyncResult
from radiosync.gateway.standing import stopped_status

__all__ = [
    "CancelResult",
    "ControlClient",
    "ControlServer",
    "DryRun",
    "Gateway",
    "GatewayEvent",
    "GatewayLock",
    "GatewayStatus",
    "NoGatewayError",
    "SyncResult",
    "SystemClock",
    "forecast",
    "jobs_for",
    "partner_link",
    "set_partner_link",
    "socket_path",
    "stopped_status",
]

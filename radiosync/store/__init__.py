"""The store: records, the log of changes, partners and transfers of one station, in an SQL database.

The only room that knows SQL. May import `sync`, `wire`, `records`, `limits` and `errors`. Synchronous: whoever lives in an
event loop calls it through a `Worker`. Start at `store`, where each method is one transaction; `schema` is the database,
`log` decides what a partner still needs, `exchange` and `context` keep what a contact must find again after a crash.
"""

from radiosync.store.conflicts import NotedConflict
from radiosync.store.edits import EditSummary
from radiosync.store.exchange import OnItsWay
from radiosync.store.log import Waiting
from radiosync.store.partners import Contact, PartnerStatus, UnconfirmedTransfer
from radiosync.store.records import TableCount
from radiosync.store.store import Store, system_clock
from radiosync.store.worker import Worker

__all__ = [
    "Contact",
    "EditSummary",
    "NotedConflict",
    "OnItsWay",
    "PartnerStatus",
    "Store",
    "TableCount",
    "UnconfirmedTransfer",
    "Waiting",
    "Worker",
    "system_clock",
]

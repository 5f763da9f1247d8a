"""radiosync keeps relief teams' records in step over radio modems.

The rooms of the house, from the outside in: `cli` and `gateway` drive; `transports`, `store` and `connectors` touch the
world; `sync`, `link`, `transfer`, `wire` and `records` are pure and hold the protocol. Imports run in that order only.
Start reading at `records.model`, then follow a change outwards: `sync.outbound`, `wire.batch`, `transfer`, `link.contact`.
"""

__version__ = "0.1.0"

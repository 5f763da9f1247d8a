"""Streams as files."""

import json
from collections.abc import Sequence

from radiosync_sim.bench.yardstick import Row


def lines_of(rows: Sequence[Row]) -> bytes:
    """The rows as JSON Lines."""
    changes = [
        {"t": row.t, "table": row.table, "uuid": row.uuid, "op": row.op}
        | ({} if row.fields is None else {"fields": dict(row.fields)})
        for row in rows
    ]
    return "".join(json.dumps(change) + "\n" for change in changes).encode()

"""What the database says about this station itself: who it is, how far its counters are, and its settings."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from radiosync.records.model import STATION_BYTES, Origin
from radiosync.store.schema import setting, station

_INCARNATION_BYTES = 4
_COUNTERS = select(station.c.sequence, station.c.arrival)
_SET_COUNTERS = update(station)


class Counters(NamedTuple):
    """How far this station has counted.

    Attributes:
        sequence: of its newest own write.
        arrival: of the newest change in its log.
    """

    sequence: int
    arrival: int


def read_station(connection: Connection) -> Origin | None:
    """This station's origin, None if the database is new."""
    row = connection.execute(select(station.c.identity, station.c.incarnation)).first()
    return None if row is None else Origin(row.identity, row.incarnation)


def make_station(connection: Connection, make_identity: Callable[[int], bytes]) -> Origin:
    """This station's origin, made from `make_identity` unless another process has just done so."""
    known = read_station(connection)
    if known is not None:
        return known
    origin = Origin(make_identity(STATION_BYTES), int.from_bytes(make_identity(_INCARNATION_BYTES), "big"))
    connection.execute(
        insert(station).values(
            id=1, identity=origin.station, incarnation=origin.incarnation, sequence=0, arrival=0
        )
    )
    return origin


def read_counters(connection: Connection) -> Counters:
    """The counters as they stand."""
    return Counters(*connection.execute(_COUNTERS).one())


def write_counters(connection: Connection, counters: Counters) -> None:
    """Move the counters."""
    connection.execute(_SET_COUNTERS, counters._asdict())


def read_setting(connection: Connection, key: str) -> str | None:
    """A setting, None if it was never made."""
    return connection.execute(select(setting.c.value).where(setting.c.key == key)).scalar()


def write_setting(connection: Connection, key: str, value: str) -> None:
    """Make or change a setting."""
    if read_setting(connection, key) is None:
        connection.execute(insert(setting).values(key=key, value=value))
    else:
        connection.execute(update(setting).where(setting.c.key == key).values(value=value))

"""Origins by number: what stands in the database for the twelve bytes that name a database of a station."""

from sqlalchemy import insert, select

from radiosync.records.model import Origin
from radiosync.store.database import Database
from radiosync.store.schema import origin as table


class Origins:
    """All origins that this database has seen, in memory; there are hardly more of them than stations."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[Origin, int] = {}
        self._origins: dict[int, Origin] = {}
        database.on_undo(self._forget)

    def number_of(self, origin: Origin) -> int:
        """Number of an origin, given to it now, in the transaction that is going on, if it is new."""
        number = self._numbers.get(origin)
        if number is None:
            self._load()
            number = self._numbers.get(origin) or self._add(origin)
        return number

    def origin_of(self, number: int) -> Origin:
        """The origin with that number."""
        origin = self._origins.get(number)
        if origin is None:
            self._load()
            origin = self._origins[number]
        return origin

    def _add(self, origin: Origin) -> int:
        number = max(self._origins, default=0) + 1
        self._database.current().execute(
            insert(table).values(id=number, station=origin.station, incarnation=origin.incarnation)
        )
        self._numbers[origin], self._origins[number] = number, origin
        return number

    def _load(self) -> None:
        with self._database.read() as connection:
            for number, station, incarnation in connection.execute(select(table)):
                origin = self._origins[number] = Origin(station, incarnation)
                self._numbers[origin] = number

    def _forget(self) -> None:
        self._numbers.clear()
        self._origins.clear()

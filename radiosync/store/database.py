"""The connection to the database, and what a transaction is.

One connection, one transaction at a time, whichever thread asks. SQLite is told to keep a write-ahead log, so that another
process may read while we write, and one that wants to write waits its turn.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from radiosync.errors import BusyError, StoreError, UsageError

BUSY_TIMEOUT_MS: Final = 30_000
"""How long to wait for another process. An import of a large file is one transaction and takes seconds."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of whatever columns were asked for."""

STREAM_ROWS: Final = 500
"""Rows fetched at once when a long answer is streamed."""

_BEGIN_WRITE: Final = {"sqlite": "BEGIN IMMEDIATE"}
# A transaction that writes takes its place in the queue at once: one that finds out later that it must write cannot wait
# for its turn any more, because what it has read may be out of date.
_BEGIN_READ: Final = {"sqlite": "BEGIN"}


class Database:
    """An open database. Not made directly: see `open_database`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._undo: list[Callable[[], None]] = []
        with _translated():
            self._connection: Connection = engine.connect()

    @property
    def dialect(self) -> str:
        """Name of the kind of database, such as "sqlite"."""
        return self._engine.dialect.name

    def on_undo(self, forget: Callable[[], None]) -> None:
        """Call `forget` whenever a writing transaction is undone: for what was remembered outside the database."""
        self._undo.append(forget)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A writing transaction: done when the block ends, undone when it raises. Does not nest."""
        with self._lock, _translated():
            if self._connection.in_transaction():
                raise UsageError("the store was asked to write in the middle of another transaction")
            try:
                with self._transaction(_BEGIN_WRITE):
                    yield self._connection
            except BaseException:
                for forget in self._undo:
                    forget()
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A reading transaction; inside of another transaction of the same thread a part of that one."""
        with self._lock, _translated():
            if self._connection.in_transaction():
                yield self._connection
                return
            with self._transaction(_BEGIN_READ):
                yield self._connection

    def current(self) -> Connection:
        """The connection of the transaction that is going on."""
        if not self._connection.in_transaction():
            raise UsageError("there is no transaction")
        return self._connection

    def stream(self, statement: Select[*tuple[Any, ...]]) -> Iterator[AnyRow]:
        """Rows of a long answer, a few at a time, as things stood at the first row whatever is written meanwhile."""
        if isinstance(self._engine.pool, StaticPool):
            with self.read() as connection:
                rows = connection.execute(statement).all()
            yield from rows
            return
        with _translated(), self._engine.connect() as reader:
            yield from reader.execution_options(yield_per=STREAM_ROWS).execute(statement)

    @contextmanager
    def foreign_keys_off(self) -> Iterator[None]:
        """Outside of transactions: let SQLite rebuild tables that others refer to. Checked again before the next commit."""
        if self.dialect != "sqlite":
            yield
            return
        self._pragma("foreign_keys = OFF")
        try:
            yield
        finally:
            self._pragma("foreign_keys = ON")

    def copy_to(self, path: Path) -> None:
        """Copy the whole database, as it stands now, into a new file. SQLite only."""
        if self.dialect != "sqlite":
            raise UsageError("a database server has its own means of making a copy")
        if path.exists():
            raise UsageError(f"{path} exists already")
        with self._lock, _translated():
            target = sqlite3.connect(path)
            try:
                self._raw().backup(target)
            finally:
                target.close()

    def close(self) -> None:
        """Close the connection. An unfinished transaction is undone."""
        with self._lock, _translated():
            self._connection.close()
            self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: Mapping[str, str]) -> Iterator[None]:
        try:
            with self._connection.begin():
                if self.dialect in begin:
                    self._connection.exec_driver_sql(begin[self.dialect])
                yield
        except BaseException:
            # SQLAlchemy takes a transaction for finished when its COMMIT fails. SQLite leaves it open.
            if not self._connection.closed:
                self._connection.connection.rollback()
            raise

    def _raw(self) -> sqlite3.Connection:
        return cast(sqlite3.Connection, self._connection.connection.dbapi_connection)

    def _pragma(self, text: str) -> None:
        self._raw().execute(f"PRAGMA {text}")


def open_database(url_or_path: str | Path, *, durable: bool) -> Database:
    """Connect to a database; a file that does not exist is made.

    Args:
        url_or_path: path of an SQLite file, ":memory:", or a database URL as SQLAlchemy takes it.
        durable: False leaves it to the system when data reaches the disk. For simulations, where nothing depends on it.

    Raises:
        StoreError: there is no database there and none can be made.
    """
    with _translated():
        url = _url(url_or_path)
        if url.get_backend_name() != "sqlite":
            return Database(create_engine(url, isolation_level="REPEATABLE READ", poolclass=NullPool))
    in_memory = url.database in (None, "", ":memory:")
    engine = create_engine(
        url,
        poolclass=StaticPool if in_memory else NullPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    _configure_sqlite(engine, durable)
    return Database(engine)


def _url(url_or_path: str | Path) -> URL:
    if isinstance(url_or_path, str) and "://" in url_or_path:
        return make_url(url_or_path)
    return URL.create("sqlite", database=str(url_or_path))


def _configure_sqlite(engine: Engine, durable: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        # Python's own idea of when a transaction begins leaves reads outside of it. We say BEGIN ourselves.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        text = str(error.orig)
        if "database is locked" in text:
            raise BusyError("another process is using the database") from error
        raise StoreError(text) from error
    except (SQLAlchemyError, sqlite3.Error, ModuleNotFoundError, OverflowError) as error:
        raise StoreError(str(error)) from error

"""Bringing a database to the newest revision of the schema, whatever older revision it has."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from radiosync.errors import StoreError
from radiosync.store.database import Database
from radiosync.store.schema import REVISION

MIGRATIONS = Path(__file__).parent / "migrations"
"""alembic's folder of revisions; part of the package, so it is there when radiosync is installed."""


def migrate(database: Database) -> None:
    """Bring the database to the newest revision, from nothing if it is empty; all of it or, if that fails, none.

    Raises:
        StoreError: the database was made by a newer radiosync, or is broken.
    """
    with database.read() as connection:
        if _revision(connection) == REVISION:
            return
    with database.foreign_keys_off(), database.write() as connection:
        _upgrade(connection)
        if database.dialect == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise StoreError("the database refers to rows that are not there")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # alembic is needed seldom and takes a while to import.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"the database cannot be used by this version of radiosync: {error}") from error

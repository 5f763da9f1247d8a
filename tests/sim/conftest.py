"""What tests with whole stations share."""

from pathlib import Path

import pytest

from radiosync.store.database import open_database
from radiosync.store.migrate import migrate


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database. Copying it saves most of the time that making one takes."""
    path = tmp_path_factory.mktemp("blank") / "blank.db"
    database = open_database(path, durable=False)
    migrate(database)
    database.close()
    return path

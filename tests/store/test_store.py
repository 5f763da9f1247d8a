"""The store is what the conversation between stations asks for."""

import inspect

import pytest

from radiosync import store as package
from radiosync.store import Store
from radiosync.sync.ports import SyncStore
from tests.store.stores import open_store

PORT = [
    name
    for name, member in vars(SyncStore).items()
    if inspect.isfunction(member) and not name.startswith("_")
]


def as_port(store: Store) -> SyncStore:
    """The type checker refuses this line if the store does not conform."""
    return store


def test_the_store_is_a_sync_store() -> None:
    with open_store("a") as store:
        assert as_port(store).origin == store.origin


@pytest.mark.parametrize("name", PORT)
def test_methods_of_the_port_have_its_signature(name: str) -> None:
    assert inspect.signature(getattr(Store, name)) == inspect.signature(getattr(SyncStore, name))


def test_the_port_was_found() -> None:
    assert {"plan", "seal", "deliver", "meet"} <= set(PORT)


def test_everything_that_is_offered_is_there() -> None:
    assert all(hasattr(package, name) for name in package.__all__)


def test_two_stores_in_memory_have_nothing_in_common() -> None:
    with open_store("a") as first, open_store("b") as second:
        first.set_setting("k", "v")
        assert second.get_setting("k") is None

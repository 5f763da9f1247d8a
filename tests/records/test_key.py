"""Identities that are made from fields."""

from uuid import NAMESPACE_URL, uuid5

from radiosync.records.key import uuid_of_key


def test_the_uuid_of_a_key_never_changes() -> None:
    """Pinned: two stations that import the same list must name the same records."""
    assert uuid_of_key("shelter", ["12"]) == uuid5(NAMESPACE_URL, "radiosync:shelter/12")
    assert str(uuid_of_key("shelter", ["12"])) == "7805e832-7944-5c55-9e20-3915c5dc6c1d"
    assert uuid_of_key("shelter", ["a", "b"]) != uuid_of_key("shelter", ["b", "a"])
    assert uuid_of_key("shelter", ["é"]) == uuid5(NAMESPACE_URL, "radiosync:shelter/é")

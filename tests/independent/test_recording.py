"""The kept contacts are what two stations still say, byte for byte: old frames stay readable because they do not change."""

import pytest

from tests.independent.recording import RECORDINGS, Recording, record, to_text


@pytest.mark.parametrize("what", RECORDINGS, ids=lambda what: what.name)
def test_two_stations_still_say_what_is_kept(what: Recording) -> None:
    """If it differs on purpose, write the vectors anew: `python -m tests.independent.recording`."""
    assert to_text(record(what)) == what.path.read_text("utf-8")

"""The short code of a station."""

import re

from hypothesis import given
from hypothesis import strategies as st

from radiosync.identity.station import ALPHABET, short_code


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 32
    assert not set(ALPHABET) & set("01OI")


@given(st.binary(min_size=8, max_size=8))
def test_the_form(station: bytes) -> None:
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", short_code(station))


def test_codes_never_change() -> None:
    """Pinned: people have written them down."""
    assert short_code(bytes(8)) == "MTCA-AGSJ"
    assert short_code(b"\xff" * 8) == "ZR63-WC9Y"


def test_all_places_use_the_whole_alphabet() -> None:
    codes = [short_code(number.to_bytes(8, "big")).replace("-", "") for number in range(2000)]
    assert len(set(codes)) == 2000
    assert [set(place) for place in zip(*codes, strict=True)] == [set(ALPHABET)] * 8

"""Callsigns: what can be sent, and what is said about the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.identity.callsign import Callsign


@pytest.mark.parametrize(
    ("text", "base", "ssid", "written"),
    [
        ("N0CALL", "N0CALL", 0, "N0CALL"),
        (" n0call-7 ", "N0CALL", 7, "N0CALL-7"),
        ("A-15", "A", 15, "A-15"),
        ("N0CALL-0", "N0CALL", 0, "N0CALL"),
        ("N0CALL-07", "N0CALL", 7, "N0CALL-7"),
    ],
)
def test_what_can_be_sent(text: str, base: str, ssid: int, written: str) -> None:
    callsign = Callsign.parse(text)
    assert callsign == Callsign(base, ssid)
    assert str(callsign) == written


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at least one letter or digit"),
        ("-7", "at least one letter or digit"),
        ("TOOLONG", "longer than 6"),
        ("N0CALL/P", "has a stroke"),
        ("N0 CALL", "something else than the letters A to Z and digits"),
        ("Ñ0CALL", "something else than the letters A to Z and digits"),
        ("N0CALL-16", "from 0 to 15"),
        ("N0CALL-", "a number from 0 to 15"),
        ("N0CALL-x", "a number from 0 to 15"),
        ("N0CALL-1-2", "a number from 0 to 15"),
        ("N0CALL-¹", "a number from 0 to 15"),
        ("N0CALL--1", "a number from 0 to 15"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Callsign.parse(text)


@pytest.mark.parametrize(("base", "ssid"), [("n0call", 0), ("N0CALL", -1), ("N0CALL", 16), ("ß", 0)])
def test_a_callsign_made_by_hand_is_checked_too(base: str, ssid: int) -> None:
    with pytest.raises(ValueError, match=r"letters A to Z|SSID"):
        Callsign(base, ssid)


@given(st.text(alphabet="ABCXYZ0189", min_size=1, max_size=6), st.integers(0, 15))
def test_what_is_written_is_read(base: str, ssid: int) -> None:
    callsign = Callsign(base, ssid)
    assert Callsign.parse(str(callsign).lower()) == callsign


@given(st.text(max_size=12))
def test_any_text_is_a_callsign_or_a_value_error(text: str) -> None:
    try:
        callsign = Callsign.parse(text)
    except ValueError:
        return
    assert len(callsign.base) <= 6
    assert str(callsign).isascii()

"""The independent reader against the stored contacts of a pool."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.independent.reader.changes import plain_change
from tests.independent.reader.listener import Opened
from tests.independent.reader.pools import BYE, GREET, PoolListener
from tests.independent.reader.slots import Answer, Sent, TncLink

STORED = json.loads((Path(__file__).parents[1] / "vectors" / "contacts-pool-tnc-compact.json").read_text())
LINK = TncLink(**STORED["link"])
FRAME_AT = 18
"""In what the modem gets: behind KISS and AX.25."""
INSTANT = 1e-5
"""Times are kept with six digits behind the point."""


def new_listener() -> PoolListener:
    speaker, *members = [(bytes.fromhex(s["identity"]), s["incarnation"]) for s in STORED["stations"]]
    return PoolListener(STORED["framing"], LINK, STORED["pool"], speaker[0], members)


def all_sent(listener: PoolListener) -> Iterator[Sent]:
    """What was sent. The listener is told in time which stations have lost their databases."""
    lost = list(STORED["lost"])
    for station, begin, end, heard, data in STORED["sent"]:
        while lost and lost[0]["at"] <= begin:
            listener.forget(lost[0]["station"], lost.pop(0)["incarnation"])
        yield Sent(station, begin, end, tuple(heard), bytes.fromhex(data))


def read() -> tuple[PoolListener, list[Opened]]:
    listener = new_listener()
    return listener, [opened for sent in all_sent(listener) for opened in listener.hear(sent)]


@pytest.fixture(scope="module", name="listener")
def _listener() -> PoolListener:
    return read()[0]


def in_slot(answer: Answer) -> bool:
    """It begins no earlier than a turn takes, and has ended before the next slot begins."""
    earliest, latest = answer.slot + LINK.turn, answer.slot + LINK.slot() - LINK.tail
    return earliest - INSTANT <= answer.begin and answer.end <= latest + INSTANT


def test_stored_contacts_of_a_pool_are_read() -> None:
    """Each frame, and what each member has opened, in order."""
    listener, opened = read()
    assert not listener.unread
    read_by: dict[int, list[Any]] = defaultdict(list)
    stored: dict[int, list[Any]] = defaultdict(list)
    for o in opened:
        read_by[o.station].append((o.number, [plain_change(change) for change in o.changes]))
    for batch in STORED["batches"]:
        stored[batch["by"]].append((batch["number"], batch["changes"]))
    assert read_by == stored


def test_all_who_are_named_and_hear_it_answer(listener: PoolListener) -> None:
    for over in listener.overs:
        named = {
            number
            for number, member in listener.members.items()
            if int.from_bytes(member.identity[:2], "big") in over.lead.turns
        }
        assert set(over.answers) == {number for number in named if over.is_led_for(number)}


def test_answers_lie_in_their_slots(listener: PoolListener) -> None:
    answers = [answer for over in listener.overs for answer in over.answers.values()]
    assert all(map(in_slot, answers))
    for answer in answers:
        for late in (-LINK.slot(), LINK.slot()):
            assert not in_slot(replace(answer, begin=answer.begin + late, end=answer.end + late))


def test_frames_state_what_is_left(listener: PoolListener) -> None:
    assert all(over.states_what_is_left(LINK) for over in listener.overs)


def test_stored_contacts_hold_what_they_are_for(listener: PoolListener) -> None:
    """Losses of each member and of answers, several answers to an over, both kinds of them, byes, and a new epoch."""
    overs = listener.overs
    data = [place for over in overs for place in over.places]
    assert all(any(number not in place.heard for place in data) for number in listener.members)
    assert any(0 not in heard for station, _, _, heard, _ in STORED["sent"] if station)
    assert any(len(over.answers) > 1 for over in overs)
    assert any(over.lead.flags & GREET and over.answers for over in overs)
    assert any(over.lead.flags & BYE and len(over.rounds) > 1 for over in overs)
    assert {over.lead.said["epoch"] for over in overs} == {0, 1}


def frames_of(listener: PoolListener) -> list[tuple[int, int]]:
    return [(len(over.places), len(over.answers)) for over in listener.overs]


def test_a_frame_with_a_changed_byte_is_not_read() -> None:
    lots = random.Random(4)
    listener = new_listener()
    for sent in all_sent(listener):
        before = frames_of(listener)
        for place in range(FRAME_AT, len(sent.data) - 1):
            damaged = bytearray(sent.data)
            damaged[place] ^= lots.randrange(1, 256)
            assert listener.hear(replace(sent, data=bytes(damaged))) == []
            assert frames_of(listener) == before
        listener.hear(sent)
        assert frames_of(listener) != before

"""The slot rules: all of them together keep what the protocol promises, and each is needed (protocol, section 4.9)."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from random import Random

import pytest

from radiosync.link import slots
from radiosync.link.contact import Contact
from radiosync.link.slots import Cue, Role, State
from radiosync.link.timing import Timing, timing_of
from radiosync.profiles.airtime import Airtime
from radiosync.sync.station import Station
from radiosync.wire.framing import KissFraming
from tests.link.explorer import CORNERS, Lots, Setup, explore
from tests.link.memory import MemoryStore
from tests.link.pairs import meet, stores

LONG = timing_of(
    Airtime.of(
        "kiss-tnc", 1200, key_up_s=0.1, turn_s=0.05, tail_s=0.05, max_frame_bytes=1024, longest_over_s=30.0
    ),
    KissFraming(),
)
"""Long overs and short turns: an over lasts longer than computed by more than a turn."""

SWITCHED = timing_of(
    Airtime.of(
        "kiss-tnc", 2500, key_up_s=0.3, turn_s=0.2, tail_s=0.05, max_frame_bytes=128, longest_over_s=10.0
    ),
    KissFraming(),
)
"""As the profile of a TNC: the radio needs time to switch over. Just fast enough for the codec that is quick to run."""

PROMPT = CORNERS[:1]
GRID = tuple(step / 6 for step in range(8))


def lost(letter: str) -> MemoryStore:
    """A station whose database is gone, with one new record."""
    found = MemoryStore(letter, 2)
    found.fill(Random(2), 1, first=9000)
    return found


@lru_cache
def setup(name: str) -> Setup:
    return {each.name: each for each in _setups()}[name]


def _setups() -> list[Setup]:
    anna, ben = stores(2, 2)
    meet(anna, ben)
    anna.fill(Random(3), 1, first=2000)
    known = anna, ben
    old, _ = stores(2, 0)
    meet(old, MemoryStore("b"))
    return [
        Setup("nothing to send", stores(0, 0), SWITCHED, losses=2, paces=CORNERS[:2]),
        Setup("something each way", stores(1, 1), SWITCHED, paces=CORNERS[:2]),
        Setup("a last frame is late", stores(1, 1), SWITCHED, paces=CORNERS[::2]),
        Setup("something each way, two losses", stores(1, 1), SWITCHED, losses=2, paces=PROMPT),
        Setup("known partners", known, SWITCHED, losses=2, paces=PROMPT),
        Setup("only the called has something", stores(0, 16, 60), SWITCHED, paces=PROMPT),
        Setup("a long over", stores(11, 0, 300), LONG, paces=CORNERS[1:2]),
        Setup("repair", stores(6, 0, 60), SWITCHED, paces=PROMPT),
        Setup("both call at once", stores(0, 0), SWITCHED, ((0.0,), (0.0,)), paces=PROMPT),
        Setup("the greater calls later", stores(1, 1), SWITCHED, ((0.0,), GRID), losses=0, paces=CORNERS[:2]),
        Setup("the greater calls first", stores(1, 1), SWITCHED, (GRID, (0.0,)), losses=0, paces=PROMPT),
        Setup("the called restarts", stores(1, 1), SWITCHED, restarts=1, paces=PROMPT),
        Setup("the caller restarts", stores(1, 1), SWITCHED, restarts=0, paces=PROMPT),
        Setup("the called lost its database", (old, lost("b")), SWITCHED, paces=PROMPT, is_fresh=False),
    ]


@pytest.mark.parametrize("name", [each.name for each in _setups()])
def test_on_every_path_the_promises_are_kept(name: str) -> None:
    found = explore(setup(name))
    assert not found.broken, found.broken
    assert found.overs >= 2


# One rule less.

Patch = Callable[[pytest.MonkeyPatch], object]


def rewritten(role: Role, state: State, cue: Cue, then: State) -> Patch:
    """The table says something else."""
    row = {**slots.TURNS[role][state], cue: then}
    turns = {**slots.TURNS, role: {**slots.TURNS[role], state: row}}
    return lambda patch: patch.setattr(slots, "TURNS", turns)


def replaced(owner: object, name: str, new: object) -> Patch:
    return lambda patch: patch.setattr(owner, name, new, raising=False)


def only(role: Role) -> Patch:
    """One side takes each frame that it hears for the last one of its over."""
    return replaced(
        Contact,
        "_slot_at",
        lambda self, left_bytes, now: now if self.role is role else _slot_at(self, left_bytes, now),
    )


_reply_s, _answer = Timing.reply_s, Station._answer
_slot_at, _take_ack, _choose_lead = Contact._slot_at, Contact._take_ack, Contact._choose_lead


def _as_if_answered(self: Contact) -> object:
    silent, self._silent_overs = self._silent_overs, 0
    try:
        return _choose_lead(self)
    finally:
        self._silent_overs = silent


def _answer_when_idle(self: Station, *arguments: object) -> None:
    if self._contact is None:
        _answer(self, *arguments)  # type: ignore[arg-type]


WITHOUT: dict[str, tuple[str, Patch]] = {
    "S1 the called speaks at its timer": (
        "something each way",
        rewritten(Role.CALLED, State.WAITING, Cue.TIME_UP, State.SPEAKING),
    ),
    "S2 the called does not let the caller finish": (
        "something each way",
        only(Role.CALLED),
    ),
    "S2 the caller does not let the called finish": (
        "only the called has something",
        only(Role.CALLER),
    ),
    "S3 a caller that is not answered gives up": (
        "something each way",
        rewritten(Role.CALLER, State.WAITING, Cue.TIME_UP, State.CLOSED),
    ),
    "S4 a bye is answered": (
        "something each way",
        replaced(
            Contact, "_take_ack", lambda self, ack, *more: _take_ack(self, replace(ack, bye=False), *more)
        ),
    ),
    "S5 no margin": ("a long over", replaced(Timing, "end_s", Timing.seconds)),
    "S6 no time for what was granted": (
        "only the called has something",
        replaced(Timing, "reply_s", lambda self, grant, lead: _reply_s(self, 0, lead)),
    ),
    "S6 no time for an over of ours that lasts longer than computed": (
        "a long over",
        replaced(Timing, "lag_s", lambda *_: 0.0),
    ),
    "S7 the called sends more than it was granted": (
        "only the called has something",
        replaced(Contact, "_granted_bytes", property(lambda _: 10**6, lambda *_: None)),
    ),
    "S8 what is repeated has no hello": (
        "the called restarts",
        replaced(Contact, "_choose_lead", _as_if_answered),
    ),
    "S9 the called waits for ever": ("something each way", replaced(Timing, "silence_s", lambda _: 1e6)),
    "S10 a new call is ignored while we believe to be in contact": (
        "the caller restarts",
        replaced(Station, "_answer", _answer_when_idle),
    ),
    "S11 both insist": ("the greater calls later", replaced(Station, "_insists", lambda _: True)),
    "S11 both give way": ("the greater calls later", replaced(Station, "_insists", lambda _: False)),
    "S12 no lots": ("both call at once", replaced(Lots, "random", lambda _: 0.0)),
    "S13 a straggler gives a second slot": (
        "a last frame is late",
        replaced(Contact, "_keyed_at", property(lambda _: -1.0, lambda *_: None)),
    ),
}


@pytest.mark.parametrize("rule", WITHOUT)
def test_without_any_one_rule_a_promise_is_broken(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, patch = WITHOUT[rule]
    patch(monkeypatch)
    found = explore(setup(name))
    assert "BrokenPromiseError" in found.broken

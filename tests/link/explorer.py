"""Every schedule of two stations on one half-duplex channel, within bounds: a model check of the machines that really run.

A *path* is one run from call to end. Whenever something outside the stations may go one way or another, the path asks its
`Fork`: is this frame lost, does that computer dawdle, are these bits stuffed more than the mean. `explore` runs every path,
each from the start, with the answers of an earlier one up to some fork and another answer there, until no answer is left to
change. A state that was seen before is not entered again, so what costs is the number of states and not that of paths.

On each path a `World` sees to what the protocol promises (section 4.8), and the graph of all states shows that no path goes
on for ever.
"""

import heapq
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from io import BytesIO
from itertools import count, product
from random import Random
from typing import cast

from radiosync.link.contact import Contact, Role, State
from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.tally import Tally
from radiosync.link.timing import HOST_LATENCY_S, Timing
from radiosync.sync.ports import Partner
from radiosync.sync.station import ContactEvent, Station
from tests.link.memory import JOB, MemoryStore, partner_of
from tests.link.pairs import all_there

LATE_S = HOST_LATENCY_S / 4
"""An answer passes four computers and modems: a pair on each side, once to hear and once to speak."""

STUFFED = 1.04
"""Frames with as many ones in a row as the worst real data last so much longer than computed (`link.timing`)."""

BITE_S = 1e-6
"""Keys that are down at once for less than this only touch."""

MAX_PATHS = 100_000
"""A set-up with more of them is taken for unbounded."""


class BrokenPromiseError(AssertionError):
    """Something is seen that the protocol promises not to happen."""


class Fork:
    """The answers of one path: first those that are given, then always the first of those offered.

    Attributes:
        taken: the answers so far.
        offered: how many there were to choose from.
    """

    def __init__(self, given: tuple[int, ...]) -> None:
        self.given = given
        self.taken: list[int] = []
        self.offered: list[int] = []

    @property
    def is_new(self) -> bool:
        """True when all that was given has been used."""
        return len(self.taken) >= len(self.given)

    def choose(self, options: int) -> int:
        """One of `options`. The first one is what happens on a good day."""
        place = len(self.taken)
        self.taken.append(self.given[place] if place < len(self.given) else 0)
        self.offered.append(options)
        return self.taken[-1]


@dataclass(frozen=True)
class Pace:
    """What an over takes beyond what is computed.

    Attributes:
        speaks_s: from the wish of the sender's computer to that of its modem.
        hears_s: from the last bit of each frame to the other computer.
        stuffing: length of its frames against that of the mean.
        straggles_s: how much later than the others its last frame is heard.
    """

    speaks_s: float = 0.0
    hears_s: float = 0.0
    stuffing: float = 1.0
    straggles_s: float = 0.0


CORNERS = (Pace(), Pace(LATE_S, LATE_S, STUFFED), Pace(stuffing=STUFFED, straggles_s=LATE_S))
"""What is as computed; what is through latest, which is the worst for a caller that waits, since its slot begins at its own
over; and what lasts longest behind the frames that were heard of it, which is the worst for a hearer."""

ALL_CORNERS = tuple(Pace(*each) for each in product((0.0, LATE_S), (0.0, LATE_S), (1.0, STUFFED)))


@dataclass(frozen=True)
class Setup:
    """Where paths begin, and what may go wrong on them.

    Attributes:
        stores: what the two stations have at the start.
        calls_at: for each side the instants at one of which it calls; it never does if there is none.
        losses: how often a frame is lost, and as many as you like behind it in the same over.
        ties: how often two stations that draw lots draw the same.
        restarts: the side whose process may die, once.
        paces: of an over.
        is_fresh: whether each record should be delivered once. After a database was lost some come again.
    """

    name: str
    stores: tuple[MemoryStore, MemoryStore]
    timing: Timing
    calls_at: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0,), ())
    losses: int = 1
    ties: int = 1
    restarts: int | None = None
    paces: tuple[Pace, ...] = CORNERS
    is_fresh: bool = True


@dataclass
class Transmission:
    """One over on the air.

    Attributes:
        keyed_at, ends_at: when the key goes down and up.
        is_call: its sender had not heard the other one in its contact yet.
        is_bye: its sender has ended the contact with it.
        is_fading: the frame before was lost.
        heard_frames: how many the other side has heard.
    """

    side: int
    keyed_at: float
    ends_at: float
    is_call: bool
    is_bye: bool
    pace: Pace
    is_fading: bool = False
    heard_frames: int = 0


class Lots:
    """Stands for the random source of one side."""

    def __init__(self, world: "World", side: int) -> None:
        self._world, self._side = world, side

    def random(self) -> float:
        return 0.99 * self._world.draw(self._side)


class World:
    """Two stations, their computers and modems, and the air between them, on one path.

    Every method may raise BrokenPromiseError.

    Attributes:
        overs: sent so far by both.
        log: what has happened, for people.
    """

    def __init__(self, setup: Setup, fork: Fork) -> None:
        self.setup, self.fork = setup, fork
        self.now = 0.0
        self.overs = 0
        self.log: list[str] = []
        self._stores: tuple[MemoryStore, MemoryStore] = pickle.loads(pickle.dumps(setup.stores))
        self._losses, self._ties = setup.losses, setup.ties
        self._may_restart = setup.restarts is not None
        self._lost_frames = 0
        self._has_heard = [False, False]  # since it spoke
        self._is_dismissed = [False, False]  # what it heard last was a bye
        self._overs: list[Transmission | None] = [None, None]  # the last one of each side
        self._outcomes: list[Outcome | None] = [None, None]
        self._draws: list[list[int]] = [[], []]
        self._queue: list[tuple[float, int, str, Callable[[], None]]] = []
        self._order = count()
        self._stations = [self._station(side) for side in (0, 1)]
        for side, instants in enumerate(setup.calls_at):
            if instants:
                self._at(instants[fork.choose(len(instants))], f"call {side}", partial(self._call, side))

    # Time.

    @property
    def is_over(self) -> bool:
        """True when nothing will happen any more."""
        return self._next_due() is None

    @property
    def is_open(self) -> bool:
        """True while a caller is at work or about to be, or something is on its way."""
        contacts = [_contact_of(station) for station in self._stations]
        return bool(self._queue) or any(each is not None and each.role is Role.CALLER for each in contacts)

    def step(self) -> None:
        """Let the next thing happen."""
        due = self._next_due()
        assert due is not None
        self._check_wait(due - self.now)
        self.now = max(self.now, due)
        if self._queue and self._queue[0][0] <= self.now:
            heapq.heappop(self._queue)[3]()
            return
        for side, station in enumerate(self._stations):
            if station.next_deadline is not None and station.next_deadline <= self.now:
                self._note(side, "finds its time up")
                station.handle_timer(now=self.now)
                self._listen_to(side)
                return

    def _next_due(self) -> float | None:
        dues = [station.next_deadline for station in self._stations] + [each[0] for each in self._queue[:1]]
        return min((due for due in dues if due is not None), default=None)

    def _at(self, when: float, name: str, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), name, what))

    def _check_wait(self, wait_s: float) -> None:
        """A caller waits for about two of the longest overs at most, the called for the tries of a caller."""
        timing = self.setup.timing
        turn_about_s = timing.over_s + 4 * timing.turn_s
        longest_s = (3 if self.is_open else 10) * turn_about_s
        if wait_s > longest_s:
            raise BrokenPromiseError(f"nothing happens for {wait_s:.0f} s")

    # The stations.

    def _station(self, side: int) -> Station:
        us = self._stores[side]
        lots = cast(Random, Lots(self, side))
        partners = lambda: [self._partner(side)]  # noqa: E731
        return Station(us, self.setup.timing, lots, partners=partners, jobs=lambda _: [JOB])

    def _partner(self, side: int) -> Partner:
        return partner_of(self._stores[1 - side], 1, self._stores[side])

    def _call(self, side: int) -> None:
        if not self._stations[side].busy:
            self._note(side, "calls")
            self._is_dismissed[side] = False
            self._stations[side].call(self._partner(side), now=self.now)
            self._listen_to(side)

    def _listen_to(self, side: int) -> None:
        """Key what a station has to say, and note how its contact ended."""
        station = self._stations[side]
        contact = _contact_of(station)
        over = station.poll_over(now=self.now)
        if over is not None and contact is not None:
            is_caller = contact.role is Role.CALLER
            if not is_caller and not self._has_heard[side]:
                raise BrokenPromiseError(
                    "the called speaks although it has heard nothing since it spoke last"
                )
            if self._is_dismissed[side]:
                raise BrokenPromiseError("a bye is answered")
            self._has_heard[side] = False
            is_bye = contact.state is State.CLOSED
            self._key(side, over.frames, is_caller and not contact.heard, is_bye)
        for event in station.poll_events():
            if isinstance(event, ContactEvent) and isinstance(event.event, ContactEnded):
                self._outcomes[side] = event.event.outcome
                self._note(side, f"ends the contact: {event.event.outcome.value}")

    def draw(self, side: int) -> int:
        """A lot of that side: 0 or 1. Two sides that draw by turns draw the same only `ties` times."""
        mine, theirs = self._draws[side], self._draws[1 - side]
        is_second = len(theirs) > len(mine)
        if is_second and not self._ties:
            mine.append(1 - theirs[len(mine)])
        else:
            mine.append(self.fork.choose(2))
            self._ties -= is_second and theirs[len(mine) - 1] == mine[-1]
        return mine[-1]

    def _restart(self, side: int) -> None:
        """The process dies; its modem sends what it has been given. A caller calls again when no over can be on the air."""
        self._note(side, "restarts")
        contact = _contact_of(self._stations[side])
        self._stations[side] = self._station(side)
        if contact is not None and contact.role is Role.CALLER:
            later_s = 1.2 * self.setup.timing.over_s + 2 * self.setup.timing.turn_s
            self._at(self.now + later_s, f"call {side}", partial(self._call, side))

    # The air.

    def _key(self, side: int, frames: tuple[bytes, ...], is_call: bool, is_bye: bool) -> None:
        """The computer gives an over to the modem, which sends it behind what it is still sending."""
        timing, before = self.setup.timing, self._overs[side]
        pace = self.setup.paces[self.fork.choose(len(self.setup.paces))]
        starts_at = max(self.now + pace.speaks_s, before.ends_at if before else 0.0)
        keyed_at, at = starts_at + timing.airtime.turn_s, starts_at + timing.turn_s
        over = Transmission(side, keyed_at, 0.0, is_call, is_bye, pace)
        for place, frame in enumerate(frames, 1):
            begins_at, at = at, at + timing.frame_s(len(frame)) * pace.stuffing
            name = f"frame {place} of {len(frames)}"
            late_s = pace.hears_s + (pace.straggles_s if place == len(frames) else 0.0)
            self._at(
                at, f"{side}:{frame.hex()}", partial(self._end_frame, over, (begins_at, late_s), name, frame)
            )
        over.ends_at = at + timing.airtime.tail_s
        self._note(side, f"is keyed from {keyed_at:.2f} to {over.ends_at:.2f} with {len(frames)} frames")
        self._check_keys(over, self._overs[1 - side])
        self._overs[side] = over
        self.overs += 1

    def _check_keys(self, over: Transmission, other: Transmission | None) -> None:
        if other is None or (over.is_call and other.is_call):
            return
        common_s = min(over.ends_at, other.ends_at) - max(over.keyed_at, other.keyed_at)
        if common_s > BITE_S:
            raise BrokenPromiseError(f"both stations are keyed for {common_s:.3f} s")

    def _end_frame(self, over: Transmission, times: tuple[float, float], name: str, frame: bytes) -> None:
        """The last bit of a frame is on the air."""
        begins_at, late_s = times
        side = 1 - over.side
        hearer = self._overs[side]
        if hearer is not None and hearer.keyed_at < self.now and begins_at < hearer.ends_at:
            self._note(side, f"is keyed and deaf to {name}")
            return
        if over.is_fading or self._losses:
            is_lost = bool(self.fork.choose(2))
            self._losses -= is_lost and not over.is_fading
            self._lost_frames += is_lost
            over.is_fading = is_lost
            if is_lost:
                self._note(side, f"does not hear {name}")
                return
        over.heard_frames += 1
        self._at(self.now + late_s, f"{side}<{frame.hex()}", partial(self._hear, over, name, frame))

    def _hear(self, over: Transmission, name: str, frame: bytes) -> None:
        side = 1 - over.side
        self._note(side, f"hears {name}")
        self._has_heard[side], self._is_dismissed[side] = True, over.is_bye
        self._stations[side].receive_frame(frame, now=self.now)
        self._listen_to(side)
        if self.setup.restarts is not None and self._may_restart and self.fork.choose(2):
            self._may_restart = False
            self._restart(self.setup.restarts)

    # The end.

    def check_end(self) -> None:
        """Both have all, once, and know it."""
        if any(station.busy for station in self._stations):
            raise BrokenPromiseError("a contact waits for nothing, for ever")
        if not all_there(*self._stores):
            raise BrokenPromiseError("not all was delivered")
        for side in (0, 1):
            self._check_outcome(side)
            store, other = (stores[side] for stores in (self._stores, self.setup.stores[::-1]))
            lacking = len(other.records.keys() - self.setup.stores[side].records.keys())
            before = sum(self.setup.stores[side].deliveries)
            if self.setup.is_fresh and sum(store.deliveries) - before != lacking:
                raise BrokenPromiseError(f"{sum(store.deliveries)} changes were delivered, not {lacking}")

    def _check_outcome(self, side: int) -> None:
        last = self._overs[1 - side]
        missed_bye = last is not None and last.is_bye and not last.heard_frames
        was_killed = self.setup.restarts == side and not self._may_restart
        if self._outcomes[side] is not Outcome.COMPLETE and not missed_bye and not was_killed:
            raise BrokenPromiseError(f"the contact of {'ab'[side]} did not end well")
        out = self._stores[side].outbound(self._partner(side))
        if out.confirmed < out.sealed and self._lost_frames < 2 and not was_killed:
            raise BrokenPromiseError(f"{'ab'[side]} is left in doubt whether all has arrived")

    def _note(self, side: int, what: str) -> None:
        self.log.append(f"{self.now:8.2f} {'ab'[side]} {what}")

    # The state.

    def digest(self) -> bytes:
        """All that decides what can happen next, with instants counted from now."""
        out = BytesIO()
        pickler = pickle.Pickler(out)
        pickler.fast = True  # what is equal looks the same, be it one object or two
        pickler.dispatch_table = _NAMES_ONLY
        pickler.dump(
            (
                [(round(when - self.now, 6), name) for when, _, name, _ in sorted(self._queue)],
                [_state_of(station, self.now) for station in self._stations],
                [_without(vars(store), "writes") for store in self._stores],
                [self._state_of_over(over) for over in self._overs],
                [draws[min(map(len, self._draws)) :] for draws in self._draws],
                (self._losses, self._ties, self._may_restart, min(2, self._lost_frames)),
                (self._has_heard, self._is_dismissed, self._outcomes),
            )
        )
        return blake2b(out.getbuffer(), digest_size=16).digest()

    def _state_of_over(self, over: Transmission | None) -> object:
        if over is None:
            return None
        instants = [round(max(0.0, at - self.now), 6) for at in (over.keyed_at, over.ends_at)]
        return (
            instants,
            over.is_call,
            over.is_bye,
            (over.pace.hears_s, over.pace.straggles_s),
            over.is_fading,
            over.heard_frames > 0,
        )


def _contact_of(station: Station) -> Contact | None:
    return station.contact if isinstance(station.contact, Contact) else None


def _state_of(station: Station, now: float) -> object:
    contact = _contact_of(station)
    kept: dict[str, object] = {}
    for name, value in {} if contact is None else _without(vars(contact), *_LEFT_OUT).items():
        if isinstance(value, float) and name.endswith(("_at", "_until", "_deadline")):
            value = round(max(0.0, value - now), 6)
        kept[name] = value
    # What a contact that has ended leaves behind, for the next one.
    last = getattr(station, "_last", None)
    return kept, None if last is None else (last.role, last.parties, vars(last).get("_hellos"))


_LEFT_OUT = ("overs", "_events", "_random")
"""Of a contact: what decides nothing."""


def _without(attributes: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in attributes.items() if name not in names}


_NAMES_ONLY: dict[type, Callable[[object], tuple[type[str], tuple[str]]]] = {
    kind: lambda each: (str, (type(each).__name__,)) for kind in (MemoryStore, Timing, Tally)
}
"""What does not matter to a contact's state, or is in the digest already."""


@dataclass
class Found:
    """What the explorer has seen.

    Attributes:
        paths: how many were begun.
        overs, seconds: of the longest path, until the caller was through.
        broken: the promise that is not kept, and the path that shows it; empty if all are kept.
        edges: the graph: for each state those behind it, with the overs and the seconds between the two.
    """

    paths: int = 0
    overs: int = 0
    seconds: float = 0.0
    broken: str = ""
    edges: dict[bytes, dict[bytes, tuple[int, float]]] = field(default_factory=dict, repr=False)


def explore(setup: Setup) -> Found:
    """Run every path, those with the fewest mishaps first, until one breaks a promise."""
    found, order = Found(), count()
    todo: list[tuple[int, int, tuple[int, ...], bytes]] = [(0, next(order), (), b"")]
    while todo and not found.broken:
        _, _, given, before = heapq.heappop(todo)
        found.paths += 1
        if found.paths > MAX_PATHS:
            raise AssertionError(f"{setup.name}: more than {MAX_PATHS} paths")
        world = World(setup, Fork(given))
        try:
            for prefix, state in _branches(world, before, found):
                mishaps = sum(map(bool, prefix))
                heapq.heappush(todo, (mishaps, next(order), prefix, state))
        except Exception as error:  # whatever it is, it is what happens on this path
            found.broken = "\n".join([f"{setup.name}: {error!r}", *world.log])
    if not found.broken:
        found.overs, found.seconds, found.broken = _longest(found.edges)
    return found


def _branches(world: World, before: bytes, found: Found) -> list[tuple[tuple[int, ...], bytes]]:
    """Run a path to its end, or to a state that is known. Gives the forks not taken, each with the state before it.

    `before`: the state in which the last of the given answers was asked for.
    """
    fork, branches, forks = world.fork, list[tuple[tuple[int, ...], bytes]](), len(world.fork.given)
    overs, since, was_open = 0, 0.0, True
    while True:
        if fork.is_new:
            for place in range(forks, len(fork.taken)):
                others = range(1, fork.offered[place])
                branches += [((*fork.taken[:place], other), before) for other in others]
            forks = len(fork.taken)
            state = world.digest()
            is_known = state in found.edges
            found.edges.setdefault(state, {})
            length = world.overs - overs, (world.now - since) * was_open
            found.edges.setdefault(before, {}).setdefault(state, length)
            before = state
            if is_known:
                return branches
        if world.is_over:
            world.check_end()
            return branches
        overs, since, was_open = world.overs, world.now, world.is_open
        world.step()


def _longest(edges: Mapping[bytes, Mapping[bytes, tuple[int, float]]]) -> tuple[int, float, str]:
    """Overs and seconds of the longest path; what is wrong if one never ends."""
    longest: dict[bytes, tuple[int, float]] = {}
    under_way: set[bytes] = set()
    stack = [(b"", False)]
    while stack:
        state, is_done = stack.pop()
        behind = edges[state]
        if is_done:
            under_way.discard(state)
            overs = max((longest[each][0] + length[0] for each, length in behind.items()), default=0)
            seconds = max((longest[each][1] + length[1] for each, length in behind.items()), default=0.0)
            longest[state] = overs, seconds
        elif state in under_way:
            return 0, 0.0, "a path goes on for ever"
        elif state not in longest:
            under_way.add(state)
            stack.append((state, True))
            stack.extend((each, False) for each in behind)
    return *longest[b""], ""

"""Stations with their stores on one simulated channel: what runs, demos and kill tests are made of.

A `Fleet` has any number of them, a `Rig` is the two that most tests want.
"""

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.over import Over, batch_limit_bytes
from radiosync.link.poolspeaker import PoolSpeaker
from radiosync.link.timing import timing_of
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Draft, Job, Partner, SealedTransfer
from radiosync.sync.station import CAPABILITIES, ContactEvent, Station, StationEvent
from radiosync.wire.frames import PROTOCOL_VERSION
from radiosync.wire.shape import Shape
from radiosync_sim.channel import Channel
from radiosync_sim.errors import SimulationError
from radiosync_sim.modem import Modem, attach_modem
from radiosync_sim.node import Node, framing_for
from radiosync_sim.scenario import Scenario
from radiosync_sim.world import World

CALLS = 200
"""Calls for one exchange, after which a run fails: a link this bad is not one of the scenarios."""

_PAUSE_OVERS = 1.0
"""Mean pause before the next call, in overs: what an operator's patience or a schedule would add is not simulated."""


_CALL_SIGNS = {"a": "FIELD-1", "b": "BASE-1"}
_EVERYBODY = "QST"


class MeteredStore(Store):
    """A store that counts what it seals and what it keeps of what arrives.

    Attributes:
        sealed_bytes, sealed_changes: of all transfers so far.
        kept_bytes: of all pieces so far.
    """

    sealed_bytes = 0
    sealed_changes = 0
    kept_bytes = 0

    def seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        """Seal, and count."""
        self.sealed_bytes += len(draft.data)
        self.sealed_changes += draft.changes
        return super().seal(partner, draft)

    def keep_pieces(
        self, partner: Partner, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]
    ) -> None:
        """Keep, and count."""
        self.kept_bytes += sum(map(len, pieces.values()))
        super().keep_pieces(partner, number, shape, block, pieces)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What it took until both sides had everything.

    Attributes:
        calls: contacts, the last of which was complete.
        overs: of both sides.
        repeated_pieces: pieces that arrived twice.
    """

    calls: int
    overs: int
    repeated_pieces: int


class Side:
    """One station: its store file, its modem, and the process that joins them, which can be killed.

    Attributes:
        name: also its name on the channel.
        path: of its database.
        modem: lives on when the process dies.
        store, station, node: of the present process.
        on_event: gets every event of the station.
        outcome: of the last contact; None while one is under way.
        overs, repeated_pieces, repeated_bytes: of all contacts, those of killed processes too.
    """

    store: MeteredStore
    station: Station
    node: Node

    def __init__(self, fleet: "Fleet", name: str, path: Path) -> None:
        self.name, self.path = name, path
        self.modem: Modem = attach_modem(fleet.channel, name)
        self.on_event: Callable[[StationEvent], None] = lambda event: None
        self.overs = self.repeated_pieces = self.repeated_bytes = 0
        self.outcome: Outcome | None = None
        self._fleet = fleet
        self._starts = 0
        self.store = fleet.open_store(name, path)

    def start(self) -> None:
        """Begin a process on the open store: nothing but the database file is known to it."""
        self._starts += 1
        fleet, scenario = self._fleet, self._fleet.scenario
        us, them = fleet.callsign(self.name), fleet.callsign_of_others(self.name)
        framing = framing_for(scenario.airtime, not scenario.flips_bits, us, them)
        self.timing = timing_of(scenario.airtime, framing)
        random = fleet.world.random(f"station/{self.name}/{self._starts}")
        partners, jobs = self.store.partners, fleet.jobs
        self.station = Station(self.store, self.timing, random, partners=partners, jobs=lambda partner: jobs)
        self.node = Node(fleet.world, self.modem, framing, _Reporting(self.station, self._take))

    def _count(self, overs: int, repeated_pieces: int, repeated_bytes: int) -> None:
        self.overs += overs
        self.repeated_pieces += repeated_pieces
        self.repeated_bytes += repeated_bytes

    def kill(self) -> None:
        """The process is gone, in the middle of whatever it did. The modem loses what it had not sent."""
        self._fall_silent()
        self.store.close()

    def restart(self, copy: Path | None = None) -> None:
        """A new process, on the database file or on a copy of it."""
        if copy is not None:
            shutil.copy(self.path, copy)
            self.path = copy
        self._start_again()

    def restart_empty(self, path: Path) -> None:
        """A new process that has lost its database: the same identity and partners, a new incarnation, and nothing else."""
        self.path = path
        self._start_again(self.store.station)

    def move(self) -> None:
        """Go on with another modem on the fleet's present channel; the store stays as it is."""
        self._fall_silent()
        self.outcome = Outcome.DROPPED
        self.modem = attach_modem(self._fleet.channel, self.name)
        self.start()

    def partner_called(self, name: str) -> Partner:
        """One of the others."""
        return next(partner for partner in self.store.partners() if partner.name == name)

    @property
    def partner(self) -> Partner:
        """The other side, where there are two."""
        return self.store.partners()[0]

    def call(self, name: str | None = None) -> None:
        """Call one of the others; without a name the only one."""
        self.outcome = None
        partner = self.partner if name is None else self.partner_called(name)
        self.station.call(partner, now=self._fleet.world.now)
        self.node.wake()

    def _start_again(self, station: bytes | None = None) -> None:
        self.modem.power_on()
        self.store = self._fleet.open_store(self.name, self.path, station)
        self._fleet.introduce()
        self.start()

    def _fall_silent(self) -> None:
        contact = self.station.contact
        if contact is not None:
            incoming = None if isinstance(contact, PoolSpeaker) else contact.incoming
            repeated = (incoming.repeated_pieces, incoming.repeated_bytes) if incoming else (0, 0)
            self._count(contact.overs, *repeated)
        self.node.stop()
        self.modem.power_off()

    def _take(self, event: StationEvent) -> None:
        match event:
            case ContactEvent(event=ContactEnded() as ended):
                self.outcome = ended.outcome
                self._count(ended.overs, ended.repeated_pieces, ended.repeated_bytes)
            case _:
                pass
        self.on_event(event)


class _Reporting:
    """A station whose events are handed out as they come."""

    def __init__(self, station: Station, take: Callable[[StationEvent], None]) -> None:
        self._station, self._take = station, take

    def receive_frame(self, frame: bytes, *, now: float) -> None:
        self._station.receive_frame(frame, now=now)
        self._report()

    def handle_timer(self, *, now: float) -> None:
        self._station.handle_timer(now=now)
        self._report()

    def poll_over(self, *, now: float) -> Over | None:
        over = self._station.poll_over(now=now)
        self._report()
        return over

    @property
    def next_deadline(self) -> float | None:
        return self._station.next_deadline

    def _report(self) -> None:
        for event in self._station.poll_events():
            self._take(event)


class Fleet:
    """Stations on one channel, all of them partners of each other. Each has a store, and one process on it.

    Attributes:
        by_name: the stations, in the order in which their names were given.
        scenario, channel: that they meet on at present.
    """

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        folder: Path,
        names: Sequence[str],
        jobs: Sequence[Job] = (Job("all"),),
        *,
        hearing: Mapping[str, Collection[str]] | None = None,
        wall_ms: Callable[[], int] = lambda: 0,
        store_class: type[MeteredStore] = MeteredStore,
    ) -> None:
        """Stations with empty stores in `folder`. `hearing` is that of `Channel`."""
        self.world, self.scenario, self.jobs = world, scenario, jobs
        self.channel = Channel(world, scenario, hearing)
        self._hearing, self._wall_ms, self._store_class = hearing, wall_ms, store_class
        self.by_name = {name: Side(self, name, folder / f"{name}.db") for name in names}
        self.introduce()
        for side in self.by_name.values():
            side.start()

    def callsign(self, name: str) -> str:
        """Call sign of a side."""
        return _CALL_SIGNS.get(name, name.upper())

    def callsign_of_others(self, name: str) -> str:
        """Whom the frames of a side are for: the other one, or everybody."""
        others = [other for other in self.by_name if other != name]
        return self.callsign(others[0]) if len(others) == 1 else _EVERYBODY

    def open_store(self, name: str, path: Path, station: bytes | None = None) -> MeteredStore:
        """Open a side's database. A new one gets that identity, or one from the world's chance."""
        dice = self.world.random(f"identity/{name}")

        def make_identity(size: int) -> bytes:
            return station if station is not None and size == len(station) else dice.randbytes(size)

        return self._store_class.open(path, durable=False, clock=self._wall_ms, make_identity=make_identity)

    def introduce(self) -> None:
        """Whoever knows nobody learns who the others are."""
        for side in self.by_name.values():
            if not side.store.partners():
                for other in self.by_name.values():
                    if other is not side:
                        side.store.add_partner(other.name, other.store.station, self.callsign(other.name))

    def move(self, scenario: Scenario) -> None:
        """All go on with the modems of another link, in the middle of whatever they did. Their stores stay as they are."""
        self.scenario, self.channel = scenario, Channel(self.world, scenario, self._hearing)
        for side in self.by_name.values():
            side.move()

    def exchange_between(self, caller: Side, called: Side) -> Exchange:
        """Call until a contact is complete. Raises SimulationError if that takes more than `CALLS`."""
        pair = (caller, called)
        before = [(side.overs, side.repeated_pieces) for side in pair]
        calls = self._call_until_complete(caller, called.name, pair)
        overs = sum(side.overs for side in pair) - sum(count for count, _ in before)
        repeated = sum(side.repeated_pieces for side in pair) - sum(count for _, count in before)
        return Exchange(calls, overs, repeated)

    def _call_until_complete(self, caller: Side, name: str, sides: Sequence[Side]) -> int:
        """Contacts of `caller` with a partner until one is complete, and all keys of these sides are up. How many."""
        for calls in range(1, CALLS + 1):
            caller.call(name)
            self.run_while(lambda: caller.station.busy)
            self.run_while(lambda: any(side.modem.is_keyed or side.modem.queued_bytes for side in sides))
            if caller.outcome is Outcome.COMPLETE:
                return calls
            self.pause()
        raise SimulationError(
            f"{CALLS} calls were not enough: scenario {self.scenario.name}, seed {self.world.seed}"
        )

    def pause(self) -> None:
        """Wait a while before the next call."""
        over_s = next(iter(self.by_name.values())).timing.over_s
        mean_s = _PAUSE_OVERS * over_s
        self.world.run_until(self.world.now + self.world.random("pause").uniform(0.5, 1.5) * mean_s)

    def run_while(self, condition: Callable[[], bool]) -> None:
        """Step the world as long as the condition holds and anything happens."""
        while condition() and self.world.step():
            pass

    @property
    def identical(self) -> bool:
        """True if all stores have the same content."""
        return len({side.store.content_digest() for side in self.by_name.values()}) == 1


class Rig(Fleet):
    """A field station (`a`), which calls, and base camp (`b`), which answers."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        folder: Path,
        jobs: Sequence[Job] = (Job("all"),),
        *,
        wall_ms: Callable[[], int] = lambda: 0,
        store_class: type[MeteredStore] = MeteredStore,
    ) -> None:
        super().__init__(world, scenario, folder, "ab", jobs, wall_ms=wall_ms, store_class=store_class)
        self.a, self.b = self.by_name["a"], self.by_name["b"]

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both."""
        return self.a, self.b

    def exchange(self) -> Exchange:
        """Call until a contact is complete. Raises SimulationError if that takes more than `CALLS`."""
        return self.exchange_between(self.a, self.b)

    def exchange_directly(self) -> None:
        """What a clean contact would leave behind in both stores, without the channel."""
        self.a.store.next_contact(self.a.partner)
        for side, other in (self.sides, self.sides[::-1]):
            epoch = side.store.outbound(side.partner).epoch
            if other.store.inbound(other.partner).incarnation is None:
                incarnation = side.store.origin.incarnation
                other.store.begin_epoch(other.partner, incarnation, epoch)
                other.store.meet(other.partner, incarnation, PROTOCOL_VERSION, CAPABILITIES)
        moved = True
        while moved:
            moved = any([self._carry(self.a, self.b), self._carry(self.b, self.a)])

    def _mail(self, side: Side) -> Mail:
        station = side.station
        return Mail(side.store, side.partner, self.jobs, compact=station.compact, shelf=station.shelf)

    def _carry(self, side: Side, other: Side) -> bool:
        """One batch from side to other; False if there is none."""
        mail = self._mail(side)
        sender = mail.seal_next(batch_limit_bytes(side.timing))
        if sender is None:
            return False
        data = side.store.unconfirmed(side.partner)[-1].data
        if not self._mail(other).deliver(sender.number, data):
            raise SimulationError(f"transfer {sender.number} cannot be read by the other side")
        mail.confirm(sender.number)
        return True

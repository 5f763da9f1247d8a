"""Two stations with their stores on one simulated channel: what runs, demos and kill tests are made of."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.over import Over, batch_limit_bytes
from radiosync.link.timing import timing_of
from radiosync.store import Store
from radiosync.sync.mail import Mail
from radiosync.sync.ports import Draft, Job, Partner, SealedTransfer
from radiosync.sync.station import ContactEvent, Station, StationEvent
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


class MeteredStore(Store):
    """A store that counts what it seals.

    Attributes:
        sealed_bytes, sealed_changes: of all transfers so far.
    """

    sealed_bytes = 0
    sealed_changes = 0

    def seal(self, partner: Partner, draft: Draft) -> SealedTransfer:
        """Seal, and count."""
        self.sealed_bytes += len(draft.data)
        self.sealed_changes += draft.changes
        return super().seal(partner, draft)


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

    def __init__(self, rig: "Rig", name: str, other: str, path: Path) -> None:
        self.name, self.path = name, path
        self.modem: Modem = attach_modem(rig.channel, name)
        self.on_event: Callable[[StationEvent], None] = lambda event: None
        self.overs = self.repeated_pieces = self.repeated_bytes = 0
        self.outcome: Outcome | None = None
        self._rig, self._other = rig, other
        self._starts = 0
        self.store = rig.open_store(name, path)

    def start(self) -> None:
        """Begin a process on the open store: nothing but the database file is known to it."""
        self._starts += 1
        rig, airtime = self._rig, self._rig.scenario.airtime
        framing = framing_for(airtime, rig.clean, rig.callsign(self.name), rig.callsign(self._other))
        self.timing = timing_of(airtime, framing)
        random = rig.world.random(f"station/{self.name}/{self._starts}")
        partners = self.store.partners
        self.station = Station(
            self.store, self.timing, random, partners=partners, jobs=lambda partner: rig.jobs
        )
        self.node = Node(rig.world, self.modem, framing, _Reporting(self.station, self._take))

    def _count(self, overs: int, repeated_pieces: int, repeated_bytes: int) -> None:
        self.overs += overs
        self.repeated_pieces += repeated_pieces
        self.repeated_bytes += repeated_bytes

    def kill(self) -> None:
        """The process is gone, in the middle of whatever it did. The modem loses what it had not sent."""
        contact = self.station.contact
        if contact is not None:
            self._count(contact.overs, contact.incoming.repeated_pieces, contact.incoming.repeated_bytes)
        self.node.stop()
        self.modem.power_off()
        self.store.close()

    def restart(self, copy: Path | None = None) -> None:
        """A new process, on the database file or on a copy of it."""
        if copy is not None:
            shutil.copy(self.path, copy)
            self.path = copy
        self.modem.power_on()
        self.store = self._rig.open_store(self.name, self.path)
        self.start()

    @property
    def partner(self) -> Partner:
        """The other side."""
        return self.store.partners()[0]

    def call(self) -> None:
        """Call the other side."""
        self.outcome = None
        self.station.call(self.partner, now=self._rig.world.now)
        self.node.wake()

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


class Rig:
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
        self.world, self.scenario, self.jobs = world, scenario, jobs
        self.clean = scenario.bad is None and scenario.good.bit_error_rate == 0
        self.channel = Channel(world, scenario)
        self._wall_ms, self._store_class = wall_ms, store_class
        self.a = Side(self, "a", "b", folder / "a.db")
        self.b = Side(self, "b", "a", folder / "b.db")
        self._introduce()
        for side in self.sides:
            side.start()

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both."""
        return self.a, self.b

    def callsign(self, name: str) -> str:
        """Call sign of a side."""
        return {"a": "FIELD-1", "b": "BASE-1"}[name]

    def open_store(self, name: str, path: Path) -> MeteredStore:
        """Open a side's database, with an identity from the world's chance."""
        dice = self.world.random(f"identity/{name}")
        return self._store_class.open(path, durable=False, clock=self._wall_ms, make_identity=dice.randbytes)

    def _introduce(self) -> None:
        for side, other in (self.sides, self.sides[::-1]):
            if not side.store.partners():
                side.store.add_partner(other.name, other.store.origin.station, self.callsign(other.name))

    def exchange(self) -> Exchange:
        """Call until a contact is complete. Raises SimulationError if that takes more than `CALLS`."""
        before = [(side.overs, side.repeated_pieces) for side in self.sides]
        for calls in range(1, CALLS + 1):
            self.a.call()
            self.run_while(lambda: self.a.station.busy)
            self.run_while(lambda: any(side.modem.is_keyed or side.modem.queued_bytes for side in self.sides))
            if self.a.outcome is Outcome.COMPLETE:
                overs = sum(side.overs for side in self.sides) - sum(count for count, _ in before)
                repeated = sum(side.repeated_pieces for side in self.sides) - sum(
                    count for _, count in before
                )
                return Exchange(calls, overs, repeated)
            self.pause()
        raise SimulationError(
            f"{CALLS} calls were not enough: scenario {self.scenario.name}, seed {self.world.seed}"
        )

    def pause(self) -> None:
        """Wait a while before the next call."""
        mean_s = _PAUSE_OVERS * self.a.timing.over_s
        self.world.run_until(self.world.now + self.world.random("pause").uniform(0.5, 1.5) * mean_s)

    def run_while(self, condition: Callable[[], bool]) -> None:
        """Step the world as long as the condition holds and anything happens."""
        while condition() and self.world.step():
            pass

    @property
    def identical(self) -> bool:
        """True if both stores have the same content."""
        return self.a.store.content_digest() == self.b.store.content_digest()

    def exchange_directly(self) -> None:
        """What a clean contact would leave behind in both stores, without the channel."""
        self.a.store.next_contact(self.a.partner)
        for side, other in (self.sides, self.sides[::-1]):
            epoch = side.store.outbound(side.partner).epoch
            if other.store.inbound(other.partner).incarnation is None:
                other.store.begin_epoch(other.partner, side.store.origin.incarnation, epoch)
        moved = True
        while moved:
            moved = any([self._carry(self.a, self.b), self._carry(self.b, self.a)])

    def _carry(self, side: Side, other: Side) -> bool:
        """One batch from side to other; False if there is none."""
        mail = Mail(side.store, side.partner, self.jobs)
        sender = mail.seal_next(batch_limit_bytes(side.timing))
        if sender is None:
            return False
        data = side.store.unconfirmed(side.partner)[-1].data
        if not Mail(other.store, other.partner, self.jobs).deliver(sender.number, data):
            raise SimulationError(f"transfer {sender.number} cannot be read by the other side")
        mail.confirm(sender.number)
        return True

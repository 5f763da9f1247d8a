"""Two stations without stores, who have only bytes for each other: measures the link alone."""

from collections.abc import Mapping

from radiosync.errors import WireError
from radiosync.link.contact import Contact, Parties, Role, State
from radiosync.link.events import ContactEnded, Outcome
from radiosync.link.over import Over
from radiosync.link.timing import timing_of
from radiosync.wire.frames import Kind, kind_of
from radiosync_sim.channel import Channel
from radiosync_sim.errors import SimulationError
from radiosync_sim.modem import Modem, attach_modem
from radiosync_sim.node import Node, framing_for
from radiosync_sim.payload import PayloadMail
from radiosync_sim.rig import CALLS, Exchange
from radiosync_sim.scenario import Scenario
from radiosync_sim.world import World

_CALL_SIGNS: Mapping[str, str] = {"a": "NODE-1", "b": "NODE-2"}


class PayloadSide:
    """One of the two: makes calls and answers them, with one contact at a time, as a station with a store does.

    Attributes:
        name: also its name on the channel.
        mail: lives longer than any contact.
        outcome: of the last contact; None while one is under way.
    """

    def __init__(self, rig: "PayloadRig", name: str, other: str, payload: bytes) -> None:
        self.name, self.mail = name, PayloadMail(payload)
        self.outcome: Outcome | None = None
        self._overs = self._repeated_pieces = 0
        self.modem: Modem = attach_modem(rig.channel, name)
        self._rig, self._other, self._world = rig, other, rig.world
        scenario = rig.channel.scenario
        framing = framing_for(
            scenario.airtime, not scenario.flips_bits, _CALL_SIGNS[name], _CALL_SIGNS[other]
        )
        self.timing = timing_of(scenario.airtime, framing)
        self._contact: Contact | None = None
        self._node = Node(rig.world, self.modem, framing, self)

    def call(self) -> None:
        """Open a contact. What is left of the one before ends."""
        self._begin(Role.CALLER)
        self._node.wake()

    def receive_frame(self, frame: bytes, *, now: float) -> None:
        """Take a frame that was heard. What opens a contact other than the present one is answered."""
        contact = self._contact
        if contact is not None and contact.receive_frame(frame, now=now):
            self._collect()
        elif _opens(frame) and not self._is_calling:
            self._answer(frame, now)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due."""
        if self._contact is not None:
            self._contact.handle_timer(now=now)
            self._collect()

    def poll_over(self, *, now: float) -> Over | None:
        """The over that is to be sent now."""
        over = None if self._contact is None else self._contact.poll_over(now=now)
        self._collect()
        return over

    @property
    def next_deadline(self) -> float | None:
        """When `handle_timer` is due."""
        return None if self._contact is None else self._contact.next_deadline

    @property
    def overs(self) -> int:
        """Sent so far, in all contacts."""
        return self._overs + (0 if self._contact is None else self._contact.overs)

    @property
    def repeated_pieces(self) -> int:
        """Pieces that came in any contact though they were here already."""
        contact = self._contact
        return self._repeated_pieces + (0 if contact is None else contact.incoming.repeated_pieces)

    @property
    def _is_calling(self) -> bool:
        return self._contact is not None and self._contact.role is Role.CALLER

    def _answer(self, frame: bytes, now: float) -> None:
        before = self._contact
        contact = self._make(Role.CALLED)
        if contact.receive_frame(frame, now=now):
            if before is not None:
                before.stop(Outcome.DROPPED)
                self._collect()
            self._contact = contact
            self._collect()

    def _begin(self, role: Role) -> None:
        if self._contact is not None:
            self._contact.stop(Outcome.DROPPED)
            self._collect()
        self.outcome = None
        self._contact = self._make(role)

    def _make(self, role: Role) -> Contact:
        us, them = self.name.encode() * 8, self._other.encode() * 8
        parties = Parties(us, them, 1, self._rig.calls)
        dice = self._world.random(f"contact/{self.name}")
        return Contact(role, parties, self.mail, self.timing, dice, now=self._world.now)

    def _collect(self) -> None:
        contact = self._contact
        if contact is None:
            return
        for event in contact.poll_events():
            if isinstance(event, ContactEnded):
                self.outcome = event.outcome
                self._overs += event.overs
                self._repeated_pieces += event.repeated_pieces
        if contact.state is State.CLOSED:
            self._contact = None


class PayloadRig:
    """A field station (`a`), which calls, and base camp (`b`), each with bytes for the other that may be none.

    Attributes:
        calls: so far. It numbers the contacts.
    """

    def __init__(self, world: World, scenario: Scenario, there: bytes, back: bytes = b"") -> None:
        self.world, self.channel = world, Channel(world, scenario)
        self.calls = 0
        self._payloads = there, back
        self.a, self.b = PayloadSide(self, "a", "b", there), PayloadSide(self, "b", "a", back)

    def exchange(self) -> Exchange:
        """Call until a contact is complete, and every key is up.

        Raises:
            SimulationError: that takes more than `CALLS` calls, or an end that the world bounds.
        """
        for _ in range(CALLS):
            self.calls += 1
            self.a.call()
            while self.a.outcome is None or self._on_air:
                self._step()
            if self.a.outcome is Outcome.COMPLETE:
                overs, repeated = (
                    self.a.overs + self.b.overs,
                    self.a.repeated_pieces + self.b.repeated_pieces,
                )
                return Exchange(self.calls, overs, repeated)
            self._pause()
        raise SimulationError(f"{CALLS} calls were not enough: {self._where}")

    @property
    def sent_bytes(self) -> tuple[int, int]:
        """Payload that was sealed, there and back."""
        there, back = (sum(map(len, side.mail.sent.values())) for side in (self.a, self.b))
        return there, back

    @property
    def identical(self) -> bool:
        """True if both payloads arrived as they were."""
        pairs = ((self.a, self.b), (self.b, self.a))
        return all(
            _arrived(side.mail, other.mail) == payload
            for (side, other), payload in zip(pairs, self._payloads, strict=True)
        )

    @property
    def _on_air(self) -> bool:
        return any(side.modem.is_keyed or side.modem.queued_bytes for side in (self.a, self.b))

    @property
    def _where(self) -> str:
        return f"scenario {self.channel.scenario.name}, seed {self.world.seed}"

    def _step(self) -> None:
        if not self.world.step():
            raise SimulationError(f"{self._where}: nothing happens any more")

    def _pause(self) -> None:
        mean_s = self.a.timing.over_s
        self.world.run_until(self.world.now + self.world.random("pause").uniform(0.5, 1.5) * mean_s)


def _opens(frame: bytes) -> bool:
    """Whether a frame may open a contact. What else is heard before is not answered."""
    try:
        return kind_of(frame) in (Kind.HELLO, Kind.CALL)
    except WireError:
        return False


def _arrived(sender: PayloadMail, receiver: PayloadMail) -> bytes | None:
    """The bytes as the receiver has them, without the padding of each transfer; None if any is missing."""
    if any(number not in receiver.received for number in sender.sent):
        return None
    return b"".join(receiver.received[number][: len(data)] for number, data in sender.sent.items())

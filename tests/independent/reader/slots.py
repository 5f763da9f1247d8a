"""Overs of a pool, and the slots in which members answer them (protocol, 4.5 and 12.3)."""

from dataclasses import dataclass, field

from tests.independent.reader.frames import Leading, read_count

ANSWER_BYTES = 56
MARGIN = 1.05
HOST = 0.3


@dataclass(frozen=True)
class TncLink:
    """What follows from a KISS TNC and its radio (protocol, 4.5). Times are seconds."""

    bit_rate: float
    turn: float
    tail: float

    def frame(self, size: int) -> float:
        """Airtime of a frame, its check included."""
        return (8 * (size + 18) * 63 / 62 + 8 * 2) / self.bit_rate

    def slot(self) -> float:
        """From the slot of one member to that of the next."""
        return self.turn + MARGIN * self.frame(ANSWER_BYTES) + self.tail + HOST

    def rest(self, left: int) -> float:
        """How long an over goes on behind a frame, as those who hear it reckon."""
        return MARGIN * 8 * left / self.bit_rate

    def left(self, sizes: list[int]) -> int:
        """What a frame states when frames of these sizes follow it (protocol, 5.1)."""
        count = sum(map(self.frame, sizes)) * self.bit_rate / 8
        return min(stated for stated in map(read_count, range(256)) if stated >= count)


@dataclass(frozen=True)
class Sent:
    """One frame on air: by whom, when its first and its last bit are sent, who hears it, and the modem's bytes."""

    station: int
    begin: float
    end: float
    heard: tuple[int, ...]
    data: bytes


@dataclass(frozen=True)
class Place:
    """Where a frame stands in its over: its size, what it states as left, when it ends, and who hears it."""

    size: int
    left: int
    end: float
    heard: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """What a member says to an over, when, and when its slot begins by the frames that it has heard."""

    begin: float
    end: float
    slot: float
    frame: Leading


@dataclass
class Over:
    """One over of the speaker, and the answers to it."""

    lead: Leading
    rounds: list[Place] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)

    def database(self) -> tuple[int, int]:
        """Incarnation and epoch of the speaker's traffic."""
        return self.lead.said["incarnation"], self.lead.said["epoch"]

    def binding(self) -> bytes:
        """Contact, incarnation and epoch, as they stand in seeds (protocol, 12.2)."""
        incarnation, epoch = self.database()
        return self.lead.said["contact"].to_bytes(2, "big") + incarnation.to_bytes(4, "big") + bytes([epoch])

    def is_led_for(self, member: int) -> bool:
        """Whether a member hears the round."""
        return any(member in place.heard for place in self.rounds)

    def slot(self, member: int, turn: int, link: TncLink) -> float:
        """When the slot of a member begins that hears the round."""
        ends = [place.end + link.rest(place.left) for place in self.places if member in place.heard]
        return ends[0] + turn * link.slot() if turn else min(ends[0], ends[-1])

    def states_what_is_left(self, link: TncLink) -> bool:
        """Whether each frame states how much follows it."""
        sizes = [place.size for place in self.places]
        return all(place.left == link.left(sizes[n + 1 :]) for n, place in enumerate(self.places))

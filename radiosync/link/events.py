"""What a contact reports, in the order in which it happened."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Outcome(Enum):
    """How a contact ended."""

    COMPLETE = "complete"
    """Both sides have all that the other had, and said so."""
    NO_ANSWER = "no-answer"
    """The partner was never heard."""
    DROPPED = "link-dropped"
    """The partner was heard, and then no more."""
    STOPPED = "stopped"
    """This side was told to stop."""


@dataclass(frozen=True, slots=True)
class PartnerHeard:
    """The partner has been heard for the first time in this contact."""


@dataclass(frozen=True, slots=True)
class TransfersConfirmed:
    """The partner has applied all our transfers up to this number."""

    through: int


@dataclass(frozen=True, slots=True)
class TransferApplied:
    """One of the partner's transfers has arrived and was applied."""

    number: int


@dataclass(frozen=True, slots=True)
class TransferRefused:
    """One of the partner's transfers was damaged, or built on history that we lack; it is asked for again."""

    number: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far our own traffic of this contact has come, after each report of the partner.

    Attributes:
        pieces, pieces_there: all pieces of the transfers of this contact, and those that the partner has.
        bytes_total, bytes_there: the same in bytes.
        more: True if more waits than is sealed.
        left_s: about how long the rest takes on this link at the pace so far; None before anything is known.
        overs: overs that we have sent.
    """

    pieces: int
    pieces_there: int
    bytes_total: int
    bytes_there: int
    more: bool
    left_s: float | None
    overs: int


@dataclass(frozen=True, slots=True)
class ContactEnded:
    """The contact is over.

    Attributes:
        outcome: how it ended.
        overs: overs that we sent.
        repeated_pieces, repeated_bytes: pieces that came although they were here already.
    """

    outcome: Outcome
    overs: int
    repeated_pieces: int
    repeated_bytes: int


Event: TypeAlias = (
    PartnerHeard | TransfersConfirmed | TransferApplied | TransferRefused | Progress | ContactEnded
)

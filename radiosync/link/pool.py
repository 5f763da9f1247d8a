"""Pools: one speaker and several listeners, so that an over serves all of them (protocol, section 12).

The traffic of a *pool* is numbered, sealed and cut once, as if the pool were one partner, so every listener reads every
frame. Repair needs no names: the speaker sends as many more pieces of a block as the listener wants who lacks most, and
whatever they are, they help everybody.

The speaker is timing master (`link.poolspeaker`). Each over of it says who may answer, one behind the other in slots of
equal length; the others listen (`link.poollistener`). Every over says all that a listener needs to join in, so that it does
not matter which was the first one that it heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from radiosync.errors import WireError
from radiosync.link.mailbox import Mailbox
from radiosync.link.timing import Timing
from radiosync.wire.check import strip_check
from radiosync.wire.context import Mark
from radiosync.wire.frames import CALL_CHECK_BYTES, Kind, Round, kind_of, pool_seed, read_frame

ANSWER_BYTES = 56
"""Longest answer of a listener, its check included: a hello with four transfers of four blocks each under way."""

_OVERS = 256
"""Overs are counted modulo this."""


@dataclass(frozen=True, slots=True)
class PoolParties:
    """Who is in contact.

    Attributes:
        pool: identity of the pool.
        us: identity of this station.
        incarnation: of this station's database.
        number: that the speaker gave the contact.
    """

    pool: bytes
    us: bytes
    incarnation: int
    number: int


class PoolMailbox(Mailbox, Protocol):
    """The pool's mail, as the speaker keeps it. `confirmed` is what all members have applied."""

    def members(self) -> Mapping[bytes, int]:
        """Identity of each member, and the transfer up to which it is known to have applied all."""

    def note_member(self, member: bytes, through: int) -> None:
        """A member has applied all transfers up to `through`, which may be less than we believed, but not less than is
        confirmed. What all have applied is confirmed."""

    def begin_anew(self) -> None:
        """A member lacks what is confirmed, or has something else: a new epoch from the very beginning, for all of them.

        It never begins in the middle: whoever has followed an epoch from 0 has everything.
        """


def slot_s(timing: Timing) -> float:
    """From the slot of one answer to that of the next."""
    return timing.slot_s(ANSWER_BYTES)


def answers_s(timing: Timing, over_s: float, turns: int) -> float:
    """How long to wait, behind an over that gives so many turns, until the last answer must have been heard."""
    return timing.lag_s(over_s) + (turns - 1) * slot_s(timing) + timing.reply_s(0, ANSWER_BYTES)


def hear_round(frame: bytes, pool: bytes) -> tuple[Round, int] | None:
    """The leading frame of an over to that pool, and the bytes left behind it; None if it is something else."""
    try:
        if kind_of(frame) is not Kind.ROUND:
            return None
        content, left_bytes = read_frame(strip_check(frame, pool_seed(pool), CALL_CHECK_BYTES))
    except WireError:
        return None
    return (content, left_bytes) if isinstance(content, Round) else None


def is_copy(lead: Round, last: Round) -> bool:
    """True if a leading frame is a copy of the last one of a contact, or of one before it, and not a newer one."""
    if (lead.contact, lead.incarnation) != (last.contact, last.incarnation):
        return False
    return (lead.over - last.over - 1) % _OVERS >= _OVERS // 2


def data_seed(pool: bytes, lead: Round) -> bytes:
    """Seed of a data frame. It does not depend on the over: who has missed the leading frame reads on."""
    return pool_seed(pool, b"data", _numbers(lead))


def answer_seed(pool: bytes, member: bytes, lead: Round, mark: Mark | None) -> bytes:
    """Seed of the answer of `member` to an over: a late copy of an answer to another one is noise.

    `mark` is that after what an acknowledgement says it has, so that nothing is confirmed that is not there. A hello says
    it openly: then it is None.
    """
    seed = b"" if mark is None else mark.seed
    return pool_seed(pool, b"answer", member, _numbers(lead), bytes([lead.over & 0xFF]), seed)


def _numbers(lead: Round) -> bytes:
    return lead.contact.to_bytes(2, "big") + lead.incarnation.to_bytes(4, "big") + bytes([lead.epoch])

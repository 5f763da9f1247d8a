"""Which frames belong to a contact: their checks bind them to it (protocol, section 5.6)."""

from dataclasses import dataclass
from typing import assert_never

from radiosync.errors import WireError
from radiosync.link.calling import claimed_mark, hear_call, outgoing_call_seed, spelled_out
from radiosync.link.mailbox import Mailbox
from radiosync.link.over import Body
from radiosync.link.slots import Role
from radiosync.wire.check import strip_check
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    Ack,
    Call,
    Data,
    Frame,
    Hello,
    Kind,
    Report,
    Round,
    call_seed,
    kind_of,
)
from radiosync.wire.frames0 import read_any_frame


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is in contact.

    Attributes:
        us, them: identities of the stations.
        incarnation: of our database.
        number: that the caller gave the contact.
        capabilities: what we can read.
    """

    us: bytes
    them: bytes
    incarnation: int
    number: int
    capabilities: int = 0


class Binding:
    """The checks of one contact, seen from one side.

    A check depends on the contact, and on the databases and epochs that the numbers of its frame belong to. So what is said
    by or to a station that has not heard of a new epoch is noise, and cannot confirm what is not there.
    """

    def __init__(self, role: Role, parties: Parties, mailbox: Mailbox, check_bytes: int) -> None:
        """`check_bytes`: size of all checks but that of a call."""
        self._role, self._parties, self._mailbox, self._check_bytes = role, parties, mailbox, check_bytes

    def read(self, frame: bytes, *, knows_old: bool) -> tuple[Frame, int] | None:
        """What the partner says in a frame, and the bytes left behind it; None if it does not belong to this contact.

        `knows_old`: frames of version 0 do.
        """
        speaker = Role.CALLED if self._role is Role.CALLER else Role.CALLER
        parties, mailbox = self._parties, self._mailbox
        try:
            kind = kind_of(frame)
            if kind is Kind.CALL:
                heard = hear_call(frame, parties.us, parties.them, parties.incarnation, mailbox)
                return heard if heard and self.is_ours(heard[0]) else None
            if kind in (Kind.OLD_ACK, Kind.OLD_DATA) and not knows_old:
                return None
            mark = claimed_mark(frame, mailbox) if kind is Kind.ACK else EMPTY_MARK
            content, left_bytes = read_any_frame(
                strip_check(frame, self.seed(speaker, kind, mark), self._check_bytes)
            )
        except WireError:
            return None
        return (content, left_bytes) if self.is_ours(content) else None

    def body(self, data: bytes, kind: Kind) -> Body:
        """A frame of ours, which still lacks its check."""
        seed = self.seed(self._role, kind, self._mailbox.standing.heard_mark)
        return Body(data, seed, CALL_CHECK_BYTES if kind is Kind.CALL else self._check_bytes)

    def spelled_out(self, report: Report, reply: bool, capabilities: int) -> Hello:
        """The hello that a call of the partner, or its first answer to ours, stands for."""
        parties = self._parties
        return spelled_out(
            report, reply, parties.us, parties.them, parties.number, capabilities, self._mailbox
        )

    def is_ours(self, frame: Frame) -> bool:
        """False for a call that opens another contact: other stations count theirs too. Other frames show by their check."""
        us, them, number = self._parties.us, self._parties.them, self._parties.number
        match frame:
            case Hello():
                is_us = us.startswith(frame.receiver) and them.startswith(frame.sender)
                return is_us and frame.contact == number
            case Call():
                return self._role is Role.CALLED and frame.contact == number
            case Ack() | Data():
                return True
            case Round():
                return False
            case _ as never:
                assert_never(never)

    def seed(self, speaker: Role, kind: Kind, mark: Mark = EMPTY_MARK) -> bytes:
        """Seed of a frame's check.

        A hello agrees on databases and epochs, so it cannot depend on them. An acknowledgement depends on more: the `mark`
        after the transfers that it confirms, as a call is not answered by a hello that would compare it.
        """
        standing, parties, ours = self._mailbox.standing, self._parties, speaker is self._role
        caller, called = (
            (parties.us, parties.them) if self._role is Role.CALLER else (parties.them, parties.us)
        )
        if kind is Kind.HELLO and speaker is Role.CALLER:
            return call_seed(called)
        seed = speaker.value.encode() + caller + called + parties.number.to_bytes(2, "big")
        epochs = (standing.epoch, standing.heard_epoch)[:: 1 if ours else -1]
        incarnations = (parties.incarnation, standing.heard_incarnation or 0)[:: 1 if ours else -1]
        databases = b"".join(incarnation.to_bytes(4, "big") for incarnation in incarnations)
        match kind:
            case Kind.HELLO:
                return seed
            case Kind.OLD_DATA:
                return seed + bytes(epochs[:1])
            case Kind.OLD_ACK:
                return seed + bytes(epochs)
            case Kind.DATA:
                return seed + databases[:4] + bytes(epochs[:1])
            case Kind.ACK:
                return seed + databases + bytes(epochs) + mark.seed
            case Kind.CALL:
                return outgoing_call_seed(parties.us, parties.them, parties.incarnation, standing)
            case Kind.ROUND:
                raise WireError("a frame belongs to a contact of a pool")
            case _ as never:
                assert_never(never)

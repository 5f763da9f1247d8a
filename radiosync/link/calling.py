"""Calls to a known partner: what both sides know already goes into the seed of the check, and not on air.

A call that fits its check says all that a hello would: whoever hears it fills in the rest from what it knows itself. A
call that does not fit is noise, and the caller, not answered, says a hello in full.
"""

from radiosync.errors import WireError
from radiosync.link.mailbox import Mailbox, Standing
from radiosync.wire.check import strip_check
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    Call,
    Hello,
    Kind,
    Report,
    kind_of,
    read_frame,
    short_call_seed,
    unfold,
)

CALL_BITS = 8
"""Bits that a transfer's number has in a call, and in an acknowledgement."""

_ACK_THROUGH_AT = 3


def outgoing_call_seed(us: bytes, them: bytes, incarnation: int, standing: Standing) -> bytes:
    """Seed of a call of ours; `incarnation` is that of our database."""
    incarnations = incarnation, standing.heard_incarnation or 0
    return short_call_seed(
        us, them, incarnations, (standing.epoch, standing.heard_epoch), standing.heard_mark
    )


def hear_call(
    frame: bytes, us: bytes, them: bytes, incarnation: int, mailbox: Mailbox
) -> tuple[Call, int] | None:
    """The call that `them` has made to us, and the bytes left behind it; None if it is something else."""
    try:
        if kind_of(frame) is not Kind.CALL:
            return None
        call, left_bytes = read_frame(frame[:-CALL_CHECK_BYTES])
        standing = mailbox.standing
        if not isinstance(call, Call) or standing.heard_incarnation is None:
            return None
        mark = _mark_after(call.report.through, mailbox)
        incarnations, epochs = (
            (standing.heard_incarnation, incarnation),
            (standing.heard_epoch, standing.epoch),
        )
        strip_check(frame, short_call_seed(them, us, incarnations, epochs, mark), CALL_CHECK_BYTES)
    except WireError:
        return None
    return call, left_bytes


def claimed_mark(ack: bytes, mailbox: Mailbox) -> Mark:
    """What both share after what an acknowledgement, whose check may still be on it, says it has.

    Raises WireError if there is none: then it speaks of a history that is not ours.
    """
    if len(ack) <= _ACK_THROUGH_AT:
        raise WireError("an acknowledgement is too short")
    return _mark_after(ack[_ACK_THROUGH_AT], mailbox)


def _mark_after(through: int, mailbox: Mailbox) -> Mark:
    mark = mailbox.mark(unfold(through, CALL_BITS, mailbox.standing.confirmed))
    if mark is None:
        raise WireError("a frame speaks of transfers that we do not know")
    return mark


def spelled_out(
    report: Report, reply: bool, us: bytes, them: bytes, contact: int, capabilities: int, mailbox: Mailbox
) -> Hello:
    """The hello that a call of the partner, or its first answer to ours, stands for."""
    standing = mailbox.standing
    sealed = unfold(report.sealed, CALL_BITS, standing.through)
    through = unfold(report.through, CALL_BITS, standing.confirmed)
    return Hello(
        reply=reply,
        receiver=us,
        sender=them,
        incarnation=standing.heard_incarnation or 0,
        contact=contact,
        epoch=standing.heard_epoch,
        heard_epoch=standing.epoch,
        heard_mark=mailbox.mark(through) or EMPTY_MARK,
        report=Report(
            sealed, through, report.arriving, report.grant_bytes, report.pending_bytes, report.more
        ),
        capabilities=capabilities,
        begins=None,
    )

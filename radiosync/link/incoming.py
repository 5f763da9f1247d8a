"""The partner's transfers on their way to us: pieces in, whole transfers delivered, what is missing told."""

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.events import Event, TransferApplied, TransferRefused
from radiosync.link.mailbox import Mailbox
from radiosync.transfer.receiver import Receiver
from radiosync.wire.frames import Arriving, Data, unfold
from radiosync.wire.shape import Shape


class Incoming:
    """What of the partner's traffic is here in part.

    Attributes:
        refusals: transfers that could not be opened, and searches that found a wrong piece.
        repeated_pieces, repeated_bytes: pieces that came although they were here already.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self.refusals = self.repeated_pieces = self.repeated_bytes = 0
        self._mailbox = mailbox
        self._receivers: dict[int, Receiver | None] = {}
        self._events: list[Event] = []

    def load(self) -> None:
        """Begin with what is durable. A process that died between the last piece and its delivery left that to us."""
        self._receivers = dict(self._mailbox.receivers())
        for receiver in tuple(self._receivers.values()):
            if receiver is not None and receiver.complete:
                self._deliver(receiver)

    def take(self, data: Data) -> bool:
        """Keep the pieces of a frame, and deliver the transfer if they complete it. True if anything was new."""
        through = self._mailbox.standing.through
        number = unfold(data.number, data.number_bits, through + 1)
        if data.shape is not None and through < number <= through + OPEN_TRANSFERS:
            self._open(number, data.shape)
        receiver = self._receivers.get(number)
        if receiver is None:
            return False
        before = receiver.repeated_pieces
        try:
            new = receiver.receive(data.block, data.first, data.data)
        except WireError:
            return False
        repeated = receiver.repeated_pieces - before
        self.repeated_pieces += repeated
        self.repeated_bytes += repeated * receiver.shape.piece_bytes
        if new:
            self._mailbox.keep(number, receiver.shape, data.block, new)
        if receiver.complete:
            self._deliver(receiver)
        return bool(new)

    def report(self) -> tuple[Arriving, ...]:
        """For each transfer behind what is applied, in order, what is here of it."""
        through = self._mailbox.standing.through
        return tuple(
            self._arriving(number) for number in range(through + 1, max(self._receivers, default=through) + 1)
        )

    def missing_bytes(self, sealed: int) -> int | None:
        """Size of the pieces that we lack of the transfers up to `sealed`; None if we have heard nothing of one of them."""
        through = self._mailbox.standing.through
        if any(number not in self._receivers for number in range(through + 1, sealed + 1)):
            return None
        receivers = [receiver for receiver in self._receivers.values() if receiver is not None]
        return sum(sum(receiver.needs) * receiver.shape.piece_bytes for receiver in receivers)

    def poll_events(self) -> list[Event]:
        """What was delivered or refused since the last call."""
        events, self._events = self._events, []
        return events

    def _open(self, number: int, shape: Shape) -> None:
        """Begin a transfer, or begin it anew if its shape was something else: then the frame that said so was wrong."""
        receiver = self._receivers.setdefault(number, Receiver(number, shape))
        if receiver is not None and receiver.shape != shape:
            self._receivers[number] = Receiver(number, shape)

    def _deliver(self, receiver: Receiver) -> None:
        """Open a transfer that is here. If it cannot be opened it is doubted: more pieces show whether one was wrong."""
        number, is_checked = receiver.number, False
        if receiver.doubted:
            is_checked = self._mend(receiver)
            if not receiver.complete:
                return
        if self._mailbox.deliver(number, receiver.data()):
            self._events.append(TransferApplied(number))
            self._reload()
        elif is_checked:  # All pieces fit, so it is not damage: our contexts differ.
            self.refusals += 1
            self._mailbox.lose_context()
            self._forget(number)
            self._events.append(TransferRefused(number))
        else:
            receiver.doubted = True
            if receiver.complete:  # There are enough pieces to see at once.
                self._deliver(receiver)

    def _mend(self, receiver: Receiver) -> bool:
        """Forget pieces that are wrong, and all of a transfer of which nothing is right. True if all are right."""
        wrong = receiver.mend()
        if receiver.is_empty:  # Perhaps it is cut in another way than we were told.
            self._forget(receiver.number)
        elif wrong:
            self._mailbox.drop(receiver.number, wrong)
        self.refusals += bool(wrong)
        return not wrong

    def _forget(self, number: int) -> None:
        self._mailbox.drop(number)
        self._receivers.pop(number, None)

    def _reload(self) -> None:
        """See what is applied now. What is on its way stays as it is, doubts included."""
        there = self._mailbox.receivers()
        self._receivers = {
            number: None if receiver is None else self._receivers.get(number) or receiver
            for number, receiver in there.items()
        }

    def _arriving(self, number: int) -> Arriving:
        if number not in self._receivers:
            return Arriving()
        receiver = self._receivers[number]
        return Arriving(applied=True) if receiver is None else Arriving(needs=receiver.needs)

"""A mailbox without a store: bytes to send that are no records. It measures the link alone."""

from collections.abc import Collection, Mapping, Sequence

from radiosync.link.mailbox import EVERY_CLASS, Standing
from radiosync.transfer.receiver import Receiver
from radiosync.transfer.sender import Sender
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import Hello, unfold
from radiosync.wire.shape import Shape, choose_shape


class PayloadMail:
    """Sends given bytes and keeps what arrives; all in memory.

    Attributes:
        sent: the transfers that were sealed, by number.
        received: those that have arrived, padding included.
    """

    def __init__(self, payload: bytes = b"") -> None:
        self.sent: dict[int, bytes] = {}
        self.received: dict[int, bytes] = {}
        self._waiting = payload
        self._sealed = self._confirmed = self._through = 0
        self._senders: list[Sender] = []
        self._receivers: dict[int, Receiver | None] = {}
        self._met: Hello | None = None

    @property
    def standing(self) -> Standing:
        """How far both directions have come."""
        met = self._met
        spoken = () if met is None else (met.incarnation, met.version, met.capabilities or 0)
        return Standing(0, self._sealed, self._confirmed, 0, 0, self._through, EMPTY_MARK, *spoken)

    @property
    def has_more(self) -> bool:
        """True if bytes wait."""
        return bool(self._waiting)

    @property
    def most_urgent(self) -> int:
        """There is one class."""
        return 0

    def mark(self, number: int) -> Mark | None:
        """There is no context, so its mark is always the same."""
        return EMPTY_MARK if number <= self._sealed else None

    def senders(self) -> Sequence[Sender]:
        """Unconfirmed transfers."""
        return list(self._senders)

    def receivers(self) -> Mapping[int, Receiver | None]:
        """Unfinished transfers of the other side."""
        return dict(self._receivers)

    def review(self, senders: Sequence[Sender], limit_bytes: int) -> Sequence[Sender]:
        """Nobody changes anything."""
        return senders

    def seal_next(self, limit_bytes: int, more_urgent_than: int = EVERY_CLASS) -> Sender | None:
        """The next bytes; of class 0, like all that is on its way."""
        if more_urgent_than <= 0:
            return None
        data, self._waiting = self._waiting[:limit_bytes], self._waiting[limit_bytes:]
        if not data:
            return None
        self._sealed += 1
        self.sent[self._sealed] = data
        shape = choose_shape(len(data))
        sender = Sender(self._sealed, data, shape, [0] * len(shape.block_sizes), priority=0)
        self._senders.append(sender)
        return sender

    def promise(self, senders: Sequence[Sender]) -> None:
        """Nothing to keep."""

    def confirm(self, through: int) -> None:
        """The other side has all up to `through`."""
        self._confirmed = through
        self._senders = [sender for sender in self._senders if sender.number > through]

    def keep(self, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]) -> None:
        """Keep new pieces, so that a contact which asks again finds them."""
        receiver = self._receivers.setdefault(number, Receiver(number, shape))
        if receiver is not None:
            for index, piece in pieces.items():
                receiver.receive(block, index, piece)

    def deliver(self, number: int, data: bytes) -> bool:
        """A transfer is here."""
        self.received[number] = data
        self._receivers[number] = None
        while self._through + 1 in self.received:
            self._through += 1
            del self._receivers[self._through]
        return True

    def drop(self, number: int, wrong: Mapping[int, Collection[int]] | None = None) -> None:
        """Nothing is ever refused."""

    def lose_context(self) -> None:
        """There is none."""

    def meet(self, hello: Hello) -> None:
        """Believe what the other side is, and has."""
        self._met = hello
        through = unfold(hello.report.through, 16, self._confirmed)
        if self._confirmed < through <= self._sealed:
            self.confirm(through)

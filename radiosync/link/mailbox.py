"""What a contact asks of the layer above: sealed bytes to send, and somebody who keeps and opens what arrives.

Every method that changes something has made it durable when it returns: what a contact then says on air is true even if
the process dies.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from radiosync.transfer.receiver import Receiver
from radiosync.transfer.sender import Sender
from radiosync.wire.context import Mark
from radiosync.wire.frames import Hello
from radiosync.wire.shape import Shape

EVERY_CLASS = 1 << 16
"""More than the number of any priority class."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far both directions have come.

    Attributes:
        epoch, sealed, confirmed: of our traffic: all transfers up to `confirmed` are applied there.
        begins: transfer behind which the epoch of our traffic begins.
        heard_epoch, through, heard_mark: of the partner's traffic: all up to `through` are applied here.
        heard_incarnation: of the partner's database; None before we ever met.
        version: of the protocol that the partner spoke last; None before.
        capabilities: what the partner can read.
    """

    epoch: int
    sealed: int
    confirmed: int
    begins: int
    heard_epoch: int
    through: int
    heard_mark: Mark
    heard_incarnation: int | None = None
    version: int | None = None
    capabilities: int = 0


class Mailbox(Protocol):
    """One partner's mail. Numbers are whole numbers of transfers, not cut to the bits that go on air."""

    @property
    def standing(self) -> Standing:
        """How far both directions have come."""

    @property
    def has_more(self) -> bool:
        """True if `seal_next` would give something."""

    @property
    def most_urgent(self) -> int:
        """The most urgent class that `seal_next` can ever give; 0 is the most urgent of all."""

    def mark(self, number: int) -> Mark | None:
        """What both share after transfer `number` of our traffic; None if it is not known."""

    def senders(self) -> Sequence[Sender]:
        """Our unconfirmed transfers, in order of number, anew from what is durable."""

    def receivers(self) -> Mapping[int, Receiver | None]:
        """The partner's transfers behind `through` of which anything is here; None for one that is applied."""

    def review(self, senders: Sequence[Sender], limit_bytes: int) -> Sequence[Sender]:
        """To be called before each over: the same transfers, as they are to be sent from now on.

        Some may be on hold, and some may be others of the same number: sealed anew, for about `limit_bytes`.
        """

    def seal_next(self, limit_bytes: int, more_urgent_than: int = EVERY_CLASS) -> Sender | None:
        """Seal what is most urgent, about `limit_bytes` of it; None if nothing waits of a more urgent class than that."""

    def promise(self, senders: Sequence[Sender]) -> None:
        """Keep how many pieces have been taken from each, before they are keyed."""

    def confirm(self, through: int) -> None:
        """The partner has applied all our transfers up to `through`."""

    def keep(self, number: int, shape: Shape, block: int, pieces: Mapping[int, bytes]) -> None:
        """Keep new pieces of a transfer."""

    def deliver(self, number: int, data: bytes) -> bool:
        """A transfer has been rebuilt: open and apply it.

        False if it is damaged or builds on history that we lack; then nothing is changed.
        """

    def drop(self, number: int, wrong: Mapping[int, Collection[int]] | None = None) -> None:
        """Forget pieces of a transfer that are wrong, by block, or the whole transfer."""

    def lose_context(self) -> None:
        """What the partner sends cannot be read, so say from now on that we lack its history: it begins anew."""

    def meet(self, hello: Hello) -> None:
        """The partner has said who it is, where it stands and what it can read: agree on epochs, confirm or take back what
        that implies."""

"""Counts what a contact has to send and what has arrived, for people who wait."""

from collections.abc import Callable, Sequence

from radiosync.link.events import Progress
from radiosync.transfer.sender import Sender


class Tally:
    """Progress of our own traffic in one contact."""

    def __init__(self, now: float, needed: Callable[[Sender], int] | None = None) -> None:
        """`needed`: data pieces of a transfer that are not confirmed, if not the sender but somebody else knows that."""
        self._began_at, self._needed = now, needed or (lambda sender: sender.needed_pieces)
        self._senders: dict[int, Sender] = {}
        self._open: set[int] = set()
        self._bytes_at_start: int | None = None

    def note(self, senders: Sequence[Sender]) -> None:
        """These transfers are open now; those that were and are not any more have been confirmed."""
        self._senders |= {sender.number: sender for sender in senders}
        self._open = {sender.number for sender in senders}

    def progress(self, more: bool, overs: int, now: float) -> Progress:
        """How far we have come."""
        pieces = pieces_there = total = there = 0
        for number, sender in self._senders.items():
            needed = self._needed(sender) if number in self._open else 0
            pieces += sender.shape.pieces
            pieces_there += sender.shape.pieces - needed
            total += sender.shape.total_bytes
            there += (sender.shape.pieces - needed) * sender.shape.piece_bytes
        if self._bytes_at_start is None:
            self._bytes_at_start = there
        gained, elapsed_s = there - self._bytes_at_start, now - self._began_at
        left_s = (total - there) * elapsed_s / gained if gained > 0 else None
        return Progress(pieces, pieces_there, total, there, more, left_s, overs)

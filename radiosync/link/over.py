"""What goes into one over: a leading frame, then data frames until the room or the data ends."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.adapt import Traffic
from radiosync.link.flight import Flight, Flown
from radiosync.link.mailbox import EVERY_CLASS, Mailbox
from radiosync.link.timing import Timing
from radiosync.transfer.sender import Sender
from radiosync.wire.check import append_check
from radiosync.wire.frames import PROTOCOL_VERSION, Data, set_left, write_frame
from radiosync.wire.frames0 import write_old_frame

_DATA_HEAD_BYTES = 5
_SHAPE_BYTES = 2

FRAME_HEAD_BYTES = _DATA_HEAD_BYTES + _SHAPE_BYTES
"""What a data frame has in front of its pieces, at most."""

_BATCH_OVERS = 2
"""A batch is planned for so many overs: what is sealed can no longer be replaced by a newer edit."""
_BATCH_BYTES = 16 * 1024
"""A batch is never planned for more than this, however fast the link: memory, and what one lost context would cost."""


@dataclass(frozen=True, slots=True)
class Over:
    """One uninterrupted transmission.

    Attributes:
        frames: in order, with their checks.
        airtime_s: from the first bit to the last, as computed.
    """

    frames: tuple[bytes, ...]
    airtime_s: float


class Outgoing:
    """Our transfers on one link, and the filling of overs with their pieces.

    Attributes:
        senders: transfers that are not confirmed, in order of number.
        more: True if, when the last over was filled, more waited than is sealed.
        version: of the protocol, that data frames are written in.
    """

    def __init__(self, mailbox: Mailbox, timing: Timing) -> None:
        self._mailbox, self._timing = mailbox, timing
        self.senders: list[Sender] = list(mailbox.senders())
        self.more = False
        self.version = PROTOCOL_VERSION
        self._traffic = Traffic(timing, _DATA_HEAD_BYTES)
        self._empty_below = 0
        self._lead_bytes = 0
        self._filled: list[Flown] = []
        self._flight = Flight()

    def reload(self) -> None:
        """Begin again from what is durable."""
        self.senders = list(self._mailbox.senders())
        self._traffic.clear()
        self._flight.clear()

    @property
    def wants(self) -> bool:
        """True if there is something to send, as far as we know without asking."""
        return self.more or any(sender.wanted_pieces for sender in self.senders)

    def note_keyed(self, over: Over, ends_at: float) -> None:
        """An over is on the air until `ends_at`, whose last frames are those of the last fill."""
        frames = []
        for frame, filled in zip(reversed(over.frames), reversed(self._filled), strict=False):
            frames.append(filled._replace(ends_at=ends_at))
            ends_at -= self._timing.frame_s(len(frame))
        self._flight.begin(frames)

    @property
    def rests(self) -> bool:
        """True if there is nothing to send but what is on hold, and there is something on hold."""
        return any(sender.held for sender in self.senders) and all(
            sender.held or not sender.needed_pieces for sender in self.senders
        )

    @property
    def pending_bytes(self) -> int:
        """Airtime of the pieces that are still to be sent, in bytes."""
        return self.piece_air_bytes(
            sum(sender.wanted_pieces * sender.shape.piece_bytes for sender in self.senders)
        )

    def piece_air_bytes(self, size: int) -> int:
        """Airtime of data frames with pieces of that size together, in bytes."""
        frames = -(-size // max(1, self._payload_bytes))
        return self._timing.air_bytes(frames * self._traffic.best_s)

    @property
    def frame_s(self) -> float:
        """Length of data frames that the channel calls for."""
        return self._traffic.best_s

    @property
    def _payload_bytes(self) -> int:
        """Bytes of pieces in a data frame of the best length."""
        return self._timing.fitting_bytes(self._traffic.best_s) - _DATA_HEAD_BYTES - self._timing.check_bytes

    def acknowledge(self, number: int, needs: Sequence[int], said_at: float = math.inf) -> None:
        """The partner needs so many more pieces of each block of a transfer; () if it has never heard of it.

        `said_at`: when it began to say so. What of ours was in the air then is not counted yet.
        """
        for sender in self.senders:
            if sender.number == number:
                before, flying = sender.needed_pieces, self._flight.at(said_at, number)
                sender.acknowledge(needs, _by_block(flying, len(sender.shape.block_sizes)))
                self._traffic.note_report(number, before, sender.needed_pieces, len(flying))

    def forget(self, through: int) -> None:
        """Transfers up to this number are confirmed."""
        for sender in self.senders:
            if sender.number <= through:
                self._traffic.note_report(sender.number, sender.needed_pieces, 0)
        self.senders = [sender for sender in self.senders if sender.number > through]

    def fill(self, room_s: float, lead_bytes: int = 0) -> list[bytes]:
        """Data frames for `room_s` seconds; what is taken has been promised when this returns.

        The first one leaves room for so many bytes of a lead in the same frame.
        """
        self._empty_below, self._lead_bytes, self._filled = 0, lead_bytes, []
        self._review()
        frames = list(self._fill(room_s))
        if frames:
            self._mailbox.promise(self.senders)
        self.more = self._empty_below < EVERY_CLASS and self._mailbox.has_more
        return frames

    def _fill(self, room_s: float) -> Iterator[bytes]:
        spared = False
        while True:
            sender = self._next_sender(room_s)
            if sender is None and not spared:
                spared = True
                self._spare()
                continue
            frame = None if sender is None else self._data_frame(sender, room_s)
            if frame is None:
                return
            room_s -= self._timing.frame_s(len(frame) + self._timing.check_bytes)
            self._lead_bytes = 0
            yield frame

    def _review(self) -> None:
        """Take in what a person, or a newer edit, has changed since the last over."""
        known = set(self.senders)
        self.senders = list(self._mailbox.review(self.senders, batch_limit_bytes(self._timing)))
        for sender in self.senders:
            if sender not in known:
                self._traffic.forget(sender.number)

    def _next_sender(self, room_s: float) -> Sender | None:
        """The most urgent transfer that wants pieces; sealed now, if something more urgent than all of them waits."""
        wanting = [sender for sender in self.senders if sender.wanted_pieces]
        first = min(wanting, key=lambda sender: sender.priority, default=None)
        if self._fitting_bytes(room_s) <= _SHAPE_BYTES:
            return first
        return self._seal(EVERY_CLASS if first is None else first.priority) or first

    def _seal(self, more_urgent_than: int) -> Sender | None:
        """Seal what waits of a more urgent class, if there is a place for it. It is asked for once in an over."""
        below = min(more_urgent_than, self._open_to())
        if below <= self._empty_below:
            return None
        sealed = self._mailbox.seal_next(batch_limit_bytes(self._timing), below)
        if sealed is None:
            self._empty_below = below
        else:
            self.senders.append(sealed)
        return sealed

    def _open_to(self) -> int:
        """Classes below this one may open a transfer. The last place is kept for what is more urgent than what is open."""
        if len(self.senders) >= OPEN_TRANSFERS:
            return 0
        if len(self.senders) < OPEN_TRANSFERS - 1:
            return EVERY_CLASS
        return max(self._mailbox.most_urgent + 1, *(sender.priority for sender in self.senders))

    def _fitting_bytes(self, room_s: float) -> int:
        """Bytes of pieces in the longest data frame that fits, if the shape is not stated."""
        return (
            self._timing.fitting_bytes(room_s)
            - _DATA_HEAD_BYTES
            - self._timing.check_bytes
            - self._lead_bytes
        )

    def _data_frame(self, sender: Sender, room_s: float) -> bytes | None:
        shape = None if sender.shape_known else sender.shape
        size, head_bytes = sender.shape.piece_bytes, _SHAPE_BYTES if shape else 0
        fitting = (self._fitting_bytes(room_s) - head_bytes) // size
        share = round((self._fitting_bytes(self._traffic.share_s(room_s)) - head_bytes) / size)
        run = sender.take(min(fitting, max(1, share)) * size)
        if run is None:
            return None
        frame_s = self._timing.frame_s(_DATA_HEAD_BYTES + len(run.data) + self._timing.check_bytes)
        self._traffic.note_sent(sender.number, len(run.data) // size, frame_s)
        # Zeros at the end of the last piece can be left out, as long as the number of pieces can still be told.
        shortest = len(run.data) - size + 1
        data = run.data[:shortest] + run.data[shortest:].rstrip(b"\0")
        self._filled.append(Flown(sender.number, run.block, len(run.data) // size, math.inf))
        frame = Data(sender.number, run.block, run.first, data, shape)
        return write_frame(frame) if self.version else write_old_frame(frame)

    def _spare(self) -> None:
        """All that is needed is in this over: add spare pieces where they are likely to save the next one."""
        for sender in self.senders:
            if sender.needed_pieces:
                sender.want_more(self._traffic.spare_pieces(sender.number))


def _by_block(frames: Sequence[Flown], blocks: int) -> list[int]:
    """Pieces of each block in these frames."""
    return [sum(frame.pieces for frame in frames if frame.block == block) for block in range(blocks)]


def batch_limit_bytes(timing: Timing) -> int:
    """For how many bytes a batch is planned on this link."""
    return min(_BATCH_BYTES, _BATCH_OVERS * timing.air_bytes(timing.over_s))


class Body(NamedTuple):
    """A frame without its check.

    Attributes:
        data: its bytes.
        seed: of the check.
        check_bytes: size of the check.
    """

    data: bytes
    seed: bytes
    check_bytes: int


def build_over(bodies: Sequence[Body], timing: Timing) -> Over:
    """Put an over together: each frame is told what is left behind it, and gets its check."""
    lengths_s = [timing.frame_s(len(body.data) + body.check_bytes) for body in bodies]
    frames, left_s = [], sum(lengths_s)
    for place, (body, length_s) in enumerate(zip(bodies, lengths_s, strict=True)):
        left_s = max(0.0, left_s - length_s) if place < len(bodies) - 1 else 0.0
        data = set_left(body.data, timing.left_bytes(left_s))
        frames.append(append_check(data, body.seed, body.check_bytes))
    return Over(tuple(frames), sum(lengths_s))

"""What goes into one over: a leading frame, then data frames until the room or the data ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from radiosync.limits import OPEN_TRANSFERS
from radiosync.link.mailbox import Mailbox
from radiosync.link.parity import LossMeter, spare_frames
from radiosync.link.timing import Timing
from radiosync.transfer.sender import Sender
from radiosync.wire.check import append_check
from radiosync.wire.frames import Ack, Data, Hello, set_left, write_frame

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
    """

    def __init__(self, mailbox: Mailbox, timing: Timing) -> None:
        self._mailbox, self._timing = mailbox, timing
        self.senders: list[Sender] = list(mailbox.senders())
        self.more = False
        self._meter = LossMeter()
        self._ran_dry = False
        self._sent_pieces: dict[int, int] = {}

    def reload(self) -> None:
        """Begin again from what is durable."""
        self.senders = list(self._mailbox.senders())
        self._sent_pieces.clear()

    @property
    def pending_bytes(self) -> int:
        """Airtime of the pieces that are still to be sent, in bytes."""
        return self.piece_air_bytes(
            sum(sender.wanted_pieces * sender.shape.piece_bytes for sender in self.senders)
        )

    def piece_air_bytes(self, size: int) -> int:
        """Airtime of data frames with pieces of that size together, in bytes."""
        frames = -(-size // max(1, self._payload_bytes))
        return self._timing.air_bytes(frames * self._timing.frame_s(self._timing.frame_bytes))

    @property
    def _payload_bytes(self) -> int:
        return self._timing.frame_bytes - _DATA_HEAD_BYTES - self._timing.check_bytes

    def acknowledge(self, number: int, needs: Sequence[int]) -> None:
        """The partner needs so many more pieces of each block of a transfer; () if it has never heard of it."""
        for sender in self.senders:
            if sender.number == number:
                before = sender.needed_pieces
                sender.acknowledge(needs)
                self._meter.note(self._sent_pieces.pop(number, 0), before - sender.needed_pieces)

    def forget(self, through: int) -> None:
        """Transfers up to this number are confirmed."""
        for sender in self.senders:
            if sender.number <= through:
                sent = self._sent_pieces.pop(sender.number, 0)
                self._meter.note(sent, min(sent, sender.needed_pieces))
        self.senders = [sender for sender in self.senders if sender.number > through]

    def fill(self, room_s: float) -> list[bytes]:
        """Data frames for `room_s` seconds; what is taken has been promised when this returns."""
        self._ran_dry = False
        frames = list(self._fill(room_s))
        if frames:
            self._mailbox.promise(self.senders)
        self.more = not self._ran_dry and self._mailbox.has_more
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
            yield frame

    def _next_sender(self, room_s: float) -> Sender | None:
        for sender in self.senders:
            if sender.wanted_pieces:
                return sender
        if len(self.senders) >= OPEN_TRANSFERS or self._fitting_bytes(room_s) <= _SHAPE_BYTES:
            return None
        sealed = self._mailbox.seal_next(batch_limit_bytes(self._timing))
        if sealed is None:
            self._ran_dry = True
        else:
            self.senders.append(sealed)
        return sealed

    def _fitting_bytes(self, room_s: float) -> int:
        """Bytes of pieces in the longest data frame that fits, if the shape is not stated."""
        return self._timing.fitting_bytes(room_s) - _DATA_HEAD_BYTES - self._timing.check_bytes

    def _data_frame(self, sender: Sender, room_s: float) -> bytes | None:
        shape = None if sender.shape_known else sender.shape
        run = sender.take(self._fitting_bytes(room_s) - (_SHAPE_BYTES if shape else 0))
        if run is None:
            return None
        size = sender.shape.piece_bytes
        self._sent_pieces[sender.number] = self._sent_pieces.get(sender.number, 0) + len(run.data) // size
        # Zeros at the end of the last piece can be left out, as long as the number of pieces can still be told.
        shortest = len(run.data) - size + 1
        data = run.data[:shortest] + run.data[shortest:].rstrip(b"\0")
        return write_frame(Data(sender.number, run.block, run.first, data, shape))

    def _spare(self) -> None:
        """All that is needed is in this over: add spare frames if they are likely to save the next one."""
        sizes = {
            sender: self._payload_bytes // sender.shape.piece_bytes
            for sender in self.senders
            if sender.needed_pieces and sender.shape.piece_bytes <= self._payload_bytes
        }
        for sender, pieces_a_frame in sizes.items():
            sent = self._sent_pieces.get(sender.number, 0)
            frames = -(-sent // pieces_a_frame)
            repair_s = 2 * self._timing.turn_s + 2 * self._timing.frame_s(_DATA_HEAD_BYTES)
            size = min(sent, pieces_a_frame) * sender.shape.piece_bytes
            spare = spare_frames(frames, self._meter.loss, self._timing.frame_s(size), repair_s)
            sender.want_more(min(spare * pieces_a_frame, sent))


def batch_limit_bytes(timing: Timing) -> int:
    """For how many bytes a batch is planned on this link."""
    return min(_BATCH_BYTES, _BATCH_OVERS * timing.air_bytes(timing.over_s))


def build_over(
    lead: Hello | Ack, seeds: tuple[bytes, bytes], data: Sequence[bytes], timing: Timing, copies: int = 1
) -> Over:
    """Put an over together: `copies` of the lead, then the data; each frame told what is left behind it.

    Args:
        seeds: of the check of the leading frame, and of the data frames.
    """
    bodies = [write_frame(lead)] * copies + list(data)
    lengths_s = [timing.frame_s(len(body) + timing.check_bytes) for body in bodies]
    frames, left_s = [], sum(lengths_s)
    for place, (body, length_s) in enumerate(zip(bodies, lengths_s, strict=True)):
        left_s = max(0.0, left_s - length_s) if place < len(bodies) - 1 else 0.0
        seed = seeds[0] if place < copies else seeds[1]
        frames.append(append_check(set_left(body, timing.air_bytes(left_s)), seed, timing.check_bytes))
    return Over(tuple(frames), sum(lengths_s))

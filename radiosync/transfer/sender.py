"""The sending end of a transfer: which pieces go next, and what the receiver still needs.

Pieces of a block are sent in order of index and never twice: first the data pieces, then repair pieces, of which any will
do. Nothing needs to be named to be repaired. Only when all 255 indexes are used up does the count begin again at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from radiosync.wire.erasure import parity_piece
from radiosync.wire.shape import BLOCK_SYMBOLS, Shape


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces of one block with consecutive indexes, for one frame.

    Attributes:
        block: number of the block.
        first: index of the first piece.
        data: the pieces, one behind the other.
    """

    block: int
    first: int
    data: bytes


class Sender:
    """Sends one transfer.

    Attributes:
        number, shape: of the transfer.
        priority: class of its job, 0 is the most urgent.
        held: a person has put it on hold: nothing of it is wanted.
    """

    def __init__(
        self,
        number: int,
        data: bytes,
        shape: Shape,
        next_pieces: Sequence[int],
        *,
        priority: int = 2,
        states_shape: bool = False,
    ) -> None:
        """`states_shape`: the receiver may have pieces of another transfer of this number (protocol, section 6.6).

        Then the shape is stated in every frame, and reports that came before the first of them are about the other one.
        """
        self.number, self.shape, self.priority = number, shape, priority
        self.held = False
        self._shape_known, self._states_shape = False, states_shape
        padded = data.ljust(shape.total_bytes, b"\0")
        self._blocks: list[_Block] = []
        at = 0
        for size, next_piece in zip(shape.block_sizes, next_pieces, strict=True):
            end = at + size * shape.piece_bytes
            self._blocks.append(_Block(_split(padded[at:end], shape.piece_bytes), next_piece))
            at = end

    @property
    def next_pieces(self) -> tuple[int, ...]:
        """For each block the number of pieces taken so far; to be kept before they are keyed."""
        return tuple(block.taken for block in self._blocks)

    @property
    def shape_known(self) -> bool:
        """True once the receiver has shown that it knows the shape."""
        return self._shape_known and not self._states_shape

    @property
    def may_have_arrived(self) -> bool:
        """True if enough pieces of every block may have been on the air to rebuild it."""
        return all(block.taken >= len(block.pieces) for block in self._blocks)

    @property
    def wanted_pieces(self) -> int:
        """Pieces that should still be sent, as far as we know."""
        return 0 if self.held else sum(block.wanted for block in self._blocks)

    @property
    def needed_pieces(self) -> int:
        """Data pieces that the receiver has not confirmed."""
        return sum(block.needed for block in self._blocks)

    def take(self, limit_bytes: int) -> Run | None:
        """The next run of at most `limit_bytes`, from the block that wants most; None if nothing is wanted or fits."""
        number = max(range(len(self._blocks)), key=lambda at: self._blocks[at].wanted)
        return self._take(number, limit_bytes // self.shape.piece_bytes)

    def want_more(self, pieces: int) -> None:
        """Send that many repair pieces beyond what the receiver needs, shared among unfinished blocks."""
        open_blocks = [] if self.held else [block for block in self._blocks if block.needed]
        for place, block in enumerate(open_blocks):
            block.wanted += pieces // len(open_blocks) + (place < pieces % len(open_blocks))

    def state_shape(self) -> None:
        """Go on stating the shape: another receiver has not shown that it knows it."""
        self._shape_known = False

    def _take(self, number: int, limit_pieces: int) -> Run | None:
        block = self._blocks[number]
        first = block.taken % BLOCK_SYMBOLS
        count = min(limit_pieces, block.wanted, BLOCK_SYMBOLS - first)
        if count <= 0:
            return None
        block.taken += count
        block.wanted -= count
        return Run(number, first, b"".join(block.piece(first + step) for step in range(count)))

    def acknowledge(self, needs: Sequence[int], flying: Sequence[int] = ()) -> None:
        """The receiver needs that many more pieces of each block, all that was sent so far being counted, but for those of
        each block that are `flying`: they may arrive yet.

        An empty sequence means that it has never heard of the transfer. Another number of blocks means that it takes it for
        one of another shape, so it is told the shape again, and sent everything.
        """
        is_about_us = not self._states_shape or any(block.taken for block in self._blocks)
        self._shape_known = is_about_us and len(needs) == len(self._blocks)
        if not self._shape_known:
            needs = self.shape.block_sizes
        for block, need, coming in zip(self._blocks, needs, flying or (0,) * len(needs), strict=True):
            block.acknowledge(need, coming)


class _Block:
    """Sending state of a block.

    `taken` counts pieces ever handed out. After a restart all of them may have been keyed, so only the rest is wanted until
    the receiver has said what it has.
    """

    def __init__(self, pieces: list[bytes], taken: int) -> None:
        self.pieces, self.taken = pieces, taken
        self.needed = len(pieces)
        self.wanted = max(0, len(pieces) - taken)
        self._times = 1

    def acknowledge(self, need: int, flying: int) -> None:
        """The receiver needs that many more, some of which may be on their way.

        Once all indexes are used up, it may have what it is sent. Then twice as much follows what did not help.
        """
        need = min(need, len(self.pieces))
        is_futile = self.taken > BLOCK_SYMBOLS and need == self.needed and not flying
        self._times = min(2 * self._times, len(self.pieces)) if is_futile else 1
        self.needed = need
        self.wanted = max(0, min(need * self._times, len(self.pieces)) - flying)

    def piece(self, index: int) -> bytes:
        return self.pieces[index] if index < len(self.pieces) else parity_piece(self.pieces, index)


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]

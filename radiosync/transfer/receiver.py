"""The receiving end of a transfer: pieces in any order, any K of which rebuild a block of K."""

from collections.abc import Mapping, Sequence

from radiosync.errors import WireError
from radiosync.wire.erasure import CHECK_PIECES, rebuild, wrong_pieces
from radiosync.wire.shape import BLOCK_SYMBOLS, Shape


class Receiver:
    """Receives one transfer.

    Attributes:
        number, shape: of the transfer.
        doubted: a piece may be wrong in spite of every check, so more are needed, to see which.
        repeated_pieces: pieces that came although they were here already.
    """

    def __init__(self, number: int, shape: Shape, pieces: Sequence[Mapping[int, bytes]] = ()) -> None:
        self.number, self.shape = number, shape
        self.doubted = False
        self.repeated_pieces = 0
        self._blocks: list[dict[int, bytes]] = [dict(block) for block in pieces] or [
            {} for _ in shape.block_sizes
        ]

    def receive(self, block: int, first: int, data: bytes) -> dict[int, bytes]:
        """Take the pieces of one frame; return those that were new, by index. A last piece cut short ended in zeros.

        Raises WireError if the transfer has no such pieces.
        """
        size = self.shape.piece_bytes
        count = -(-len(data) // size)
        if block >= len(self._blocks) or first + count > BLOCK_SYMBOLS:
            raise WireError("a frame has pieces that its transfer does not have")
        padded = data.ljust(count * size, b"\0")
        pieces = {first + step: padded[step * size : (step + 1) * size] for step in range(count)}
        known = self._blocks[block]
        new = {index: piece for index, piece in pieces.items() if index not in known}
        self.repeated_pieces += count - len(new)
        known.update(new)
        return new

    @property
    def needs(self) -> tuple[int, ...]:
        """For each block how many more pieces it takes to rebuild it, and to check it if it is doubted."""
        sizes, more = self.shape.block_sizes, CHECK_PIECES if self.doubted else 0
        return tuple(
            max(0, size + more - len(block)) for size, block in zip(sizes, self._blocks, strict=True)
        )

    @property
    def complete(self) -> bool:
        """True when everything can be rebuilt."""
        return not any(self.needs)

    @property
    def is_empty(self) -> bool:
        """True if no piece is here."""
        return not any(self._blocks)

    def mend(self) -> dict[int, frozenset[int]]:
        """Forget the pieces that do not fit the others of their block, and return them: by block, none if all fit.

        A block of which more than one piece must be wrong is forgotten whole. The transfer must be doubted and complete; it
        is not doubted any more.
        """
        self.doubted = False
        sizes = self.shape.block_sizes
        found = [wrong_pieces(block, size) for block, size in zip(self._blocks, sizes, strict=True)]
        for block, wrong in zip(self._blocks, found, strict=True):
            for index in wrong:
                del block[index]
        return {number: wrong for number, wrong in enumerate(found) if wrong}

    def data(self) -> bytes:
        """The padded bytes of the batch. The transfer must be complete."""
        rebuilt = (
            rebuild(block, size) for block, size in zip(self._blocks, self.shape.block_sizes, strict=True)
        )
        return b"".join(piece for block in rebuilt for piece in block)

"""How a transfer is cut: equal pieces, and blocks of pieces that are repaired together (protocol, section 6).

Piece size is fixed when the batch is sealed and never changes, whatever link the transfer moves to. It is taken from a
table of 16 sizes so that it fits four bits on air.
"""

from dataclasses import dataclass

from radiosync.limits import BLOCK_PIECES, TRANSFER_PIECES

PIECE_SIZES = (8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 160, 192)
"""Piece sizes in bytes, by their code on air."""

BLOCK_SYMBOLS = 255
"""Indexes that a block's pieces can have: data pieces first, then repair pieces. Index 255 stays free."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Number and size of a transfer's pieces.

    Attributes:
        pieces: data pieces in all blocks together, at least 1.
        size_code: index into `PIECE_SIZES`.
    """

    pieces: int
    size_code: int

    def __post_init__(self) -> None:
        if not 1 <= self.pieces <= TRANSFER_PIECES:
            raise ValueError(f"a transfer has 1 to {TRANSFER_PIECES} pieces, not {self.pieces}")
        if not 0 <= self.size_code < len(PIECE_SIZES):
            raise ValueError(f"there is no piece size with code {self.size_code}")

    @property
    def piece_bytes(self) -> int:
        """Size of every piece."""
        return PIECE_SIZES[self.size_code]

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """Data pieces of each block: as few blocks as possible, as equal as possible, the larger ones first."""
        count = -(-self.pieces // BLOCK_PIECES)
        base, larger = divmod(self.pieces, count)
        return (base + 1,) * larger + (base,) * (count - larger)

    @property
    def total_bytes(self) -> int:
        """Bytes that all data pieces hold; the batch is padded with zeros to this length."""
        return self.pieces * self.piece_bytes


def choose_shape(data_bytes: int) -> Shape:
    """Shape for a batch of that many bytes.

    Small pieces waste less at the end and in a lost frame; many pieces cost more to rebuild. So a piece is a sixteenth of
    the batch or 40 bytes, whichever is less, until that makes more pieces than a transfer can have.
    """
    for code, size in enumerate(PIECE_SIZES):
        pieces = max(1, -(-data_bytes // size))
        if pieces <= TRANSFER_PIECES and (size * 16 >= data_bytes or size >= 40):
            return Shape(pieces, code)
    raise ValueError(f"a batch of {data_bytes} bytes is longer than a transfer can be")

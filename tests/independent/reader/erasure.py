"""Shapes, blocks and pieces of transfers (protocol, 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.independent.reader.basics import refuse_unless
from tests.independent.reader.galois import inverse, times

PIECE_BYTES = (8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 160, 192)
BLOCK_PIECES = 128
ALL_PIECES = 255

Pieces = dict[int, bytes]


@dataclass(frozen=True)
class Shape:
    """Number and size of data pieces (protocol, 6.1)."""

    pieces: int
    size: int

    def blocks(self) -> list[int]:
        """Data pieces of each block (protocol, 6.2)."""
        count = -(-self.pieces // BLOCK_PIECES)
        return [self.pieces // count + (place < self.pieces % count) for place in range(count)]


def read_shape(number: int) -> Shape:
    """A shape as data frames state it (protocol, 5.4)."""
    return Shape(number // 16 + 1, PIECE_BYTES[number % 16])


def _add(row: list[int], factor: int, other: list[int]) -> list[int]:
    return [a ^ times(factor, b) for a, b in zip(row, other, strict=True)]


def repair_piece(data: Mapping[int, bytes], index: int) -> bytes:
    """The repair piece with this index, or the part of it that some data pieces make (protocol, 6.4)."""
    size = len(next(iter(data.values())))
    total = [0] * size
    for place, piece in data.items():
        total = _add(total, inverse(index ^ place), list(piece))
    return bytes(total)


def rebuild(pieces: Mapping[int, bytes], count: int) -> Pieces:
    """The data pieces of a block, of any so many of its pieces (protocol, 6.4)."""
    data = {index: piece for index, piece in pieces.items() if index < count}
    missing = [index for index in range(count) if index not in data]
    rows = []
    for index in [i for i in pieces if i >= count][: len(missing)]:
        known = repair_piece(data, index) if data else bytes(len(pieces[index]))
        unknown = [a ^ b for a, b in zip(pieces[index], known, strict=True)]
        rows.append([inverse(index ^ place) for place in missing] + unknown)
    for column in range(len(missing)):
        pivot = next(row for row in rows[column:] if row[column])
        rows.remove(pivot)
        rows.insert(column, [times(inverse(pivot[column]), value) for value in pivot])
        for place, row in enumerate(rows):
            if place != column:
                rows[place] = _add(row, row[column], rows[column])
    data |= {index: bytes(row[len(missing) :]) for index, row in zip(missing, rows, strict=True)}
    return dict(sorted(data.items()))


@dataclass
class Transfer:
    """What has been heard of a transfer (protocol, 6.3)."""

    shape: Shape
    blocks: list[Pieces] = field(init=False)

    def __post_init__(self) -> None:
        self.blocks = [{} for _ in self.shape.blocks()]

    def add(self, block: int, first: int, content: bytes) -> None:
        """Take the pieces of a data frame (protocol, 5.4)."""
        for index, piece in self.divide(block, first, content).items():
            if len(self.blocks[block]) < self.shape.blocks()[block]:
                self.blocks[block].setdefault(index, piece)

    def divide(self, block: int, first: int, content: bytes) -> Pieces:
        """Pieces with consecutive indexes, the last one filled up with zeros (protocol, 5.4)."""
        size = self.shape.size
        count = -(-len(content) // size)
        refuse_unless(block < len(self.blocks) and first + count <= ALL_PIECES, "no such piece")
        content = content.ljust(count * size, b"\0")
        return {first + place: content[place * size : (place + 1) * size] for place in range(count)}

    def is_whole(self) -> bool:
        """Whether all blocks can be rebuilt (protocol, 6.5)."""
        return all(len(got) >= need for got, need in zip(self.blocks, self.shape.blocks(), strict=True))

    def content(self) -> bytes:
        """The sealed batch with its padding (protocol, 6.5)."""
        wholes = map(rebuild, self.blocks, self.shape.blocks())
        return b"".join(piece for whole in wholes for piece in whole.values())

    def agrees(self, block: int, first: int, content: bytes) -> bool:
        """Whether pieces are those of this transfer, all of which is known."""
        whole = rebuild(self.blocks[block], self.shape.blocks()[block]) if block < len(self.blocks) else {}
        pieces = self.divide(block, first, content).items()
        return all((whole[i] if i in whole else repair_piece(whole, i)) == piece for i, piece in pieces)

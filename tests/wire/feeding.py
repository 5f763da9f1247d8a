"""Ways to hand the same bytes to a decoder: whole, byte by byte, cut at random."""

from collections.abc import Iterator
from random import Random


def ways(data: bytes, random: Random) -> Iterator[list[bytes]]:
    """Yield lists of chunks that all join to `data`."""
    yield [data]
    yield [bytes([byte]) for byte in data]
    for longest in (3, 40, 700):
        chunks, at = [], 0
        while at < len(data):
            size = random.randint(0, longest)
            chunks.append(data[at : at + size])
            at += size
        yield chunks

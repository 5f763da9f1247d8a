"""How fast the codes of `radiosync.wire` are, and how much damage they carry. Takes a minute.

    python tests/benchmarks/bench_codes.py

Prints megabytes of payload per second on one core, then what share of frames a transparent modem delivers
at several bit error rates. Speeds vary with the machine by a factor; shares are those of fixed seeds.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from radiosync.errors import WireError
from radiosync.wire.erasure import parity_piece, rebuild
from radiosync.wire.reedsolomon import decode_block, encode_block
from radiosync.wire.stream import PREFIX_BYTES, STRENGTHS, StreamDecoder, encode_stream, stream_bytes

BIT_ERROR_RATES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
FADES = (1e-4, 5.0, 3e-2, 0.2)
"""Bit error rate and mean seconds of the good state, then of the bad one: the scenario stream-2400."""
BIT_RATE = 2400


def show(line: str = "") -> None:
    sys.stdout.write(line + "\n")


def speed(work: Callable[[], object], payload_bytes: int) -> str:
    """Run `work` for 0.3 s and return its speed."""
    work()
    runs, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < 0.3:
        work()
        runs += 1
    return f"{payload_bytes * runs / elapsed / 1e6:7.3f} MB/s"


def flip(data: bytes, places: Sequence[int]) -> bytes:
    damaged = bytearray(data)
    for place in places:
        damaged[place // 8] ^= 0x80 >> place % 8
    return bytes(damaged)


def wrong_bits(start: int, end: int, bit_error_rate: float, random: Random) -> list[int]:
    places, at = [], start + int(random.expovariate(bit_error_rate))
    while at < end:
        places.append(at)
        at += 1 + int(random.expovariate(bit_error_rate))
    return places


def faded_bits(bits: int, random: Random) -> list[int]:
    """Wrong bits of a channel that changes between a good and a bad state."""
    places, at, bad = [], 0, False
    while at < bits:
        rate, dwell_s = FADES[2:] if bad else FADES[:2]
        end = min(bits, at + 1 + int(random.expovariate(1 / dwell_s) * BIT_RATE))
        places += wrong_bits(at, end, rate, random)
        at, bad = end, not bad
    return places


def bench_erasure(random: Random) -> None:
    show("erasure code               parity of all      rebuild")
    for count, parity, size in ((20, 6, 128), (20, 6, 1024), (100, 20, 128), (128, 32, 32), (128, 127, 32)):
        data = [random.randbytes(size) for _ in range(count)]
        repair = {i: parity_piece(data, i) for i in range(count, count + parity)}
        lost = random.sample(range(count), min(parity, count))
        pieces = {i: piece for i, piece in enumerate(data) if i not in lost} | repair
        encoding = speed(partial(all_parity, data, repair), count * size)
        rebuilding = speed(partial(rebuild, pieces, count), count * size)
        show(f"  K={count:3} +{parity:3} of {size:4} B     {encoding}   {rebuilding}")


def bench_reedsolomon(random: Random) -> None:
    show(
        "Reed-Solomon, 255 bytes        encode   decode clean     half the errors    all it repairs      too many"
    )
    for parity in STRENGTHS[1:]:
        data = random.randbytes(255 - parity)
        block = encode_block(data, parity)
        damaged = {wrong: bytearray(block) for wrong in (0, parity // 4, parity // 2, parity)}
        for wrong, copy in damaged.items():
            for place in random.sample(range(255), wrong):
                copy[place] ^= random.randint(1, 255)
        figures = [speed(partial(encode_block, data, parity), len(data))]
        for copy in damaged.values():
            figures.append(speed(partial(attempt, bytes(copy), parity), len(data)))
        show(f"  {parity:2} parity bytes      " + "     ".join(figures))


def all_parity(data: list[bytes], indexes: Iterable[int]) -> None:
    for index in indexes:
        parity_piece(data, index)


def attempt(block: bytes, parity: int) -> None:
    try:
        decode_block(block, parity)
    except WireError:
        return  # only time counts here


def search(data: bytes) -> None:
    StreamDecoder().receive(data)


def bench_stream(random: Random) -> None:
    noise = random.randbytes(20_000)
    show(f"stream decoder, searching noise: {speed(partial(search, noise), len(noise))}")
    for strength in (0, 3, 7):
        payload = random.randbytes(1000)
        wire = encode_stream(payload, strength)
        encoding = speed(partial(encode_stream, payload, strength), 1000)
        decoding = speed(partial(search, wire), 1000)
        show(f"stream frames of 1000 B, strength {strength}: encode {encoding}, decode {decoding}")


def bench_prefix(random: Random) -> None:
    count = 100_000
    show(f"sync word and header lost, of {count} at a uniform bit error rate")
    prefix = encode_stream(b"x", 0)[:PREFIX_BYTES]
    for rate in BIT_ERROR_RATES:
        damaged = flip(prefix * count, wrong_bits(0, count * PREFIX_BYTES * 8, rate, random))
        decoder = StreamDecoder()
        heard = sum(
            len(decoder.receive(damaged[at : at + PREFIX_BYTES] + b"x"))
            for at in range(0, len(damaged), PREFIX_BYTES)
        )
        show(f"  {rate:g}: {count - heard}")


def bench_delivery(random: Random) -> None:
    show("payload delivered / bytes on air, by payload size and strength (best marked)")
    channels = [(f"{rate:g}", rate) for rate in BIT_ERROR_RATES[:4]] + [("fades of stream-2400", None)]
    for name, rate in channels:
        shares = {
            (size, strength): delivered_share(size, strength, rate, random)
            for size in (256, 1023, 4095)
            for strength in range(len(STRENGTHS))
        }
        best = max(shares.values())
        show(f"  {name}")
        for size in (256, 1023, 4095):
            row = [shares[size, strength] for strength in range(len(STRENGTHS))]
            show(
                f"    {size:4} B  "
                + "  ".join(f"{share:.3f}{'*' if share == best else ' '}" for share in row)
            )


def delivered_share(size: int, strength: int, rate: float | None, random: Random) -> float:
    """Return the share of the bytes on air that is payload delivered as sent."""
    count = max(10, (24_000 if rate else 150_000) // size)
    payload = random.randbytes(size)
    wire = encode_stream(payload, strength) * count
    places = faded_bits(len(wire) * 8, random) if rate is None else wrong_bits(0, len(wire) * 8, rate, random)
    frames = StreamDecoder().receive(flip(wire, places))
    return sum(frame.payload == payload for frame in frames) * size / (count * stream_bytes(size, strength))


def main() -> None:
    random = Random(1)
    for bench in (bench_erasure, bench_reedsolomon, bench_stream, bench_prefix, bench_delivery):
        bench(random)
        show()


if __name__ == "__main__":
    main()

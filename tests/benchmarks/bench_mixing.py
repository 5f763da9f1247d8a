"""How fast the compact codec's model is, and what its state weighs. Takes half a minute.

    python tests/benchmarks/bench_mixing.py [changes.jsonl.gz]

Codes the texts and numbers of a stream of changes, in contacts of 20 edits, with a state that lives on; without a file,
made-up symbols. Prints time a decision for both directions, the worst contact, and what it takes to copy, store and load the
state. Layout and memory of the codec are left out, so that bytes here say little: `radiosync bench` measures those.
"""

import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import zstandard

from radiosync.wire.arithmetic import BitWriter
from radiosync.wire.mixing import MixingReader, MixingWriter
from radiosync.wire.statistics import Statistics
from tests.wire.symbols import Symbol, code, random_symbols

CONTACT_EDITS = 20
CONTACTS = 100


def show(line: str = "") -> None:
    sys.stdout.write(line + "\n")


def contacts(path: Path) -> Iterator[list[Symbol]]:
    """Values that are new, those of 20 edits at a time."""
    held: dict[tuple[str, str], str] = {}
    places: dict[str, int] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        edits = [json.loads(line, parse_int=str, parse_float=str) for line in lines]
    for at in range(0, len(edits), CONTACT_EDITS):
        script = []
        for edit in edits[at : at + CONTACT_EDITS]:
            for name, value in edit.get("fields", {}).items():
                old = held.get((edit["uuid"], name), "")
                if isinstance(value, str) and value != old:
                    place = places.setdefault(name, len(places))
                    script.append(symbol(place, value, old))
                    held[edit["uuid"], name] = value
        yield script


def symbol(place: int, value: str, old: str) -> Symbol:
    digits = value.replace(".", "", 1)
    if digits.isdecimal() and digits.isascii() and len(digits) < 19:
        return Symbol("number", 0, place, int(digits), contexts=(crc32(old.encode()),))
    return Symbol("text", 1, place, value.encode(), old=old.encode()[:40])


class CountingWriter(BitWriter):
    """Counts steps."""

    steps = 0

    def work(self, steps: int) -> None:
        """Count them."""
        self.steps += steps


def steps_of(script: list[Symbol], statistics: Statistics) -> int:
    """Decisions and copied bytes. Teaches nothing to `statistics`."""
    writer = MixingWriter(statistics.copy())
    counter = CountingWriter()
    writer._bits = writer._symbols._bits = writer._texts._bits = counter
    code(writer, script)
    return counter.steps


def bench_coding(scripts: list[list[Symbol]]) -> Statistics:
    ours, theirs = Statistics(), Statistics()
    steps, total_bytes, writing_s, reading_s, worst_s = 0, 0, 0.0, 0.0, 0.0
    for script in scripts:
        steps += steps_of(script, ours)
        started = time.process_time()
        writer = MixingWriter(ours)
        code(writer, script)
        data = writer.finish()
        written = time.process_time()
        code(MixingReader(theirs, data), script)
        reading_s += time.process_time() - written
        writing_s += written - started
        worst_s = max(worst_s, written - started)
        total_bytes += len(data)
    show(f"{len(scripts)} contacts, {steps} steps, {total_bytes} bytes; states equal: {ours == theirs}")
    show(f"  writing {writing_s / steps * 1e6:.2f} us a step, reading {reading_s / steps * 1e6:.2f}")
    show(f"  writing {writing_s / len(scripts) * 1e3:.0f} ms a contact, {worst_s * 1e3:.0f} ms the worst")
    return ours


def bench_state(statistics: Statistics) -> None:
    data = statistics.to_bytes()
    packed = len(zstandard.compress(data, 3))
    show(f"state: {len(data)} bytes, {packed} with zstd -3")
    for name, work in (
        ("copy", statistics.copy),
        ("to bytes", statistics.to_bytes),
        ("from bytes", lambda: Statistics.from_bytes(data)),
    ):
        started = time.process_time()
        for _ in range(20):
            work()
        show(f"  {name:10} {(time.process_time() - started) / 20 * 1e3:5.1f} ms")


def main() -> None:
    if len(sys.argv) > 1:
        scripts = [script for script, _ in zip(contacts(Path(sys.argv[1])), range(CONTACTS), strict=False)]
    else:
        random = Random(1)
        scripts = [random_symbols(random, 200) for _ in range(CONTACTS)]
    bench_state(bench_coding(scripts))


if __name__ == "__main__":
    main()

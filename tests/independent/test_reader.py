"""The independent reader against stored contacts and the examples of the specification."""

import ast
import json
import random
import re
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.independent.reader.basics import RefusedError, blake, uvarint
from tests.independent.reader.batches import STORED, Receiver, open_batch
from tests.independent.reader.changes import (
    Change,
    Grave,
    Number,
    Origin,
    Record,
    Stamp,
    Value,
    Write,
    plain_change,
)
from tests.independent.reader.checks import Contact, Side, take_off
from tests.independent.reader.columns import ColumnReader
from tests.independent.reader.context import Context, Names
from tests.independent.reader.erasure import PIECE_BYTES, Shape, Transfer, rebuild, repair_piece
from tests.independent.reader.frames import ACK, CALL, HELLO, ROUND, Data, Leading, Report, read_frame
from tests.independent.reader.framing import Stream, deframer, read_header
from tests.independent.reader.layout import Known, LayoutReader
from tests.independent.reader.listener import Listener, Traffic
from tests.independent.reader.memory import Memory
from tests.independent.reader.mixing import Arithmetic, CompactReader, empty_model
from tests.independent.reader.plain import columns, plain_form
from tests.independent.reader.primer import PRIMER
from tests.independent.reader.statistics import FIRST_CHANCES, NEXT, SQUASH, STATES, STRETCH

VECTORS = Path(__file__).parents[1] / "vectors"
DOCS = Path(__file__).parents[2] / "docs"
CONTACTS = ["lora-compact", "stream-compact", "stream-fast", "tnc-compact"]
FRAMES = json.loads((VECTORS / "frames-v1.json").read_text())
NOBODY = Receiver(0, 0, ())
FIELD, BASE = bytes.fromhex("5f1c7a90e2b4d836"), bytes.fromhex("3f2a9c0d11e45b78")


# The examples of the documents


def blocks(page: str, heading: str) -> list[str]:
    """The blocks of text in a section of a document."""
    text = (DOCS / page).read_text()
    section = text[text.index(f"\n{heading}") :]
    end = re.search(rf"\n#{{1,{heading.index(' ')}}} ", section[1:])
    return re.findall(r"```text\n(.*?)```", section[: end.start() + 1 if end else None], re.DOTALL)


def hexadecimal(block: str) -> bytes:
    """The bytes that a block shows, without what it says of them."""
    return b"".join(bytes.fromhex(re.split("  +", line)[0]) for line in block.splitlines())


EXAMPLES = [hexadecimal(block) for block in blocks("protocol.md", "## 11.")]
FIRST, DATA, EXAMPLE_PACKED, REPLY, BYE, SECOND, LAST_BYE, IN_AX25, IN_KISS, IN_STREAM, REPORT = EXAMPLES
(EXAMPLE_COMPACT,) = map(hexadecimal, blocks("compact-codec.md", "## C9."))
EXAMPLE_STRING = DATA[12:43]
EXAMPLE = [(0, FIRST), (0, DATA), (1, REPLY), (0, BYE), (0, SECOND), (1, LAST_BYE)]


def kiss(frame: bytes) -> bytes:
    escaped = frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0\0" + escaped + b"\xc0"


def example_change() -> Change:
    stamp = Stamp(1762150000000 * 65536, Origin(FIELD, 1), 1)
    writes = {"beds": (Write(stamp, Number("40"), {}),), "name": (Write(stamp, "Mill Pond", {}),)}
    return Change(Record("shelter", bytes.fromhex("c0ffee00000040008000000000000001")), 0, {}, writes, None)


def test_the_primer_is_that_of_the_document() -> None:
    assert [block.splitlines() for block in blocks("protocol.md", "### 7.10 ")] == [PRIMER]


def test_example_of_the_protocol() -> None:
    listener = Listener("bare KISS", [(FIELD, 1), (BASE, 2)])
    opened = [o for station, frame in EXAMPLE for o in listener.hear(station, kiss(frame))]
    assert not listener.unread
    assert len(listener.frames) == len(EXAMPLE)
    assert [(o.station, o.number, o.epoch) for o in opened] == [(0, 1, 0), (0, 2, 0)]
    assert opened[0].changes == [example_change()]
    (second,) = opened[1].changes
    assert second.writes["beds"][0].value == Number("41")
    assert set(second.writes) == {"beds"}
    said = {"sealed": 2, "through": 3}
    assert read_frame(REPORT) == Leading(ACK, 13, 2048, said, Report(0, 1024, ((3, 0), ())), None)


def test_contexts_of_the_example() -> None:
    names = Names((Origin(FIELD, 1),), ("shelter",), (("shelter", "beds"), ("shelter", "name")))
    plain = plain_form(EXAMPLE_PACKED, EXAMPLE_STRING)
    first = Context().grown(names, (example_change().record,), plain)
    assert blake(4, bytes(4), plain) == DATA[7:11]
    assert first.digest == REPLY[23:27]
    second = first.grown(Names(), (), plain_form(SECOND[-16:-4], SECOND[-21:-17]))
    assert second.digest.hex() == "b21fdc95"


def test_a_frame_in_each_framing() -> None:
    assert deframer("KISS and AX.25").feed(IN_AX25) == [BYE]
    assert deframer("bare KISS").feed(IN_KISS) == [BYE]
    assert Stream().feed(IN_STREAM) == [IN_STREAM[7:15]]


def test_tables_of_the_compact_codec_have_their_digests() -> None:
    def pairs(numbers: list[int]) -> bytes:
        return b"".join((number & 0xFFFF).to_bytes(2, "big") for number in numbers)

    tables = [b"".join(map(bytes, STATES)), *NEXT, pairs(FIRST_CHANCES), pairs(SQUASH), pairs(STRETCH)]
    document = (DOCS / "compact-codec.md").read_text()
    assert [f"`{blake(8, table).hex()}`" for table in tables] == re.findall(r"`[0-9a-f]{16}`", document)


def test_example_of_the_compact_codec() -> None:
    reader = CompactReader(empty_model().statistics, Arithmetic(EXAMPLE_COMPACT))
    layout = LayoutReader(reader, Known(Names(), ())).read()
    assert layout.changes == [example_change()]
    assert columns(layout.changes, layout.names, Names(), ()) == (EXAMPLE_PACKED, EXAMPLE_STRING)


# Stored contacts and frames


@pytest.mark.parametrize("name", CONTACTS)
def test_stored_contacts_are_read(name: str) -> None:
    """Each batch once, and nothing else of what the partner says that it has applied."""
    contact = json.loads((VECTORS / f"contacts-{name}.json").read_text())
    stations = [(bytes.fromhex(s["identity"]), s["incarnation"]) for s in contact["stations"]]
    listener = Listener(contact["framing"], stations)
    sent = [(station, bytes.fromhex(data)) for station, data in contact["sent"]]
    opened = [o for station, data in sent for o in listener.hear(station, data)]
    assert {why for _, _, why in listener.unread} <= {"a hello of version 0"}
    leads = [frame for _, frame in listener.frames if isinstance(frame, Leading)]
    assert any(frame.said.get("begins") for frame in leads), "an epoch that goes on from an earlier one"
    read: dict[tuple[int, int], list[Any]] = defaultdict(list)
    stored: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for o in opened:
        if o.number <= listener.applied.get((o.station, o.epoch), 0):
            read[o.station, o.number].append([plain_change(change) for change in o.changes])
    for batch in contact["batches"]:
        stored[batch["from"], batch["number"]].append(batch["changes"])
    assert read == stored


def test_what_is_heard_again_is_not_opened_again() -> None:
    listener = Listener("bare KISS", [(FIELD, 1), (BASE, 2)])
    opened = [len(listener.hear(station, kiss(frame))) for station, frame in EXAMPLE * 2]
    assert opened == [0, 1, 0, 0, 1, 0] + [0] * 6


def test_stored_frames_are_read() -> None:
    kinds = {"call": CALL, "acknowledgement": ACK, "bye": ACK, "round": ROUND, "end": ROUND}
    frames = {stored["name"]: read_frame(bytes.fromhex(stored["hex"])) for stored in FRAMES}
    for stored in FRAMES:
        frame, word = frames[stored["name"]], stored["name"].split()[0]
        assert frame.left == stored["left"]
        assert (word == "data") == isinstance(frame, Data)
        assert isinstance(frame, Data) or frame.kind == kinds.get(word, HELLO)
    full = Report(4096, 72, ((), (3, 0, 200), None, (1,)))
    call, hello = frames["call with all that it can say"], frames["hello with data behind it"]
    assert isinstance(call, Leading)
    assert call.report == full
    assert call.data == Data(1024, 7, Shape(16, 16), 1, 2, b"piece")
    assert isinstance(hello, Leading)
    assert hello.report == full
    assert hello.said["sealed"] == 0x1234
    assert frames["data with the largest shape"] == Data(102400, 4, Shape(4096, 192), 31, 127, b"\0")
    said = {
        "contact": 258,
        "incarnation": 0xDEADBEEF,
        "epoch": 3,
        "sealed": 0x1234,
        "over": 7,
        "turns": 2,
    }
    assert frames["round"] == Leading(ROUND, 3, 1024, said, Report(), None, (0xABCD, 0x0102))


def with_errors(frame: bytes, errors: dict[int, int]) -> bytes:
    return bytes(byte ^ errors.get(place, 0) for place, byte in enumerate(frame))


def test_a_stream_frame_is_repaired() -> None:
    errors = {0: 1, 2: 3, 3: 0x80, 5: 0x11} | {place: place * 7 & 255 for place in range(9, 17)}
    damaged = with_errors(IN_STREAM, errors)
    for noise in (b"", b"\x94\x82\x7f", b"\x94\x82" * 3):
        stream = Stream()
        frames = [f for byte in noise + damaged for f in stream.feed(bytes([byte]))]
        assert IN_STREAM[7:15] in frames
    assert Stream().feed(with_errors(damaged, {7: 1})) == []
    with pytest.raises(RefusedError):
        read_header(bytes.fromhex("0f864aaf"))


def test_any_pieces_rebuild_a_block() -> None:
    lots = random.Random(6)
    for count in (1, 2, 5, 12):
        data = {place: lots.randbytes(8) for place in range(count)}
        pieces = data | {index: repair_piece(data, index) for index in (count, count + 3, 128, 254)}
        for _ in range(4):
            some = dict(lots.sample(sorted(pieces.items()), count))
            assert rebuild(some, count) == data


def test_checks_bind_to_their_seed() -> None:
    assert take_off(FIRST, 2, b"call" + BASE) == FIRST[:-2]
    assert take_off(FIRST, 2, b"call" + FIELD) is None


# What the stored contacts do not hold


def rich_changes() -> list[Change]:
    """Siblings, graves, further stamps, several authors, a record again, all kinds of values."""
    a, b, c = (Origin(bytes([n]) * 8, n) for n in (1, 2, 3))
    base = 1762150000000 * 65536
    values: list[Value | None] = ["text", True, False, None, Number("-0"), Number("1e5"), Number("0.50")]
    values += ["2025-11-03T06:06:40.250-07:00", "0001-01-01", "9999-12-31 23:59:59+15:45", "2025-13-01"]
    fields = [(Write(Stamp(base + 7 * n, b, 9 + n % 3), v, {a: n}),) for n, v in enumerate(values)]
    siblings = (
        Write(Stamp(base + 5, c, 3), "2025-11-03", {}),
        Write(Stamp(base, a, 70), Number("7"), {b: 2}),
    )
    writes: dict[str, tuple[Write, ...]] = {f"field {n}": field for n, field in enumerate(fields)}
    writes["field 3"] += siblings
    first = Record("table", bytes(16))
    grave = Grave(Stamp(base + 1, c, 4), {a: 3, b: 0})
    return [
        Change(first, 2, {a: 5}, writes, None),
        Change(Record("other", b"\x90" * 16), 0, {}, {}, Grave(Stamp(base + 99, a, 71), {})),
        Change(first, 2, {a: 5}, {"field 1": (Write(Stamp(base + 70, a, 72), "x\0y\1", {}),)}, grave),
    ]


def names_of(changes: list[Change]) -> Names:
    tables = sorted({change.record.table for change in changes})
    fields = sorted({(change.record.table, name) for change in changes for name in change.writes})
    return Names(tuple(Origin(bytes([n]) * 8, n) for n in (3, 2, 1)), tuple(tables), tuple(fields))


def test_all_kinds_of_changes_come_back() -> None:
    changes = rich_changes()
    packed, string = columns(changes, names_of(changes), Names(), ())
    layout = LayoutReader(ColumnReader(packed, string), Known(Names(), ())).read()
    assert layout.changes == changes
    assert columns(layout.changes, layout.names, Names(), ()) == (packed, string)
    memory = Memory()
    memory.learn(changes)
    assert [(known.alive, known.life) for known in memory.records.values()] == [(False, 0), (True, 2)]


def digest_of(context: Context, packed: bytes, string: bytes) -> bytes:
    return blake(4, context.digest, plain_form(packed, string))


EMPTY = Context()


def sealed(changes: list[Change], context: Context = EMPTY) -> bytes:
    packed, string = columns(changes, names_of(changes), context.names, context.aliases)
    digest = digest_of(context, packed, string)
    return bytes([STORED + 16]) + digest + uvarint(len(string)) + string + uvarint(len(packed)) + packed


def data_frames(batch: bytes, size: int) -> Iterator[Data]:
    shape = Shape(-(-len(batch) // size), size)
    for place, (start, end) in enumerate(pairwise(range(0, len(batch) + size, size))):
        yield Data(0, 1, shape, 0, place, batch[start:end].rstrip(b"\0") or b"\0")


def test_a_transfer_that_is_sealed_anew_is_opened_again() -> None:
    traffic = Traffic()
    for size, changes in ((16, rich_changes()), (40, rich_changes()[:1])):
        numbers = [traffic.take(data) for data in data_frames(sealed(changes), size)]
        assert numbers[-1] == 1
        assert not any(numbers[:-1])
        batch = traffic.open(1, NOBODY)
        assert batch.changes == changes
        assert traffic.contexts[1:] == [Context().grown(batch.new_names, batch.new_records, batch.plain)]


def checked(seed: bytes, frame: bytes) -> bytes:
    return kiss(frame + zlib.crc32(seed + frame).to_bytes(4, "big")[:2])


@pytest.mark.parametrize(("begins", "number"), [(0, 1), (1, 2), (2, 1)])
def test_a_new_epoch_begins_where_it_says_or_with_nothing(begins: int, number: int) -> None:
    """In the epoch before, transfer 1 has come. The batch is the same for an empty context, so it has to say a new one."""
    listener = Listener("bare KISS", [(FIELD, 1), (BASE, 2)])
    for station, frame in EXAMPLE[:4]:
        listener.hear(station, kiss(frame))
    hello = bytes.fromhex(f"0000013f2a9c0d5f1c7a90000000010003010001000000000000000100000000{begins:08x}")
    traffic = Traffic(0, [Context()]) if number == 1 else listener.traffic(0)
    batch = sealed(rich_changes(), traffic.contexts[number - 1])
    data = bytes([0xE4 + 4 * (number - 1), 0, 0, 0, 0, (len(batch) + 191) // 192 * 16 - 1]) + batch
    contact = Contact(FIELD, BASE, 3)
    assert not listener.hear(0, checked(b"call" + BASE, hello))
    (opened,) = listener.hear(0, checked(contact.seed(FIELD) + Side(1, 1).seed(), data))
    assert (opened.epoch, opened.number, opened.changes) == (1, number, rich_changes())


# What must be refused


def damaged(data: bytes, lots: random.Random, count: int) -> Iterator[bytes]:
    for _ in range(count):
        place = lots.randrange(len(data))
        yield data[:place]
        yield with_errors(data, {place: lots.randrange(1, 256)})


def read_columns(packed: bytes, string: bytes) -> None:
    LayoutReader(ColumnReader(packed, string), Known(Names(), ())).read()


def read_compact(body: bytes) -> None:
    LayoutReader(CompactReader(empty_model().statistics, Arithmetic(body)), Known(Names(), ())).read()


def test_damage_raises_nothing_but_refused() -> None:
    lots = random.Random(1)
    packed, string = columns(rich_changes(), names_of(rich_changes()), Names(), ())
    readers: list[tuple[Callable[[bytes], object], bytes, int]] = [
        *((read_frame, bytes.fromhex(stored["hex"]), 60) for stored in FRAMES),
        (lambda data: read_columns(data, string), packed, 150),
        (lambda data: read_columns(packed, data), string, 100),
        (read_compact, EXAMPLE_COMPACT, 6),
    ]
    for read, data, count in readers:
        for other in damaged(data, lots, count):
            with suppress(RefusedError):
                read(other)


def test_damaged_bytes_of_modems_do_no_harm() -> None:
    lots = random.Random(2)
    for framing in ("bare KISS", "KISS and AX.25", "stream"):
        listener = Listener(framing, [(FIELD, 1), (BASE, 2)])
        for station, frame in [*((s, kiss(f)) for s, f in EXAMPLE), (0, IN_AX25), (0, IN_STREAM)]:
            for data in damaged(frame, lots, 20):
                listener.hear(station, data)


def test_damaged_batches_are_refused() -> None:
    lots = random.Random(3)
    compact = bytes([0x14]) + digest_of(Context(), EXAMPLE_PACKED, EXAMPLE_STRING) + EXAMPLE_COMPACT
    assert open_batch(1, compact, [Context()], {}, NOBODY).changes == [example_change()]
    for batch, count in ((sealed(rich_changes()), 150), (DATA[6:-2], 60), (compact, 6)):
        for data in damaged(batch, lots, count):
            if data.rstrip(b"\0") != batch.rstrip(b"\0"):
                with pytest.raises(RefusedError):
                    open_batch(1, data, [Context()], {}, NOBODY)


def test_pieces_that_do_not_exist_are_refused() -> None:
    transfer = Transfer(Shape(3, PIECE_BYTES[0]))
    for block, first, content in ((1, 0, b"x"), (0, 255, b"x"), (0, 254, bytes(9))):
        with pytest.raises(RefusedError):
            transfer.add(block, first, content)


def test_the_reader_is_independent() -> None:
    own, allowed = "tests.independent.reader", {*sys.stdlib_module_names, "zstandard"}
    for path in (Path(__file__).parent / "reader").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            assert all(n == own or n.startswith(own + ".") or n.split(".")[0] in allowed for n in names)

"""The protocol page says what the code does: its tables hold the code's constants, its example is what the code sends."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from uuid import UUID

import pytest

from radiosync import limits
from radiosync.link.contact import HELLOS, REFUSALS, STALLED_OVERS
from radiosync.link.over import batch_limit_bytes
from radiosync.link.pool import ANSWER_BYTES, answers_s, slot_s
from radiosync.link.poolspeaker import TURNS
from radiosync.link.timing import (
    CALLS,
    HOST_LATENCY_S,
    LEFT_ROUNDING,
    MARGIN,
    SILENT_OVERS,
    Timing,
    timing_of,
)
from radiosync.profiles.airtime import Airtime
from radiosync.records.clock import LATEST
from radiosync.records.edit import Edit
from radiosync.records.value import Number
from radiosync.store import Store
from radiosync.sync.ports import Job
from radiosync.sync.station import Station
from radiosync.wire import statistics
from radiosync.wire.ax25 import Address
from radiosync.wire.batch import DELETES, Column, Extra, RecordRef
from radiosync.wire.check import append_check, strip_check
from radiosync.wire.codec import Model, pack_compact, unpack
from radiosync.wire.context import DIGEST_BYTES, EMPTY_MARK, Aliases, Context, Mark
from radiosync.wire.frames import (
    CALL_CHECK_BYTES,
    PROTOCOL_VERSION,
    Ack,
    Arriving,
    Call,
    Data,
    Flag,
    Hello,
    Kind,
    Report,
    Round,
    call_seed,
    read_frame,
    short_call_seed,
    write_frame,
)
from radiosync.wire.framing import KissAx25Framing, KissFraming, StreamFraming
from radiosync.wire.gf256 import FIELD_POLYNOMIAL
from radiosync.wire.layoutvalue import HINT_BYTES
from radiosync.wire.primer import PRIMER
from radiosync.wire.seal import SEAL_DIGEST_BYTES, Format, check_digest, open_envelope, receiver_epoch, seal
from radiosync.wire.shape import BLOCK_SYMBOLS, PIECE_SIZES
from radiosync.wire.slot import Slot
from radiosync.wire.stream import STRENGTHS, SYNC_WORD
from radiosync.wire.varint import LEFT_MAX
from tests.docs.markdown import fences, headings
from tests.independent.reader import mixing
from tests.project.checkout import ROOT, short_name, tracked_files_ending

PAGE = (ROOT / "docs/protocol.md").read_text("utf-8")
COMPACT = (ROOT / "docs/compact-codec.md").read_text("utf-8")

FIELD, BASE = bytes.fromhex("5f1c7a90e2b4d836"), bytes.fromhex("3f2a9c0d11e45b78")
CONTACT = (1).to_bytes(2, "big")
EDIT = Edit(
    "shelter",
    UUID("c0ffee00-0000-4000-8000-000000000001"),
    {"name": "Mill Pond", "beds": Number("40")},
    1_762_150_000_000,
)
LATER = Edit(EDIT.table, EDIT.uuid, {"name": "Mill Pond", "beds": Number("41")}, 1_762_160_000_000)


# Reading the page.


def section(number: str) -> str:
    """The text below the heading with that number, up to the next heading."""
    match = re.search(
        rf"^#+ {re.escape(number)}\.? [^\n]*\n(.*?)(?=^#+ \d|\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert match is not None, f"no section {number}"
    return match[1]


def rows(number: str, heading: str) -> list[list[str]]:
    """The rows of the table in that section whose first heading is that one, backticks taken off."""
    lines = section(number).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")])
    return found


def example(number: str) -> list[bytes]:
    """The bytes of each block of an example."""
    blocks = []
    for fence in fences(section(number)):
        lines = [re.match(r"((?:[0-9a-f]{2} )*[0-9a-f]{2}) {3,}\S", line) for line in fence.code.splitlines()]
        assert all(lines), fence.code
        blocks.append(bytes.fromhex("".join(line[1] for line in lines if line)))
    return blocks


def words(number: str) -> str:
    """The text of that section as one line."""
    return " ".join(section(number).split())


# Numbers of sections.


def test_each_section_that_the_code_cites_exists() -> None:
    numbers = {match[1] for title in headings(PAGE) if (match := re.match(r"([\d.]*\d)\.? ", title))}
    cited = {
        (short_name(path), number)
        for path in tracked_files_ending(".py")
        for number in re.findall(r"protocol, section (\d+(?:\.\d+)*)", path.read_text("utf-8"))
    }
    assert cited
    assert [citation for citation in sorted(cited) if citation[1] not in numbers] == []


def test_sections_are_numbered_without_a_gap() -> None:
    whole = [int(match[1]) for title in headings(PAGE) if (match := re.match(r"(\d+)\. ", title))]
    assert whole == list(range(1, 14))


# Tables.


@pytest.mark.parametrize("row", rows("10", "limit"), ids=lambda row: row[0])
def test_a_limit_is_that_of_the_code(row: Sequence[str]) -> None:
    assert getattr(limits, row[0]) == int(row[1])


LIMITS_OF_THE_COMPACT_CODEC = {
    "A reader must read a batch of up to {} steps": limits.MODEL_STEPS,
    "as long as there are more than {},": limits.MEMORY_RECORDS,
    "or as their size is more than {} bytes": limits.MEMORY_BYTES,
    "the first {} bytes in UTF-8 of a text": HINT_BYTES,
    "a table of 2^{} groups for texts": statistics.TEXT_GROUPS.bit_length() - 1,
    "and one of 2^{} for symbols": statistics.SYMBOL_GROUPS.bit_length() - 1,
    "hold a **ring** of 2^{} bytes": statistics.HISTORY_BYTES.bit_length() - 1,
    "an **index** of 2^{} places": statistics.INDEX_ENTRIES.bit_length() - 1,
    "weights for symbols, {} sets of six": statistics.SYMBOL_SETS,
    "weights for texts, {} sets of six": statistics.TEXT_SETS,
    "number of these, {} at most": statistics.MATCH_LENGTHS - 1,
}


@pytest.mark.parametrize("sentence", LIMITS_OF_THE_COMPACT_CODEC)
def test_a_limit_of_the_compact_codec_is_that_of_the_code(sentence: str) -> None:
    assert sentence.format(LIMITS_OF_THE_COMPACT_CODEC[sentence]) in " ".join(COMPACT.split())


def test_the_other_reader_takes_all_that_a_reader_must() -> None:
    assert mixing.STEPS >= limits.MODEL_STEPS


def test_kinds_of_frame() -> None:
    stated = {name: (int(number), int(first, 16)) for name, number, first in rows("5.1", "kind")}
    kinds = {name: Kind[name.upper()] for name in stated}
    assert stated == {name: (kind.value, kind << 5) for name, kind in kinds.items()}
    assert set(kinds.values()) == set(Kind) - {Kind.OLD_ACK, Kind.OLD_DATA}
    old = {name: int(number) for name, number, _ in rows("13.1", "kind")}
    assert old == {"hello": Kind.HELLO, "ack": Kind.OLD_ACK, "data": Kind.OLD_DATA}


def test_flags() -> None:
    stated = {name.upper(): int(bit) for name, bit, *_ in rows("5.1", "flag")}
    assert stated == {name: flag.value for name, flag in Flag.__members__.items()}


def test_offsets_in_a_hello() -> None:
    arriving = (Arriving(needs=(1,)),)
    report = Report(0x1234, 0x5678, arriving, grant_bytes=9, pending_bytes=10)
    data = write_frame(
        Hello(
            False,
            b"RRRR",
            b"SSSS",
            0xA1A2A3A4,
            0xB1B2,
            0xC1,
            0xD1,
            Mark(b"GGGG", b"MMMM"),
            report,
            7,
            1,
            0xE1E2E3E4,
        )
    )
    expected = [
        data[:2],
        bytes([PROTOCOL_VERSION]),
        b"RRRR",
        b"SSSS",
        b"\xa1\xa2\xa3\xa4",
        b"\xb1\xb2",
        b"\xc1",
        b"\x12\x34",
        b"\xd1",
        b"\x56\x78",
        b"GGGG",
        b"\x07",
        b"MMMM",
        b"\xe1\xe2\xe3\xe4",
    ]
    *fixed, last = rows("5.2", "offset")
    assert [data[int(at) : int(at) + int(size)] for at, size, _ in fixed] == expected
    assert data[int(last[0]) :] == bytes([9, 10, 1, 2, 1])


def test_offsets_in_a_round() -> None:
    data = write_frame(Round(0x1122, 0x33445566, 0x77, 0x8899, 0xAA, (b"\xbb\xcc", b"\xdd\xee")))
    *fixed, last = rows("12.2", "offset")
    found = [data[int(at) : int(at) + int(size)].hex() for at, size, _ in fixed]
    assert found[1:] == ["1122", "33445566", "77", "8899", "aa", "02"]
    assert "".join(found) + "bbccddee" == data.hex()
    assert data[int(last[0]) :] == b"\xbb\xcc\xdd\xee"


def test_pools() -> None:
    timing = _timing()
    air = timing.airtime
    assert f"at most {ANSWER_BYTES} bytes" in words("12.3")
    slot = timing.turn_s + 1.05 * timing.frame_s(ANSWER_BYTES) + air.tail_s + HOST_LATENCY_S
    assert slot_s(timing) == pytest.approx(slot)
    wait = timing.lag_s(10) + 2 * slot + timing.reply_s(0, ANSWER_BYTES)
    assert answers_s(timing, 10, 3) == pytest.approx(wait)
    assert f"but at most {TURNS}, those" in words("12.4")
    assert f"let {SILENT_OVERS} turns in a row pass, or {CALLS} if it has not been heard" in words("12.4")
    assert f"after {STALLED_OVERS} overs in a row for each" in words("12.4")


def test_offsets_in_an_acknowledgement() -> None:
    data = write_frame(Ack(Report(0x11, 0x22, (), grant_bytes=9, pending_bytes=10)))
    *fixed, last = rows("5.3", "offset")
    assert [data[int(at) : int(at) + int(size)] for at, size, _ in fixed] == [data[:2], b"\x11", b"\x22"]
    assert data[int(last[0]) :] == bytes([9, 10])


def test_piece_sizes() -> None:
    assert [(int(code), int(size)) for code, size in rows("6.1", "size code")] == list(enumerate(PIECE_SIZES))


def test_strengths() -> None:
    assert [(int(code), int(size)) for code, size in rows("3.3", "strength")] == list(enumerate(STRENGTHS))


def test_columns() -> None:
    stated = [(name.upper().replace(" ", "_"), int(place)) for place, name, _ in rows("13.5", "place")]
    assert stated == [(column.name, column.value) for column in Column]
    (cddl,) = (fence.code for fence in fences(section("13.5")) if fence.language == "cddl")
    named = re.findall(r"^  ([a-z-]+): ", cddl, re.MULTILINE)
    assert [name.upper().replace("-", "_") for name in named] == [column.name for column in Column]


def test_kinds_of_row() -> None:
    stated = {name.upper(): int(bits) for name, bits, _ in rows("13.5", "kind of row")}
    assert stated == {name: ref.value for name, ref in RecordRef.__members__.items()}
    assert f"Bit 2 (value {DELETES})" in words("13.5")


def test_extras() -> None:
    stated = {name.upper(): int(number) for name, number, _ in rows("13.5", "extra")}
    assert stated == {name: extra.value for name, extra in Extra.__members__.items()}


def test_formats() -> None:
    stated = {name.upper().replace(" ", "_"): int(number) for name, number, _ in rows("8.1", "format")}
    new = {name: form.value for name, form in Format.__members__.items() if form > Format.OLD_ZSTD}
    assert stated == new


def test_slots() -> None:
    stated = dict(re.findall(r"^\| ([A-Z_]+) \| (\d+) \|", COMPACT, re.MULTILINE))
    assert {name: int(number) for name, number in stated.items()} == {slot.name: slot.value for slot in Slot}


def test_numbers_in_the_text() -> None:
    assert f"The largest count is {LEFT_MAX}" in words("5.1")
    assert f"version **{PROTOCOL_VERSION}**" in words("1")
    assert f"`{FIELD_POLYNOMIAL:x}`" in words("6.4")
    assert f"at most {limits.TRANSFER_PIECES * PIECE_SIZES[-1]} bytes" in words("6.1")
    assert f"more than {limits.RECORD_BYTES} bytes" in words("6.1")
    assert f"{BLOCK_SYMBOLS} pieces in all" in words("6.3")
    assert f"`{SYNC_WORD.to_bytes(3, 'big').hex(' ')}`" in words("3.3")
    assert DIGEST_BYTES == SEAL_DIGEST_BYTES == 4
    assert "at most 2^63 - 1" in words("2.1")
    assert LATEST == 2**63 - 1
    assert f"one of the last {HELLOS} different ones" in words("4.3")
    assert f"| host | {HOST_LATENCY_S} s:" in words("4.5")
    assert f"after {SILENT_OVERS} such repeats in a row, or after {CALLS - 1} if" in words("4.5")
    assert f"after {STALLED_OVERS} overs of its own in a row" in words("4.5")
    assert f"refusing {REFUSALS} transfers" in words("4.5")
    assert 1 + MARGIN == 1.05


def test_timers() -> None:
    timing = _timing()
    air = timing.airtime
    frame = (48 + 18) * 8 * 63 / 62 / 4800 + 16 / 4800
    assert timing.frame_s(48) == pytest.approx(frame)
    assert timing.end_s(100) == pytest.approx(1.05 * 8 * 100 / 4800)
    longest = max(8 * 352 / 4800, frame)
    assert timing.reply_s(352, 48) == pytest.approx(
        2 * timing.turn_s + air.tail_s + 1.05 * longest + timing.frame_s(0) + HOST_LATENCY_S
    )
    assert timing.silence_s() == pytest.approx(8 * (30 + 4 * 0.5))
    assert timing.first_over_s == max(2 * 0.5, timing.frame_s(256))


def test_sizes_of_batches() -> None:
    assert "at most two of the longest overs, and at most 16384 bytes" in words("9.4")
    assert batch_limit_bytes(_timing()) == 16384
    assert LEFT_ROUNDING == 1 / 16


def test_the_digest_of_a_seal() -> None:
    before, plain = bytes.fromhex("a1a2a3a4"), b"plain bytes"
    context = Context(version=6, digest=before)
    plainly = seal(Format.STORED, b"body", plain, context, 7)
    theirs = seal(Format.STORED, b"body", plain, context, 14, receiver_epoch(0x01020304, 5))
    assert (plainly[0], theirs[:2]) == (2 + 16, bytes([2 + 128, 8]))
    assert plainly[1:5] == blake2b(before + plain, digest_size=4).digest()
    assert theirs[2:6] == blake2b(before + bytes.fromhex("0102030405") + plain, digest_size=4).digest()
    assert plainly[5:] == theirs[6:] == b"body"


# The example.


def _timing() -> Timing:
    air = Airtime.of("kiss-tnc", 4800, key_up_s=0.5, max_frame_bytes=256, longest_over_s=30)
    return timing_of(air, KissFraming())


def _bound(side: bytes, number: int, own: int, other: int) -> bytes:
    """What section 5.6 makes the seed of an acknowledgement begin with."""
    incarnations = own.to_bytes(4, "big") + other.to_bytes(4, "big")
    return side + FIELD + BASE + number.to_bytes(2, "big") + incarnations + bytes(2)


def _station(identity: bytes, incarnation: int, partner: bytes) -> tuple[Store, Station]:
    parts = iter([identity, incarnation.to_bytes(4, "big")])
    store = Store.open(":memory:", clock=lambda: 0, make_identity=lambda size: next(parts))
    store.add_partner("partner", partner)
    station = Station(store, _timing(), Random(1), partners=store.partners, jobs=lambda partner: [Job("all")])
    return store, station


def test_the_example_is_what_two_stations_say() -> None:
    field, caller = _station(FIELD, 1, BASE)
    base, called = _station(BASE, 2, FIELD)
    said = []
    with field, base:
        for edit in (EDIT, LATER):
            field.edit([edit])
            caller.call(field.partner("partner"), now=0.0)
            sides = [(caller, called), (called, caller)] * 2
            for turn, (speaker, listener) in enumerate(sides):
                over = speaker.poll_over(now=10.0 * turn)
                for frame in over.frames if over else ():
                    said.append(frame)
                    listener.receive_frame(frame, now=10.0 * turn + 5)
            assert not caller.busy
            assert not called.busy
        assert base.content_digest() == field.content_digest()
    hello, data, _packed, answer = example("11.1")
    assert said == [hello, data, answer, *example("11.2"), *example("11.3")]


def test_the_seeds_of_the_example() -> None:
    hello, data, _, answer = example("11.1")
    (bye,), (call, end) = example("11.2"), example("11.3")
    read_frame(strip_check(hello, call_seed(BASE), 2))
    read_frame(strip_check(data, b"caller" + FIELD + BASE + CONTACT + bytes([0, 0, 0, 1, 0]), 2))
    read_frame(strip_check(answer, b"called" + FIELD + BASE + CONTACT, 2))
    read_frame(strip_check(bye, _bound(b"caller", 1, 1, 2) + EMPTY_MARK.seed, 2))
    short = short_call_seed(FIELD, BASE, (1, 2), (0, 0), EMPTY_MARK)
    frame, _ = read_frame(strip_check(call, short, CALL_CHECK_BYTES))
    assert isinstance(frame, Call)
    digest = re.findall(r"`00`, `([0-9a-f]{8})`, `00000000`\.", words("11.3"))[-1]
    read_frame(strip_check(end, _bound(b"called", 2, 2, 1) + bytes.fromhex(digest) + bytes(4), 2))


def test_the_batch_of_the_example() -> None:
    _, data, packed, answer = example("11.1")
    frame, _ = read_frame(data[:-2])
    assert isinstance(frame, Data)
    assert frame.shape is not None
    envelope = open_envelope(frame.data.ljust(frame.shape.total_bytes, b"\0"))
    read = unpack(envelope.format, envelope.body, Context(), lambda *_: {}, lambda _: {})
    check_digest(envelope, read.plain, Context())
    (change,) = read.changes
    assert (change.table, change.uuid, change.fields) == (EDIT.table, EDIT.uuid, EDIT.fields)
    assert read.plain.startswith(packed)
    hello, _ = read_frame(answer[:-2])
    assert isinstance(hello, Hello)
    inner = blake2b(read.plain, digest_size=32).digest()
    assert hello.heard_mark.context == blake2b(bytes(4) + inner, digest_size=4).digest()


def test_the_framings_of_the_example() -> None:
    (bye,) = example("11.2")
    tnc, bare, stream = example("11.4")
    assert KissAx25Framing(Address("N0CALL", 7), Address("N0CALL")).encode(bye) == tnc
    assert KissFraming().encode(bye) == bare
    longer = append_check(bye[:-2], _bound(b"caller", 1, 1, 2) + EMPTY_MARK.seed, 4)
    assert StreamFraming(2).encode(longer) == stream


def test_the_report_of_the_example() -> None:
    (data,) = example("11.5")
    frame, left_bytes = read_frame(data)
    arriving = (Arriving(needs=(3, 0)), Arriving(applied=True))
    assert frame == Ack(Report(258 & 0xFF, 3, arriving, grant_bytes=0, pending_bytes=1024, more=True))
    assert left_bytes == 2048


def test_the_batch_of_the_example_in_the_compact_codec() -> None:
    _, data, _, _ = example("11.1")
    frame, _ = read_frame(data[:-2])
    assert isinstance(frame, Data)
    assert frame.shape is not None
    envelope = open_envelope(frame.data.ljust(frame.shape.total_bytes, b"\0"))
    changes = unpack(envelope.format, envelope.body, Context(), lambda *_: {}, lambda _: {}).changes
    packed = pack_compact(changes, Context(), Aliases(), Model.empty(), teaches=True)
    assert packed is not None
    (said,) = re.findall(r"```text\n(.*)\n```", COMPACT[COMPACT.index("## C9") :])
    assert packed.body == bytes.fromhex(said)
    assert f"has these {len(packed.body)} bytes (the body" in COMPACT


def test_the_primer() -> None:
    (said,) = fences(section("7.10"))
    assert said.code.splitlines() == list(PRIMER)

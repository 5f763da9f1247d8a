"""Frames there and back, kept bytes, and frames that nobody should have sent."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS, TRANSFER_BLOCKS
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import (
    NUMBER_BITS,
    PROTOCOL_VERSION,
    ROUND_BYTES,
    TURN_BYTES,
    Ack,
    Arriving,
    Call,
    Data,
    Flag,
    Frame,
    Hello,
    Kind,
    Report,
    Round,
    add_pieces,
    kind_of,
    read_frame,
    set_left,
    unfold,
    write_frame,
)
from radiosync.wire.shape import Shape
from radiosync.wire.varint import read_left, write_left

VECTORS = Path(__file__).parents[1] / "vectors" / "frames-v1.json"

counts = st.integers(0, 255).map(read_left)
arrivings = st.one_of(
    st.just(Arriving(applied=True)),
    st.builds(
        lambda needs: Arriving(needs=tuple(needs)), st.lists(st.integers(0, 300), max_size=TRANSFER_BLOCKS)
    ),
)


def reports(bits: int) -> st.SearchStrategy[Report]:
    numbers = st.integers(0, 2**bits - 1)
    several = st.lists(arrivings, max_size=OPEN_TRANSFERS).map(tuple)
    return st.builds(Report, numbers, numbers, several, counts, counts, st.booleans())


four, bytes_ = st.binary(min_size=4, max_size=4), st.integers(0, 255)
hellos = st.builds(
    Hello,
    st.booleans(),
    four,
    four,
    st.integers(0, 2**32 - 1),
    st.integers(0, 65535),
    bytes_,
    bytes_,
    st.builds(Mark, four, four),
    reports(16),
    bytes_,
    st.integers(1, 255),
    st.integers(0, 2**32 - 1),
)
acks = st.builds(Ack, reports(8), st.booleans())
shapes = st.builds(Shape, st.integers(1, 4096), st.integers(0, 15))
datas = st.builds(
    Data,
    st.integers(0, 2**NUMBER_BITS - 1),
    bytes_,
    bytes_,
    st.binary(min_size=1, max_size=200),
    st.one_of(st.none(), shapes),
)
calls = st.builds(Call, st.integers(0, 65535), bytes_, reports(8), st.one_of(st.none(), datas))
rounds = st.builds(
    Round,
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    bytes_,
    st.integers(0, 65535),
    bytes_,
    st.lists(st.binary(min_size=2, max_size=2), max_size=9).map(tuple),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
frames = st.one_of(hellos, calls, acks, rounds, datas)


@given(frames, counts)
def test_frames_survive(frame: Frame, left_bytes: int) -> None:
    assert read_frame(write_frame(frame, left_bytes)) == (frame, left_bytes)


@given(frames, counts, counts)
def test_what_is_left_can_be_said_afterwards(frame: Frame, first: int, second: int) -> None:
    assert set_left(write_frame(frame, first), second) == write_frame(frame, second)


@given(frames)
def test_the_kind_shows_without_reading_the_rest(frame: Frame) -> None:
    kinds = {Hello: Kind.HELLO, Call: Kind.CALL, Ack: Kind.ACK, Round: Kind.ROUND, Data: Kind.DATA}
    assert kind_of(write_frame(frame)) is kinds[type(frame)]


@given(calls, datas, counts)
def test_pieces_can_be_put_into_a_call_afterwards(call: Call, data: Data, left_bytes: int) -> None:
    bare = Call(call.contact, call.capabilities, call.report)
    joined = add_pieces(write_frame(bare, left_bytes), write_frame(data, 7))
    assert joined == write_frame(Call(call.contact, call.capabilities, call.report, data), left_bytes)
    assert len(joined) == len(write_frame(bare)) + len(write_frame(data)) - 1


@given(st.integers(0, 10**6), st.integers(0, 31))
def test_a_transfer_is_numbered_by_its_low_bits(number: int, block: int) -> None:
    data = Data(number % 2**NUMBER_BITS, block, 0, b"x")
    assert write_frame(Data(number, block, 0, b"x")) == write_frame(data)


@given(acks)
def test_numbers_are_cut_to_what_goes_on_air(ack: Ack) -> None:
    report = ack.report
    longer = Report(
        report.sealed + 2560,
        report.through + 512,
        report.arriving,
        report.grant_bytes,
        report.pending_bytes,
        report.more,
    )
    assert write_frame(Ack(longer, ack.bye)) == write_frame(ack)


@given(hellos)
def test_a_hello_names_stations_by_their_first_bytes(hello: Hello) -> None:
    longer = Hello(
        hello.reply, hello.receiver + b"more", hello.sender + b"else", hello.incarnation, hello.contact, hello.epoch,
        hello.heard_epoch, hello.heard_mark, hello.report, hello.capabilities, hello.version, hello.begins,
    )  # fmt: skip
    assert write_frame(longer) == write_frame(hello)


# What a frame costs.


def test_fields_of_ours_in_a_frame_between_known_partners() -> None:
    assert len(write_frame(Data(5, 0, 3, b"x"))) - 1 == 4
    assert len(write_frame(Data(5, 0, 3, b"x", Shape(16, 2)))) - 1 == 6
    assert len(write_frame(Ack(Report(5, 4)))) == 4
    assert len(write_frame(Ack(Report(5, 4, (Arriving(needs=(3,)),))))) == 7
    assert len(write_frame(Call(9, 0, Report(5, 4)))) == 7
    assert len(write_frame(Call(9, 0, Report(5, 4, (), 300, 20)))) == 9
    assert len(write_frame(Call(9, 0, Report(5, 4), Data(5, 0, 3, b"x")))) - 1 == 7 + 3
    assert len(write_frame(Round(9, 1, 0, 5))) == ROUND_BYTES
    assert len(write_frame(Round(9, 1, 0, 5, turns=(b"bb", b"cc")))) == ROUND_BYTES + 2 * TURN_BYTES


# Hostile or damaged.


def pieces_of(frame: Frame) -> bytes:
    """What a frame ends with and that may have any length."""
    match frame:
        case Data():
            return frame.data
        case Call():
            return b"" if frame.data is None else frame.data.data
        case Hello() | Ack() | Round():
            return b""


@given(frames)
def test_a_frame_cut_short_is_refused_unless_only_pieces_are_missing(frame: Frame) -> None:
    whole, pieces = write_frame(frame), pieces_of(frame)
    for end in range(len(whole)):
        left = end - (len(whole) - len(pieces))
        if left <= 0:
            with pytest.raises(WireError):
                read_frame(whole[:end])
        else:
            assert pieces_of(read_frame(whole[:end])[0]) == pieces[:left]


@given(st.binary(max_size=80))
@example(b"\x88\x00\x00\x00" + bytes([OPEN_TRANSFERS + 1]) + b"\x01" * (OPEN_TRANSFERS + 1))
def test_random_bytes_give_a_frame_within_bounds_or_a_wire_error(data: bytes) -> None:
    try:
        frame, left_bytes = read_frame(data)
    except WireError:
        return
    assert left_bytes >= 0
    match frame:
        case Hello(report=report) | Ack(report=report) | Call(report=report):
            assert len(report.arriving) <= OPEN_TRANSFERS
            assert all(len(each.needs) <= TRANSFER_BLOCKS for each in report.arriving)
        case Data():
            assert frame.data
            assert 0 <= frame.block < 256 > frame.first >= 0
            assert 0 <= frame.number < 2**NUMBER_BITS
        case Round():
            assert all(len(turn) == TURN_BYTES for turn in frame.turns)


@given(st.sampled_from([*Kind, Kind.DATA + 1]), st.integers(0, 31), st.binary(max_size=80))
def test_random_bytes_behind_any_head_give_a_frame_or_a_wire_error(
    kind: int, flags: int, body: bytes
) -> None:
    try:
        frame, _ = read_frame(bytes([kind << 5 | flags, 0]) + body)
    except WireError:
        return
    again, _ = read_frame(write_frame(frame))
    assert again == frame


@pytest.mark.parametrize("data", [b"", *(bytes([first]) for first in range(256))], ids=bytes.hex)
def test_less_than_a_head_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        read_frame(data)


@pytest.mark.parametrize("kind", [Kind.OLD_ACK, Kind.OLD_DATA])
def test_frames_of_version_0_are_read_elsewhere(kind: Kind) -> None:
    with pytest.raises(WireError, match="version 0"):
        read_frame(bytes([kind << 5, 0]) + bytes(50))


@given(hellos, st.integers(PROTOCOL_VERSION + 1, 255), st.binary(max_size=20))
def test_a_later_version_may_add_to_the_end_of_a_hello(hello: Hello, version: int, added: bytes) -> None:
    later = bytearray(write_frame(hello))
    later[2] = version
    found, _ = read_frame(bytes(later) + added)
    assert isinstance(found, Hello)
    assert found.version == version
    later[2] = hello.version
    assert read_frame(bytes(later))[0] == hello


def test_a_call_that_carries_anything_but_pieces_is_refused() -> None:
    call = bytearray(write_frame(Call(1, 0, Report(1, 1), Data(1, 0, 0, b"x"))))
    at = len(write_frame(Call(1, 0, Report(1, 1))))
    assert call[at] >> 6 == Kind.DATA >> 1
    for first in (0x00, 0x20, 0x40, 0x60, 0x80, 0xA0):
        call[at] = first
        with pytest.raises(WireError, match="something else than pieces"):
            read_frame(bytes(call))


def test_flags_that_share_a_bit_are_never_in_one_kind() -> None:
    """So a hello, a call, an acknowledgement and a round each have five of their own."""
    in_report = {Flag.MORE, Flag.GRANT, Flag.PENDING, Flag.ARRIVING}
    for own in (Flag.REPLY, Flag.BYE, Flag.PIECES):
        assert own not in in_report
    assert len({Flag.MORE, Flag.GREET, Flag.BYE}) == 3
    assert all(0 < flag < 32 for flag in Flag)


@pytest.mark.parametrize(
    "report",
    [
        bytes([OPEN_TRANSFERS + 1]) + b"\x01" * (OPEN_TRANSFERS + 1),
        b"\xff" + b"\x00" * 255,
        bytes([1, 2 * (TRANSFER_BLOCKS + 1)]) + bytes(TRANSFER_BLOCKS + 1),
        b"",
        b"\x01",
        b"\x01\x02",
        b"\x01\x04\x01",
        b"\x01\x80",
        b"\x01" + b"\xff" * 20,
        b"\x01\x02" + b"\xff" * 10,
    ],
    ids=lambda report: report.hex()[:16],
)
@pytest.mark.parametrize(
    "start",
    [b"\x88" + bytes(3), b"\x68" + bytes(6), b"\x08\x00\x01" + bytes(33)],
    ids=["ack", "call", "hello"],
)
def test_a_report_of_more_than_there_can_be_is_refused(start: bytes, report: bytes) -> None:
    """Each start has the flag for unfinished transfers."""
    assert read_frame(start + b"\x00")
    with pytest.raises(WireError):
        read_frame(start + report)


# Numbers that are cut.


@given(st.sampled_from([8, 16]), st.integers(0, 10**9), st.integers(-100, 100))
def test_a_number_near_ours_is_found_again(bits: int, near: int, away: int) -> None:
    number = max(0, near + away)
    assert unfold(number % (1 << bits), bits, near) == number


@given(st.integers(0, 10**9), st.data())
def test_the_number_of_any_open_transfer_is_found_again(confirmed: int, data: st.DataObject) -> None:
    """The receiver may have applied all that is open, or nothing of it."""
    through = confirmed + data.draw(st.integers(0, OPEN_TRANSFERS))
    number = confirmed + data.draw(st.integers(1, OPEN_TRANSFERS))
    assert unfold(number % 2**NUMBER_BITS, NUMBER_BITS, through + 1) == number


@given(st.sampled_from([3, 8, 16]), st.integers(0, 2**16 - 1), st.integers(0, 10**9))
def test_a_number_is_never_negative_and_the_nearest(bits: int, low: int, near: int) -> None:
    span = 1 << bits
    low %= span
    number = unfold(low, bits, near)
    assert number >= 0
    assert number % span == low
    assert abs(number - near) <= span // 2 or number == low


# Kept bytes. They change only with the version of the protocol.


def vectors() -> list[tuple[str, Frame, int]]:
    """Every kind of frame, by name, with the bytes left behind it."""
    report = Report(
        0x1234,
        0xFF02,
        (Arriving(applied=True), Arriving(needs=(3, 0, 200)), Arriving(), Arriving(needs=(1,))),
        4096,
        72,
        True,
    )
    busy = Report(
        0x34,
        0x02,
        (Arriving(applied=True), Arriving(needs=(3, 0, 200)), Arriving(), Arriving(needs=(1,))),
        4096,
        72,
        True,
    )
    us, them = b"\x01\x02\x03\x04", b"\xfa\xfb\xfc\xfd"
    random = Random(1)
    return [
        ("first hello", Hello(False, them, us, 0xDEADBEEF, 0x0102, 0, 0, EMPTY_MARK, Report(0, 0)), 0),
        (
            "hello with data behind it",
            Hello(
                False, them, us, 7, 65535, 255, 3, Mark(b"\x0a\x0b\x0c\x0d", b"mode"), report, 1, 1, 70_000
            ),
            1000,
        ),
        (
            "answer",
            Hello(True, us, them, 9, 65535, 3, 255, Mark(b"\xff\xff\xff\xff"), Report(5, 4, (), 304, 0)),
            0,
        ),
        ("hello of a later version", Hello(False, them, us, 7, 1, 2, 3, EMPTY_MARK, Report(5, 4), 255, 2), 0),
        ("call", Call(258, 0, Report(5, 4, (), 304, 0)), 0),
        (
            "call with all that it can say",
            Call(65535, 255, busy, Data(7, 1, 2, b"piece", Shape(16, 2))),
            1000,
        ),
        ("call with pieces of a known shape", Call(1, 1, Report(5, 4, (), 304, 16), Data(5, 0, 3, b"x")), 0),
        ("acknowledgement of nothing", Ack(Report(0, 0)), 0),
        ("acknowledgement", Ack(busy), 507_904),
        ("bye", Ack(Report(9, 8), bye=True), 0),
        (
            "round",
            Round(258, 0xDEADBEEF, 3, 0x1234, 7, (b"\xab\xcd", b"\x01\x02"), greet=True, more=True),
            1000,
        ),
        ("end of a round", Round(65535, 7, 255, 0, bye=True), 0),
        ("data", Data(7, 31, 254, random.randbytes(16)), 31),
        ("data with shape", Data(0, 0, 0, random.randbytes(8), Shape(1, 0)), 33),
        ("data with the largest shape", Data(4, 31, 127, b"\x00", Shape(4096, 15)), 100_000),
    ]


def test_frames_have_the_bytes_that_they_always_had() -> None:
    kept = json.loads(VECTORS.read_text())
    assert [each["name"] for each in kept] == [name for name, _, _ in vectors()]
    for each, (_, frame, left_bytes) in zip(kept, vectors(), strict=True):
        data = bytes.fromhex(each["hex"])
        assert write_frame(frame, left_bytes) == data
        assert read_frame(data) == (frame, read_left(write_left(left_bytes)))
        assert each["left"] == read_left(write_left(left_bytes))

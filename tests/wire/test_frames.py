"""Frames there and back, kept bytes, and frames that nobody should have sent."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS, TRANSFER_BLOCKS
from radiosync.wire.frames import (
    PROTOCOL_VERSION,
    Ack,
    Arriving,
    Data,
    Frame,
    Hello,
    Report,
    read_frame,
    set_left,
    unfold,
    write_frame,
)
from radiosync.wire.shape import Shape
from radiosync.wire.varint import read_left, write_left

VECTORS = Path(__file__).parents[1] / "vectors" / "frames.json"

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
    four,
    reports(16),
)
acks = st.builds(Ack, reports(8), st.booleans())
shapes = st.builds(Shape, st.integers(1, 4096), st.integers(0, 15))
datas = st.builds(
    Data, bytes_, bytes_, bytes_, st.binary(min_size=1, max_size=200), st.one_of(st.none(), shapes)
)
frames = st.one_of(hellos, acks, datas)


@given(frames, counts)
def test_frames_survive(frame: Frame, left_bytes: int) -> None:
    assert read_frame(write_frame(frame, left_bytes)) == (frame, left_bytes)


@given(frames, counts, counts)
def test_what_is_left_can_be_said_afterwards(frame: Frame, first: int, second: int) -> None:
    assert set_left(write_frame(frame, first), second) == write_frame(frame, second)


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
        hello.heard_epoch, hello.heard_digest, hello.report,
    )  # fmt: skip
    assert write_frame(longer) == write_frame(hello)


# What a frame costs.


def test_fields_of_ours_in_a_frame_between_known_partners() -> None:
    assert len(write_frame(Data(5, 0, 3, b"x"))) - 1 == 5
    assert len(write_frame(Data(5, 0, 3, b"x", Shape(16, 2)))) - 1 == 7
    assert len(write_frame(Ack(Report(5, 4)))) == 6
    assert len(write_frame(Ack(Report(5, 4, (Arriving(needs=(3,)),))))) == 8


# Hostile or damaged.


@given(frames)
def test_a_frame_cut_short_is_another_frame_or_refused(frame: Frame) -> None:
    whole = write_frame(frame)
    for end in range(len(whole)):
        try:
            found, _ = read_frame(whole[:end])
        except WireError:
            continue
        assert not isinstance(frame, Data) or (isinstance(found, Data) and frame.data.startswith(found.data))


@given(hellos)
def test_a_hello_without_its_report_is_refused(hello: Hello) -> None:
    whole = write_frame(hello)
    for end in range(2 + 25 + 2):
        with pytest.raises(WireError):
            read_frame(whole[:end])


@given(st.binary(max_size=80))
@example(b"\x20\x00\x00\x00\x00\x00" + b"\x01" * (OPEN_TRANSFERS + 1))
def test_random_bytes_give_a_frame_within_bounds_or_a_wire_error(data: bytes) -> None:
    try:
        frame, left_bytes = read_frame(data)
    except WireError:
        return
    assert left_bytes >= 0
    match frame:
        case Hello(report=report) | Ack(report=report):
            assert len(report.arriving) <= OPEN_TRANSFERS
            assert all(len(each.needs) <= TRANSFER_BLOCKS for each in report.arriving)
        case Data():
            assert frame.data
            assert 0 <= frame.block < 256 > frame.first >= 0


@pytest.mark.parametrize("kind", range(3, 8))
def test_an_unknown_kind_is_refused(kind: int) -> None:
    with pytest.raises(WireError, match="no frame of that kind"):
        read_frame(bytes([kind << 5, 0]) + bytes(50))


def test_another_version_of_the_protocol_is_refused() -> None:
    hello = Hello(False, b"AAAA", b"BBBB", 1, 2, 3, 4, b"dgst", Report(0, 0))
    whole = bytearray(write_frame(hello))
    assert whole[2] == PROTOCOL_VERSION
    whole[2] += 1
    with pytest.raises(WireError, match="version 1"):
        read_frame(bytes(whole))


@pytest.mark.parametrize(
    "report",
    [
        b"\x01" * (OPEN_TRANSFERS + 1),
        b"\x00" * 60,
        bytes([2 * (TRANSFER_BLOCKS + 1)]) + bytes(TRANSFER_BLOCKS + 1),
        b"\x02",
        b"\x04\x01",
        b"\x80",
        b"\xff" * 20,
        b"\x02" + b"\xff" * 10,
    ],
    ids=lambda report: report.hex()[:16],
)
def test_a_report_of_more_than_there_can_be_is_refused(report: bytes) -> None:
    with pytest.raises(WireError):
        read_frame(b"\x20\x00\x00\x00\x00\x00" + report)


# Numbers that are cut.


@given(st.sampled_from([8, 16]), st.integers(0, 10**9), st.integers(-100, 100))
def test_a_number_near_ours_is_found_again(bits: int, near: int, away: int) -> None:
    number = max(0, near + away)
    assert unfold(number % (1 << bits), bits, near) == number


@given(st.sampled_from([8, 16]), st.integers(0, 2**16 - 1), st.integers(0, 10**9))
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
        ("first call", Hello(False, them, us, 0xDEADBEEF, 0x0102, 0, 0, bytes(4), Report(0, 0)), 0),
        (
            "call with data behind it",
            Hello(False, them, us, 7, 65535, 255, 3, b"\x0a\x0b\x0c\x0d", report),
            1000,
        ),
        ("answer", Hello(True, us, them, 9, 65535, 3, 255, b"\xff\xff\xff\xff", Report(5, 4, (), 304, 0)), 0),
        ("acknowledgement of nothing", Ack(Report(0, 0)), 0),
        ("acknowledgement", Ack(busy), 507_904),
        ("bye", Ack(Report(9, 8), bye=True), 0),
        ("data", Data(255, 31, 254, random.randbytes(16)), 31),
        ("data with shape", Data(0, 0, 0, random.randbytes(8), Shape(1, 0)), 33),
        ("data with the largest shape", Data(128, 31, 127, b"\x00", Shape(4096, 15)), 100_000),
    ]


def test_frames_have_the_bytes_that_they_always_had() -> None:
    kept = json.loads(VECTORS.read_text())
    assert [each["name"] for each in kept] == [name for name, _, _ in vectors()]
    for each, (_, frame, left_bytes) in zip(kept, vectors(), strict=True):
        data = bytes.fromhex(each["hex"])
        assert write_frame(frame, left_bytes) == data
        assert read_frame(data) == (frame, read_left(write_left(left_bytes)))
        assert each["left"] == read_left(write_left(left_bytes))

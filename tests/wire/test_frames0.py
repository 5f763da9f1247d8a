"""Frames of version 0 there and back, kept bytes, and frames that nobody should have sent."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import OPEN_TRANSFERS, TRANSFER_BLOCKS
from radiosync.wire.context import EMPTY_MARK, Mark
from radiosync.wire.frames import (
    Ack,
    Arriving,
    Data,
    Frame,
    Hello,
    Kind,
    Report,
    kind_of,
    read_frame,
    set_left,
    write_frame,
)
from radiosync.wire.frames0 import read_any_frame, write_old_frame
from radiosync.wire.shape import Shape
from radiosync.wire.varint import read_left, write_left
from tests.wire.test_frames import bytes_, counts, reports, shapes
from tests.wire.test_frames import frames as new_frames
from tests.wire.test_frames import hellos as new_hellos

VECTORS = Path(__file__).parents[1] / "vectors" / "frames-v0.json"

# What the sender can read and where its epoch begins is not in them; one who speaks version 1 may have said it before.
hellos = st.builds(
    lambda hello, spoken: replace(
        hello,
        heard_mark=Mark(hello.heard_mark.context),
        capabilities=spoken[0],
        version=spoken[1],
        begins=spoken[0],
    ),
    new_hellos,
    st.sampled_from([(0, 0), (None, 1)]),
)
acks = st.builds(Ack, reports(8), st.booleans())
datas = st.builds(
    Data,
    bytes_,
    bytes_,
    bytes_,
    st.binary(min_size=1, max_size=200),
    st.one_of(st.none(), shapes),
    st.just(8),
)
frames = st.one_of(hellos, acks, datas)


@given(frames, counts)
def test_frames_survive(frame: Hello | Ack | Data, left_bytes: int) -> None:
    assert read_any_frame(write_old_frame(frame, left_bytes)) == (frame, left_bytes)


@given(new_frames, counts)
def test_frames_of_this_version_are_read_too(frame: Frame, left_bytes: int) -> None:
    assert read_any_frame(write_frame(frame, left_bytes)) == (frame, left_bytes)


@given(frames, counts, counts)
def test_what_is_left_can_be_said_afterwards(frame: Hello | Ack | Data, first: int, second: int) -> None:
    assert set_left(write_old_frame(frame, first), second) == write_old_frame(frame, second)


@given(frames)
def test_the_kind_shows_without_reading_the_rest(frame: Hello | Ack | Data) -> None:
    kinds = {Hello: Kind.HELLO, Ack: Kind.OLD_ACK, Data: Kind.OLD_DATA}
    assert kind_of(write_old_frame(frame)) is kinds[type(frame)]


@given(hellos)
def test_that_we_speak_a_later_version_costs_one_flag_that_nobody_looked_at(hello: Hello) -> None:
    """Version 0 looked at the lowest two flags of a hello, and no others."""
    plain, later = (write_old_frame(replace(hello, version=version)) for version in (0, 1))
    assert later == bytes([plain[0] | 0x10]) + plain[1:]
    assert plain[0] & 0xE0 == 0
    assert plain[0] & 0x1F == hello.reply + 2 * hello.report.more
    assert plain[2] == 0


@given(hellos, bytes_)
def test_a_hello_has_no_place_for_capabilities(hello: Hello, capabilities: int) -> None:
    assert write_old_frame(replace(hello, capabilities=capabilities)) == write_old_frame(hello)


# Hostile or damaged.


@given(frames)
def test_a_frame_cut_short_is_another_frame_or_refused(frame: Hello | Ack | Data) -> None:
    whole = write_old_frame(frame)
    for end in range(len(whole)):
        try:
            found, _ = read_any_frame(whole[:end])
        except WireError:
            continue
        assert not isinstance(frame, Data) or (isinstance(found, Data) and frame.data.startswith(found.data))


@given(hellos)
def test_a_hello_without_its_report_is_refused(hello: Hello) -> None:
    whole = write_old_frame(hello)
    for end in range(2 + 25 + 2):
        with pytest.raises(WireError):
            read_any_frame(whole[:end])


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x20")
@example(b"\x20\x00\x00\x00\x00\x00" + b"\x01" * (OPEN_TRANSFERS + 1))
def test_random_bytes_give_a_frame_within_bounds_or_a_wire_error(data: bytes) -> None:
    try:
        frame, left_bytes = read_any_frame(data)
    except WireError:
        return
    assert left_bytes >= 0
    if isinstance(frame, Data):
        assert frame.data
    elif isinstance(frame, Hello | Ack):
        assert len(frame.report.arriving) <= OPEN_TRANSFERS
        assert all(len(each.needs) <= TRANSFER_BLOCKS for each in frame.report.arriving)


@given(st.sampled_from([0, 1, 2]), st.integers(0, 31), st.binary(max_size=80))
def test_random_bytes_behind_an_old_head_give_a_frame_or_a_wire_error(
    kind: int, flags: int, body: bytes
) -> None:
    data = bytes([kind << 5 | flags, 0, *([0] if kind == 0 else [])]) + body
    try:
        frame, _ = read_any_frame(data)
    except WireError:
        return
    assert isinstance(frame, Hello | Ack | Data)
    assert read_any_frame(write_old_frame(frame))[0] == frame


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
        read_any_frame(b"\x20\x00\x00\x00\x00\x00" + report)


# Kept bytes, made when there was no other version. They never change.


def vectors() -> list[tuple[str, Hello | Ack | Data, int]]:
    """Every kind of frame, by name, with the bytes left behind it."""
    many = (Arriving(applied=True), Arriving(needs=(3, 0, 200)), Arriving(), Arriving(needs=(1,)))
    report, busy = (Report(*marks, many, 4096, 72, True) for marks in ((0x1234, 0xFF02), (0x34, 0x02)))
    answer = Report(5, 4, (), 304, 0)
    us, them = b"\x01\x02\x03\x04", b"\xfa\xfb\xfc\xfd"
    random = Random(1)
    return [
        ("first call", Hello(False, them, us, 0xDEADBEEF, 0x0102, 0, 0, EMPTY_MARK, Report(0, 0)), 0),
        (
            "call with data behind it",
            Hello(False, them, us, 7, 65535, 255, 3, Mark(b"\x0a\x0b\x0c\x0d"), report),
            1000,
        ),
        ("answer", Hello(True, us, them, 9, 65535, 3, 255, Mark(b"\xff\xff\xff\xff"), answer), 0),
        ("acknowledgement of nothing", Ack(Report(0, 0)), 0),
        ("acknowledgement", Ack(busy), 507_904),
        ("bye", Ack(Report(9, 8), bye=True), 0),
        ("data", Data(255, 31, 254, random.randbytes(16), None, 8), 31),
        ("data with shape", Data(0, 0, 0, random.randbytes(8), Shape(1, 0), 8), 33),
        ("data with the largest shape", Data(128, 31, 127, b"\x00", Shape(4096, 15), 8), 100_000),
    ]


def test_frames_have_the_bytes_that_they_always_had() -> None:
    kept = json.loads(VECTORS.read_text())
    assert [each["name"] for each in kept] == [name for name, _, _ in vectors()]
    for each, (_, frame, left_bytes) in zip(kept, vectors(), strict=True):
        data = bytes.fromhex(each["hex"])
        said = replace(frame, version=0) if isinstance(frame, Hello) else frame
        assert write_old_frame(said, left_bytes) == data
        assert read_any_frame(data) == (said, read_left(write_left(left_bytes)))
        assert each["left"] == read_left(write_left(left_bytes))


def test_the_reader_of_this_version_alone_takes_none_of_them_for_its_own() -> None:
    for each in json.loads(VECTORS.read_text())[3:]:
        with pytest.raises(WireError, match="version 0"):
            read_frame(bytes.fromhex(each["hex"]))

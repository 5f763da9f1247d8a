"""AX.25 UI frames, compared with another implementation."""

import string

import ax25 as pyham
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import AX25_PATH_HOPS
from radiosync.wire.ax25 import ADDRESS_BYTES, UI_HEADER_BYTES, Address, UiFrame

characters = string.ascii_uppercase + string.digits


def ui_frames_with(shortest_callsign: int) -> st.SearchStrategy[UiFrame]:
    addresses = st.builds(
        Address, st.text(characters, min_size=shortest_callsign, max_size=6), st.integers(0, 15)
    )
    paths = st.lists(addresses, max_size=AX25_PATH_HOPS).map(tuple)
    return st.builds(UiFrame, addresses, addresses, paths, st.binary(max_size=256))


ui_frames = ui_frames_with(1)
pyham_frames = ui_frames_with(2)  # it refuses callsigns of one character


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("N0CALL-7", Address("N0CALL", 7)),
        ("n0call", Address("N0CALL")),
        (" A-15 ", Address("A", 15)),
        ("QST-0", Address("QST")),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert Address.parse(str(address)) == address


@given(ui_frames)
def test_addresses_are_shown_as_they_are_read(frame: UiFrame) -> None:
    address = frame.source
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text", ["", "-", "-1", "N0CALLX", "N0CALL-16", "N0CALL-07", "N0 CALL", "N0CALL-", "Ä1A", "A-1-2"]
)
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="not an AX"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("callsign", "ssid"), [("", 0), ("n0call", 0), ("N0CALL", 16), ("N0CALL", -1), ("A-1", 2), ("A\n", 0)]
)
def test_an_address_cannot_be_built_wrong(callsign: str, ssid: int) -> None:
    with pytest.raises(ValueError, match="not an AX"):
        Address(callsign, ssid)


def test_a_known_frame() -> None:
    frame = UiFrame(Address("RSYNC"), Address("N0CALL", 7), (), b"hi")
    assert frame.encode().hex(" ") == "a4 a6 b2 9c 86 40 e0 9c 60 86 82 98 98 6f 03 f0 68 69"
    assert len(frame.encode()) == UI_HEADER_BYTES + 2


@given(ui_frames)
def test_round_trip(frame: UiFrame) -> None:
    assert UiFrame.decode(frame.encode()) == frame


@given(pyham_frames)
def test_pyham_reads_what_we_write(frame: UiFrame) -> None:
    theirs = pyham.Frame.unpack(frame.encode())
    assert (str(theirs.dst), str(theirs.src)) == (str(frame.destination), str(frame.source))
    assert tuple(map(str, theirs.via or ())) == tuple(map(str, frame.path))
    assert theirs.control.frame_type is pyham.FrameType.UI
    assert (theirs.pid, bytes(theirs.data or b"")) == (0xF0, frame.payload)


@given(pyham_frames, st.booleans(), st.booleans(), st.booleans())
def test_we_read_what_pyham_writes(frame: UiFrame, dst_c: bool, src_c: bool, repeated: bool) -> None:
    via = [pyham.Address(f"{hop}*" if repeated else str(hop), repeater=True) for hop in frame.path]
    dst, src = pyham.Address(str(frame.destination)), pyham.Address(str(frame.source))
    dst.command_response, src.command_response = dst_c, src_c
    control = pyham.Control(pyham.FrameType.UI)
    theirs = pyham.Frame(dst, src, via=via, control=control, pid=0xF0, data=frame.payload).pack()
    assert UiFrame.decode(theirs) == frame
    if dst_c and not src_c and not (repeated and via):
        assert bytes(theirs) == frame.encode()


@given(ui_frames, st.data())
def test_command_reserved_and_poll_bits_are_taken_either_way(frame: UiFrame, draw: st.DataObject) -> None:
    data = bytearray(frame.encode())
    last = ADDRESS_BYTES * (2 + len(frame.path))
    for at in range(ADDRESS_BYTES - 1, last, ADDRESS_BYTES):
        data[at] = data[at] & 0x1F | draw.draw(st.integers(0, 7)) << 5
    data[last] |= draw.draw(st.sampled_from([0, 0x10]))
    assert UiFrame.decode(bytes(data)) == frame


@given(ui_frames)
def test_every_cut_of_the_header_is_refused(frame: UiFrame) -> None:
    data = frame.encode()
    for size in range(len(data) - len(frame.payload)):
        with pytest.raises(WireError):
            UiFrame.decode(data[:size])


@given(st.binary(max_size=120))
def test_any_bytes_give_a_frame_or_an_error(data: bytes) -> None:
    try:
        frame = UiFrame.decode(data)
    except WireError:
        return
    assert UiFrame.decode(frame.encode()) == frame


def mutated(at: int, value: int) -> bytes:
    data = bytearray(UiFrame(Address("RSYNC"), Address("N0CALL", 7), (), b"hi").encode())
    data[at] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (mutated(14, 0x3F), "not an AX.25 UI frame"),  # SABM
        (mutated(14, 0x00), "not an AX.25 UI frame"),  # I frame
        (mutated(15, 0xCF), "not an AX.25 UI frame"),  # NET/ROM
        (mutated(0, ord("r") << 1), "characters"),
        (mutated(1, ord(" ") << 1), "characters"),  # a space inside
        (mutated(0, 0xFF), "addresses"),  # the end mark inside a callsign
        (mutated(6, 0xE1), "addresses"),  # one address only
        (b"\xa4\xa6\xb2\x9c\x86\x40\xe0" * 11, "addresses"),  # no end in sight
        (b"", "addresses"),
    ],
)
def test_what_is_not_for_us_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        UiFrame.decode(data)


def test_nine_digipeaters_are_our_misuse() -> None:
    hop = Address("D1GI")
    assert UiFrame.decode(UiFrame(hop, hop, (hop,) * 8, b"").encode()).path == (hop,) * 8
    with pytest.raises(ValueError, match="digipeaters"):
        UiFrame(hop, hop, (hop,) * 9, b"").encode()

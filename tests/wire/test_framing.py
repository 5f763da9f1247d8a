"""The seam that a link uses, over each of the three framings."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.wire.ax25 import Address, UiFrame
from radiosync.wire.check import ax25_fcs
from radiosync.wire.framing import Framing, KissAx25Framing, KissFraming, ReceivedFrame, StreamFraming
from radiosync.wire.kiss import Command, KissDecoder, encode_kiss
from tests.wire.feeding import ways

FIELD, BASE, OTHER = Address("F1ELD", 7), Address("BASE"), Address("OTHER", 3)

PAIRS: dict[str, Callable[[], tuple[Framing, Framing]]] = {
    "kiss-ax25": lambda: (KissAx25Framing(FIELD, BASE), KissAx25Framing(BASE, FIELD)),
    "kiss": lambda: (KissFraming(), KissFraming()),
    "stream": lambda: (StreamFraming(3), StreamFraming(0)),
}
payloads = st.lists(st.binary(min_size=1, max_size=256), max_size=4)


@pytest.mark.parametrize("kind", PAIRS)
@given(sent=payloads, seed=st.integers(0, 999))
def test_frames_cross_however_they_are_fed(kind: str, sent: list[bytes], seed: int) -> None:
    data = b"".join(PAIRS[kind]()[0].encode(frame) for frame in sent)
    for chunks in ways(data, Random(seed)):
        receiver = PAIRS[kind]()[1]
        received = [frame for chunk in chunks for frame in receiver.receive(chunk)]
        assert [frame.payload for frame in received] == sent
        assert {frame.source for frame in received} <= {"F1ELD-7" if kind == "kiss-ax25" else None}
        assert receiver.damaged == 0


@pytest.mark.parametrize("kind", PAIRS)
@given(before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_rubbish_around_a_frame_does_not_hide_it(kind: str, before: bytes, after: bytes) -> None:
    sender, receiver = PAIRS[kind]()
    received = receiver.receive(before + sender.encode(b"the frame") + after)
    assert b"the frame" in [frame.payload for frame in received]


@pytest.mark.parametrize("size", [1, 40, 256])
def test_bytes_on_air_are_those_that_a_modem_transmits(size: int) -> None:
    frame = bytes(size)
    ax25 = KissAx25Framing(FIELD, BASE)
    (to_tnc,) = KissDecoder().receive(ax25.encode(frame))
    on_air = to_tnc.payload + ax25_fcs(to_tnc.payload).to_bytes(2, "little")
    assert ax25.air_bytes(size) == len(on_air) == size + ax25.overhead_bytes
    assert KissFraming().air_bytes(size) == size + KissFraming.overhead_bytes
    for strength in range(8):
        stream = StreamFraming(strength)
        assert stream.air_bytes(size) == len(stream.encode(frame))
    assert StreamFraming(0).air_bytes(size) == size + StreamFraming.overhead_bytes


def test_strength_may_change_from_frame_to_frame() -> None:
    sender, receiver = StreamFraming(0), StreamFraming(0)
    weak = sender.encode(b"frame")
    sender.strength = 7
    strong = sender.encode(b"frame")
    assert len(strong) == len(weak) + 64
    damaged = bytearray(strong)
    damaged[8] ^= 0xFF
    damaged[10] ^= 0xFF
    assert receiver.receive(weak + bytes(damaged)) == [
        ReceivedFrame(b"frame", None, 0),
        ReceivedFrame(b"frame", None, 2),
    ]


def test_damaged_frames_are_counted() -> None:
    stream = StreamFraming(3)
    wire = bytearray(stream.encode(bytes(100)))
    wire[20:60] = b"\x77" * 40
    assert (stream.receive(bytes(wire)), stream.damaged) == ([], 1)
    for kiss in (KissFraming(), KissAx25Framing(FIELD, BASE)):
        assert (kiss.receive(b"\xc0\x00\xdb\x00\xc0"), kiss.damaged) == ([], 1)


def heard(frame: UiFrame, port: int = 0, command: Command = Command.DATA) -> list[ReceivedFrame]:
    return KissAx25Framing(BASE, FIELD).receive(encode_kiss(frame.encode(), port, command))


def test_what_others_send_to_others_is_heard_with_its_source() -> None:
    assert heard(UiFrame(OTHER, FIELD, (), b"x")) == [ReceivedFrame(b"x", "F1ELD-7")]
    assert heard(UiFrame(BASE, OTHER, (Address("D1GI", 1),), b"x")) == [ReceivedFrame(b"x", "OTHER-3")]


def test_our_own_echo_other_radios_and_commands_are_not_heard() -> None:
    assert heard(UiFrame(FIELD, BASE, (Address("D1GI", 1),), b"x")) == []
    assert heard(UiFrame(BASE, FIELD, (), b"x"), port=1) == []
    assert heard(UiFrame(BASE, FIELD, (), b"x"), command=Command.SETHARDWARE) == []
    assert KissFraming().receive(encode_kiss(b"x", 1) + encode_kiss(b"x", 0, Command.SETHARDWARE)) == []


def test_connected_mode_and_other_protocols_are_passed_over() -> None:
    sound = UiFrame(BASE, FIELD, (), b"x").encode()
    framing = KissAx25Framing(BASE, FIELD)
    for at, value in ((14, 0x3F), (15, 0xCF), (0, 0x01)):
        other = bytearray(sound)
        other[at] = value
        assert framing.receive(encode_kiss(bytes(other))) == []
    assert framing.receive(encode_kiss(sound)) == [ReceivedFrame(b"x", "F1ELD-7")]
    assert framing.damaged == 0


def test_another_radio_of_the_tnc() -> None:
    sender, receiver = KissAx25Framing(FIELD, BASE, port=2), KissAx25Framing(BASE, FIELD, port=2)
    assert KissDecoder().receive(sender.encode(b"x"))[0].port == 2
    assert [frame.payload for frame in receiver.receive(sender.encode(b"x"))] == [b"x"]


def test_the_partner_may_change() -> None:
    framing = KissAx25Framing(FIELD, BASE)
    framing.destination = OTHER
    (frame,) = KissDecoder().receive(framing.encode(b"x"))
    assert UiFrame.decode(frame.payload).destination == OTHER


def test_an_empty_stream_frame_is_our_misuse() -> None:
    with pytest.raises(ValueError, match="no stream frame"):
        StreamFraming(0).encode(b"")

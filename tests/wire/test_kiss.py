"""KISS, whole and in pieces, sound and damaged."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.limits import KISS_FRAME_BYTES
from radiosync.wire.kiss import FEND, Command, KissDecoder, KissFrame, encode_kiss
from tests.wire.feeding import ways

seeds = st.integers(0, 2**32)
special = st.lists(st.sampled_from([b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"\x00", b"x"]), max_size=12).map(
    b"".join
)
payloads = st.binary(max_size=60) | special
frames = st.builds(
    KissFrame, st.integers(0, 14), st.sampled_from([c for c in Command if c != Command.RETURN]), payloads
)


def encode(frame: KissFrame) -> bytes:
    return encode_kiss(frame.payload, frame.port, frame.command)


@pytest.mark.parametrize(
    ("wire", "frame"),
    [
        ("c00054455354c0", KissFrame(0, Command.DATA, b"TEST")),  # the paper's example
        ("c05048656c6c6fc0", KissFrame(5, Command.DATA, b"Hello")),  # and its second
        ("c000dbdcdbddc0", KissFrame(0, Command.DATA, b"\xc0\xdb")),  # and its third
        ("c0012dc0", KissFrame(0, Command.TXDELAY, b"\x2d")),
        ("c0ffc0", KissFrame(15, Command.RETURN, b"")),
        ("c0dbdc01c0", KissFrame(12, Command.DATA, b"\x01")),
    ],
)
def test_known_frames(wire: str, frame: KissFrame) -> None:
    assert encode(frame).hex() == wire
    assert KissDecoder().receive(bytes.fromhex(wire)) == [frame]


@given(st.lists(frames, max_size=6), seeds.map(Random))
def test_frames_survive_however_they_are_fed(sent: list[KissFrame], random: Random) -> None:
    data = b"".join(map(encode, sent))
    for chunks in ways(data, random):
        decoder = KissDecoder()
        assert [frame for chunk in chunks for frame in decoder.receive(chunk)] == sent
        assert decoder.damaged == 0


@given(
    st.lists(frames, min_size=1, max_size=4),
    st.binary(max_size=80),
    st.binary(max_size=80),
    seeds.map(Random),
)
def test_rubbish_around_frames_costs_none(
    sent: list[KissFrame], before: bytes, after: bytes, random: Random
) -> None:
    data = before + b"".join(map(encode, sent)) + after
    expected = KissDecoder().receive(data)
    for chunks in ways(data, random):
        decoder = KissDecoder()
        received = [frame for chunk in chunks for frame in decoder.receive(chunk)]
        assert received == expected
    assert any(received[i : i + len(sent)] == sent for i in range(len(received)))


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(data: bytes) -> None:
    for frame in KissDecoder().receive(FEND + data + FEND):
        assert len(frame.payload) < len(data)


@given(st.lists(frames, min_size=3, max_size=6), st.data())
def test_one_wrong_byte_costs_two_frames_at_most(sent: list[KissFrame], draw: st.DataObject) -> None:
    data = bytearray(b"".join(map(encode, sent)))
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    received = KissDecoder().receive(bytes(data))
    i = 0
    while i < len(sent) and i < len(received) and received[i] == sent[i]:
        i += 1
    tail = sent[i + 1 :]
    assert not tail or received[-len(tail) :] == tail, "the damage reaches one frame: each has its own FENDs"


def test_frames_that_share_one_fend() -> None:
    data = b"\xc0\x00one\xc0\x00two\xc0\xc0\xc0\x00three\xc0"
    assert [frame.payload for frame in KissDecoder().receive(data)] == [b"one", b"two", b"three"]


def test_a_port_opened_in_mid_frame_does_not_take_the_rest_for_a_frame() -> None:
    assert KissDecoder().receive(b"\x00rest of a frame\xc0") == []
    assert KissDecoder().receive(b"cmd:\r\n" + encode_kiss(b"a")) == [KissFrame(0, Command.DATA, b"a")]


@pytest.mark.parametrize(
    "inner", [b"\x00ab\xdb", b"\x00\xdb\xdb\xdc", b"\x00\xdbx", b"\xdb", b"\x07x", b"\x0c12x"]
)
def test_bad_escapes_and_unknown_commands_drop_the_frame(inner: bytes) -> None:
    decoder = KissDecoder()
    after = KissFrame(0, Command.DATA, b"after")
    assert decoder.receive(FEND + inner + FEND + encode(after)) == [after]
    assert decoder.damaged == 1


def test_the_longest_run_is_a_frame_and_a_longer_one_is_dropped_up_to_the_next_fend() -> None:
    for extra, count in ((0, 2), (1, 1), (5000, 1)):
        data = FEND + bytes(KISS_FRAME_BYTES + extra) + FEND + encode_kiss(b"next")
        for chunks in ways(data, Random(extra)):
            decoder = KissDecoder()
            received = [frame for chunk in chunks for frame in decoder.receive(chunk)]
            assert [frame.payload for frame in received][-1] == b"next"
            assert (len(received), decoder.damaged) == (count, 2 - count)


def test_the_buffer_is_bounded() -> None:
    decoder = KissDecoder()
    decoder.receive(FEND)
    for _ in range(200):
        decoder.receive(bytes(1000))
        assert len(decoder._run) <= KISS_FRAME_BYTES
    assert decoder.damaged == 1


@pytest.mark.parametrize("port", [-1, 16])
def test_a_port_that_cannot_be_is_our_misuse(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        encode_kiss(b"", port)

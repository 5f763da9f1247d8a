"""Frames on transparent modems: damaged, cut short, with bytes lost and added."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiosync.errors import WireError
from radiosync.limits import STREAM_CANDIDATES, STREAM_PAYLOAD_BYTES
from radiosync.wire.check import append_check, strip_check
from radiosync.wire.stream import (
    HEADER_BYTES,
    PREFIX_BYTES,
    STRENGTHS,
    SYNC_BYTES,
    SYNC_WORD,
    StreamDecoder,
    StreamFrame,
    encode_stream,
    stream_bytes,
)
from tests.wire.feeding import ways

SEED = b"contact"
STRONGEST = len(STRENGTHS) - 1
strengths = st.integers(0, STRONGEST)
random_sources = st.integers(0, 2**32).map(Random)


def flipped(data: bytes, places: list[int] | tuple[int, ...]) -> bytes:
    """Invert the bits at `places`, counted from the first bit of the first byte."""
    damaged = bytearray(data)
    for place in places:
        damaged[place // 8] ^= 0x80 >> place % 8
    return bytes(damaged)


def noisy(data: bytes, bit_error_rate: float, random: Random) -> bytes:
    """Invert bits at random: the gaps between wrong bits are drawn, so that clean stretches cost nothing."""
    places, at = [], int(random.expovariate(bit_error_rate))
    while at < len(data) * 8:
        places.append(at)
        at += 1 + int(random.expovariate(bit_error_rate))
    return flipped(data, places)


def deliver(data: bytes) -> list[StreamFrame]:
    return StreamDecoder().receive(data)


def checked(frames: list[StreamFrame]) -> list[bytes]:
    """Payloads whose frame check fits, as the link sees them."""
    good = []
    for frame in frames:
        try:
            good.append(strip_check(frame.payload, SEED, 4))
        except WireError:
            continue
    return good


def in_order(part: list[bytes], whole: list[bytes]) -> bool:
    rest = iter(whole)
    return all(item in rest for item in part)


# ---------------------------------------------------------------- shape


def test_a_known_frame() -> None:
    assert encode_stream(b"radiosync", 1).hex(" ", 1) == (
        "94 82 7f 00 92 dd 68 72 61 64 69 6f 73 79 6e 63 93 b9 3b 67"
    )
    assert encode_stream(b"radiosync", 0)[PREFIX_BYTES:] == b"radiosync"


def test_headers_are_words_of_the_documented_code() -> None:
    powers = [1]  # of a root of x^5 + x^2 + 1, in GF(32)
    for _ in range(30):
        powers.append(powers[-1] << 1 if powers[-1] < 16 else powers[-1] << 1 ^ 0b100101)
    for size in [1, 2, 3, *range(5, STREAM_PAYLOAD_BYTES, 97), STREAM_PAYLOAD_BYTES]:
        for strength in range(len(STRENGTHS)):
            header = int.from_bytes(encode_stream(bytes(size), strength)[SYNC_BYTES:PREFIX_BYTES], "big")
            assert header >> 16 == size << 4 | strength << 1
            assert header.bit_count() % 2 == 0
            places = [place for place in range(31) if header >> 1 + place & 1]
            for root in (1, 3, 5):  # three roots in a row of odd powers: the code repairs three wrong bits
                total = 0
                for place in places:
                    total ^= powers[place * root % 31]
                assert total == 0


def test_sync_word_and_header_fit_the_budget() -> None:
    assert PREFIX_BYTES == SYNC_BYTES + HEADER_BYTES <= 8


@given(st.integers(1, STREAM_PAYLOAD_BYTES), strengths, random_sources)
def test_round_trip(size: int, strength: int, random: Random) -> None:
    payload = random.randbytes(size)
    wire = encode_stream(payload, strength)
    assert len(wire) == stream_bytes(size, strength)
    assert wire[PREFIX_BYTES : PREFIX_BYTES + size] == payload, "the body starts with the payload"
    assert deliver(wire) == [StreamFrame(payload, strength, 0)]


@pytest.mark.parametrize("strength", range(1, len(STRENGTHS)))
def test_blocks_are_as_few_as_hold_the_payload(strength: int) -> None:
    parity = STRENGTHS[strength]
    assert stream_bytes(255 - parity, strength) == PREFIX_BYTES + 255
    assert stream_bytes(256 - parity, strength) == PREFIX_BYTES + 256 + parity


@pytest.mark.parametrize(("size", "strength"), [(0, 0), (STREAM_PAYLOAD_BYTES + 1, 0), (1, -1), (1, 8)])
def test_what_cannot_be_encoded_is_our_misuse(size: int, strength: int) -> None:
    with pytest.raises(ValueError, match="no stream frame"):
        encode_stream(bytes(size), strength)


# ---------------------------------------------------------------- feeding


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=300), strengths), max_size=4), random_sources)
def test_frames_survive_however_they_are_fed(sent: list[tuple[bytes, int]], random: Random) -> None:
    data = b"".join(encode_stream(payload, strength) for payload, strength in sent)
    for chunks in ways(data, random):
        decoder = StreamDecoder()
        received = [frame for chunk in chunks for frame in decoder.receive(chunk)]
        assert [(frame.payload, frame.strength) for frame in received] == sent
        assert decoder.damaged == 0


@pytest.mark.parametrize("seed", range(30))
def test_rubbish_before_between_and_after_costs_no_frame(seed: int) -> None:
    random = Random(seed)
    sent = [random.randbytes(random.randint(1, 400)) for _ in range(5)]
    data = random.randbytes(random.randint(0, 900))
    for payload in sent:
        data += encode_stream(append_check(payload, SEED, 4), random.randint(0, STRONGEST))
        data += random.randbytes(random.randint(0, 900))
    expected = deliver(data)
    assert checked(expected) == sent
    for chunks in ways(data, random):
        decoder = StreamDecoder()
        assert [frame for chunk in chunks for frame in decoder.receive(chunk)] == expected


def test_the_longest_frame_may_come_byte_by_byte() -> None:
    payload = Random(1).randbytes(STREAM_PAYLOAD_BYTES)
    wire = encode_stream(payload, STRONGEST)
    for chunks in ways(wire, Random(2)):
        decoder = StreamDecoder()
        frames = [frame for chunk in chunks for frame in decoder.receive(chunk)]
        assert frames == [StreamFrame(payload, STRONGEST, 0)]


def test_the_way_of_feeding_does_not_matter_for_damaged_streams_either() -> None:
    for seed in range(12):
        random = Random(seed)
        data = b"".join(encode_stream(random.randbytes(random.randint(1, 200)), seed % 8) for _ in range(8))
        data = noisy(data, 5e-3, random)
        results = set()
        for chunks in ways(data, random):
            decoder = StreamDecoder()
            received = tuple(frame for chunk in chunks for frame in decoder.receive(chunk))
            results.add((received, decoder.damaged))
        assert len(results) == 1


@given(st.binary(max_size=400))
def test_any_bytes_are_taken(data: bytes) -> None:
    for frame in deliver(SYNC_WORD.to_bytes(SYNC_BYTES, "big") + data):
        assert 1 <= len(frame.payload) <= len(data)


# ---------------------------------------------------------------- sync word and header


@pytest.mark.parametrize(("size", "strength"), [(1, 0), (9, 3)])
def test_any_three_wrong_bits_of_the_header_are_repaired(size: int, strength: int) -> None:
    wire = encode_stream(bytes(range(size)), strength)
    decoder = StreamDecoder()
    for weight in (1, 2, 3):
        for places in combinations(range(8 * SYNC_BYTES, 8 * PREFIX_BYTES), weight):
            (frame,) = decoder.receive(flipped(wire, places))
            assert (frame.payload, frame.strength) == (bytes(range(size)), strength)


def test_any_three_wrong_bits_of_the_sync_word_are_accepted_and_four_are_not() -> None:
    wire = encode_stream(b"payload", 0)
    for weight, count in ((1, 1), (2, 1), (3, 1), (4, 0)):
        for places in combinations(range(8 * SYNC_BYTES), weight):
            assert len(deliver(flipped(wire, places))) == count


def test_four_wrong_bits_of_the_header_are_never_taken_for_another_header() -> None:
    wire = encode_stream(b"payload", 0)
    for places in list(combinations(range(8 * SYNC_BYTES, 8 * PREFIX_BYTES), 4))[::7]:
        decoder = StreamDecoder()
        assert decoder.receive(flipped(wire, places)) == []
        assert decoder._candidates == []


def test_headers_that_no_frame_has_open_nothing() -> None:
    empty = 0  # no payload
    reserved = 0o107657 << 1 | 0o107657.bit_count() % 2  # the generator itself: information 1
    longer = int.from_bytes(encode_stream(b"x", 0)[SYNC_BYTES:PREFIX_BYTES], "big") ^ reserved
    for header in (empty, reserved, longer):
        decoder = StreamDecoder()
        assert decoder.receive((SYNC_WORD << 32 | header).to_bytes(PREFIX_BYTES, "big") + b"x" * 9) == []
        assert decoder._candidates == []


@pytest.mark.parametrize(
    ("bit_error_rate", "lost_at_most"),
    [(1e-3, 0), (3e-3, 1), (1e-2, 18), (3e-2, 480)],  # expected: 0.001, 0.07, 7.6, 403
)
def test_prefixes_survive_bit_errors_as_the_docstring_says(bit_error_rate: float, lost_at_most: int) -> None:
    count, random = 20_000, Random(5)
    prefix = encode_stream(b"x", 0)[:PREFIX_BYTES]
    damaged = noisy(prefix * count, bit_error_rate, random)
    decoder = StreamDecoder()
    received = 0
    for at in range(0, len(damaged), PREFIX_BYTES):
        received += len(decoder.receive(damaged[at : at + PREFIX_BYTES] + b"x"))
    assert count - received <= lost_at_most


def test_noise_looks_like_a_frame_as_rarely_as_the_docstring_says() -> None:
    decoder, random = StreamDecoder(), Random(11)
    opened = 0
    for _ in range(100):
        decoder.receive(random.randbytes(10_000))
        opened += len(decoder._candidates)
        decoder._candidates.clear()
    assert opened <= 16, "5.8 are expected in a million bytes"


def test_the_sync_word_is_far_from_itself_from_idle_lines_and_from_text() -> None:
    first, second, third = SYNC_WORD.to_bytes(SYNC_BYTES, "big")
    assert (first ^ second).bit_count() + (second ^ third).bit_count() == 10
    assert (first ^ third).bit_count() == 6
    assert min(sum((byte ^ idle).bit_count() for byte in (first, second, third)) for idle in range(256)) == 8
    text = [*range(0x20, 0x7F), *b"\t\r\n"]
    assert sum(min((byte ^ letter).bit_count() for letter in text) for byte in (first, second, third)) == 5


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("strength", range(1, len(STRENGTHS)))
def test_a_burst_is_shared_by_all_blocks(strength: int) -> None:
    random = Random(strength)
    payload = random.randbytes(1000)
    wire = bytearray(encode_stream(payload, strength))
    parity = STRENGTHS[strength]
    blocks = -(-1000 // (255 - parity))
    burst = blocks * (parity // 2)
    start = random.randint(PREFIX_BYTES, len(wire) - burst)
    for place in range(start, start + burst):
        wire[place] ^= random.randint(1, 255)
    assert deliver(bytes(wire)) == [StreamFrame(payload, strength, burst)]


def test_a_frame_beyond_repair_is_counted_and_not_delivered() -> None:
    wire = bytearray(encode_stream(bytes(200), 5))
    for place in range(20, 60):
        wire[place] ^= 0x5A
    decoder = StreamDecoder()
    assert decoder.receive(bytes(wire)) == []
    assert decoder.damaged == 1


@pytest.mark.parametrize(
    ("bit_error_rate", "strength", "at_least"),
    [(1e-4, 1, 0.97), (1e-3, 3, 0.98), (3e-3, 5, 0.98), (1e-2, 7, 0.93)],
)
def test_each_strength_carries_its_bit_error_rate(
    bit_error_rate: float, strength: int, at_least: float
) -> None:
    random = Random(int(bit_error_rate * 1e5))
    sent = [random.randbytes(500) for _ in range(60)]
    wire = b"".join(encode_stream(append_check(payload, SEED, 4), strength) for payload in sent)
    received = checked(deliver(noisy(wire, bit_error_rate, random)))
    assert in_order(received, sent)
    assert len(received) >= at_least * len(sent)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_what_passes_the_check_was_sent_and_in_order(seed: int) -> None:
    random = Random(seed)
    sent = [random.randbytes(random.randint(1, 250)) for _ in range(12)]
    wire = bytearray()
    for payload in sent:
        wire += encode_stream(append_check(payload, SEED, 4), random.randint(0, STRONGEST))
    damaged = bytearray(noisy(bytes(wire), random.choice([1e-4, 1e-3, 1e-2, 5e-2]), random))
    for _ in range(random.randint(0, 6)):
        at = random.randrange(len(damaged))
        match random.randrange(3):
            case 0:
                del damaged[at : at + random.randint(1, 20)]
            case 1:
                damaged[at:at] = random.randbytes(random.randint(1, 20))
            case _:
                damaged[at : at + 30] = random.randbytes(30)
    assert in_order(checked(deliver(bytes(damaged))), sent)


@pytest.mark.parametrize("seed", range(60))
def test_bytes_lost_or_added_in_one_frame_cost_that_frame_alone(seed: int) -> None:
    random = Random(seed)
    sent = [random.randbytes(random.randint(20, 300)) for _ in range(6)]
    frames = [encode_stream(append_check(payload, SEED, 4), random.randint(0, STRONGEST)) for payload in sent]
    hit = random.randrange(len(frames))
    at = random.randrange(len(frames[hit]))
    count = random.randint(1, 12)
    if random.random() < 0.5:
        frames[hit] = frames[hit][:at] + frames[hit][at + count :]
    else:
        frames[hit] = frames[hit][:at] + random.randbytes(count) + frames[hit][at:]
    received = checked(deliver(b"".join(frames)))
    others = sent[:hit] + sent[hit + 1 :]
    assert received in (others, sent), "added bytes may also fall between the frames"


def test_every_single_lost_byte_costs_that_frame_alone() -> None:
    sent = [b"first of three", b"the one that is hit", b"last of three"]
    frames = [encode_stream(append_check(payload, SEED, 4), 2) for payload in sent]
    for at in range(len(frames[1])):
        hit = frames[1][:at] + frames[1][at + 1 :]
        received = checked(deliver(frames[0] + hit + frames[2]))
        assert received in ([sent[0], sent[2]], sent)


# ---------------------------------------------------------------- false matches


def false_prefix(payload_bytes: int = STREAM_PAYLOAD_BYTES, strength: int = STRONGEST) -> bytes:
    return encode_stream(bytes(payload_bytes), strength)[:PREFIX_BYTES]


def test_a_false_match_neither_consumes_nor_delays_the_frames_inside_it() -> None:
    decoder = StreamDecoder()
    assert decoder.receive(false_prefix()) == []
    for payload in (b"one", b"two", b"three"):
        assert decoder.receive(encode_stream(payload, 3)) == [StreamFrame(payload, 3, 0)]


def test_a_frame_may_start_at_any_byte_of_a_false_match() -> None:
    false = false_prefix(60, 2)
    for offset in range(stream_bytes(60, 2) - PREFIX_BYTES):
        data = false + bytes(offset) + encode_stream(b"real", 4)
        assert b"real" in [frame.payload for frame in deliver(data)]


def test_frames_inside_a_payload_do_not_harm_the_frame_around_them() -> None:
    inner = encode_stream(b"inner", 1) + false_prefix() + false_prefix(1, 0)
    outer = append_check(b"outer" + inner * 2, SEED, 4)
    assert checked(deliver(encode_stream(outer, 3))) == [b"outer" + inner * 2]


def test_a_flood_of_false_matches_is_bounded_and_passes() -> None:
    decoder = StreamDecoder()
    decoder.receive(false_prefix() * 500)
    assert len(decoder._candidates) == STREAM_CANDIDATES
    decoder.receive(bytes(2 * STREAM_PAYLOAD_BYTES))
    assert decoder._candidates == []
    assert decoder.damaged == STREAM_CANDIDATES
    assert decoder.receive(encode_stream(b"after", 2)) == [StreamFrame(b"after", 2, 0)]


def test_memory_is_bounded() -> None:
    decoder, random = StreamDecoder(), Random(3)
    for _ in range(40):
        decoder.receive(random.randbytes(1000))
    assert len(decoder._recent) <= stream_bytes(STREAM_PAYLOAD_BYTES, STRONGEST)

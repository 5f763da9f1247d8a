"""The compact codec's coder: there and back, the same state on both sides, and bytes that nobody wrote."""

import tracemalloc
from hashlib import blake2b
from random import Random

import pytest
from hypothesis import given, settings

from radiosync.errors import WireError
from radiosync.limits import MODEL_STEPS, TEXT_BYTES
from radiosync.wire import arithmetic, mixing, textmodel
from radiosync.wire.bitstates import fold
from radiosync.wire.mixing import MixingReader, MixingWriter
from radiosync.wire.statistics import Statistics
from tests.wire.symbols import Symbol, code, random_symbols, symbols

TEXT = b"All residents north of the river are asked to leave for the school on Mill Road. Bring water and papers. "


def write(script: list[Symbol], statistics: Statistics) -> bytes:
    writer = MixingWriter(statistics)
    assert code(writer, script) == [symbol.value for symbol in script]
    return writer.finish()


def text(value: bytes, old: bytes = b"") -> Symbol:
    return Symbol("text", 1, 2, value, contexts=(3,), old=old)


# There and back.


@given(symbols, symbols)
@settings(max_examples=40, deadline=None)
def test_what_was_written_is_read(first: list[Symbol], second: list[Symbol]) -> None:
    ours, theirs = Statistics(), Statistics()
    for script in (first, second):
        data = write(script, ours)
        assert code(MixingReader(theirs, data + bytes(5)), script) == [symbol.value for symbol in script]
    assert ours == theirs


@pytest.mark.parametrize("seed", range(3))
def test_both_sides_learn_the_same_over_many_batches(seed: int) -> None:
    random = Random(seed)
    ours, theirs = Statistics(), Statistics()
    for batch in range(8):
        script = random_symbols(random, 60)
        data = write(script, ours)
        assert code(MixingReader(theirs, data), script) == [symbol.value for symbol in script]
        if batch % 4 == 2:
            theirs = Statistics.from_bytes(theirs.to_bytes())
    assert ours == theirs
    assert ours != Statistics()


def test_a_copy_learns_alone() -> None:
    statistics = Statistics()
    write(random_symbols(Random(1), 100), statistics)
    before, copy = statistics.to_bytes(), statistics.copy()
    write(random_symbols(Random(2), 100), copy)
    assert statistics.to_bytes() == before
    assert copy != statistics


def test_texts_longer_than_the_history_come_back() -> None:
    long = (TEXT * 3000)[:TEXT_BYTES]
    ours, theirs = Statistics(), Statistics()
    script = [text(long), text(TEXT), text(long[:9000], old=long[:40]), text(long[1000:2000])]
    data = write(script, ours)
    assert code(MixingReader(theirs, data), script) == [symbol.value for symbol in script]
    assert ours == theirs


# What it is worth.


def test_raw_bytes_cost_eight_bits() -> None:
    data = Random(3).randbytes(400)
    assert (
        399
        <= len(write([Symbol("raw", 0, 0, data[at : at + 16]) for at in range(0, 400, 16)], Statistics()))
        <= 401
    )


def test_what_is_always_the_same_costs_next_to_nothing() -> None:
    statistics = Statistics()
    script = [Symbol("choice", 1, 0, 2, 9), Symbol("number", 2, 0, 70_000), text(b"OPEN")] * 40
    write(script, statistics)
    assert len(write(script, statistics)) < 12


def test_a_context_tells() -> None:
    """A number that is always the same as its context; alone it could be any."""
    random, statistics = Random(5), Statistics()
    values = [random.choice((17, 999, 123_456)) for _ in range(300)]
    script = [Symbol("number", 0, 0, value, contexts=(value, 7)) for value in values]
    write(script[:200], statistics)
    assert len(write(script[200:], statistics)) < 15


def test_a_text_that_comes_again_costs_a_few_bytes() -> None:
    statistics = Statistics()
    first = len(write([text(TEXT)], statistics))
    write([text(b"Something else happened meanwhile, %d times" % n) for n in range(20)], statistics)
    edited = TEXT.replace(b"Mill Road", b"Main Street")
    assert first > 60
    assert len(write([text(edited, old=TEXT[:40])], statistics)) < 20


def test_a_hint_that_is_not_in_the_history_serves_as_well() -> None:
    """What the other side said last never was in our own history."""
    assert len(write([text(TEXT, old=TEXT)], Statistics())) < 8
    assert len(write([text(TEXT, old=TEXT[:40])], Statistics())) < len(write([text(TEXT)], Statistics())) - 20


def test_what_was_learnt_goes_from_batch_to_batch() -> None:
    random, statistics = Random(6), Statistics()
    fresh, taught = [], []
    for _ in range(10):
        script = random_symbols(random, 60)
        fresh.append(len(write(script, Statistics())))
        taught.append(len(write(script, statistics)))
    assert sum(taught) < 0.85 * sum(fresh)


# Bytes that nobody wrote.


def read_all(data: bytes, script: list[Symbol]) -> None:
    """Read `data` as if it were `script`. Values may be any within the limits; nothing but WireError may be raised."""
    try:
        values = code(MixingReader(Statistics(), data), script)
    except WireError:
        return
    for symbol, value in zip(script, values, strict=True):
        match symbol.kind, value:
            case "choice", int():
                assert 0 <= value < symbol.count
            case "number", int():
                assert 0 <= value < 1 << 64
            case "text", bytes():
                assert len(value) <= TEXT_BYTES
            case "raw", bytes():
                assert isinstance(symbol.value, bytes)
                assert len(value) == len(symbol.value)
            case _:
                pytest.fail(f"{symbol.kind} is read as {value!r}")


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_are_refused_or_read_within_limits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "MODEL_STEPS", 20_000)
    random = Random(seed)
    script = random_symbols(random, 40)
    data = bytearray(write(script, Statistics()))
    match seed % 4:
        case 0:
            data = bytearray(random.randbytes(len(data)))
        case 1:
            del data[random.randrange(len(data)) :]
        case 2:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        case _:
            data = bytearray([random.choice((0, 255))] * len(data))
    read_all(bytes(data), script)


def test_bytes_that_end_too_early_are_refused() -> None:
    script = [Symbol("raw", 0, 0, Random(1).randbytes(16)) for _ in range(10)]
    with pytest.raises(WireError):
        code(MixingReader(Statistics(), write(script, Statistics())[:140]), script)


def test_a_text_of_any_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that is not ours repeats itself for ever: copies cost it next to nothing, and us no memory."""
    writer = MixingWriter(Statistics())
    writer._texts.code(fold(1 << 40 | 1), 0, TEXT * 3000, b"")
    data = writer.finish()
    assert len(data) < 1000
    monkeypatch.setattr(textmodel, "TEXT_BYTES", 4096)
    reader = MixingReader(Statistics(), data)
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="too long"):
            reader.text(1, 1, b"")
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_a_text_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = write([text(TEXT)], Statistics())
    monkeypatch.setattr(mixing, "TEXT_BYTES", len(TEXT) - 1)
    with pytest.raises(WireError, match="longer"):
        code(MixingReader(Statistics(), data), [text(b"")])


def test_an_escape_that_nobody_writes_is_refused() -> None:
    for escaped in (b"a\1b", b"a\1", b"\1\3"):
        writer = MixingWriter(Statistics())
        writer._texts.code(fold(1 << 40 | 2), 0, escaped, b"")
        with pytest.raises(WireError):
            MixingReader(Statistics(), writer.finish()).text(1, 2, b"")


def test_endless_work_is_refused() -> None:
    """All bits as likely as can be: a few bytes that stand for millions of symbols."""
    reader = MixingReader(Statistics(), b"\xff" * 40)
    reader._bits.work(MODEL_STEPS - 5000)

    def read_on() -> None:
        for _ in range(5001):
            reader.choice(1, 1, 0, 2)

    with pytest.raises(WireError):
        read_on()


# The codec as it is on air.


def test_the_model_never_changes() -> None:
    """Stations of all versions must learn alike. If this fails on purpose, the codec needs a new number."""
    statistics, data = Statistics(), b""
    random = Random(2026)
    for _ in range(10):
        data += write(random_symbols(random, 100), statistics)
    assert blake2b(data, digest_size=8).hexdigest() == "7d242935269a972c"
    assert blake2b(statistics.to_bytes(), digest_size=8).hexdigest() == "b82513fa0abddb7b"

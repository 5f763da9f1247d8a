"""The state of the compact codec's models: kept, copied, stored."""

import time
from hashlib import blake2b
from random import Random

import pytest
import zstandard

from radiosync.errors import WireError
from radiosync.limits import MODEL_BYTES
from radiosync.wire.mixing import MixingWriter
from radiosync.wire.statistics import HISTORY_BYTES, Statistics
from tests.wire.symbols import code, random_symbols


@pytest.fixture(scope="module")
def taught() -> Statistics:
    statistics = Statistics()
    code(MixingWriter(statistics), random_symbols(Random(9), 1000))
    return statistics


def sealed(body: bytes) -> bytes:
    return body + blake2b(body, digest_size=8).digest()


def test_the_state_survives_storing(taught: Statistics) -> None:
    data = taught.to_bytes()
    again = Statistics.from_bytes(data)
    assert again == taught
    assert again.to_bytes() == data
    assert vars(again).keys() == vars(taught).keys()
    for name, value in vars(taught).items():
        assert getattr(again, name) == value


def test_a_copy_is_equal_and_quick(taught: Statistics) -> None:
    assert taught.copy() == taught
    assert taught.copy() != Statistics()
    assert taught != "statistics"
    started = time.process_time()
    for _ in range(20):
        taught.copy()
    assert time.process_time() - started < 20 * 0.02


def test_the_state_has_one_size_and_compresses(taught: Statistics) -> None:
    data = taught.to_bytes()
    assert len(data) == len(Statistics().to_bytes()) < MODEL_BYTES / 4
    assert len(zstandard.compress(data, 3)) < len(data) / 8


@pytest.mark.parametrize("seed", range(20))
def test_damage_is_noticed(taught: Statistics, seed: int) -> None:
    random = Random(seed)
    data = bytearray(taught.to_bytes())
    match seed % 3:
        case 0:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        case 1:
            del data[random.randrange(len(data)) :]
        case _:
            data += random.randbytes(random.randint(1, 9))
    with pytest.raises(WireError):
        Statistics.from_bytes(bytes(data))


def test_a_sealed_state_of_another_shape_is_refused(taught: Statistics) -> None:
    body = taught.to_bytes()[:-8]
    beyond = HISTORY_BYTES.to_bytes(4, "little")
    for bad in (
        b"",
        body[:1],
        body[:-1],
        body + b"\0",
        bytes([body[0] + 1]) + body[1:],
        body[:1] + beyond + body[5:],
        body[:405] + beyond + body[409:],
    ):
        with pytest.raises(WireError):
            Statistics.from_bytes(sealed(bad))
    with pytest.raises(WireError):
        Statistics.from_bytes(b"")

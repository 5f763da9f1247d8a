"""Tables of the compact codec: what their rules promise."""

from hashlib import blake2b
from math import exp

from radiosync.wire.bitstates import (
    AFTER_ONE,
    AFTER_ZERO,
    FIRST_CHANCES,
    GROUP_BYTES,
    SQUASH,
    STRETCH,
    find_group,
    fold,
    spread,
)


def test_squash_is_the_logistic_curve() -> None:
    assert len(SQUASH) == 4096
    for at, chance in enumerate(SQUASH):
        assert abs(chance - 65536 / (1 + exp((2048 - at) / 256))) <= 1
    assert SQUASH[2048] == 1 << 15
    assert min(SQUASH) > 0
    assert max(SQUASH) < 65536


def test_stretch_undoes_squash() -> None:
    assert len(STRETCH) == 4096
    assert sorted(STRETCH) == STRETCH
    for at in range(1, 4095):
        assert abs(SQUASH[2048 + STRETCH[at]] - (16 * at + 8)) <= 72


def test_states_follow_what_they_see() -> None:
    for bit, after in ((0, AFTER_ZERO), (1, AFTER_ONE)):
        state = 0
        for _ in range(60):
            before, state = state, after[state]
            assert state >= before
            assert (FIRST_CHANCES[state] > 1 << 15) == bit
        assert after[state] == state


def test_a_surprise_outweighs_long_agreement() -> None:
    state = 0
    for bit in [0] * 40 + [1] * 4:
        state = (AFTER_ONE if bit else AFTER_ZERO)[state]
    assert 20_000 < FIRST_CHANCES[state] < 50_000


def test_every_byte_leads_to_a_state() -> None:
    assert len(AFTER_ZERO) == len(AFTER_ONE) == len(FIRST_CHANCES) == 256
    states = {0}
    for _ in range(100):
        states |= {after[state] for state in states for after in (AFTER_ZERO, AFTER_ONE)}
    assert set(AFTER_ZERO) | set(AFTER_ONE) <= states
    assert states == set(range(len(states)))


def test_tables_never_change() -> None:
    """They decide the bits on air: with other tables this is another codec, with another number."""
    tables = bytes(AFTER_ZERO + AFTER_ONE) + repr((FIRST_CHANCES, SQUASH, STRETCH)).encode()
    assert blake2b(tables, digest_size=8).hexdigest() == "1104acbb8a1c5a23"


def test_a_context_keeps_its_group() -> None:
    groups = bytearray(GROUP_BYTES * 64)
    contexts = [spread(number) for number in range(1, 20)]
    for context in contexts:
        at = find_group(groups, context, 63)
        assert at % GROUP_BYTES == 0
        assert groups[at] == context >> 22
        groups[at + 1] = 9
        assert find_group(groups, context, 63) == at
        assert groups[at + 1] == 9


def test_the_group_that_has_seen_least_gives_way() -> None:
    groups = bytearray(GROUP_BYTES * 4)
    places = []
    for check, seen in ((1, 7), (2, 3), (3, 5)):
        places.append(find_group(groups, check << 22, 3))
        groups[places[-1] + 1] = seen
        groups[places[-1] + 15] = 99
    assert len(set(places)) == 3
    at = find_group(groups, 4 << 22, 3)
    assert at == places[1]
    assert groups[at + 1 : at + GROUP_BYTES] == bytes(15)
    assert find_group(groups, 1 << 22, 3) == places[0]


def test_hashes_have_thirty_bits() -> None:
    numbers = [0, 1, 2**30, 2**62 - 1]
    assert all(0 <= spread(number) < 1 << 30 for number in numbers)
    assert all(0 <= fold(number) < 1 << 30 for number in [*numbers, 2**64 - 1, 2**200])
    assert len({fold(number) for number in range(50_000)}) > 49_990

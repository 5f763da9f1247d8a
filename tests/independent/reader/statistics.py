"""Tables and statistics of the compact codec (compact codec, C5 and C8)."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

RING, INDEX = 1 << 18, 1 << 16
MASK = (1 << 30) - 1

State = tuple[int, int, int]


def see(state: State, bit: int) -> State:
    """The state behind another bit (C5)."""
    same, other = (state[1], state[0]) if bit else (state[0], state[1])
    same += 1
    if other > 2:
        other = 2 + (other - 2) // 3 if other < 25 else 6 + other // 24
    most = (48, 24, 16, 9, 6)
    while min(same, other) > 4 or max(same, other) > most[min(same, other)]:
        if same > other + 1:
            same -= 1
        else:
            other -= 1
    return (other, same, 1) if bit else (same, other, 0)


def _states() -> list[State]:
    found = {(0, 0, 0)}
    fresh = set(found)
    while fresh:
        fresh = {see(state, bit) for state in fresh for bit in (0, 1)} - found
        found |= fresh
    return sorted(found, key=lambda state: (state[0] + state[1], *state))


def _squash() -> list[int]:
    power, low = 1 << 64, []
    for _ in range(2049):
        low.append((1 << 80) // (power + (1 << 64)))
        power = power * 18518942588666869715 >> 64
    return low[:0:-1] + [65536 - value for value in low[:2048]]


def _stretch(squash: Sequence[int]) -> list[int]:
    out, place = [], 0
    for k in range(4096):
        while place < 4095 and squash[place] < 8 + 16 * k:
            place += 1
        out.append(max(-2047, min(2047, place - 2048)))
    return out


def _first_chance(zeros: int, ones: int) -> int:
    return 65536 * (5 * ones + 2) // (5 * (zeros + ones) + 4)


STATES = _states()
_NUMBERS = {state: number for number, state in enumerate(STATES)}
NEXT = [bytes(_NUMBERS[see(state, bit)] for state in STATES).ljust(256, b"\0") for bit in (0, 1)]
FIRST_CHANCES = [_first_chance(zeros, ones) for zeros, ones, _ in STATES] + [32768] * (256 - len(STATES))
SQUASH = _squash()
STRETCH = _stretch(SQUASH)


def spread(number: int) -> int:
    """A hash of 30 bits (C5)."""
    mixed = number * 0x2C1B3C6D & MASK
    return mixed ^ mixed >> 15


def fold(number: int) -> int:
    """A hash of a number of any size (C5)."""
    return spread(number % 1073741789)


@dataclass
class Part:
    """Groups, chances and weights, for texts or for symbols (C5 and C8)."""

    groups: bytearray
    chances: "array[int]"
    weights: "array[int]"

    def find(self, hashed: int) -> int:
        """Where the group of a hash begins; the least one makes room for it (C5)."""
        check, place = hashed >> 22, hashed & len(self.groups) // 16 - 1
        candidates = [16 * (place ^ other) for other in (0, 1, 2)]
        for candidate in candidates:
            if self.groups[candidate] == check:
                return candidate
        least = min(candidates, key=lambda candidate: self.groups[candidate + 1])
        self.groups[least : least + 16] = bytes([check]).ljust(16, b"\0")
        return least


def _empty_part(groups: int, inputs: int, weights: Sequence[int], sets: int) -> Part:
    return Part(bytearray(16 * groups), array("q", FIRST_CHANCES * inputs), array("q", list(weights) * sets))


@dataclass
class Statistics:
    """What is learnt bit by bit (C8)."""

    texts: Part = field(default_factory=lambda: _empty_part(1 << 17, 5, [22000] * 5 + [30000], 1024))
    symbols: Part = field(default_factory=lambda: _empty_part(1 << 14, 6, [20000] * 6, 272))
    match_chances: list[int] = field(default_factory=lambda: [65536 - 32768 // (n + 2) for n in range(32)])
    ring: bytearray = field(default_factory=lambda: bytearray(RING))
    index: "array[int]" = field(default_factory=lambda: array("q", [0] * INDEX))
    end: int = 0

"""The compact codec's model of choices and numbers.

A symbol is predicted from its slot and place alone, from these with each of its contexts, and from all of them together.
Each leads to a bit history, each history to a chance, and the chances are mixed by weights that learn which to believe.
"""

from typing import Final

from radiosync.errors import WireError
from radiosync.wire.arithmetic import Bits
from radiosync.wire.bitstates import AFTER_ONE, AFTER_ZERO, SQUASH, STRETCH, find_group, fold, spread
from radiosync.wire.statistics import SYMBOL_GROUPS, SYMBOL_INPUTS, Statistics

_CONTEXTS: Final = SYMBOL_INPUTS - 2
_LEARNING: Final = 10
"""How much weights follow an error. Half or double of it changes sizes by 0.1 %."""
_ADAPTING: Final = 7
"""Chances move by 2^-7 of the way."""

_SETS: Final = 4
"""Sets of weights of each slot: for a choice or a length, its second part, the first bits of a number, the others."""

_SHORT: Final = 12
"""Numbers of fewer bits than this say their length in four decisions, others in eight."""


class SymbolModel:
    """Codes symbols through `bits`, predicting them with `statistics` and teaching these."""

    def __init__(self, statistics: Statistics, bits: Bits) -> None:
        self._groups = statistics.symbol_groups
        self._chances = statistics.symbol_chances
        self._weights = statistics.symbol_weights
        self._bits = bits

    def choice(self, slot: int, place: int, value: int, count: int, contexts: tuple[int, ...]) -> int:
        """As `Coder.choice`. `slot` is below 68."""
        value = self._code(_hashes(slot, place, contexts), slot * _SETS, (count - 1).bit_length(), value)
        if value >= count:
            raise WireError(f"there is no alternative {value} of {count}")
        return value

    def number(self, slot: int, place: int, value: int, contexts: tuple[int, ...]) -> int:
        """As `Coder.number`: the length in bits, then all bits but the first, four at a time."""
        hashes, sets = _hashes(slot, place, contexts), slot * _SETS
        length = self._length(hashes, sets, value.bit_length())
        if length < 2:
            return length
        known, left = 1, length - 1
        while left:
            count = min(4, left)
            left -= count
            part_sets = sets + (2 if known == 1 else 3)
            salted = _salt(hashes, fold(known << 7 | length))
            known = known << count | self._code(salted, part_sets, count, value >> left & (1 << count) - 1)
        return known

    def _length(self, hashes: list[int], sets: int, length: int) -> int:
        beyond = length - _SHORT
        first = self._code(_salt(hashes, 1), sets, 4, length if beyond < 0 else _SHORT + (beyond >> 4))
        if first < _SHORT:
            return first
        length = _SHORT + (first - _SHORT << 4)
        length += self._code(_salt(hashes, first), sets + 1, 4, beyond & 15)
        if length > 64:
            raise WireError(f"a number of {length} bits")
        return length

    def _code(self, hashes: list[int], weight_set: int, count: int, value: int) -> int:
        """Code the `count` low bits of `value`, four at most."""
        self._bits.work(count)
        code_bit, groups, chances, weights = (
            self._bits.code,
            self._groups,
            self._chances,
            list(self._weights[weight_set]),
        )
        starts = [find_group(groups, context, SYMBOL_GROUPS - 1) for context in hashes]
        inputs = range(len(starts))
        node = 1
        for shift in range(count - 1, -1, -1):
            states = [groups[start + node] for start in starts]
            stretched = [STRETCH[chances[i][states[i]] >> 4] for i in inputs]
            dot = sum([weights[i] * stretched[i] for i in inputs]) >> 16
            chance = SQUASH[2048 + (dot if -2048 < dot < 2048 else 2047 if dot > 0 else -2047)]
            bit = code_bit(chance, value >> shift & 1)
            after, target = (AFTER_ONE, 65535) if bit else (AFTER_ZERO, 0)
            error = ((bit << 16) - chance) * _LEARNING
            for i in inputs:
                state = states[i]
                weights[i] += stretched[i] * error + 0x80000 >> 20
                chances[i][state] += target - chances[i][state] >> _ADAPTING
                groups[starts[i] + node] = after[state]
            node += node + bit
        w0, w1, w2, w3, w4, w5 = weights
        self._weights[weight_set] = (w0, w1, w2, w3, w4, w5)
        return node - (1 << count)


def _hashes(slot: int, place: int, contexts: tuple[int, ...]) -> list[int]:
    alone = together = fold(slot << 40 | place)
    hashes = [alone]
    for number, context in enumerate(contexts[-_CONTEXTS:], 1):
        folded = fold(context)
        hashes.append(spread((alone ^ folded) + number))
        together = spread(together + folded)
    if len(hashes) > 2:
        hashes.append(together)
    return hashes


def _salt(hashes: list[int], salt: int) -> list[int]:
    return [spread(context + salt) for context in hashes]

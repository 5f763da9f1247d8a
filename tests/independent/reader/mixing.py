"""The compact codec: bits, choices, numbers and texts (compact codec, C4 and C6 to C8)."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache

from tests.independent.reader.basics import refuse_unless
from tests.independent.reader.columns import unescape
from tests.independent.reader.memory import Memory
from tests.independent.reader.primer import PRIMER
from tests.independent.reader.statistics import (
    INDEX,
    MASK,
    NEXT,
    RING,
    SQUASH,
    STRETCH,
    Part,
    Statistics,
    fold,
    spread,
)
from tests.independent.reader.symbols import Contexts, Slot, escape
from tests.independent.reader.values import TEXT_BYTES

STEPS = 2000000
ZEROS_BEYOND = 12
LONG, LONGEST, SHORTEST, YOUNG = 20, 31, 4, 4


class Arithmetic:
    """A range coder on 32 bits without carry (C4)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 4
        self._low, self._high = 0, (1 << 32) - 1
        self._code = int.from_bytes(data[:4].ljust(4, b"\0"), "big")

    def bit(self, chance: int) -> int:
        """The next bit, of which this is the chance to be a one."""
        middle = self._low + ((self._high - self._low) * chance >> 16)
        bit = int(self._code <= middle)
        if bit:
            self._high = middle
        else:
            self._low = middle + 1
        while self._low >> 24 == self._high >> 24:
            self._low = self._low << 8 & 0xFFFFFFFF
            self._high = self._high << 8 & 0xFFFFFFFF | 255
            self._code = self._code << 8 & 0xFFFFFFFF | self._next()
        return bit

    def _next(self) -> int:
        self._at += 1
        refuse_unless(self._at <= len(self._data) + ZEROS_BEYOND, "bits end too early")
        return self._data[self._at - 1] if self._at <= len(self._data) else 0


class Dictated:
    """Gives the bits of a text that is known, in the place of an arithmetic coder."""

    def __init__(self, text: bytes) -> None:
        self._bits = (byte >> place & 1 for byte in text for place in range(7, -1, -1))

    def bit(self, chance: int) -> int:
        """The next bit, whatever its chance."""
        return next(self._bits)


def symbol_hashes(slot: int, place: int, contexts: Contexts) -> list[int]:
    """Hashes of a symbol (C6)."""
    alone = together = fold(slot << 40 | place)
    hashes = [alone]
    for counted, context in enumerate(contexts[-4:], 1):
        folded = fold(context)
        hashes.append(spread((alone ^ folded) + counted))
        together = spread(together + folded)
    return [*hashes, together] if len(contexts) > 1 else hashes


def _salt(hashes: list[int], salt: int) -> list[int]:
    return [spread(hashed + salt) for hashed in hashes]


def _letter(byte: int) -> int:
    """A byte as part of a word (C7)."""
    small = byte | 32
    return small if 97 <= small <= 122 and byte < 128 else byte if byte > 127 else 0


class CompactReader:
    """Symbols out of the bits of a batch. The statistics learn while they are read."""

    def __init__(self, statistics: Statistics, bits: Arithmetic | Dictated) -> None:
        self._all = statistics
        self._arithmetic = bits
        self._steps = self._recent = self._found = self._length = 0
        self._match: int | None = None

    def finish(self) -> None:
        """Nothing follows the last symbol but zeros."""

    def _count_steps(self, steps: int) -> None:
        self._steps += steps
        refuse_unless(self._steps <= STEPS, "too many steps")

    def _decide(self, part: Part, cells: list[int], weights: int, match: int | None = None) -> int:
        """One decision (C5, Mixer). Match is None for symbols, and the input of the match for texts."""
        self._count_steps(1)
        states = [part.groups[cell] for cell in cells]
        places = [256 * number + state for number, state in enumerate(states)]
        inputs = [STRETCH[part.chances[place] >> 4] for place in places]
        if match is not None:
            inputs.append(match)
        first = 6 * weights
        dot = sum(part.weights[first + number] * x for number, x in enumerate(inputs)) >> 16
        chance = SQUASH[max(-2047, min(2047, dot)) + 2048]
        bit = self._arithmetic.bit(chance)
        error = ((bit << 16) - chance) * 10
        if match is None or abs(error) > 6500:
            for number, x in enumerate(inputs):
                part.weights[first + number] += x * error + (1 << 19) >> 20
        for place, cell, state in zip(places, cells, states, strict=True):
            old = part.chances[place]
            if bit:
                part.chances[place] = old + (65535 - old >> 7)
            else:
                part.chances[place] = old + (-old >> 7) if match is None else old - (old >> 7)
            part.groups[cell] = NEXT[bit][state]
        return bit

    # Choices and numbers: C6

    def _code(self, hashes: list[int], weights: int, bits: int) -> int:
        part = self._all.symbols
        groups = [part.find(hashed) for hashed in hashes]
        node = 1
        for _ in range(bits):
            node = node << 1 | self._decide(part, [group + node for group in groups], weights)
        return node - (1 << bits)

    def choice(self, slot: Slot, count: int, place: int = 0, contexts: Contexts = ()) -> int:
        """One of so many alternatives."""
        value = self._code(symbol_hashes(slot, place, contexts), 4 * slot, (count - 1).bit_length())
        refuse_unless(value < count, "choice out of range")
        return value

    def number(self, slot: Slot, place: int = 0, contexts: Contexts = ()) -> int:
        """A whole number below 2^64."""
        hashes = symbol_hashes(slot, place, contexts)
        length = first = self._code(_salt(hashes, 1), 4 * slot, 4)
        if first >= 12:
            length = 12 + 16 * (first - 12) + self._code(_salt(hashes, first), 4 * slot + 1, 4)
        refuse_unless(length <= 64, "number too long")
        if length < 2:
            return length
        known, left = 1, length - 1
        while left:
            bits = min(4, left)
            weights = 4 * slot + (2 if known == 1 else 3)
            salted = _salt(hashes, fold(known << 7 | length))
            known = known << bits | self._code(salted, weights, bits)
            left -= bits
        return known

    def raw(self, size: int) -> bytes:
        """So many bytes that nothing predicts (C4)."""
        self._count_steps(8 * size)
        value = 0
        for _ in range(8 * size):
            value = value << 1 | self._arithmetic.bit(32768)
        return value.to_bytes(size, "big")

    # Texts: C7

    def text(self, slot: Slot, limit: int, place: int = 0, contexts: Contexts = (), old: bytes = b"") -> str:
        """A string in UTF-8, of so many bytes at most."""
        field = prefix = fold(slot << 40 | place)
        telling = spread(field ^ (fold(1 + contexts[-1]) if contexts else 0))
        order = word = 0
        text = bytearray()
        self._begin(escape(old))
        while not text.endswith(b"\0"):
            refuse_unless(len(text) <= 2 * limit, "text too long")
            coded = self._match is None or self._length < LONG
            hashes = [field + (order & 0xFF), (order & 0xFFFF) + 0x1000000, (order & 0xFFFFFF) + 0x2000000]
            hashes += [(order & 0xFFFF) + (order >> 16) * 0x1000193 + 0x13000000, word + 777]
            hashes = [spread(hashed) for hashed in hashes]
            if len(text) < YOUNG:
                hashes[2:4] = telling, prefix
            for byte in self._byte(hashes) if coded else self._copy(field):
                text.append(byte)
                order = (order << 8 | byte) & 0xFFFFFFFF
                word = spread(word + _letter(byte)) if _letter(byte) else 0
                prefix, telling = spread(prefix + byte + 1), spread(telling + byte + 1)
                self._remember(byte)
            if coded and self._match is None:
                self._seek()
        return unescape(bytes(text), limit)

    def _begin(self, old: bytes) -> None:
        """Where a text begins that is likely to be as before."""
        ring, end = self._all.ring, self._all.end
        self._recent, self._match, self._length = 0, None, 16
        if len(old) < 4:
            return
        found = ring.rfind(b"\0" + old, 0, end)
        if found < 0:
            found = ring.rfind(b"\0" + old, end)
        if found < 0:
            found = end
            for byte in b"\0" + old:
                self._remember(byte)
            self._recent = 0
        self._match = (found + 1) % RING

    def _remember(self, byte: int) -> None:
        part = self._all
        part.ring[part.end] = byte
        part.end = (part.end + 1) % RING
        self._recent = (self._recent * 160 + byte + 1) & MASK
        entry = spread(self._recent) & INDEX - 1
        self._found, part.index[entry] = part.index[entry], part.end

    def _seek(self) -> None:
        ring, end, found = self._all.ring, self._all.end, self._found
        if found in (0, end):
            return
        length = 0
        while length < LONGEST and ring[(found - 1 - length) % RING] == ring[(end - 1 - length) % RING]:
            length += 1
        if length >= SHORTEST:
            self._match, self._length = found, length

    def _copy(self, field: int) -> bytes:
        """Bytes from the match on."""
        ring, end, match = self._all.ring, self._all.end, self._match
        assert match is not None
        ahead = bytes(ring[match:end] if match < end else ring[match:] + ring[:end])
        ahead = ahead[: ahead.find(b"\0") + 1 or len(ahead)]
        contexts = (self._length, field)
        if not self.choice(Slot.COPY, 2, 0, contexts):
            count = self.number(Slot.COPIED, 0, contexts)
            refuse_unless(count < len(ahead), "copies too much")
            ahead = ahead[:count]
        self._match = None
        self._count_steps(len(ahead))
        return ahead

    def _byte(self, hashes: list[int]) -> bytes:
        part, match = self._all.texts, self._match
        wanted = None if match is None else 256 | self._all.ring[match]
        known = 1
        groups = [part.find(hashed) for hashed in hashes]
        for count in range(8):
            if count == 4:
                groups = [part.find(spread(hashed + known * 0x9E3779B)) for hashed in hashes]
            node = known if count < 4 else known & (1 << count - 4) - 1 | 1 << count - 4
            speaks = wanted is not None and wanted >> 8 - count == known
            likely = wanted >> 7 - count & 1 if wanted is not None and speaks else None
            known = known << 1 | self._text_bit([group + node for group in groups], known, likely)
        if known == wanted and match is not None:
            self._match, self._length = (match + 1) % RING, self._length + 1
        else:
            self._match = None
        return bytes([known & 255])

    def _text_bit(self, cells: list[int], known: int, likely: int | None) -> int:
        """One bit of a byte, which the match takes to be the likely one."""
        chances, length = self._all.match_chances, self._length
        x, weights = 0, known
        if likely is not None:
            x = STRETCH[chances[length] >> 4] * (1 if likely else -1)
            weights += 256 if length < 8 else 512 if length < 16 else 768
        bit = self._decide(self._all.texts, cells, weights, x)
        if x:
            target = 65535 if bit == likely else 0
            chances[length] += target - chances[length] >> 6
        return bit


@dataclass
class Model:
    """All that is learnt (C1)."""

    statistics: Statistics
    memory: Memory

    def copy(self) -> "Model":
        """One that can learn by itself."""
        return Model(deepcopy(self.statistics), self.memory.copy())


@cache
def _taught() -> Statistics:
    """What the primer teaches. No line of it has a match that is long enough to be copied (C8)."""
    statistics = Statistics()
    for line in PRIMER:
        CompactReader(statistics, Dictated(line.encode() + b"\0")).text(Slot.PRIMER, TEXT_BYTES)
    return statistics


def empty_model() -> Model:
    """A model that has learnt nothing but the primer (C8)."""
    return Model(deepcopy(_taught()), Memory())

"""The compact codec's model of texts.

A text is coded as its bytes and a NUL. Each bit is predicted from five contexts: the last one to four bytes, and the letters
of the word so far. While a text is young and its last bytes are few, two of these are all of it so far in its field, and
that together with what the caller thinks most telling. Each context leads to a bit history, each history to a chance,
and the chances are mixed by weights that learn which to believe.

One more prediction comes from a match: the place in earlier texts after the same last bytes, or where the hint stood.
What was there is expected here. When it has been right for long, the number of bytes for which it goes on being right is
coded, as one symbol, and the bytes are copied.
"""

from typing import Final

from radiosync.errors import WireError
from radiosync.limits import TEXT_BYTES
from radiosync.wire.arithmetic import TOP, Bits
from radiosync.wire.bitstates import (
    AFTER_ONE,
    AFTER_ZERO,
    LOWERED,
    RAISED,
    SQUASH,
    STRETCHED,
    find_group,
    spread,
)
from radiosync.wire.statistics import HISTORY_BYTES, INDEX_ENTRIES, MATCH_LENGTHS, TEXT_GROUPS, Statistics
from radiosync.wire.symbolmodel import SymbolModel

_END: Final = 0
_RING: Final = HISTORY_BYTES - 1

_RUN: Final = 20
"""A match that was right for so many bytes is copied. 16 makes 5 % fewer decisions and 0.3 % more bytes."""
_HINT_BYTES: Final = 4
_HINT_MATCH: Final = 16
"""A hint found in the history is trusted like a match that was right for so many bytes."""
_MATCH_BYTES: Final = 4
_YOUNG_BYTES: Final = 4
_LONGEST_MATCH: Final = 31

_MATCH_SETS: Final = [256 if length < 8 else 512 if length < 16 else 768 for length in range(MATCH_LENGTHS)]
"""First set of weights, by length of the match."""

_HALVES: Final = ((7, 6, 5, 4), (3, 2, 1, 0))
"""The bits of a byte."""

_LEARNING: Final = 10
_MATCH_ADAPTING: Final = 6
_SURE: Final = 650 * _LEARNING
"""An error of less than 1 % teaches the weights nothing that would be worth the time: 0.1 % of bytes."""

_WHOLE_SLOT: Final = 64
_COPY_SLOT: Final = 65
"""Slots of our own, beyond the callers'."""

_LETTERS: Final = bytes(
    code | 32 if chr(code).isascii() and chr(code).isalpha() else code if code > 127 else 0
    for code in range(256)
)
"""Bytes of words without case; 0 for what ends a word."""


class TextModel:
    """Codes texts through `bits`, predicting them with `statistics` and teaching these."""

    def __init__(self, statistics: Statistics, bits: Bits, symbols: SymbolModel) -> None:
        self._statistics, self._bits, self._symbols = statistics, bits, symbols
        self._match = self._match_length = 0
        self._recent = self._found = 0

    def code(self, field: int, telling: int, value: bytes, hint: bytes) -> bytes:
        """Code `value` and return it.

        Args:
            field: a hash of what this text is.
            telling: a hash of what it is likely to depend on.
            value: has no NUL.
            hint: the beginning of a text that it may be like; no NUL either.
        """
        source, out = value + b"\0", bytearray()
        order, word, prefix, telling = 0, 0, field, spread(field ^ telling)
        self._begin(hint)
        while True:
            young, copies = len(out) < _YOUNG_BYTES, self._match_length >= _RUN
            if copies:
                news = self._copy(field, source, len(out))
            else:
                byte = self._byte(
                    spread(field + (order & 0xFF)),
                    spread((order & 0xFFFF) + 0x1000000),
                    telling if young else spread((order & 0xFFFFFF) + 0x2000000),
                    prefix if young else spread((order & 0xFFFF) + (order >> 16) * 0x1000193 + 0x13000000),
                    spread(word + 777),
                    0 if self._bits.reading else source[len(out)],
                )
                news = bytes([byte])
            for byte in news:
                order = (order << 8 | byte) & 0xFFFFFFFF
                word = spread(word + _LETTERS[byte]) if _LETTERS[byte] else 0
                self._remember(byte)
                if young:
                    prefix, telling = spread(prefix + byte + 1), spread(telling + byte + 1)
            out += news
            if out[-1:] == b"\0":
                return bytes(out[:-1])
            if not (copies or self._match_length):
                self._seek()
            if len(out) > 2 * TEXT_BYTES:
                raise WireError("a text goes on for too long")

    # ------------------------------------------------------------------ matches

    def _begin(self, hint: bytes) -> None:
        """Begin a text. The match begins where `hint` stood last; if it has left the history, it is put there again."""
        statistics = self._statistics
        self._recent = self._match_length = 0
        if len(hint) < _HINT_BYTES:
            return
        start = statistics.history.rfind(b"\0" + hint, 0, statistics.end)
        if start < 0:
            start = statistics.history.rfind(b"\0" + hint, statistics.end)
        if start < 0:
            start = statistics.end
            for byte in b"\0" + hint:
                self._remember(byte)
            self._recent = 0
        self._match, self._match_length = start + 1 & _RING, _HINT_MATCH

    def _remember(self, byte: int) -> None:
        """Put a byte into the history, and note what followed the last time when the same five stood before."""
        statistics = self._statistics
        statistics.history[statistics.end] = byte
        statistics.end = statistics.end + 1 & _RING
        self._recent = (self._recent * 160 + byte + 1) & (1 << 30) - 1
        entry = spread(self._recent) & INDEX_ENTRIES - 1
        self._found = statistics.index[entry]
        statistics.index[entry] = statistics.end

    def _seek(self) -> None:
        """Look for a match."""
        history, end, match = self._statistics.history, self._statistics.end, self._found
        length = 0
        if match and match != end:
            while (
                length < _LONGEST_MATCH
                and history[match - 1 - length & _RING] == history[end - 1 - length & _RING]
            ):
                length += 1
        if length >= _MATCH_BYTES:
            self._match, self._match_length = match, length

    def _copy(self, field: int, source: bytes, at: int) -> bytes:
        """Code for how many bytes the match goes on being right, or that it does to its end. Return these bytes."""
        ahead, same = self._ahead(), 0
        if not self._bits.reading:
            while same < len(ahead) and at + same < len(source) and ahead[same] == source[at + same]:
                same += 1
        contexts = (self._match_length, field)
        self._match_length = 0
        if not self._symbols.choice(_WHOLE_SLOT, 0, int(same == len(ahead)), 2, contexts):
            same = self._symbols.number(_COPY_SLOT, 0, same, contexts)
            if same >= len(ahead):
                raise WireError("a text goes on for longer than what it is like")
            ahead = ahead[:same]
        self._bits.work(len(ahead))
        return ahead

    def _ahead(self) -> bytes:
        """What followed the match the last time, to the end of that text."""
        history, match, end = self._statistics.history, self._match, self._statistics.end
        stop = history.find(_END, match, end if match < end else HISTORY_BYTES) + 1
        if stop or match < end:
            return bytes(history[match : stop or end])
        stop = history.find(_END, 0, end) + 1
        return bytes(history[match:] + history[: stop or end])

    # ------------------------------------------------------------------ one byte

    def _byte(self, h0: int, h1: int, h2: int, h3: int, h4: int, value: int) -> int:
        """Code one byte, given the hashes of its five contexts.

        This is where the time goes. So it is one long function: its five inputs are written out, nothing is looked up by
        name that can be held in a local, and `Bits.code`, `spread` and the usual case of `find_group` are in it. In short:

            for each bit:
                look up the state of each input, its chance, and that stretched
                mix what they and the match say, to the chance of the bit
                code the bit
                move on chances, states, the match and, if there is something to learn, the weights
        """
        statistics, bits = self._statistics, self._bits
        groups, sets, matches = statistics.text_groups, statistics.text_weights, statistics.match_chances
        p0, p1, p2, p3, p4 = statistics.text_chances
        mask, stretched, squash, raised, lowered = TEXT_GROUPS - 1, STRETCHED, SQUASH, RAISED, LOWERED
        after_zero, after_one = AFTER_ZERO, AFTER_ONE
        bits.work(8)
        reading, low, high, window = bits.reading, bits.low, bits.high, bits.window
        length = self._match_length
        speaks, match_chance, match_set = length > 0, matches[length], _MATCH_SETS[length]
        expected = statistics.history[self._match]
        likely = 0
        known = 1
        for shifts in _HALVES:
            if known > 1:
                salt = known * 0x9E3779B
                h0 = (h0 + salt) * 0x2C1B3C6D & 0x3FFFFFFF
                h1 = (h1 + salt) * 0x2C1B3C6D & 0x3FFFFFFF
                h2 = (h2 + salt) * 0x2C1B3C6D & 0x3FFFFFFF
                h3 = (h3 + salt) * 0x2C1B3C6D & 0x3FFFFFFF
                h4 = (h4 + salt) * 0x2C1B3C6D & 0x3FFFFFFF
                h0 ^= h0 >> 15
                h1 ^= h1 >> 15
                h2 ^= h2 >> 15
                h3 ^= h3 >> 15
                h4 ^= h4 >> 15
            a0, a1, a2 = (h0 & mask) << 4, (h1 & mask) << 4, (h2 & mask) << 4
            a3, a4 = (h3 & mask) << 4, (h4 & mask) << 4
            if groups[a0] != h0 >> 22:
                a0 = find_group(groups, h0, mask)
            if groups[a1] != h1 >> 22:
                a1 = find_group(groups, h1, mask)
            if groups[a2] != h2 >> 22:
                a2 = find_group(groups, h2, mask)
            if groups[a3] != h3 >> 22:
                a3 = find_group(groups, h3, mask)
            if groups[a4] != h4 >> 22:
                a4 = find_group(groups, h4, mask)
            node = 1
            for shift in shifts:
                i0, i1, i2 = a0 + node, a1 + node, a2 + node
                i3, i4 = a3 + node, a4 + node
                s0, s1, s2 = groups[i0], groups[i1], groups[i2]
                s3, s4 = groups[i3], groups[i4]
                c0, c1, c2 = p0[s0], p1[s1], p2[s2]
                c3, c4 = p3[s3], p4[s4]
                x0, x1, x2 = stretched[c0], stretched[c1], stretched[c2]
                x3, x4 = stretched[c3], stretched[c4]
                if speaks:
                    place, likely = match_set + known, expected >> shift & 1
                    w0, w1, w2, w3, w4, wm = sets[place]
                    xm = stretched[match_chance] if likely else -stretched[match_chance]
                    dot = w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 + w4 * x4 + wm * xm >> 16
                else:
                    place, xm = known, 0
                    w0, w1, w2, w3, w4, wm = sets[place]
                    dot = w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 + w4 * x4 >> 16
                chance = squash[2048 + (dot if -2048 < dot < 2048 else 2047 if dot > 0 else -2047)]
                middle = low + ((high - low) * chance >> 16)
                if window <= middle if reading else value >> shift & 1:
                    high = middle
                    p0[s0] = raised[c0]
                    p1[s1] = raised[c1]
                    p2[s2] = raised[c2]
                    p3[s3] = raised[c3]
                    p4[s4] = raised[c4]
                    groups[i0] = after_one[s0]
                    groups[i1] = after_one[s1]
                    groups[i2] = after_one[s2]
                    groups[i3] = after_one[s3]
                    groups[i4] = after_one[s4]
                    node += node + 1
                    known += known + 1
                    if speaks:
                        if xm:
                            match_chance += (65535 if likely else 0) - match_chance >> _MATCH_ADAPTING
                        speaks = likely == 1
                    error = (65536 - chance) * _LEARNING
                    teaches = error > _SURE
                else:
                    low = middle + 1
                    p0[s0] = lowered[c0]
                    p1[s1] = lowered[c1]
                    p2[s2] = lowered[c2]
                    p3[s3] = lowered[c3]
                    p4[s4] = lowered[c4]
                    groups[i0] = after_zero[s0]
                    groups[i1] = after_zero[s1]
                    groups[i2] = after_zero[s2]
                    groups[i3] = after_zero[s3]
                    groups[i4] = after_zero[s4]
                    node += node
                    known += known
                    if speaks:
                        if xm:
                            match_chance += (0 if likely else 65535) - match_chance >> _MATCH_ADAPTING
                        speaks = likely == 0
                    error = -chance * _LEARNING
                    teaches = error < -_SURE
                if low ^ high < TOP:
                    low, high, window = bits.shift(low, high)
                if teaches:
                    sets[place] = (
                        w0 + (x0 * error + 0x80000 >> 20),
                        w1 + (x1 * error + 0x80000 >> 20),
                        w2 + (x2 * error + 0x80000 >> 20),
                        w3 + (x3 * error + 0x80000 >> 20),
                        w4 + (x4 * error + 0x80000 >> 20),
                        wm + (xm * error + 0x80000 >> 20),
                    )
        bits.low, bits.high, matches[length] = low, high, match_chance
        if speaks:
            self._match, self._match_length = self._match + 1 & _RING, length + 1
        else:
            self._match_length = 0
        return known & 255

"""How strongly frames on a transparent modem should be protected, from what was corrected in those heard (protocol, 3.3).

The receiver knows how many bytes were wrong; the sender has to know. It costs no byte: a station sends its short frames,
hellos and acknowledgements among them, with the strength that it would like to hear, and its long ones with the strength
of the last short frame that it heard. Short frames are safe with it: the same parity stands for fewer bytes.
"""

from collections.abc import Sequence
from typing import Final

from radiosync.wire.reedsolomon import BLOCK_BYTES

SHORT_BYTES: Final = 64
"""Longest payload of a short frame. Hellos and acknowledgements have less; data frames hardly ever."""

LEAST_STRENGTH: Final = 2
"""Weakest that is ever asked for. With less parity a wrong repair looks like a right one (`reedsolomon`), so that a channel
which gets worse would not be noticed."""

_MEMORY_BYTES: Final = 20_000.0
"""Bytes after which half of what the meter knows is new: two overs at 2400 bit/s, which hold a dozen fades."""

_GUESS_BYTES: Final = (160.0, 40.0)
"""Before anything is heard we think that most frames need the strength that the profile says, and one in five the next."""


_NEXT_BYTES: Final = 100.0
"""Belief that the next strength would have repaired a frame that was lost: two short frames that needed more outweigh it."""


class StrengthMeter:
    """Which strength would have brought the frames that were heard at the least airtime.

    A histogram: of how many bytes on air each strength would have been the least that repairs them.
    """

    def __init__(self, parities: Sequence[int], guess: int) -> None:
        """`parities`: parity bytes of a block by strength code. `guess`: the code that the profile says."""
        self._parities = parities
        self._bytes_needing = [0.0] * (len(parities) + 1)
        self._bytes_needing[guess] = _GUESS_BYTES[0]
        self._bytes_needing[guess + 1] = _GUESS_BYTES[1]

    def note(self, air_bytes: int, wrong_bytes: float) -> None:
        """A frame was repaired. `wrong_bytes`: in its worst block, for each `BLOCK_BYTES`.

        One more should have been repaired easily: a block repaired to the brim may be a wrong repair.
        """
        wanted = wrong_bytes + 1 if wrong_bytes else 0
        codes = (code for code, parity in enumerate(self._parities) if parity // 2 >= wanted)
        self._add(air_bytes, next(codes, len(self._parities)))

    def note_damaged(self, air_bytes: int, strength: int) -> None:
        """A frame of that strength could not be repaired: the next one would have done, or one that others needed."""
        above = self._bytes_needing[strength + 1 :]
        above[0] += _NEXT_BYTES
        for code, each in enumerate(above, strength + 1):
            self._add(air_bytes * each / sum(above), code)

    @property
    def best(self) -> int:
        """The strength to ask for: it lets most data through, a lost frame counted twice, for itself and for what it takes
        to bring it back."""
        return max(range(LEAST_STRENGTH, len(self._parities)), key=self._worth)

    def _worth(self, code: int) -> float:
        return (BLOCK_BYTES - self._parities[code]) * sum(self._bytes_needing[: code + 1]) ** 2

    def _add(self, air_bytes: float, code: int) -> None:
        kept = _MEMORY_BYTES / (_MEMORY_BYTES + air_bytes)
        self._bytes_needing = [each * kept for each in self._bytes_needing]
        self._bytes_needing[code] += air_bytes

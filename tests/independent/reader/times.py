"""Expected sequences and times of stamps (protocol, 7.4), for readers and writers alike."""

from dataclasses import dataclass, field

from tests.independent.reader.changes import Origin, Stamp
from tests.independent.reader.memory import Memory


@dataclass
class Said:
    """The stamps that a batch has said so far."""

    memory: Memory
    last: dict[Origin, int] = field(default_factory=dict)
    _stamps: dict[Origin, list[tuple[int, int]]] = field(default_factory=dict)

    def last_sequence(self, author: Origin) -> int:
        """Sequence of the newest stamp of the last row with this author."""
        return self.last.get(author, self.memory.sequences.get(author, 0))

    def newest(self, stamp: Stamp) -> None:
        """The newest stamp of a row was said."""
        self.last[stamp.origin] = stamp.sequence
        self.add(stamp)

    def add(self, stamp: Stamp) -> None:
        """A stamp was said."""
        self._stamps.setdefault(stamp.origin, []).append((stamp.sequence, stamp.time))

    def around(self, author: Origin, sequence: int, before: Stamp) -> tuple[int, int]:
        """The expected time of an older stamp, and the time above."""
        said = list(self._stamps.get(author, ()))
        if author in self.memory.sequences:
            said.append((self.memory.sequences[author], self.memory.time))
        below = max((pair for pair in said if pair[0] < sequence), default=(0, before.time))
        above = min((pair for pair in said if pair[0] >= sequence), default=(0, before.time))
        return below[1], above[1]

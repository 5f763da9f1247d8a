"""What a change costs with the means that everybody has: the columns that our bytes on air are measured against.

For every contact each method packs the same changes, full rows or only the fields that moved, and its payload is counted: no
framing, no acknowledgement, no handshake. A real transport would add those. Ours are compared with everything on air.

==============  =====================================================================================================
`csv_gzip`      full rows as CSV, gzip level 9: what people mail, or send by ZMODEM
`json_zstd`     full rows as JSON, zstd level 19
`delta_zstd`    only the changed fields as JSON, zstd level 19
`columns_zstd`  only the changed fields, short ids, laid out in columns, CBOR, zstd level 22 without a header
`columns_hist`  the same with the last 110 kB of earlier traffic as a raw dictionary
`solid`         the columns of all contacts together through xz level 9e. No contact can know the later ones, so this
                stands for a floor; clever modelling of types goes below it
==============  =====================================================================================================
"""

import csv
import gzip
import io
import json
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import cbor2
import zstandard

COLUMNS: Final = ("csv_gzip", "json_zstd", "delta_zstd", "columns_zstd", "columns_hist", "solid")
"""The methods, from what people do today to the floor."""

_HISTORY_BYTES: Final = 110_000
"""Earlier traffic that `columns_hist` has at hand."""
_KEPT_BYTES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Row:
    """One edit, as plain JSON has it.

    Attributes:
        t: when, as text of ISO 8601 with an offset.
        table: the record's table.
        uuid: the record.
        fields: all its values; None for a delete.
    """

    t: str
    table: str
    uuid: str
    fields: Mapping[str, object] | None

    @property
    def op(self) -> str:
        """What is done to the record."""
        return "delete" if self.fields is None else "put"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the methods need for the measured part of a stream.

    Attributes:
        contacts: that had anything to carry.
        edits: made before them.
        changes: that travelled; several edits of a record between two contacts are one.
        bytes: payload by method.
    """

    contacts: int
    edits: int
    changes: int
    bytes: Mapping[str, int]


def windows(count: int, contact: int, warm: float) -> tuple[int, int]:
    """How many contacts a stream of `count` edits has before the measured part and in it, one after each `contact` edits."""
    before = -(-int(count * warm) // contact)
    return before, -(-count // contact) - before


def measure(
    rows: Sequence[Row], contact: int, warm: float, on_contact: Callable[[], None] = lambda: None
) -> Yardstick:
    """Pack a stream with every method.

    Args:
        rows: the edits, in order of time.
        contact: edits between two contacts.
        warm: share of the edits that is synced beforehand; contacts that begin in it are not counted.
        on_contact: called after each contact.
    """
    replay, packers = _Replay(), _Packers()
    contacts = edits = changes = 0
    for at in range(0, len(rows), contact):
        window = rows[at : at + contact]
        kept = [row for row in _collapse(window) if row.fields is not None or replay.knows(row.uuid)]
        if kept:
            packed = replay.contact(kept)
            if at >= int(len(rows) * warm):
                contacts, edits, changes = contacts + 1, edits + len(window), changes + len(kept)
                packers.pack(kept, packed)
            packers.remember(packed.columns)
        on_contact()
    return Yardstick(contacts, edits, changes, packers.totals())


def _collapse(rows: Sequence[Row]) -> Iterator[Row]:
    """The last edit of each record, in the order of those last edits."""
    last = {row.uuid: place for place, row in enumerate(rows)}
    return (rows[place] for place in sorted(last.values()))


@dataclass(frozen=True, slots=True)
class _Packed:
    """The changes of one contact: only what moved, as JSON could have it and in columns."""

    deltas: Sequence[Mapping[str, object]]
    columns: bytes


class _Replay:
    """Walks a stream, remembers each record's last state, and says what a change really changed."""

    def __init__(self) -> None:
        self._state: dict[str, Mapping[str, object]] = {}
        self._aliases: dict[str, int] = {}
        self._names: dict[tuple[str, str], int] = {}

    def knows(self, uuid: str) -> bool:
        """True if the record lives and has any field."""
        return bool(self._state.get(uuid))

    def contact(self, rows: Sequence[Row]) -> _Packed:
        """The changes of one contact."""
        deltas: list[Mapping[str, object]] = []
        columns: defaultdict[str | int, list[object]] = defaultdict(list)
        previous_s = None
        for row in rows:
            moved = self._moved(row)
            deltas.append({"u": row.uuid, "t": row.t, "op": row.op, "d": moved})
            alias = self._aliases.get(row.uuid)
            columns["id"].append(UUID(row.uuid).bytes if alias is None else alias)
            at_s = int(datetime.fromisoformat(row.t).timestamp())
            columns["t"].append(at_s if previous_s is None else at_s - previous_s)
            previous_s = at_s
            numbers = [self._names.setdefault((row.table, name), len(self._names)) for name in moved]
            columns["mask"].append(sorted(numbers))
            for number, value in zip(numbers, moved.values(), strict=True):
                columns[number].append(value)
            self._aliases.setdefault(row.uuid, len(self._aliases))
            self._state[row.uuid] = row.fields or {}
        return _Packed(deltas, cbor2.dumps(dict(columns)))

    def _moved(self, row: Row) -> dict[str, object]:
        """The fields that are not as they were; those that are gone as None."""
        if row.fields is None:
            return {}
        before = self._state.get(row.uuid, {})
        moved = {name: value for name, value in row.fields.items() if before.get(name) != value}
        return moved | {name: None for name in before if name not in row.fields}


class _Packers:
    """Every method, with its total."""

    def __init__(self) -> None:
        self._totals = dict.fromkeys(COLUMNS, 0)
        self._solid = io.BytesIO()
        self._history = b""

    def pack(self, rows: Sequence[Row], packed: _Packed) -> None:
        """Pack the changes of one contact."""
        full = [{"uuid": row.uuid, "t": row.t, "op": row.op, **(row.fields or {})} for row in rows]
        sizes = {
            "csv_gzip": len(gzip.compress(_csv(full), 9)),
            "json_zstd": _plain_bytes(full),
            "delta_zstd": _plain_bytes(packed.deltas),
            "columns_zstd": len(_without_history().compress(packed.columns)),
            "columns_hist": len(_with_history(self._history, len(packed.columns)).compress(packed.columns)),
        }
        for name, size in sizes.items():
            self._totals[name] += size
        self._solid.write(packed.columns)

    def remember(self, columns: bytes) -> None:
        """This is behind us, and both sides know it."""
        self._history = (self._history + columns)[-_KEPT_BYTES:]

    def totals(self) -> Mapping[str, int]:
        """Bytes of each method."""
        solid = lzma.compress(self._solid.getvalue(), preset=9 | lzma.PRESET_EXTREME)
        return self._totals | {"solid": len(solid)}


def _csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, sorted({name for row in rows for name in row}))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _plain_bytes(value: object) -> int:
    text = json.dumps(value, separators=(",", ":"))
    return len(zstandard.ZstdCompressor(level=19).compress(text.encode()))


def _without_history() -> zstandard.ZstdCompressor:
    """A compressor whose frames say nothing about themselves."""
    return zstandard.ZstdCompressor(compression_params=_parameters())


def _with_history(history: bytes, size_bytes: int) -> zstandard.ZstdCompressor:
    """The same, for so many bytes behind that history."""
    known = history[-_HISTORY_BYTES:] or bytes(8)
    return zstandard.ZstdCompressor(
        dict_data=zstandard.ZstdCompressionDict(known, dict_type=zstandard.DICT_TYPE_RAWCONTENT),
        compression_params=_parameters(dict_size=_HISTORY_BYTES, source_size=size_bytes),
    )


def _parameters(**sizes: int) -> zstandard.ZstdCompressionParameters:
    return zstandard.ZstdCompressionParameters.from_level(
        22,
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        **sizes,
    )

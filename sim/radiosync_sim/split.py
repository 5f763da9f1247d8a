"""Dividing one stream of edits between two stations, so that both write."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias
from uuid import UUID

from radiosync.records.edit import Edit
from radiosync.records.value import Value
from radiosync.store import Store

Split: TypeAlias = Literal["record", "field", "time"]
"""How a stream is divided: each record at one station, each field at one station, or by the clock."""


def divide(
    edits: Sequence[Edit], split: Split | None, stores: tuple[Store, Store]
) -> tuple[list[Edit], list[Edit]]:
    """The edits between two contacts, for either station; all for the first one without a split.

    - `record`: a record's identity decides.
    - `field`: a field's name decides. Each station sees only what it knows of the other fields. The first one deletes.
    - `time`: the first half of the edits is made here, the second half there, without knowing of the first.
    """
    match split:
        case None:
            return list(edits), []
        case "record":
            mine = [edit for edit in edits if _coin(edit.uuid.bytes) == 0]
            return mine, [edit for edit in edits if _coin(edit.uuid.bytes) == 1]
        case "time":
            middle = (len(edits) + 1) // 2
            return list(edits[:middle]), list(edits[middle:])
        case "field":
            return _fields_of(edits, stores[0], 0), _fields_of(edits, stores[1], 1)


def _coin(data: bytes) -> int:
    return hashlib.blake2b(data, digest_size=1).digest()[0] & 1


def _fields_of(edits: Sequence[Edit], store: Store, side: int) -> list[Edit]:
    """The edits as a station makes them that minds only some of the fields and leaves the others as it knows them."""
    known: dict[tuple[str, UUID], dict[str, Value]] = {}
    made = []
    for edit in edits:
        key = edit.table, edit.uuid
        if key not in known:
            record = store.record(*key)
            known[key] = record.fields if record is not None and record.alive else {}
        if edit.fields is None:
            if side == 0:
                known[key] = {}
                made.append(edit)
            continue
        mine = {name: value for name, value in edit.fields.items() if _coin(name.encode()) == side}
        others = {name: value for name, value in known[key].items() if _coin(name.encode()) != side}
        known[key] = others | mine
        made.append(replace(edit, fields=dict(known[key])))
    return made

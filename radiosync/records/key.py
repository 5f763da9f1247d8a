"""Identities of records that have none of their own: made from the text of fields, the same at every station."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Final, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

from radiosync.records.model import Change
from radiosync.records.value import text_form

Key: TypeAlias = tuple[str, ...]
"""Names of the fields whose texts make an identity, in order."""

_SEARCHED_FIELDS: Final = 2
"""Keys of more fields are seldom, and to look for them takes long."""
_SEARCHES: Final = 4
"""Records of a table that are looked at in vain, after which its identities are taken for foreign."""


def uuid_of_key(table: str, texts: Sequence[str]) -> UUID:
    """The UUID of a record that is known by the text of some fields, the same at every station and for ever.

    Version 5 (RFC 9562 section 5.5) in the namespace for URLs, of `radiosync:TABLE/KEY`. KEY is the text of the field;
    of several fields the texts as a JSON list without white space, such as `["Ward 4","12"]`.
    """
    key = texts[0] if len(texts) == 1 else json.dumps(list(texts), ensure_ascii=False, separators=(",", ":"))
    return uuid5(NAMESPACE_URL, f"radiosync:{table}/{key}")


def key_texts(change: Change) -> dict[str, str]:
    """The texts of a change's fields that have a value."""
    return {
        name: text_form(siblings[0].value)
        for name, siblings in change.writes.items()
        if siblings[0].value is not None
    }


class KeyFinder:
    """Finds out from which fields identities were made. It remembers what it found for the last record of each table."""

    def __init__(self) -> None:
        self._found: dict[str, Key] = {}
        self._searches: dict[str, int] = {}

    def key_of(self, change: Change) -> Key | None:
        """The fields from which the identity of a change's record was made, None if from none that it writes."""
        table, texts = change.table, key_texts(change)
        if change.uuid.version != 5:
            return None
        for key in self._candidates(table, texts):
            if uuid_of_key(table, [texts[name] for name in key]) == change.uuid:
                self._found[table] = key
                return key
        return None

    def _candidates(self, table: str, texts: Mapping[str, str]) -> Iterator[Key]:
        known = self._found.get(table)
        if known is not None and all(name in texts for name in known):
            yield known
        elif self._searches.setdefault(table, 0) < _SEARCHES:
            self._searches[table] += 1
            for fields in range(1, _SEARCHED_FIELDS + 1):
                yield from permutations(sorted(texts), fields)

"""What both sides share about one direction (protocol, 7.1)."""

from dataclasses import dataclass

from tests.independent.reader.basics import blake, refuse_unless
from tests.independent.reader.changes import Origin, Record

HISTORY_BYTES = 110000
CONTEXT_NAMES = 65536

Field = tuple[str, str]


@dataclass(frozen=True)
class Names:
    """Origins, tables, and fields (table and name), numbered from 0."""

    origins: tuple[Origin, ...] = ()
    tables: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()

    def grown(self, new: "Names") -> "Names":
        """These, and those of the new ones that are not there yet, behind them."""
        origins = tuple(dict.fromkeys(self.origins + new.origins))
        tables = tuple(dict.fromkeys(self.tables + new.tables))
        fields = tuple(dict.fromkeys(self.fields + new.fields))
        refuse_unless(max(len(origins), len(tables), len(fields)) <= CONTEXT_NAMES, "too many names")
        return Names(origins, tables, fields)

    def missing(self, new: "Names") -> "Names":
        """Those of the new ones that are not here, each once."""
        grown, counts = self.grown(new), (len(self.origins), len(self.tables), len(self.fields))
        return Names(grown.origins[counts[0] :], grown.tables[counts[1] :], grown.fields[counts[2] :])

    def fields_of(self, table: str) -> list[int]:
        """Numbers of a table's fields, ascending."""
        return [number for number, field in enumerate(self.fields) if field[0] == table]


@dataclass(frozen=True)
class Context:
    """One version of a context."""

    names: Names = Names()
    aliases: tuple[Record, ...] = ()
    history: bytes = b""
    digest: bytes = bytes(4)

    def grown(self, names: Names, records: tuple[Record, ...], plain: bytes) -> "Context":
        """The next version: with what a batch spells out, its new records, and its plain form."""
        return Context(
            self.names.grown(names),
            tuple(dict.fromkeys(self.aliases + records)),
            (self.history + plain)[-HISTORY_BYTES:],
            blake(4, self.digest, blake(32, plain)),
        )

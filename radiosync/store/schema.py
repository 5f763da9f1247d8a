"""The tables of the database, as they are at the newest revision. `migrations` leads there from any older one.

Conventions: instants end in `_at` and are milliseconds since 1970; a stamp is a hybrid logical time, a number from `origin`
and a sequence; JSON is kept as text, so that it is the same on every database.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0004"
"""The newest revision of the schema. A database that has it is used as it is."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of 64 bits; on SQLite the type that makes a primary key the row's own number."""


def _of_partner() -> Column[int]:
    return Column("partner", Number, ForeignKey("partner.key", ondelete="CASCADE"), primary_key=True)


# ---------------------------------------------------------------- this station

station = Table(
    "station",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1: there is one row
    Column("identity", LargeBinary, nullable=False),
    Column("incarnation", Number, nullable=False),
    Column("sequence", Number, nullable=False),  # of our newest write
    Column("arrival", Number, nullable=False),  # of the newest row in `change`
)

setting = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# ---------------------------------------------------------------- records

origin = Table(
    "origin",
    metadata,
    Column("id", Number, primary_key=True),
    Column("station", LargeBinary, nullable=False),
    Column("incarnation", Number, nullable=False),
    UniqueConstraint("station", "incarnation"),
)


def _content() -> tuple[Column[int], Column[str], Column[str], Column[str], Column[str]]:
    """A record, whole or in part; `codec` says how it is written."""
    return (
        Column("life", Number, nullable=False),
        Column("fields", Text, nullable=False),
        Column("writes", Text, nullable=False),
        Column("grave", Text),
        Column("past", Text),
    )


record = Table(
    "record",
    metadata,
    Column("id", Number, primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("uuid", LargeBinary, nullable=False),
    Column("alive", Boolean, nullable=False),
    Column("newest", Number, nullable=False),
    *_content(),
    Column("passed_on", Boolean, nullable=False, server_default="1"),  # any other station may know it
    UniqueConstraint("table_name", "uuid"),
    Index(None, "newest", "table_name", "uuid"),
)

change = Table(
    "change",
    metadata,
    Column("arrival", Number, primary_key=True),
    Column("record_id", Number, ForeignKey("record.id"), nullable=False),
    Column("source", Number),  # key of the partner that it came from, which may have been removed since
    *_content(),
    Column("reader", Number),  # key of the partner that it is for alone; null for all
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", Number, primary_key=True),
    Column("record_id", Number, ForeignKey("record.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("loser_time", Number, nullable=False),
    Column("loser_origin", Number, nullable=False),
    Column("loser_sequence", Number, nullable=False),
    Column("value", Text),
    Column("winner_time", Number, nullable=False),
    Column("winner_origin", Number, nullable=False),
    Column("winner_sequence", Number, nullable=False),
    Column("noticed_at", Number, nullable=False),
    Column("settled_at", Number),
    UniqueConstraint("record_id", "field", "loser_origin", "loser_sequence"),
)

# ---------------------------------------------------------------- partners

partner = Table(
    "partner",
    metadata,
    Column("key", Number, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("station", LargeBinary, nullable=False, unique=True),
    Column("callsign", Text),
    Column("incarnation", Number),
    Column("incarnation_since", Number, nullable=False),  # newest arrival when that incarnation first spoke
    Column("contact", Number, nullable=False),  # contacts that we have opened
    Column("heard_at", Number),
    Column("confirmed_at", Number),
    Column("changes_confirmed", Number, nullable=False),
    Column("changes_applied", Number, nullable=False),
    Column("version", Number),  # of the protocol, as it spoke last
    Column("capabilities", Number, nullable=False, server_default="0"),
    Column("pool", Boolean, nullable=False, server_default="0"),  # it stands for a pool of stations
    Column("edits_collapsed", Number, nullable=False, server_default="0"),
    sqlite_autoincrement=True,  # a key is never used again, because `change.source` outlives the partner
)

hold = Table(
    "hold",
    metadata,
    _of_partner(),
    Column("job", Text, primary_key=True),  # name of a job; empty for everything
    sqlite_with_rowid=False,
)

left_out = Table(
    "left_out",
    metadata,
    _of_partner(),
    Column("record_id", Number, ForeignKey("record.id"), primary_key=True),
    sqlite_with_rowid=False,
)

member = Table(
    "member",
    metadata,
    _of_partner(),  # a pool of which we are the speaker
    Column("station", LargeBinary, primary_key=True),
    Column("through", Number, nullable=False),  # newest transfer that it and all before it are applied there
    sqlite_with_rowid=False,
)

contact = Table(
    "contact",
    metadata,
    Column("id", Number, primary_key=True),
    Column("partner", Number, ForeignKey("partner.key", ondelete="CASCADE"), nullable=False),
    Column("started_at", Number, nullable=False),
    Column("ended_at", Number, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("bytes_out", Number, nullable=False),
    Column("bytes_in", Number, nullable=False),
    Index(None, "partner", "started_at"),
)

# ---------------------------------------------------------------- transfers

exchange = Table(
    "exchange",
    metadata,
    _of_partner(),
    Column("out_epoch", Number, nullable=False),
    Column("out_sealed", Number, nullable=False),
    Column("out_confirmed", Number, nullable=False),
    Column("in_incarnation", Number),
    Column("in_epoch", Number, nullable=False),
    Column("in_through", Number, nullable=False),
    Column("out_begins", Number, nullable=False, server_default="0"),  # behind which the epoch begins
    Column("in_begins", Number, nullable=False, server_default="0"),  # likewise
)

transfer_out = Table(
    "transfer_out",
    metadata,
    _of_partner(),
    Column("number", Number, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("through", Number, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("pieces", Number, nullable=False),
    Column("size_code", Number, nullable=False),
    Column("next_pieces", Text, nullable=False),  # JSON, one number for each block
    Column("changes", Number, nullable=False),
    Column("priority", Number, nullable=False, server_default="2"),
    Column("collapsed", Number, nullable=False, server_default="0"),
    Column("additions", Text),
    Column("arrival", Number, nullable=False, server_default="0"),  # newest in `change` when it was sealed
    Column("sealed_anew", Boolean, nullable=False, server_default="0"),
)

carried = Table(
    "carried",
    metadata,
    Column("partner", Number, primary_key=True),
    Column("number", Number, primary_key=True),
    Column("record_id", Number, primary_key=True),
    Column(
        "dots", Text, nullable=False
    ),  # JSON, for each write [field, origin, sequence]; no field for a grave
    Column("writes", Number, nullable=False),
    ForeignKeyConstraint(
        ["partner", "number"], ["transfer_out.partner", "transfer_out.number"], ondelete="CASCADE"
    ),
    sqlite_with_rowid=False,
)

transfer_in = Table(
    "transfer_in",
    metadata,
    _of_partner(),
    Column("number", Number, primary_key=True),
    Column("pieces", Number, nullable=False),
    Column("size_code", Number, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("plain", LargeBinary),  # from here on only of one that was applied before an earlier one
    Column("additions", Text),
)

piece = Table(
    "piece",
    metadata,
    _of_partner(),
    Column("number", Number, primary_key=True),
    Column("block", Number, primary_key=True),
    Column("place", Number, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# ---------------------------------------------------------------- shared context

model = Table(
    "model",
    metadata,
    _of_partner(),
    Column("direction", Text, primary_key=True),
    Column("number", Number, primary_key=True),  # of the transfer that it was left by
    Column("state", LargeBinary),  # null if no batch can build on it any more
    Column("digest", LargeBinary, nullable=False),  # of the batches that have taught it
)

version = Table(
    "version",
    metadata,
    _of_partner(),
    Column("direction", Text, primary_key=True),
    Column("number", Number, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("plain", LargeBinary, nullable=False),
    Column("total_bytes", Number, nullable=False),  # plain bytes of all versions up to this one
    Column("cursors", Text, nullable=False),  # JSON, scope -> arrival; outbound only
    Column(
        "arrival", Number, nullable=False, server_default="0"
    ),  # newest in `change` when it was sealed; likewise
)

context_name = Table(
    "context_name",
    metadata,
    _of_partner(),
    Column("direction", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # "origin", "table" or "field"
    Column("number", Number, primary_key=True),
    Column("version", Number, nullable=False),
    Column("origin", Number, ForeignKey("origin.id")),
    Column("table_name", Text),
    Column("field", Text),
    sqlite_with_rowid=False,
)

alias = Table(
    "alias",
    metadata,
    _of_partner(),
    Column("direction", Text, primary_key=True),
    Column("number", Number, primary_key=True),
    Column("version", Number, nullable=False),
    Column(
        "table_name", Text, nullable=False
    ),  # and not a record's id: a record that no job lets in has an alias too
    Column("uuid", LargeBinary, nullable=False),
    UniqueConstraint("partner", "direction", "uuid", "table_name"),
    sqlite_with_rowid=False,
)

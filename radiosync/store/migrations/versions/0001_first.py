"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "origin",
        sa.Column("id", Number, nullable=False),
        sa.Column("station", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin")),
        sa.UniqueConstraint("station", "incarnation", name=op.f("uq_origin_station_incarnation")),
    )
    op.create_table(
        "partner",
        sa.Column("key", Number, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("station", sa.LargeBinary(), nullable=False),
        sa.Column("callsign", sa.Text(), nullable=True),
        sa.Column("incarnation", Number, nullable=True),
        sa.Column("incarnation_since", Number, nullable=False),
        sa.Column("contact", Number, nullable=False),
        sa.Column("heard_at", Number, nullable=True),
        sa.Column("confirmed_at", Number, nullable=True),
        sa.Column("changes_confirmed", Number, nullable=False),
        sa.Column("changes_applied", Number, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_partner")),
        sa.UniqueConstraint("name", name=op.f("uq_partner_name")),
        sa.UniqueConstraint("station", name=op.f("uq_partner_station")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "record",
        sa.Column("id", Number, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("uuid", sa.LargeBinary(), nullable=False),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("newest", Number, nullable=False),
        sa.Column("life", Number, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("writes", sa.Text(), nullable=False),
        sa.Column("grave", sa.Text(), nullable=True),
        sa.Column("past", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("table_name", "uuid", name=op.f("uq_record_table_name_uuid")),
    )
    op.create_index(op.f("ix_record_newest_table_name_uuid"), "record", ["newest", "table_name", "uuid"])
    op.create_table(
        "setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", Number, nullable=False),
        sa.Column("sequence", Number, nullable=False),
        sa.Column("arrival", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
    )
    op.create_table(
        "alias",
        sa.Column("partner", Number, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("uuid", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_alias_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "direction", "number", name=op.f("pk_alias")),
        sa.UniqueConstraint(
            "partner",
            "direction",
            "uuid",
            "table_name",
            name=op.f("uq_alias_partner_direction_uuid_table_name"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "change",
        sa.Column("arrival", Number, nullable=False),
        sa.Column("record_id", Number, nullable=False),
        sa.Column("source", Number, nullable=True),
        sa.Column("life", Number, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("writes", sa.Text(), nullable=False),
        sa.Column("grave", sa.Text(), nullable=True),
        sa.Column("past", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_change_record_id")),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_change")),
    )
    op.create_table(
        "conflict",
        sa.Column("id", Number, nullable=False),
        sa.Column("record_id", Number, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("loser_time", Number, nullable=False),
        sa.Column("loser_origin", Number, nullable=False),
        sa.Column("loser_sequence", Number, nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("winner_time", Number, nullable=False),
        sa.Column("winner_origin", Number, nullable=False),
        sa.Column("winner_sequence", Number, nullable=False),
        sa.Column("noticed_at", Number, nullable=False),
        sa.Column("settled_at", Number, nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_conflict_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
        sa.UniqueConstraint(
            "record_id",
            "field",
            "loser_origin",
            "loser_sequence",
            name=op.f("uq_conflict_record_id_field_loser_origin_loser_sequence"),
        ),
    )
    op.create_table(
        "contact",
        sa.Column("id", Number, nullable=False),
        sa.Column("partner", Number, nullable=False),
        sa.Column("started_at", Number, nullable=False),
        sa.Column("ended_at", Number, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("bytes_out", Number, nullable=False),
        sa.Column("bytes_in", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_contact_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_partner_started_at"), "contact", ["partner", "started_at"])
    op.create_table(
        "context_name",
        sa.Column("partner", Number, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.Column("origin", Number, nullable=True),
        sa.Column("table_name", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["origin"], ["origin.id"], name=op.f("fk_context_name_origin")),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_context_name_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "direction", "kind", "number", name=op.f("pk_context_name")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exchange",
        sa.Column("partner", Number, nullable=False),
        sa.Column("out_epoch", Number, nullable=False),
        sa.Column("out_sealed", Number, nullable=False),
        sa.Column("out_confirmed", Number, nullable=False),
        sa.Column("in_incarnation", Number, nullable=True),
        sa.Column("in_epoch", Number, nullable=False),
        sa.Column("in_through", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_exchange_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_exchange")),
    )
    op.create_table(
        "piece",
        sa.Column("partner", Number, nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("block", Number, nullable=False),
        sa.Column("place", Number, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_piece_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "number", "block", "place", name=op.f("pk_piece")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transfer_in",
        sa.Column("partner", Number, nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("pieces", Number, nullable=False),
        sa.Column("size_code", Number, nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("plain", sa.LargeBinary(), nullable=True),
        sa.Column("additions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_transfer_in_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "number", name=op.f("pk_transfer_in")),
    )
    op.create_table(
        "transfer_out",
        sa.Column("partner", Number, nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("through", Number, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("pieces", Number, nullable=False),
        sa.Column("size_code", Number, nullable=False),
        sa.Column("next_pieces", sa.Text(), nullable=False),
        sa.Column("changes", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_transfer_out_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "number", name=op.f("pk_transfer_out")),
    )
    op.create_table(
        "version",
        sa.Column("partner", Number, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("plain", sa.LargeBinary(), nullable=False),
        sa.Column("total_bytes", Number, nullable=False),
        sa.Column("cursors", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_version_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "direction", "number", name=op.f("pk_version")),
    )

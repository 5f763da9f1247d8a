"""What a partner can read, the models of the compact codec, and what a person may change in mid-transfer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("version", Number, nullable=True))
        partner.add_column(sa.Column("capabilities", Number, nullable=False, server_default="0"))
    op.create_table(
        "model",
        sa.Column("partner", Number, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_model_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "direction", "number", name=op.f("pk_model")),
    )
    _let_people_intervene()
    _let_pools_listen()


def _let_people_intervene() -> None:
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("edits_collapsed", Number, nullable=False, server_default="0"))
    with op.batch_alter_table("change") as change:
        change.add_column(sa.Column("reader", Number, nullable=True))
    with op.batch_alter_table("transfer_out") as transfer:
        transfer.add_column(sa.Column("priority", Number, nullable=False, server_default="2"))
        transfer.add_column(sa.Column("collapsed", Number, nullable=False, server_default="0"))
        transfer.add_column(sa.Column("additions", sa.Text(), nullable=True))
        transfer.add_column(sa.Column("arrival", Number, nullable=False, server_default="0"))
        transfer.add_column(sa.Column("sealed_anew", sa.Boolean(), nullable=False, server_default="0"))
    op.create_table(
        "carried",
        sa.Column("partner", Number, nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("record_id", Number, nullable=False),
        sa.Column("dots", sa.Text(), nullable=False),
        sa.Column("writes", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner", "number"],
            ["transfer_out.partner", "transfer_out.number"],
            name=op.f("fk_carried_partner_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("partner", "number", "record_id", name=op.f("pk_carried")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hold",
        sa.Column("partner", Number, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_hold_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "job", name=op.f("pk_hold")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "left_out",
        sa.Column("partner", Number, nullable=False),
        sa.Column("record_id", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_left_out_partner"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_left_out_record_id")),
        sa.PrimaryKeyConstraint("partner", "record_id", name=op.f("pk_left_out")),
        sqlite_with_rowid=False,
    )


def _let_pools_listen() -> None:
    with op.batch_alter_table("partner") as partner:
        partner.add_column(sa.Column("pool", sa.Boolean(), nullable=False, server_default="0"))
    op.create_table(
        "member",
        sa.Column("partner", Number, nullable=False),
        sa.Column("station", sa.LargeBinary(), nullable=False),
        sa.Column("through", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partner.key"], name=op.f("fk_member_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner", "station", name=op.f("pk_member")),
        sqlite_with_rowid=False,
    )

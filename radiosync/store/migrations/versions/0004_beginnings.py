"""Where epochs begin, and which model is which. Those that are there already are told by what they hold."""

import hashlib

import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_KEY = ("partner", "direction", "number")


def upgrade() -> None:
    with op.batch_alter_table("exchange") as exchange:
        exchange.add_column(sa.Column("out_begins", Number, nullable=False, server_default="0"))
        exchange.add_column(sa.Column("in_begins", Number, nullable=False, server_default="0"))
    with op.batch_alter_table("version") as version:
        version.add_column(sa.Column("arrival", Number, nullable=False, server_default="0"))
    with op.batch_alter_table("model") as model:
        model.add_column(sa.Column("digest", sa.LargeBinary(), nullable=True))
    _tell_models_apart()
    with op.batch_alter_table("model") as model:
        model.alter_column("digest", nullable=False)
        model.alter_column("state", nullable=True)


def _tell_models_apart() -> None:
    table = sa.table("model", *map(sa.column, (*_KEY, "state", "digest")))
    connection = op.get_bind()
    keys = connection.execute(sa.select(*(table.c[name] for name in _KEY))).all()
    for key in keys:
        this = sa.and_(*(table.c[name] == value for name, value in zip(_KEY, key, strict=True)))
        state = connection.execute(sa.select(table.c.state).where(this)).scalar_one()
        plain = zstandard.ZstdDecompressor().decompress(state)
        digest = hashlib.blake2b(plain, digest_size=4).digest()
        connection.execute(sa.update(table).where(this).values(digest=digest))

"""Which records any other station may know. Of those that are there already, all may be known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("record") as record:
        record.add_column(sa.Column("passed_on", sa.Boolean(), nullable=False, server_default="1"))

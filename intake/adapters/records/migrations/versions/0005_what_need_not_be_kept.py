"""What need not be kept, and what cannot be fetched once more

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discard",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_discard")),
    )
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refetches", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("refetch_failed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_mail_refetches"), ["refetches"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_mail_disposition_octets_decided_at"), ["disposition", "octets", "decided_at"], unique=False
        )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purged", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(
            batch_op.f("ix_letter_kind_purged_created_at"), ["kind", "purged", "created_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_letter_kind_purged_created_at"))
        batch_op.drop_column("purged")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mail_disposition_octets_decided_at"))
        batch_op.drop_index(batch_op.f("ix_mail_refetches"))
        batch_op.drop_column("refetch_failed_at")
        batch_op.drop_column("refetches")
    op.drop_table("discard")

"""A chain over the events

Revision ID: 0004
Revises: 0003
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQLITE_GUARDS = (
    """CREATE TRIGGER event_keeps_what_it_says BEFORE UPDATE ON event WHEN OLD.hash IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'events are only added'); END""",
    """CREATE TRIGGER event_stays BEFORE DELETE ON event
       BEGIN SELECT RAISE(ABORT, 'events are only added'); END""",
)
POSTGRESQL_GUARDS = (
    """CREATE FUNCTION events_are_only_added() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'events are only added'; END $$""",
    """CREATE TRIGGER event_keeps_what_it_says BEFORE UPDATE ON event FOR EACH ROW WHEN (OLD.hash IS NOT NULL)
       EXECUTE FUNCTION events_are_only_added()""",
    """CREATE TRIGGER event_stays BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION events_are_only_added()""",
)


def upgrade() -> None:
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unscanned", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("seal", sa.String(length=10), server_default="none", nullable=False))
        batch_op.create_index(batch_op.f("ix_mail_unscanned"), ["unscanned"], unique=False)
    seals()
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("idle", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("superseded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(batch_op.f("fk_letter_superseded_by_letter"), "letter", ["superseded_by"], ["id"])
        batch_op.create_index(batch_op.f("ix_letter_superseded_by"), ["superseded_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_meant_for_created_at"), ["meant_for", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_created_at"), ["created_at"], unique=False)
    op.create_table(
        "learned",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("unit_code", sa.String(length=32), nullable=False),
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_learned_mail_id_mail")),
        sa.PrimaryKeyConstraint("address", "unit_code", name=op.f("pk_learned")),
    )
    # Until now whoever sent a mail that was assigned was taken for confirmed.
    op.execute(
        "INSERT INTO learned (address, unit_code, mail_id, learned_at) SELECT sender, assigned, MIN(id), MIN(taken_at) "
        "FROM mail WHERE assigned IS NOT NULL AND sender <> '' GROUP BY sender, assigned"
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seq", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("hash", sa.String(length=64), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_event_seq"), ["seq"])
    chain_what_is_there()
    for guard in guards():
        op.execute(guard)


def seals() -> None:
    op.create_table(
        "seal",
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.Column("placed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("asked", sa.String(length=10), nullable=True),
        sa.Column("asked_by", sa.String(length=64), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_seal_mail_id_mail")),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_seal")),
    )
    with op.batch_alter_table("seal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seal_placed"), ["placed"], unique=False)


def guards() -> tuple[str, ...]:
    return POSTGRESQL_GUARDS if op.get_bind().dialect.name == "postgresql" else SQLITE_GUARDS


def chain_what_is_there() -> None:
    """Events from before the chain are taken for true, in the order in which they were added."""
    connection = op.get_bind()
    event = sa.table(
        "event",
        *(sa.column(name) for name in ("id", "seq", "hash", "what", "mail_id", "letter_id", "unit_code")),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("detail", sa.JSON()),
    )
    before, seq, last = "0" * 64, 0, -1
    while rows := connection.execute(sa.select(event).where(event.c.id > last).order_by(event.c.id).limit(1000)).all():
        for row in rows:
            seq, last = seq + 1, row.id
            before = fingerprint(row, seq, before)
            connection.execute(sa.update(event).where(event.c.id == row.id).values(seq=seq, hash=before))


def fingerprint(row: sa.Row[tuple[object, ...]], seq: int, before: str) -> str:
    told = {
        "seq": seq,
        "at": instant(row.at).isoformat(timespec="microseconds"),
        "what": row.what,
        "mail": row.mail_id,
        "letter": row.letter_id,
        "unit": row.unit_code,
        "detail": row.detail,
    }
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{canonical}".encode("ascii")).hexdigest()


def instant(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for trigger in ("event_keeps_what_it_says", "event_stays"):
        op.execute(f"DROP TRIGGER {trigger}" + (" ON event" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION events_are_only_added()")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_event_seq"), type_="unique")
        batch_op.drop_column("hash")
        batch_op.drop_column("seq")
    op.drop_table("learned")
    op.drop_table("seal")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_letter_created_at"))
        batch_op.drop_index(batch_op.f("ix_letter_meant_for_created_at"))
        batch_op.drop_index(batch_op.f("ix_letter_superseded_by"))
        batch_op.drop_constraint(batch_op.f("fk_letter_superseded_by_letter"), type_="foreignkey")
        batch_op.drop_column("superseded_by")
        batch_op.drop_column("idle")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mail_unscanned"))
        batch_op.drop_column("unscanned")
        batch_op.drop_column("seal")

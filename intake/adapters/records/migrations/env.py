"""Alembic's environment: run with a connection that the service opened (see intake/adapters/records/database.py)."""

from typing import Any, Literal

from alembic import context

from intake.adapters.records import alerts, discards, seals, tables  # noqa: F401 - importing them is what fills the metadata
from intake.adapters.records.columns import Base, Instant


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations must not depend on our types, which may move."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()

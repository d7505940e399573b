"""The table of mails that look classified, beside those of tables.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from intake.adapters.records.columns import Base


class SealRow(Base):
    """A mail that looks classified. `pieces` are hashes of what came out of it; `placed`: all is where it belongs.

    `asked` is what one operator wants done with it ("destroyed", "lifted"), who is `asked_by`; a second one does it.
    """

    __tablename__ = "seal"
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), primary_key=True)
    sealed_at: Mapped[datetime]
    pieces: Mapped[list[Any]] = mapped_column(default=list)
    placed: Mapped[bool] = mapped_column(default=False, server_default=false(), index=True)
    asked: Mapped[str | None] = mapped_column(String(10))
    asked_by: Mapped[str | None] = mapped_column(String(64))
    asked_at: Mapped[datetime | None]

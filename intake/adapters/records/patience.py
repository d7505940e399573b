"""Which servers refused our login, and when they are asked again: one row each while they do."""

from __future__ import annotations

from hashlib import scrypt

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.adapters.records.alerts import PatienceRow
from intake.domain.patience import Refusal, Wait


class SqlPatience:
    """Implements ports.Patience on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def wait(self, server: str) -> Wait | None:
        row = self._session.get(PatienceRow, server)
        return _wait(row) if row else None

    def keep(self, wait: Wait) -> None:
        row = PatienceRow(
            name=wait.server,
            refusal=wait.refusal,
            failures=wait.failures,
            not_before=wait.until,
            credentials=wait.credentials,
            error=wait.error,
        )
        self._session.merge(row)

    def forget(self, server: str) -> None:
        row = self._session.get(PatienceRow, server)
        if row is not None:
            self._session.delete(row)


def waits(session: Session) -> tuple[Wait, ...]:
    """Every server that refused us last."""
    return tuple(_wait(row) for row in session.scalars(select(PatienceRow).order_by(PatienceRow.name)))


def fingerprint(key: bytes, *words: str) -> str:
    """A keyed hash of credentials, 64 hex digits, slow on purpose (about 60 ms): it lies in backups, too."""
    secret = "\0".join(words).encode("utf-8", "surrogatepass")
    return scrypt(secret, salt=key, n=1 << 14, r=8, p=1, dklen=32).hex()


def _wait(row: PatienceRow) -> Wait:
    return Wait(row.name, Refusal(row.refusal), row.failures, row.not_before, row.credentials, row.error)

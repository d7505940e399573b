"""What receive writes: which mails there are, where they lie, and how far each folder has been read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import EventRow, FolderRow, MailRow, SightingRow
from intake.ports import Arrival, Blob, FolderState, Taken


class SqlLedger:
    """Implements ports.Ledger on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def watermark(self, state: FolderState, now: datetime) -> int:
        row = self._session.get(FolderRow, state.folder)
        if row is None:
            row = FolderRow(name=state.folder, uidvalidity=state.uidvalidity)
            self._session.add(row)
            self._session.flush()
        elif row.uidvalidity != state.uidvalidity:
            self._renumbered(row, state, now)
        return row.watermark

    def _renumbered(self, row: FolderRow, state: FolderState, now: datetime) -> None:
        """UIDVALIDITY changed: every UID known so far means nothing; contents will be recognised by hash."""
        detail = {"folder": row.name, "was": row.uidvalidity, "is": state.uidvalidity}
        self._session.add(EventRow(at=now, what="renumbered", detail=detail))
        row.uidvalidity, row.watermark, row.older = state.uidvalidity, 0, 0

    def older(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            self._advance(arrival).older += 1

    def take(self, arrival: Arrival, blob: Blob, now: datetime, *, cut: bool = False) -> Taken:
        mail = self._session.scalar(select(MailRow).where(MailRow.sha256 == blob.sha256))
        new = mail is None
        if mail is None:
            mail = MailRow(
                sha256=blob.sha256,
                size=arrival.size if cut else blob.size,
                cut=cut,
                folder=arrival.locator.folder,
                received_at=arrival.internal_date,
                taken_at=now,
                next_attempt_at=now,
            )
            self._session.add(mail)
            self._session.flush()
        self._sighted(arrival, mail, now)
        self._advance(arrival)
        what = "taken" if new else "seen again"
        detail = {"locator": str(arrival.locator), "octets": blob.size}
        self._session.add(EventRow(at=now, what=what, mail_id=mail.id, detail=detail))
        return Taken(mail_ref(mail.id), new)

    def _sighted(self, arrival: Arrival, mail: MailRow, now: datetime) -> None:
        place = arrival.locator
        known = self._session.scalar(
            select(SightingRow).where(
                SightingRow.folder == place.folder,
                SightingRow.uidvalidity == place.uidvalidity,
                SightingRow.uid == place.uid,
            )
        )
        if known is None:
            row = SightingRow(
                folder=place.folder, uidvalidity=place.uidvalidity, uid=place.uid, mail_id=mail.id, seen_at=now
            )
            self._session.add(row)

    def step_over(self, arrival: Arrival, why: str, now: datetime) -> None:
        detail = {"locator": str(arrival.locator), "why": why}
        self._session.add(EventRow(at=now, what="stepped over", detail=detail))
        self._advance(arrival)

    def _advance(self, arrival: Arrival) -> FolderRow:
        folder = self._session.get_one(FolderRow, arrival.locator.folder, with_for_update=True)
        folder.watermark = max(folder.watermark, arrival.locator.uid)
        return folder

    def differs(self, state: FolderState) -> bool:
        folder = self._session.get_one(FolderRow, state.folder)
        present = self._session.scalar(select(func.count()).select_from(SightingRow).where(*_present(folder))) or 0
        return state.exists != present + folder.older

    def reconcile(self, folder: str, uids: Iterable[int], now: datetime) -> None:
        row = self._session.get_one(FolderRow, folder)
        there = set(uids)
        sighted = set(self._session.scalars(select(SightingRow.uid).where(*_current(row))))
        for uid in sighted - there:
            mark = update(SightingRow).where(*_present(row), SightingRow.uid == uid).values(gone_at=now)
            self._session.execute(mark)
        row.older = len(there - sighted)

    def counted(self, state: FolderState, now: datetime) -> None:
        folder = self._session.get_one(FolderRow, state.folder)
        folder.on_server, folder.checked_at = state.exists, now


def _current(folder: FolderRow) -> tuple[ColumnElement[bool], ...]:
    return SightingRow.folder == folder.name, SightingRow.uidvalidity == folder.uidvalidity


def _present(folder: FolderRow) -> tuple[ColumnElement[bool], ...]:
    return (*_current(folder), SightingRow.gone_at.is_(None))

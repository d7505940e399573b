"""What receive writes: which mails there are, where they lie, and how far each folder has been read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from intake.adapters.records.discards import discard
from intake.adapters.records.seals import SealRow
from intake.adapters.records.shapes import mail_ref
from intake.adapters.records.tables import EventRow, FolderRow, MailRow, PostponedRow, SightingRow
from intake.adapters.records.troubles import added
from intake.domain.mail import Locator, Octets
from intake.domain.outcome import FETCH_DELAYS, next_fetch
from intake.domain.sealing import Seal
from intake.ports import Arrival, Blob, FolderState, Particulars, Taken


class SqlLedger:
    """Implements ports.Ledger on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def went_back(self, state: FolderState) -> bool:
        row = self._session.get(FolderRow, state.folder)
        if row is None or row.uidvalidity != state.uidvalidity or state.uidnext is None:
            return False
        return state.uidnext <= row.watermark

    def watermark(self, state: FolderState, now: datetime) -> int:
        row = self._session.get(FolderRow, state.folder)
        if row is None:
            added(self._session, FolderRow(name=state.folder, uidvalidity=state.uidvalidity))
            row = self._session.get_one(FolderRow, state.folder, populate_existing=True)
        elif row.uidvalidity != state.uidvalidity or self.went_back(state):
            self._renumbered(row, state, now)
        row.junk = state.junk
        self._session.flush()
        return row.watermark

    def _renumbered(self, row: FolderRow, state: FolderState, now: datetime) -> None:
        """UIDVALIDITY changed, or UIDNEXT went back, as after a restore: every UID known so far means nothing.

        Contents will be recognised by hash.
        """
        detail = {"folder": row.name, "was": row.uidvalidity, "is": state.uidvalidity}
        self._session.add(EventRow(at=now, what="renumbered", detail=detail))
        self._session.execute(delete(PostponedRow).where(PostponedRow.folder == row.name))
        row.uidvalidity, row.watermark, row.older = state.uidvalidity, 0, 0
        self._session.execute(update(SightingRow).where(*_present(row)).values(gone_at=now))

    def only(self, folders: Sequence[str]) -> None:
        others = FolderRow.checked_at.is_not(None), FolderRow.name.not_in(folders)
        self._session.execute(update(FolderRow).where(*others).values(checked_at=None))

    def known(self, state: FolderState) -> int:
        folder = self._session.get_one(FolderRow, state.folder)
        counts = (
            self._session.scalar(select(func.count()).select_from(table).where(*which)) or 0
            for table, which in ((SightingRow, _present(folder)), (PostponedRow, _waiting(folder)))
        )
        return sum(counts) + folder.older

    def particulars(self, state: FolderState) -> frozenset[Particulars]:
        folder = self._session.get_one(FolderRow, state.folder)
        sighted = select(SightingRow.uid, SightingRow.size, SightingRow.internal_date).where(*_present(folder))
        waiting = select(PostponedRow.uid, PostponedRow.size, PostponedRow.internal_date).where(*_waiting(folder))
        return frozenset(
            (uid, size, date) for query in (sighted, waiting) for uid, size, date in self._session.execute(query)
        )

    def older(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            folder = self._advance(arrival)
            # Where UIDs prove nothing the same mail comes each time: there they are counted by `reconcile` only.
            folder.older += 1 if arrival.locator.uidvalidity else 0

    def take(self, arrival: Arrival, blob: Blob, now: datetime, *, cut: bool = False) -> Taken:
        known = select(MailRow).where(MailRow.sha256 == blob.sha256)
        mail = self._session.scalar(known)
        new = False
        if mail is None:
            row = MailRow(
                sha256=blob.sha256,
                size=arrival.size if cut else blob.size,
                cut=cut,
                folder=arrival.locator.folder,
                received_at=arrival.internal_date,
                taken_at=now,
                next_attempt_at=now,
            )
            new = added(self._session, row)
            mail = row if new else self._session.scalars(known).one()
        if Seal(mail.seal).closed:
            self._session.get_one(SealRow, mail.id).placed = False  # its octets were stored a moment ago
        if Octets(mail.octets).removed:
            discard(self._session, [blob.sha256])
        self._sighted(arrival, mail, now)
        self._advance(arrival)
        what = "taken" if new else "seen again"
        detail = {"locator": str(arrival.locator), "octets": blob.size}
        self._session.add(EventRow(at=now, what=what, mail_id=mail.id, detail=detail))
        return Taken(mail_ref(mail.id), new, Seal(mail.seal).closed)

    def _sighted(self, arrival: Arrival, mail: MailRow, now: datetime) -> None:
        """Another mail may have had this locator before, where UIDVALIDITY says nothing or a server went back."""
        place = arrival.locator
        known = select(SightingRow).where(*_at(SightingRow, place))
        row = self._session.scalar(known)
        if row is None:
            place_of = {"folder": place.folder, "uidvalidity": place.uidvalidity, "uid": place.uid}
            added(self._session, SightingRow(**place_of, mail_id=mail.id, seen_at=now))
            row = self._session.scalars(known).one()
        row.mail_id, row.size, row.internal_date = mail.id, arrival.size, arrival.internal_date
        row.gone_at = None

    def step_over(self, arrival: Arrival, why: str, now: datetime) -> None:
        detail = {"locator": str(arrival.locator), "why": why}
        self._session.add(EventRow(at=now, what="stepped over", detail=detail))
        self._advance(arrival)

    def postpone(self, arrival: Arrival, why: str, now: datetime) -> datetime:
        place = arrival.locator
        self._folder(place)
        row = self._session.scalar(select(PostponedRow).where(*_at(PostponedRow, place)))
        if row is None:
            row = PostponedRow(folder=place.folder, uidvalidity=place.uidvalidity, uid=place.uid, attempts=0)
            row.first_failed_at = now
            self._session.add(row)
            self._session.add(EventRow(at=now, what="postponed", detail={"locator": str(place), "why": why}))
        row.size, row.internal_date, row.error = arrival.size, arrival.internal_date, why
        row.attempts += 1
        row.next_attempt_at = next_fetch(row.attempts, now)
        return row.next_attempt_at

    def postponed(self, folder: str, now: datetime) -> list[Arrival]:
        # A time beyond every delay is one that was set by a clock which has gone back since.
        due = or_(PostponedRow.next_attempt_at <= now, PostponedRow.next_attempt_at > now + FETCH_DELAYS[-1])
        query = select(PostponedRow).where(PostponedRow.folder == folder, due)
        return [
            Arrival(Locator(row.folder, row.uidvalidity, row.uid), row.size, row.internal_date)
            for row in self._session.scalars(query.order_by(PostponedRow.next_attempt_at, PostponedRow.uid))
        ]

    def _advance(self, arrival: Arrival) -> FolderRow:
        """The mail is dealt with: the folder with its watermark moved, and nothing left to come back to."""
        self._session.execute(delete(PostponedRow).where(*_at(PostponedRow, arrival.locator)))
        return self._folder(arrival.locator)

    def _folder(self, place: Locator) -> FolderRow:
        """The folder of a mail with its watermark over the mail. UIDs without UIDVALIDITY mark nothing."""
        folder = self._session.get_one(FolderRow, place.folder, with_for_update=True)
        if place.uidvalidity:
            folder.watermark = max(folder.watermark, place.uid)
        return folder

    def reconcile(self, folder: str, uids: Iterable[int], now: datetime) -> list[int]:
        """A list may lack what is there: what comes back is there again, and what was postponed is asked for first."""
        row = self._session.get_one(FolderRow, folder)
        there = set(uids)
        sighted = dict(self._session.execute(select(SightingRow.uid, SightingRow.gone_at).where(*_current(row))).all())
        waiting = set(self._session.scalars(select(PostponedRow.uid).where(*_waiting(row))))
        for uid, gone_at in sighted.items():
            if (uid in there) == (gone_at is not None):
                change = update(SightingRow).where(*_current(row), SightingRow.uid == uid)
                self._session.execute(change.values(gone_at=None if uid in there else now))
        for uid in waiting - there:
            change = update(PostponedRow).where(*_waiting(row), PostponedRow.uid == uid)
            self._session.execute(change.values(next_attempt_at=now))
        unknown = there - sighted.keys() - waiting
        left_out = len(unknown) > row.older and row.uidvalidity
        row.older = 0 if left_out else len(unknown)
        return sorted(unknown) if left_out else []

    def counted(self, state: FolderState, now: datetime) -> None:
        folder = self._session.get_one(FolderRow, state.folder)
        folder.on_server, folder.checked_at = state.exists, now


def _at(table: type[SightingRow | PostponedRow], place: Locator) -> tuple[ColumnElement[bool], ...]:
    return table.folder == place.folder, table.uidvalidity == place.uidvalidity, table.uid == place.uid


def _current(folder: FolderRow) -> tuple[ColumnElement[bool], ...]:
    return SightingRow.folder == folder.name, SightingRow.uidvalidity == folder.uidvalidity


def _present(folder: FolderRow) -> tuple[ColumnElement[bool], ...]:
    return (*_current(folder), SightingRow.gone_at.is_(None))


def _waiting(folder: FolderRow) -> tuple[ColumnElement[bool], ...]:
    return PostponedRow.folder == folder.name, PostponedRow.uidvalidity == folder.uidvalidity

"""What the records say is in the store: every blob that is referred to, by what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from intake.adapters.records.discards import DiscardRow, discard
from intake.adapters.records.rulings import attachments
from intake.adapters.records.seals import SealRow
from intake.adapters.records.shapes import mail_ref, pending_of
from intake.adapters.records.tables import AttachmentRow, EventRow, MailRow, MaterialRow
from intake.domain.mail import Octets
from intake.domain.sealing import Seal
from intake.ports import Pending

ELSEWHERE = [each for each in Seal if each.closed]
"""Mails whose octets are not among the stored ones."""
REMOVED = [each for each in Octets if each.removed]
"""Mails whose octets were removed on purpose."""


class Use(StrEnum):
    """What a blob is to a mail: its own octets, a file in it, a small picture of that file, a file staff added."""

    MAIL = "mail"
    MATERIAL = "material"
    PREVIEW = "preview"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Holding:
    """One reference to a blob. `size` in octets is None where the records do not tell."""

    sha256: str
    use: Use
    mail_id: int
    size: int | None

    @property
    def ref(self) -> str:
        return mail_ref(self.mail_id)


Holdings: TypeAlias = dict[str, list[Holding]]
"""By hash; mails before files, because files come out of mails."""


def holdings(session: Session) -> Holdings:
    found: Holdings = {}
    for each in _references(session):
        found.setdefault(each.sha256, []).append(each)
    return found


def _references(session: Session) -> Iterator[Holding]:
    mails = select(MailRow.id, MailRow.sha256, MailRow.size, MailRow.cut)
    there = MailRow.seal.not_in(ELSEWHERE), MailRow.octets.not_in(REMOVED)
    for number, sha256, size, cut in session.execute(mails.where(*there)):
        yield Holding(sha256, Use.MAIL, number, None if cut else size)
    apart = select(MailRow.id).where(MailRow.seal.in_(ELSEWHERE))
    for table, use in ((AttachmentRow, Use.ATTACHMENT), (MaterialRow, Use.MATERIAL)):
        parts = select(table.mail_id, table.sha256, table.size).where(table.mail_id.not_in(apart))
        for number, sha256, size in session.execute(parts):
            yield Holding(sha256, use, number, size)
    for number, preview in session.execute(select(MaterialRow.mail_id, MaterialRow.preview)):
        if preview:
            yield Holding(preview, Use.PREVIEW, number, None)


def is_referred_to(session: Session, sha256: str, beside: int | None = None) -> bool:
    """Whether anything refers to a stored blob now, be it sealed and not yet in its place; but not a mail `beside`."""
    apart = select(SealRow.mail_id).where(SealRow.placed, MailRow.id == SealRow.mail_id, MailRow.seal.in_(ELSEWHERE))
    any_of = (
        select(MailRow.id).where(MailRow.sha256 == sha256, MailRow.octets.not_in(REMOVED), MailRow.id.not_in(apart)),
        select(MaterialRow.id).where(or_(MaterialRow.sha256 == sha256, MaterialRow.preview == sha256)),
        select(AttachmentRow.id).where(
            AttachmentRow.sha256 == sha256, AttachmentRow.mail_id.not_in(apart), AttachmentRow.mail_id != (beside or 0)
        ),
    )
    return any(session.scalar(select(exists(query))) for query in any_of)


def removed(session: Session) -> frozenset[str]:
    """The hashes of all mails that were removed on purpose."""
    return frozenset(session.scalars(select(MailRow.sha256).where(MailRow.octets.in_(REMOVED))))


@dataclass(frozen=True, slots=True)
class Contents:
    """What belongs in the store: by the hash of each mail, the blobs of it. `gone` are mails that do not, since they
    look classified or were removed on purpose, `named` what is still on record of what was in those.
    """

    blobs: Mapping[str, frozenset[str]]
    gone: frozenset[str]
    named: frozenset[str]

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset().union(*self.blobs.values())


def contents(session: Session) -> Contents:
    mails = {row.id: row.sha256 for row in session.execute(select(MailRow.id, MailRow.sha256))}
    blobs: dict[str, set[str]] = {}
    for each in _references(session):
        blobs.setdefault(mails[each.mail_id], set()).add(each.sha256)
    apart = select(MailRow.id).where(MailRow.seal.in_(ELSEWHERE))
    pieces = session.scalars(select(SealRow.pieces).where(SealRow.mail_id.in_(apart)))
    added = session.scalars(select(AttachmentRow.sha256).where(AttachmentRow.mail_id.in_(apart)))
    left = select(MailRow.sha256).where(or_(MailRow.seal.in_(ELSEWHERE), MailRow.octets.in_(REMOVED)))
    return Contents(
        {sha256: frozenset(each) for sha256, each in blobs.items()},
        frozenset(session.scalars(left)),
        frozenset([*(piece for each in pieces for piece in each), *added, *session.scalars(select(DiscardRow.sha256))]),
    )


def as_pending(session: Session, mail_id: int) -> Pending:
    """A mail as examine would get it, whatever state it is in."""
    return pending_of(session.get_one(MailRow, mail_id), attachments(session, mail_id))


def measured(session: Session, holding: Holding, size: int) -> None:
    """Write the size that a blob really has."""
    table: Any = {Use.MAIL: MailRow, Use.MATERIAL: MaterialRow, Use.ATTACHMENT: AttachmentRow}[holding.use]
    session.execute(update(table).where(table.sha256 == holding.sha256).values(size=size))


def previewed(session: Session, mail_id: int, old: str, drawn: Mapping[str, str | None]) -> None:
    """Other previews, by the hash of their file, in the place of one that is gone: libraries draw a little differently
    over the years.
    """
    query = select(MaterialRow).where(MaterialRow.mail_id == mail_id, MaterialRow.preview == old)
    for row in session.scalars(query):
        row.preview = drawn.get(row.sha256)
    discard(session, [old])


def adopted(session: Session, sha256: str, size: int, received_at: datetime, now: datetime) -> str:
    """Take a stored mail that no row tells of into the ledger; its ref."""
    row = MailRow(sha256=sha256, size=size, folder="", received_at=received_at, taken_at=now, next_attempt_at=now)
    session.add(row)
    session.flush()
    session.add(EventRow(at=now, what="adopted", mail_id=row.id, detail={"octets": size}))
    return mail_ref(row.id)

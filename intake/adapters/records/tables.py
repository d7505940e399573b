"""The tables, typed. Identity is the database's word (unique constraints), never a lookup of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from intake.adapters.records.columns import Base, Serial


class FolderRow(Base):
    """How far a folder has been read. `older` counts mail from before every notice, which is not read.

    `junk` says that the server keeps unwanted mail here; `checked_at` is None while it is not read (any more).
    """

    __tablename__ = "folder"
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    watermark: Mapped[int] = mapped_column(BigInteger, default=0)
    older: Mapped[int] = mapped_column(default=0)
    junk: Mapped[bool] = mapped_column(default=False, server_default=false())
    on_server: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None]


class MailRow(Base):
    """The ledger: one row per content. `state` is received, decided or parked.

    `octets` is what the store has of it (domain.mail.Octets), `seal` whether it looks classified
    (domain.sealing.Seal). `assigned` and `waive_*` are what staff ruled; `rulings` counts how often they did.
    `refetches` counts how often it could not be fetched once more since its octets were spoilt.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index(None, "state", "next_attempt_at"),
        Index(None, "unit_code", "notice_id"),
        Index(None, "disposition", "octets", "decided_at"),
        Index(None, "size"),
    )
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    cut: Mapped[bool] = mapped_column(default=False)
    octets: Mapped[str] = mapped_column(String(8), default="whole", server_default="whole", index=True)
    seal: Mapped[str] = mapped_column(String(10), default="none", server_default="none")
    folder: Mapped[str] = mapped_column(String(255))
    received_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="received")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    error: Mapped[str | None] = mapped_column(Text)
    refetches: Mapped[int] = mapped_column(default=0, server_default="0", index=True)
    refetch_failed_at: Mapped[datetime | None]
    assigned: Mapped[str | None] = mapped_column(String(32))
    assigned_notice: Mapped[str | None] = mapped_column(String(128))
    waive_holds: Mapped[bool] = mapped_column(default=False)
    waive_faults: Mapped[bool] = mapped_column(default=False)
    waive_reason: Mapped[str] = mapped_column(Text, default="")
    rulings: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[str | None] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(String(320), default="", index=True)
    shown_sender: Mapped[str] = mapped_column(Text, default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    disposition: Mapped[str | None] = mapped_column(String(16))
    identity: Mapped[str] = mapped_column(String(16), default="unknown")
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    unit_code: Mapped[str | None] = mapped_column(String(32))
    notice_id: Mapped[str | None] = mapped_column(String(128))
    late: Mapped[bool] = mapped_column(default=False)
    needs_person: Mapped[bool] = mapped_column(default=False, index=True)
    unscanned: Mapped[bool] = mapped_column(default=False, server_default=false(), index=True)
    findings: Mapped[list[Any]] = mapped_column(default=list)
    decided_at: Mapped[datetime | None]


class SightingRow(Base):
    """One place on the server where a mail lies or lay. The unique locator makes taking it idempotent."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("folder", "uidvalidity", "uid"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    folder: Mapped[str] = mapped_column(String(255))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), index=True)
    size: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    internal_date: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]


class PostponedRow(Base):
    """A mail that is listed and could not be fetched: the watermark has passed it, this row brings us back to it."""

    __tablename__ = "postponed"
    __table_args__ = (UniqueConstraint("folder", "uidvalidity", "uid"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    folder: Mapped[str] = mapped_column(String(255))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    internal_date: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(Text)
    first_failed_at: Mapped[datetime]


class MaterialRow(Base):
    """One file of a mail with its facts and its fate."""

    __tablename__ = "material"
    __table_args__ = (UniqueConstraint("mail_id", "position"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"))
    position: Mapped[int]
    origin: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    provenance: Mapped[str] = mapped_column(String(16))
    preview: Mapped[str | None] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]]
    requirement: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str | None] = mapped_column(String(16))
    counted: Mapped[bool] = mapped_column(default=False)
    findings: Mapped[list[Any]] = mapped_column(default=list)


class AttachmentRow(Base):
    """A file that staff added to a mail, because the mail itself brought only a link to it."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("mail_id", "sha256"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"))
    filename: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime]


class ExaminationRow(Base):
    """An examination that began. Its result removes the row; one that is left over never ended: the process died."""

    __tablename__ = "examination"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), index=True)
    began_at: Mapped[datetime]


class LinkRow(Base):
    """One file that came as a link only."""

    __tablename__ = "link"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(String(64))
    filename: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(BigInteger)
    expires: Mapped[datetime | None]


class SubmissionRow(Base):
    """The anchor of what one unit hands in for one notice: locked while a mail of it is judged."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("notice_id", "unit_code"),)
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(128))
    unit_code: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(default=0)
    extended_until: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    last_mail_at: Mapped[datetime | None]


class EntryRow(Base):
    """One thing handed in for one requirement; which entries count is worked out from all of them."""

    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), index=True)
    requirement: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    tier: Mapped[str] = mapped_column(String(16))
    sender: Mapped[str] = mapped_column(String(320))
    received_at: Mapped[datetime]
    sha256: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    pages: Mapped[int | None]
    inside: Mapped[int] = mapped_column(default=0, server_default="0")


class LetterRow(Base):
    """The outbox. `key` is unique per decision; `state` is due, held, sent, failed or superseded.

    Of a letter that was `purged` nobody knows any more what it said, and to whom.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index(None, "state", "due_at"),
        Index(None, "meant_for", "created_at"),
        Index(None, "kind", "purged", "created_at"),
        Index(None, "created_at"),
    )
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mail.id"), index=True)
    unit_code: Mapped[str | None] = mapped_column(String(32))
    notice_id: Mapped[str | None] = mapped_column(String(128))
    identity: Mapped[str] = mapped_column(String(16), default="unknown")
    meant_for: Mapped[str] = mapped_column(Text)
    envelope_from: Mapped[str] = mapped_column(String(320))
    envelope_to: Mapped[list[Any]]
    subject: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    octets: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16), default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    doubts: Mapped[int] = mapped_column(default=0, server_default="0")
    settled_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), index=True)
    idle: Mapped[bool] = mapped_column(default=False, server_default=false())
    purged: Mapped[bool] = mapped_column(default=False, server_default=false())


class EventRow(Base):
    """What happened, for ever: rows are only added. `seq` and `hash` chain them in the order of their commits."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    hash: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(32))
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mail.id"), index=True)
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    unit_code: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]]


class PollRow(Base):
    """One pass over the mailbox, and what kept the mails taken from being examined; the heartbeat of the digest."""

    __tablename__ = "poll"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    ok: Mapped[bool] = mapped_column(default=False)
    taken: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    examine_error: Mapped[str | None] = mapped_column(Text)


class LearnedRow(Base):
    """An address that staff said speaks for a unit, until they take it back. `mail_id` is the mail they said it of."""

    __tablename__ = "learned"
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"))
    learned_at: Mapped[datetime]


class SettingRow(Base):
    """What the service made up for itself once: the key of its Message-IDs."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)

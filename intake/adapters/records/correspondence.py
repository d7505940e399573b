"""What went to a sender before, and to everybody: the figures that the rules for answers go by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from intake.adapters.records.cleaning import storable, storable_sender
from intake.adapters.records.shapes import letter_ref
from intake.adapters.records.tables import EventRow, LetterRow, LinkRow, MailRow, MaterialRow
from intake.domain.case import Case
from intake.domain.identity import Tier
from intake.domain.letter import LetterKind
from intake.domain.replying import Letters, substance

DAY, MONTH = timedelta(days=1), timedelta(days=30)
ANSWERS = LetterRow.kind.in_((LetterKind.RECEIPT, LetterKind.RETURN))
TRUSTED = LetterRow.identity.in_([tier for tier in Tier if tier.trusted])
LET_GO = "letters released"
"""Staff let all held letters go: the count begins anew."""
SLOWEST_CLOCK = timedelta(minutes=10)
"""How far the mail server's clock may be behind ours."""
MOST_COMPARED = 500
"""Files, and links, of a mail that are looked up; with more of them something is new."""


def letters(session: Session, case: Case, now: datetime, waiting: Sequence[int]) -> Letters:
    """The figures for one mail that is to be answered in the place of the letters `waiting`."""
    to_sender, stays = LetterRow.meant_for == storable(case.sender), LetterRow.id.not_in(waiting)
    out, held = stays & LetterRow.state.not_in(("held", "superseded")), LetterRow.state == "held"
    arrived = session.get_one(MailRow, case.order).received_at
    since = LetterRow.created_at > _counted_from(session, now)
    idle = to_sender & LetterRow.idle & stays & (LetterRow.state != "superseded")
    of_sender = MailRow.sender == storable_sender(case.sender), MailRow.id != case.order
    return Letters(
        to_address=_count(session, to_sender, out, since),
        in_all=_count(session, out, since, TRUSTED),
        to_strangers=_count(session, out, since, ~TRUSTED),
        idle_day=_count(session, idle, LetterRow.created_at > now - DAY),
        idle_month=_count(session, idle, LetterRow.created_at > now - MONTH),
        answered=_any(session, ANSWERS, to_sender, out, ~LetterRow.idle, LetterRow.created_at > now - MONTH),
        reaction=_any(session, ANSWERS, to_sender, out, LetterRow.created_at <= arrived + SLOWEST_CLOCK),
        held_address=_any(session, held, to_sender),
        held_strangers=_any(session, held, LetterRow.error == "strangers-day"),
        held_all=_any(session, held, LetterRow.error == "all-day"),
        new_file=_new_file(session, case, of_sender),
        new_link=_new_link(session, case, of_sender),
    )


def _counted_from(session: Session, now: datetime) -> datetime:
    """A day ago, or when staff last let held letters go."""
    newest = select(EventRow.at).where(EventRow.what == LET_GO).order_by(EventRow.seq.desc()).limit(1)
    released = session.scalar(newest)
    return max(now - DAY, min(released, now)) if released else now - DAY


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(LetterRow).where(ANSWERS, *which)) or 0


def _any(session: Session, *which: ColumnElement[bool]) -> bool:
    return session.scalar(select(LetterRow.id).where(*which).limit(1)) is not None


def _new_file(session: Session, case: Case, of_sender: Sequence[ColumnElement[bool]]) -> bool:
    """Whether a file of the mail has not come from its sender before."""
    brought = substance(case.examined)
    if not brought or len(brought) > MOST_COMPARED:
        return bool(brought)
    earlier = select(MaterialRow.sha256).join(MailRow, MailRow.id == MaterialRow.mail_id)
    return not brought <= set(session.scalars(earlier.where(MaterialRow.sha256.in_(brought), *of_sender)))


def _new_link(session: Session, case: Case, of_sender: Sequence[ColumnElement[bool]]) -> bool:
    """The same of links. One whose address was lost on the way is known by its provider and the file's name."""
    brought = {_named(link.url, link.provider, link.filename) for link in case.message.links}
    if not brought or len(brought) > MOST_COMPARED:
        return bool(brought)
    rows = select(LinkRow.url, LinkRow.provider, LinkRow.filename).join(MailRow, MailRow.id == LinkRow.mail_id)
    addresses = {url for url, _provider, _name in brought}
    earlier = rows.where(LinkRow.url.in_(addresses), *of_sender).distinct()
    return not brought <= {_named(*row) for row in session.execute(earlier)}


def _named(url: str, provider: str, filename: str | None) -> tuple[str, str, str]:
    return (storable(url), "", "") if url else ("", provider, storable(filename or ""))


def let_go(session: Session, now: datetime, only: int | None = None) -> list[str]:
    """Let one held letter go, or all of them, after which the count begins anew; their refs."""
    query = select(LetterRow).where(LetterRow.state == "held", LetterRow.id == only if only else true())
    rows = session.scalars(query.order_by(LetterRow.id).with_for_update()).all()
    for row in rows:
        row.state, row.due_at, row.error = "due", now, None
        told = {"at": now, "letter_id": row.id, "mail_id": row.mail_id, "unit_code": row.unit_code, "detail": {}}
        session.add(EventRow(what="letter released", **told))
    if rows and only is None:
        session.add(EventRow(at=now, what=LET_GO, detail={"count": len(rows)}))
    return [letter_ref(row.id) for row in rows]

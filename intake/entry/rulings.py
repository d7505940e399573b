"""Staff's decisions from the command line: release, retry, assign, accept, extend. The mail is judged again at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path

import click
from sqlalchemy.orm import Session

from intake.adapters.records.correspondence import let_go
from intake.adapters.records.mending import SqlMending
from intake.adapters.records.rulings import MailState, SqlRulings
from intake.domain.mail import Octets
from intake.domain.sealing import Seal
from intake.entry.app import App
from intake.entry.commands import opened, ref_of
from intake.entry.status import current_notice
from intake.pipeline.examine import examine_one


def release(folder: Path, now: datetime | None, verbose: bool, ref: str) -> int:
    """A person has looked at what was held: it counts, or (of nobody's or no notice's) it is settled. A letter goes."""
    with opened(folder, now, verbose=verbose) as app:
        kind, number = ref_of(ref)
        if kind == "L":
            return _letter_released(app, ref, number)
        if _settled(app, ref):
            return 0
        return _rule(app, ref, _may_anything, lambda rulings, mail: rulings.waive_holds(mail, app.clock()))


def release_letters(folder: Path, now: datetime | None, verbose: bool) -> int:
    """Let all answers go that wait because too many went out, and begin to count anew."""
    with opened(folder, now, verbose=verbose) as app, app.database.writing() as session:
        released = let_go(session, app.clock())
    click.echo(f"released {len(released)} letters: {' '.join(released)}" if released else "no letter is held")
    return 0


def _letter_released(app: App, ref: str, number: int) -> int:
    with app.database.writing() as session:
        released = let_go(session, app.clock(), number)
    if not released:
        raise click.UsageError(f"{ref} is not held; `status` counts those that are")
    click.echo(f"{ref}: due")
    return 0


def _settled(app: App, ref: str) -> bool:
    """Of a mail whose octets are lost there is nothing to look at: that a person knows is all that is noted."""
    kind, mail_id = ref_of(ref)
    with app.database.writing() as session:
        mail = SqlRulings(session).held(mail_id) if kind == "M" else None
        if mail is None or mail.octets != Octets.LOST:
            return False
        SqlMending(session).settled(mail_id, app.clock())
    click.echo(f"{ref}: its octets are lost; it waits for nobody any more")
    return True


def accept(folder: Path, now: datetime | None, verbose: bool, ref: str, reason: str) -> int:
    """Count in spite of faults."""
    if not reason.strip():
        raise click.UsageError("--reason must say why")
    with opened(folder, now, verbose=verbose) as app:
        return _rule(
            app, ref, _may_accept, lambda rulings, mail: rulings.waive_faults(mail, reason.strip(), app.clock())
        )


def assign(  # noqa: PLR0913, PLR0917
    folder: Path,
    now: datetime | None,
    verbose: bool,
    ref: str,
    unit: str,
    notice_id: str | None,
    learn: bool,
) -> int:
    """Say whose mail it is, and for which notice where that is not clear; with `learn` for all mails of its sender."""
    with opened(folder, now, verbose=verbose) as app:
        found = app.office.roster.find(unit)
        if found is None:
            names = "、".join(each.short for each in app.office.roster.units)
            raise click.UsageError(f"no unit {unit!r} in units.toml; there are {names}")
        if notice_id is not None:
            current_notice(app.office.notices, app.clock(), notice_id)
        may = _may_anything if notice_id or len(app.office.notices) == 1 else _may_be_assigned
        return _rule(
            app,
            ref,
            _with_sender(may) if learn else may,
            lambda rulings, mail: rulings.assign(mail, found.code, notice_id, app.clock(), learn=learn),
        )


def _with_sender(may: Callable[[str, MailState], None]) -> Callable[[str, MailState], None]:
    """As `may`, of a mail that has one sender whom we could learn."""

    def check(ref: str, mail: MailState) -> None:
        may(ref, mail)
        if not mail.sender:
            raise click.UsageError(f"{ref} has no single sender; assign it without --learn")

    return check


def forget(folder: Path, now: datetime | None, verbose: bool, address: str) -> int:
    """Trust an address no longer that was learned."""
    with opened(folder, now, verbose=verbose) as app:
        with app.database.writing() as session:
            spec = address.strip().lower()
            listed = {unit.code for unit in app.office.roster.of_sender(spec)}
            units = SqlRulings(session).forget(spec, listed, app.clock())
        if not units:
            raise click.UsageError(f"{address} was not learned; `show UNIT` lists what was")
        names = ", ".join(app.office.roster[code].short for code in units if app.office.roster.find(code))
    click.echo(f"{address}: no longer trusted for {names or ', '.join(units)}")
    return 0


def retry(folder: Path, now: datetime | None, verbose: bool, ref: str) -> int:
    """Examine again from the start."""
    with opened(folder, now, verbose=verbose) as app:
        return _rule(app, ref, _may_anything, lambda rulings, mail: rulings.retry(mail, app.clock()))


def attach(folder: Path, now: datetime | None, verbose: bool, ref: str, file: Path) -> int:
    """Add a file that staff fetched; it passes the same checks as one that came by mail."""
    if not file.stat().st_size:
        raise click.UsageError(f"{file} is empty")
    with opened(folder, now, verbose=verbose) as app:
        with app.database.writing() as session:
            _before(session, ref, _may_anything)
        with app.blobs.writer() as writer, file.open("rb") as source:
            while chunk := source.read(1 << 20):
                writer.write(chunk)
            blob = writer.commit()

        def added(rulings: SqlRulings, mail: int) -> None:
            rulings.attach(mail, file.name, blob, app.clock())

        return _rule(app, ref, _may_anything, added, [blob.sha256])


def extend(  # noqa: PLR0913, PLR0917
    folder: Path,
    now: datetime | None,
    verbose: bool,
    unit: str,
    until: datetime,
    notice_id: str | None,
) -> int:
    """Give one unit more time; a day means its last second."""
    with opened(folder, now, verbose=verbose) as app:
        found = app.office.roster.find(unit)
        if found is None:
            raise click.UsageError(f"no unit {unit!r} in units.toml")
        notice = current_notice(app.office.notices, app.clock(), notice_id)
        if found.code not in notice.unit_codes:
            raise click.UsageError(f"{notice.id} does not ask {found.short}")
        if until.date() < notice.deadline.astimezone(app.config.zone).date():
            raise click.UsageError(f"{until:%Y-%m-%d} is before the deadline of {notice.id}; an extension is later")
        if until.tzinfo is None:
            until = until.replace(tzinfo=app.config.zone)
        if until.time() == time.min:
            until = until.replace(hour=23, minute=59, second=59)
        with app.database.writing() as session:
            SqlRulings(session).extend(notice.id, found.code, until, app.clock())
    click.echo(f"{found.short}: {notice.id} until {until.isoformat()}")
    return 0


def _rule(
    app: App,
    ref: str,
    may: Callable[[str, MailState], None],
    ruling: Callable[[SqlRulings, int], None],
    stored: Sequence[str] = (),
) -> int:
    """Put on record what staff decided, which speaks of what was `stored` for it, and examine the mail once more."""
    with app.blobs.held(stored), app.database.writing() as session:
        mail_id, before = _before(session, ref, may)
        ruling(SqlRulings(session), mail_id)
    if before.octets == Octets.SPOILT or Octets(before.octets).removed:
        click.echo(f"{ref}: its octets are not here ({before.octets}); the next poll asks the mailbox for it")
        return 0
    with app.records.claim(app.clock(), only=mail_id) as claim:
        if claim is not None:
            examine_one(app.bench, claim)
    with app.database.reading() as session:
        after = SqlRulings(session).mail(mail_id)
    assert after is not None
    click.echo(
        f"{ref}: {before.disposition or before.state} -> {after.disposition or after.state}  unit {after.unit or '?'}"
    )
    if claim is None:
        click.echo(f"another process is about to decide it; see: show {ref}")
    elif after.state != "decided":
        click.echo(f"it could not be decided; see: show {ref}")
    return 0


def _before(session: Session, ref: str, may: Callable[[str, MailState], None]) -> tuple[int, MailState]:
    """The mail that is ruled on, kept from others until the session ends; UsageError when it may not be."""
    kind, mail_id = ref_of(ref)
    if kind != "M":
        raise click.UsageError(f"{ref} is a letter; decisions are about mails (M000012)")
    before = SqlRulings(session).held(mail_id)
    if before is None:
        raise click.UsageError(f"there is no mail {ref}; `held` lists those that wait")
    if Seal(before.seal).closed:
        raise click.UsageError(f"{ref} looks classified; what may be done with it: seal --help")
    may(ref, before)
    return mail_id, before


def _may_accept(ref: str, mail: MailState) -> None:
    if mail.unit is None:
        raise click.UsageError(f"nobody knows whose mail {ref} is; say so with: assign {ref} UNIT")
    if mail.notice is None:
        raise click.UsageError(f"{ref} belongs to no notice; nothing in it can count")


def _may_be_assigned(ref: str, mail: MailState) -> None:
    if mail.notice is None:
        raise click.UsageError(f"it is not clear for which notice {ref} is; say so with --notice ID")


def _may_anything(_ref: str, _mail: MailState) -> None:
    """These rulings fit every mail."""

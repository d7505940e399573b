"""Mends what can be mended: fetches mails once more, takes files out of them, and removes what belongs to nobody."""

from __future__ import annotations

from collections.abc import Iterable

from intake.adapters import census
from intake.adapters.records.holdings import Use, as_pending, is_referred_to, measured, previewed
from intake.adapters.records.mending import SqlMending
from intake.entry.app import App
from intake.entry.config import ConfigError
from intake.entry.fsck.problem import Fault, Problem
from intake.ports import Deferred, Spoilt

GONE = (Fault.MISSING, Fault.SPOILT)


def mend(app: App, problems: Iterable[Problem]) -> None:
    """Mend in the order in which one thing needs another; what is left says why and what to do."""
    by_use: dict[Use | None, list[Problem]] = {}
    for each in problems:
        use = each.holding.use if each.holding and each.fault in GONE else None
        by_use.setdefault(use, []).append(each)
    for each in by_use.get(None, ()):
        _KEEPING[each.fault](app, each)
    _fetch(app, [*by_use.get(Use.ATTACHMENT, ()), *by_use.get(Use.MAIL, ())])
    _extract(app, [*by_use.get(Use.MATERIAL, ()), *by_use.get(Use.PREVIEW, ())])


def _fetch(app: App, problems: list[Problem]) -> None:
    """Mails from the server; of a file that staff added it is put on record that only they can add it again."""
    if not problems:
        return
    for each in problems:
        assert each.holding is not None
        why = _set_aside(app, each.holding.sha256) or each.detail
        with app.database.writing() as session:
            SqlMending(session).spoilt(each.holding.mail_id, each.holding.sha256, why, app.clock())
    try:
        app.mend(at_once=True)
    except (Deferred, ConfigError) as error:
        why = f"the mailbox could not be asked ({error}); try again"
    else:
        why = "it is not on the server any more; look for the file in a backup, copy it here, and try again"
    for each in problems:
        assert each.holding is not None
        if app.blobs.fault(each.holding.sha256) is None:
            each.mended("fetched once more")
        elif each.holding.use is Use.MAIL:
            each.todo = why


def _set_aside(app: App, sha256: str) -> str | None:
    """Why a blob is not used any more; None when it was restored meanwhile."""
    try:
        app.blobs.verified(sha256)
    except Spoilt as spoilt:
        return spoilt.what
    return None


def _extract(app: App, problems: list[Problem]) -> None:
    """Files out of their mails. Nothing is judged, recorded or answered; the files are the same by their hashes."""
    for each in problems:
        assert each.holding is not None
        _set_aside(app, each.holding.sha256)
    for mail_id in {each.holding.mail_id for each in problems if each.holding}:
        try:
            drawn = _taken_out(app, mail_id)
        except Spoilt as spoilt:
            drawn, why = {}, f"what it would come from is spoilt itself ({spoilt})"
        else:
            why = "its mail does not yield it any more: retry judges the mail anew"
        for each in problems:
            if each.holding and each.holding.mail_id == mail_id:
                _extracted(app, each, drawn, why)


def _taken_out(app: App, mail_id: int) -> dict[str, str | None]:
    """Store the files of a mail, those inside others too; the preview of each by its hash."""
    bench = app.bench
    with app.database.reading() as session:
        pending = as_pending(session, mail_id)
    _message, materials = bench.read(bench.blobs.verified(pending.sha256), bench.blobs)
    examined = bench.look((*materials, *pending.attached), bench.blobs, lambda: None)
    return {each.material.sha256: each.preview for each in examined}


def _extracted(app: App, problem: Problem, drawn: dict[str, str | None], why: str) -> None:
    assert problem.holding is not None
    sha256 = problem.holding.sha256
    if app.blobs.fault(sha256) is None:
        problem.mended("taken out of its mail once more")
    elif problem.holding.use is Use.PREVIEW and drawn:
        with app.database.writing() as session:
            previewed(session, problem.holding.mail_id, sha256, drawn)
        problem.mended("drawn anew")
    else:
        problem.todo = why


def _correct_size(app: App, problem: Problem) -> None:
    assert problem.holding is not None
    assert problem.found is not None
    with app.database.writing() as session:
        measured(session, problem.holding, problem.found.size)
    problem.mended("the record was corrected")


def _remove_orphan(app: App, problem: Problem) -> None:
    assert problem.found is not None

    def unused() -> bool:
        with app.database.reading() as session:
            return not is_referred_to(session, str(problem.sha256))

    if census.remove_unused(app.blobs, problem.found, unused):
        problem.mended("removed")
    else:
        problem.mended("in use by now")


def _sweep(app: App, problem: Problem) -> None:
    app.blobs.sweep()
    problem.mended("being written" if problem.path.exists() else "removed")


def _close(_app: App, problem: Problem) -> None:
    """Take the rights of others away from a file; not the owner's, whoever that is."""
    try:
        problem.path.chmod(problem.mode)
    except FileNotFoundError:
        problem.mended("gone by now")
    except OSError as error:
        problem.todo = f"it could not be changed ({error.strerror}): chmod {problem.mode:o} as its owner"
    else:
        problem.mended(f"mode {problem.mode:o}")


def _leave(_app: App, _problem: Problem) -> None:
    """A person has to say."""


_KEEPING = {
    Fault.SIZE: _correct_size,
    Fault.ORPHAN: _remove_orphan,
    Fault.UNRECORDED: _leave,
    Fault.TEMPORARY: _sweep,
    Fault.PERMISSIONS: _close,
    Fault.STRANGER: _leave,
    Fault.SEALED: _leave,
}

"""The wording of every log line, one function per event. Never a subject, a body or a file name."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from datetime import datetime

from intake.domain.alarm import Standing
from intake.domain.masking import masked
from intake.domain.outcome import Outcome, Sent
from intake.domain.patience import Refusal, Wait
from intake.domain.printable import printable
from intake.domain.sealing import Seal
from intake.domain.verdict import Verdict
from intake.ports import Arrival

LONGEST_FIELD = 2_000
"""Characters of one field: what a server says may be without end, and many problems of a configuration are one."""

_log = logging.getLogger("intake")


def _say(level: int, event: str, **facts: object) -> None:
    told = " ".join(f"{key}={_plain(value)}" for key, value in facts.items() if value is not None)
    _log.log(level, "%s %s", event, told)


def _plain(value: object) -> str:
    """One token or one quoted piece, as people can read it: nothing foreign can break out of its field.

    Servers quote addresses, and many addresses are phone numbers.
    """
    text = masked(str(value))
    text = text if len(text) <= LONGEST_FIELD else f"{text[:LONGEST_FIELD]}..."
    quoted = "".join("\\" + char if char in "'\"\\" else char for char in text)
    shown = printable(quoted)
    return shown if shown == text and text and " " not in text else f"'{shown}'"


def polling(folder: str, uidvalidity: int, exists: int, above: int) -> None:
    _say(logging.DEBUG, "polling", folder=folder, uidvalidity=uidvalidity, exists=exists, above=above)


def taken(ref: str, arrival: Arrival, *, new: bool) -> None:
    _say(logging.INFO, "taken" if new else "seen-again", mail=ref, at=arrival.locator, octets=arrival.size)


def older(folder: str, count: int) -> None:
    _say(logging.INFO, "older-mail-left-alone", folder=folder, count=count)


def gone(arrival: Arrival, why: str) -> None:
    _say(logging.WARNING, "stepped-over", at=arrival.locator, why=why)


def postponed(arrival: Arrival, again: datetime, why: Exception) -> None:
    _say(logging.WARNING, "postponed", at=arrival.locator, octets=arrival.size, again=again.isoformat(), why=why)


def disconnected(why: Exception) -> None:
    _say(logging.WARNING, "disconnected", why=why)


def cut_short(blob: str, why: str) -> None:
    _say(logging.WARNING, "reading-cut-short", blob=blob, why=why)


def decided(ref: str, verdict: Verdict, reply: str) -> None:
    codes = ",".join(sorted({finding.code for finding in verdict.all_findings})) or None
    _say(
        logging.INFO,
        "decided",
        mail=ref,
        disposition=verdict.disposition,
        unit=verdict.identity.unit,
        identity=verdict.identity.tier,
        findings=codes,
        reply=reply,
    )


def placed(ref: str, seal: Seal) -> None:
    _say(logging.WARNING, "seal", mail=ref, now=seal)


def overruled(ref: str) -> None:
    _say(logging.INFO, "overruled-meanwhile", mail=ref)


def parked(ref: str, why: str) -> None:
    _say(logging.ERROR, "parked", mail=ref, why=why)


def spoilt(ref: str, sha256: str, what: str) -> None:
    _say(logging.ERROR, "octets-spoilt", mail=ref, blob=sha256, why=what)


def mended(ref: str) -> None:
    _say(logging.WARNING, "octets-restored", mail=ref)


def lost(ref: str, why: str) -> None:
    _say(logging.ERROR, "octets-lost", mail=ref, why=why)


def crashed(ref: str, error: BaseException, retry_at: datetime | None) -> None:
    """Without the words of the error, which may be the mail's."""
    why = type(error).__name__
    _say(logging.ERROR, "crashed", mail=ref, retry_at=retry_at and retry_at.isoformat(), why=why)
    _trace(where(error))


def job_crashed(job: str, error: BaseException) -> None:
    """Without the words of the error, as for a mail."""
    _say(logging.ERROR, "crashed", job=job, why=type(error).__name__)
    _trace(where(error))


def where(error: BaseException) -> str:
    """Where an error happened and what kind it is, and those before it; without their words."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{where(before) if before else ''}{frames}{type(error).__name__}\n"


def _trace(told: str) -> None:
    """Every line indented, so that none looks like a log line."""
    lines = told.splitlines()
    _log.error("%s", "\n    ".join(["traceback", *map(printable, map(masked, lines))]))


def misconfigured(job: str, error: Exception) -> None:
    _say(logging.ERROR, "misconfigured", job=job, why=error)


def deferred(what: str, error: Exception) -> None:
    _say(logging.WARNING, "deferred", what=what, why=error)


def login_refused(wait: Wait) -> None:
    _say(
        logging.WARNING,
        "kept-out" if wait.refusal in {Refusal.RATE, Refusal.MUTE} else "login-refused",
        server=wait.server,
        refusal=wait.refusal,
        times=wait.failures,
        not_before=wait.until.isoformat(),
        why=wait.error,
    )


def settled(ref: str, outcome: Outcome) -> None:
    """What became of an attempt to send a letter."""
    if isinstance(outcome, Sent):
        _say(logging.INFO, "letter-sent", letter=ref)
    else:
        _say(logging.WARNING, "letter-not-sent", letter=ref, outcome=_kind(outcome), why=outcome.why)


def settled_elsewhere(ref: str, outcome: Outcome) -> None:
    """The answer came after another process had moved the letter on: that one's word stands."""
    _say(logging.WARNING, "letter-settled-elsewhere", letter=ref, outcome=_kind(outcome))


def overtaken(ref: str, why: str) -> None:
    _say(logging.WARNING, "letter-overtaken", letter=ref, why=why)


def sent_once_more(ref: str) -> None:
    """The final dot of the second and last copy is about to leave."""
    _say(logging.WARNING, "letter-sent-once-more", letter=ref, why="fate unknown")


def null_sender_refused(instead: str, why: str) -> None:
    _say(logging.WARNING, "null-sender-refused", instead=instead, why=why)


def _kind(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


def scanning_again(count: int) -> None:
    _say(logging.INFO, "scanning-again", mails=count)


def scanner_away(error: Exception) -> None:
    _say(logging.WARNING, "scanner-away", why=error)


def started(version: str, database: str) -> None:
    _say(logging.INFO, "started", version=version, database=database)


def confined(how: object) -> None:
    _say(logging.INFO, "children-confined", by=how)


def standing_by(why: Exception) -> None:
    _say(logging.INFO, "standing-by", why=why)


def lead_lost() -> None:
    _say(logging.WARNING, "lead-lost", why="the connection that held it is gone")


def stopped(reason: str) -> None:
    _say(logging.INFO, "stopped", reason=reason)


def not_mended(ref: str, again: datetime, why: Exception) -> None:
    _say(logging.WARNING, "not-mended", mail=ref, again=again.isoformat(), why=why)


def emptied(ref: str) -> None:
    _say(logging.INFO, "emptied", mail=ref)


def forgotten(heads: int, letters: int) -> None:
    _say(logging.INFO, "forgotten", heads=heads, letters=letters)


def not_compacted() -> None:
    _say(logging.INFO, "not compacted", why="others read an older state; the next removal does it")


def alarm_raised(alarm: Standing) -> None:
    _say(logging.ERROR, "alarm", name=alarm.name, times=alarm.times, **_facts(alarm))


def alarm_over(alarm: Standing) -> None:
    since = alarm.raised_at and alarm.raised_at.isoformat()
    _say(logging.WARNING, "alarm-over", name=alarm.name, times=alarm.times, raised_at=since)


def alarms_stand(alarms: Iterable[Standing]) -> None:
    _say(logging.WARNING, "alarms-stand", names=",".join(alarm.name for alarm in alarms))


def _facts(alarm: Standing) -> dict[str, object]:
    """The facts of an alarm; a list as one token."""
    told = {key: ",".join(map(str, value)) if isinstance(value, list) else value for key, value in alarm.facts.items()}
    return {key: value for key, value in told.items() if value not in ("", None)}


def clock_turned(seconds: float) -> None:
    _say(logging.WARNING, "clock-turned", seconds=round(seconds))


def no_heartbeat(error: Exception) -> None:
    _say(logging.WARNING, "no-heartbeat", why=error)


def wedged(seconds: float) -> None:
    _say(logging.CRITICAL, "wedged", silent_seconds=round(seconds))


def swept(count: int) -> None:
    _say(logging.INFO, "swept-temporary-files", count=count)

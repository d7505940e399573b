"""The wording of every log line, one function per event. Never a subject, a body or a file name."""

from __future__ import annotations

import logging
from datetime import datetime

from intake.domain.verdict import Verdict
from intake.ports import Arrival

_log = logging.getLogger("intake")


def _say(level: int, event: str, **facts: object) -> None:
    told = " ".join(f"{key}={_plain(value)}" for key, value in facts.items() if value is not None)
    _log.log(level, "%s %s", event, told)


def _plain(value: object) -> str:
    """One token or one quoted line: nothing foreign can break out of its field."""
    text = str(value)
    return text if text.isprintable() and text.isascii() and " " not in text and text else ascii(text)


def polling(folder: str, uidvalidity: int, exists: int, above: int) -> None:
    _say(logging.DEBUG, "polling", folder=folder, uidvalidity=uidvalidity, exists=exists, above=above)


def taken(ref: str, arrival: Arrival, *, new: bool) -> None:
    _say(logging.INFO, "taken" if new else "seen-again", mail=ref, at=arrival.locator, octets=arrival.size)


def older(folder: str, count: int) -> None:
    _say(logging.INFO, "older-mail-left-alone", folder=folder, count=count)


def gone(arrival: Arrival, why: str) -> None:
    _say(logging.WARNING, "stepped-over", at=arrival.locator, why=why)


def decided(ref: str, verdict: Verdict) -> None:
    codes = ",".join(sorted({finding.code for finding in verdict.all_findings})) or None
    _say(
        logging.INFO,
        "decided",
        mail=ref,
        disposition=verdict.disposition,
        unit=verdict.identity.unit,
        identity=verdict.identity.tier,
        findings=codes,
    )


def crashed(ref: str, error: BaseException, retry_at: datetime | None) -> None:
    _log.error("crashed mail=%s retry_at=%s", ref, retry_at, exc_info=error)


def deferred(what: str, error: Exception) -> None:
    _say(logging.WARNING, "deferred", what=what, why=error)


def sent(ref: str) -> None:
    _say(logging.INFO, "letter-sent", letter=ref)


def not_sent(ref: str, outcome: str, why: str) -> None:
    _say(logging.WARNING, "letter-not-sent", letter=ref, outcome=outcome, why=why)


def started(version: str, database: str) -> None:
    _say(logging.INFO, "started", version=version, database=database)


def stopped(reason: str) -> None:
    _say(logging.INFO, "stopped", reason=reason)


def swept(count: int) -> None:
    _say(logging.INFO, "swept-temporary-files", count=count)

"""The scanner of a configuration, if it has one, and how it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from intake.adapters.scanning import Blind, Clamd, endpoint
from intake.entry.config import Config
from intake.ports import Deferred

OLDEST_SIGNATURES = timedelta(days=7)
"""After which staff are told that the scanner knows nothing of what is new."""


def scanner_of(config: Config) -> Clamd | None:
    """The scanner that is configured, or None."""
    place = config.site.scan.clamd
    return Clamd(endpoint(place)) if place else None


def answers(scanner: Clamd | None) -> bool:
    """Whether the scanner can be asked now, and be believed; one that is not configured never lets anybody wait."""
    return scanner is None or _trouble(scanner, None) is None


def warnings(scanner: Clamd | None, given_up: int, now: datetime) -> tuple[str, ...]:
    """Warning codes for the digest. `given_up` mails are shown to the scanner no more."""
    codes = (None if scanner is None else _trouble(scanner, now), "scans-given-up" if given_up else None)
    return tuple(filter(None, codes))


def _trouble(scanner: Clamd, now: datetime | None) -> str | None:
    try:
        of = scanner.version().of
        scanner.prove()
    except Blind:
        return "scanner-blind"
    except Deferred:
        return "scanner-away"
    return "signatures-old" if now and of and now - of > OLDEST_SIGNATURES else None

"""The bound of the watchdog lies well beyond everything that may honestly take long in one piece."""

from __future__ import annotations

from intake.adapters.imap import ImapSettings
from intake.adapters.imap.mailbox import WHOLE
from intake.adapters.records.database import BUSY_SECONDS
from intake.adapters.sandbox.confinement import limits_for
from intake.adapters.smtp import SmtpSettings
from intake.entry.supervisor import HEARTBEAT_SECONDS, TICK, WEDGED_AFTER

LONGEST_LETTER = 20 << 20
"""Octets: a digest with its workbook is some hundred kB."""


def test_nothing_honest_takes_as_long_as_what_is_called_wedged() -> None:
    imap = ImapSettings("x", 1, "tls", "x")
    smtp = SmtpSettings("x", 1, "tls")
    letter = LONGEST_LETTER / smtp.minimum_pace
    honest = (
        imap.grace + WHOLE / imap.minimum_pace,
        smtp.connect_timeout + 2 * smtp.command_timeout + smtp.final_timeout + letter,
        float(limits_for(1 << 40).wall_seconds),
        float(BUSY_SECONDS),
    )
    assert max(honest) * 1.5 < WEDGED_AFTER
    assert TICK < HEARTBEAT_SECONDS < 60

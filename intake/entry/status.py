"""The contract's `status --json`, and the same as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from intake.adapters.records.views import SqlChronicle
from intake.domain.alarm import Standing
from intake.domain.digest import UnitRow
from intake.domain.identity import Tier
from intake.domain.notice import Notice, Roster
from intake.domain.printable import printable

_TOLD_TIER = {Tier.CONFIRMED: "confirmed", Tier.KNOWN: "known", Tier.THREAD: "known", Tier.CLAIMED: "claimed"}


def current_notice(notices: Sequence[Notice], now: datetime, notice_id: str | None) -> Notice:
    """The notice asked for, else the open one whose deadline comes next, else the one that ended last."""
    if notice_id is not None:
        for notice in notices:
            if notice.id == notice_id:
                return notice
        raise click.UsageError(f"no notice {notice_id!r}; there are {', '.join(each.id for each in notices)}")
    running = [notice for notice in notices if notice.opens <= now <= notice.deadline]
    if running:
        return min(running, key=lambda notice: notice.deadline)
    return max(notices, key=lambda notice: notice.deadline)


def status_json(chronicle: SqlChronicle, notice: Notice, roster: Roster, now: datetime) -> dict[str, Any]:
    """The object that `status --json` prints; design of the contract, times in ISO 8601."""
    health = chronicle.health(None, 0, ())
    return {
        "notice": notice.id,
        "now": now.isoformat(),
        "deadline": notice.deadline.isoformat(),
        "units": [_unit(row) for row in chronicle.unit_rows(notice, roster)],
        "mails": chronicle.mail_totals(),
        "letters": chronicle.letter_totals(),
        "service": {
            "last_poll_at": health.last_poll_at.astimezone(now.tzinfo).isoformat() if health.last_poll_at else None,
            "last_poll_ok": bool(health.last_ok),
            "backlog": health.backlog,
            "letters_wait_for": chronicle.letter_counts(None).waiting_for,
            "unfetched": len(chronicle.unfetched()),
        },
        "alarms": [_alarm(each, now) for each in chronicle.alarms() if each.raised_at],
    }


def _alarm(alarm: Standing, now: datetime) -> dict[str, Any]:
    raised_at = alarm.raised_at.astimezone(now.tzinfo).isoformat() if alarm.raised_at else None
    return {"name": alarm.name, "raised_at": raised_at, "facts": dict(alarm.facts)}


def _unit(row: UnitRow) -> dict[str, Any]:
    seen = row.checklist
    return {
        "code": row.unit.code,
        "name": row.unit.name,
        "state": seen.state,
        "identity": _TOLD_TIER.get(seen.tier) if seen.tier else None,
        "late": seen.late,
        "items": {
            item.requirement.key: {
                "state": item.state,
                "count": item.count,
                "materials": [entry.sha256 for entry in item.entries if entry.sha256],
            }
            for item in seen.items
        },
        "last_mail_at": row.last_mail_at.isoformat() if row.last_mail_at else None,
    }


def status_table(told: dict[str, Any]) -> str:
    """The same for a terminal."""
    lines = [f"{told['notice']}  deadline {told['deadline']}  now {told['now']}", ""]
    for unit in told["units"]:
        items = "  ".join(f"{key}:{item['state']}({item['count']})" for key, item in unit["items"].items())
        marks = " ".join(
            filter(None, ["late" if unit["late"] else "", "claimed" if unit["identity"] == "claimed" else ""])
        )
        lines.append(f"{unit['code']}  {unit['state']:<9}{items}  {marks}  {unit['name']}".rstrip())
    for name in ("mails", "letters", "service"):
        lines += ["", name + "  " + "  ".join(f"{key} {value}" for key, value in told[name].items())]
    lines += ["", "alarms" if told["alarms"] else "alarms  none"]
    for alarm in told["alarms"]:
        facts = "  ".join(
            f"{key} {printable(str(value))}" for key, value in alarm["facts"].items() if value not in (None, "")
        )
        lines.append(f"  {alarm['name']}  since {alarm['raised_at']}  {facts}".rstrip())
    return "\n".join(lines)

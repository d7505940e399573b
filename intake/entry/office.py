"""From configuration entries to the domain's values: Roster, Notices, Office."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from intake.domain.alarm import Rules
from intake.domain.notice import Kind, Notice, Requirement, Roster, Unit
from intake.domain.recognise import Office
from intake.domain.replying import STRANGERS_DAY, Limits
from intake.domain.retention import Terms
from intake.entry.config import Config
from intake.entry.formats import content_format
from intake.entry.schema import NoticeEntry, RequirementEntry, UnitEntry

USUAL_FORMATS = {
    Kind.DOCUMENT: ("docx", "doc", "wps", "pdf", "ofd"),
    Kind.IMAGE: ("jpg", "png", "heic", "webp", "bmp", "tiff"),
    Kind.VIDEO: ("mp4", "mov", "m4v", "avi", "wmv", "mkv", "flv", "3gp", "mpg", "ts", "webm"),
}
"""What a requirement without `formats` accepts."""


def office_of(config: Config) -> Office:
    """All that judging needs of a configuration."""
    roster = Roster(tuple(_unit(entry) for entry in config.units))
    staff = {address.lower() for address in (*config.site.staff.digest_to, *config.site.staff.operators)}
    return Office(
        roster=roster,
        notices=tuple(_notice(entry, roster, config.zone) for entry in config.notices),
        own=_own_addresses(config),
        staff=frozenset(staff),
        policy=config.site.identity.policy,
        trusted=frozenset(name.lower() for name in config.site.identity.trust_authserv),
        max_mail=config.site.imap.max_mail_mb << 20,
    )


def sender_of(config: Config) -> tuple[str, str]:
    """Display name and address that our letters come from."""
    return parseaddr(config.site.smtp.sender)


def _own_addresses(config: Config) -> frozenset[str]:
    """Those that our letters bear, and those of the accounts where these are addresses: mail from them is ours."""
    site = config.site
    told = (sender_of(config)[1], site.smtp.envelope_from, site.smtp.username, site.imap.username)
    return frozenset(address.lower() for address in told if address and "@" in address)


def account_of(config: Config) -> str:
    """The address that the mail server knows us by: the envelope sender where it may not be empty."""
    return config.site.smtp.envelope_from or sender_of(config)[1]


def rules_of(config: Config) -> Rules:
    """When operators are alarmed."""
    alarms = config.site.alarms
    return Rules(timedelta(minutes=alarms.polling_minutes), timedelta(minutes=alarms.sending_minutes))


def limits_of(config: Config) -> Limits:
    """How many answers may go out, and for how long one waits for more mail."""
    replies = config.site.replies
    quiet, never = timedelta(minutes=replies.quiet_minutes), frozenset(map(str.casefold, replies.never))
    strangers = min(STRANGERS_DAY, replies.per_day)
    return Limits(replies.per_address_day, replies.per_day, strangers, quiet=quiet, never=never)


def terms_of(config: Config) -> Terms:
    """How long is kept what need not be kept."""
    retention = config.site.retention
    return Terms(timedelta(days=retention.unrelated_body_days), timedelta(days=retention.unrelated_headers_days))


def opens(office: Office) -> datetime:
    """When the first notice opened; older mail is none of our business."""
    return min((notice.opens for notice in office.notices), default=datetime.max.replace(tzinfo=UTC))


def _unit(entry: UnitEntry) -> Unit:
    return Unit(
        entry.code,
        entry.name,
        entry.short,
        tuple(entry.aliases),
        tuple(entry.senders),
        tuple(entry.contacts),
        entry.phone,
    )


def _notice(entry: NoticeEntry, roster: Roster, zone: ZoneInfo) -> Notice:
    codes = entry.units or [unit.code for unit in roster.units]
    return Notice(
        id=entry.id,
        title=entry.title,
        short_title=entry.short_title,
        contact_office=entry.contact_office,
        contact_phone=entry.contact_phone,
        opens=datetime.combine(entry.opens, time.min, zone),
        deadline=entry.deadline,
        unit_codes=tuple(codes),
        keywords=tuple(entry.keywords),
        requirements=tuple(_requirement(each) for each in entry.requirement),
        links=entry.links,
        photos_in_report=entry.photos_in_report,
    )


def _requirement(entry: RequirementEntry) -> Requirement:
    kind = Kind(entry.kind)
    return Requirement(
        key=entry.key,
        name=entry.name,
        kind=kind,
        formats=_formats(kind, entry.formats),
        minimum=entry.min,
        min_pixels=entry.min_pixels,
        max_seconds=entry.max_seconds,
        tolerance_seconds=entry.tolerance_seconds,
    )


def _formats(kind: Kind, listed: list[str]) -> tuple[str, ...]:
    formats = [content_format(word) for word in listed] or list(USUAL_FORMATS[kind])
    return tuple(dict.fromkeys(formats))

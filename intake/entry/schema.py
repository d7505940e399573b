"""The keys of the configuration files, their types, defaults, and what each allows, in words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

ADDRESS = r"(?!.*=\?)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z0-9-]*[A-Za-z0-9]"
"""An addr-spec that needs no quoting and cannot be taken for an encoded word (RFC 2047 section 5)."""
Port = Annotated[int, Meta(ge=1, le=65535, description="a port number from 1 to 65535")]
Text = Annotated[str, Meta(min_length=1, description="a text that is not empty")]
Code = Annotated[str, Meta(min_length=1, max_length=32, description="a text of up to 32 characters")]
Seconds = Annotated[int, Meta(ge=1, le=86400, description="whole seconds from 1 to 86400")]
Minutes = Annotated[int, Meta(ge=1, le=1440, description="whole minutes from 1 to 1440")]
Days = Annotated[int, Meta(ge=0, le=36500, description="whole days from 0 to 36500")]
Login = Annotated[str, Meta(pattern=r"^[ -~]+\Z", description="a text of printable ASCII that is not empty")]
Clock24 = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description='a time of day like "08:30"')]
Names = Annotated[list[str], Meta(description="a list of texts")]
Folders = Annotated[list[Text], Meta(min_length=1, description="a list of at least one folder")]
AddressText = Annotated[str, Meta(pattern=rf"^{ADDRESS}\Z", description='an address like "name@example.cn"')]
Mailbox = Annotated[str, Meta(min_length=1, description='a mailbox like "name <box@example.cn>"')]
Mailboxes = Annotated[list[AddressText], Meta(description="a list of addresses")]
Readers = Annotated[list[AddressText], Meta(min_length=1, description="a list of at least one address")]
Senders = Annotated[
    list[Annotated[str, Meta(pattern=r"^[^\s@<>\"]*@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+\Z")]],
    Meta(description='a list of addresses ("name@example.cn") and domains ("@example.cn")'),
]
Hosts = Annotated[
    list[Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,253}\Z")]],
    Meta(description="a list of names of mail hosts, as in their Authentication-Results"),
]
Security = Annotated[Literal["tls", "starttls", "none"], Meta(description='"tls", "starttls" or "none"')]


class Imap(Struct, frozen=True, forbid_unknown_fields=True):
    host: Text
    username: Login
    port: Port = 993
    security: Security = "tls"
    folders: Folders = field(default_factory=lambda: ["INBOX"])
    junk: bool = True
    ca_file: str | None = None
    max_mail_mb: Annotated[int, Meta(ge=1, le=4096, description="whole MiB from 1 to 4096")] = 300


class Smtp(Struct, frozen=True, forbid_unknown_fields=True):
    host: Text
    sender: Mailbox = field(name="from")
    port: Port = 465
    security: Security = "tls"
    username: Annotated[str, Meta(pattern=r"^[ -~]*\Z", description="printable ASCII")] | None = None
    envelope_from: AddressText | None = None
    ca_file: str | None = None


class Storage(Struct, frozen=True, forbid_unknown_fields=True):
    database: Text = "sqlite:///data/intake.db"
    blobs: Text = "data/blobs"
    reserve_mb: Annotated[int, Meta(ge=1, le=1 << 20, description="whole MiB from 1 to 1048576")] = 1024


class Scan(Struct, frozen=True, forbid_unknown_fields=True):
    clamd: Text | None = None


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    poll_seconds: Seconds = 60
    digest_at: Clock24 = "08:30"
    digest_days: Annotated[Literal["workdays", "daily"], Meta(description='"workdays" or "daily"')] = "workdays"


class Staff(Struct, frozen=True, forbid_unknown_fields=True):
    digest_to: Readers
    operators: Mailboxes = field(default_factory=list)


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    policy: Annotated[Literal["open", "roster", "strict"], Meta(description='"open", "roster" or "strict"')] = "open"
    trust_authserv: Hosts = field(default_factory=list)
    dkim: bool = False


class Replies(Struct, frozen=True, forbid_unknown_fields=True):
    mode: Annotated[Literal["live", "shadow"], Meta(description='"live" or "shadow"')] = "live"
    quiet_minutes: Annotated[int, Meta(ge=0, le=30, description="a number from 0 to 30")] = 5
    per_address_day: Annotated[int, Meta(ge=1, le=100_000, description="a number from 1 to 100000")] = 20
    per_day: Annotated[int, Meta(ge=1, le=100_000, description="a number from 1 to 100000")] = 500
    never: Senders = field(default_factory=list)


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    unrelated_body_days: Days = 0
    unrelated_headers_days: Days = 30


class Alarms(Struct, frozen=True, forbid_unknown_fields=True):
    polling_minutes: Minutes = 15
    sending_minutes: Minutes = 60


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """intake.toml"""

    imap: Imap
    smtp: Smtp
    staff: Staff
    timezone: Text = "Asia/Shanghai"
    storage: Storage = field(default_factory=Storage)
    scan: Scan = field(default_factory=Scan)
    schedule: Schedule = field(default_factory=Schedule)
    identity: Identity = field(default_factory=Identity)
    replies: Replies = field(default_factory=Replies)
    retention: Retention = field(default_factory=Retention)
    alarms: Alarms = field(default_factory=Alarms)


class UnitEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[unit]] of units.toml"""

    code: Code
    name: Text
    short: Text
    aliases: Names = field(default_factory=list)
    senders: Senders = field(default_factory=list)
    contacts: Mailboxes = field(default_factory=list)
    phone: str = ""


class RequirementEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[requirement]] of a notice"""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,40}\Z", description='a short word like "report"')]
    name: Text
    kind: Annotated[Literal["document", "image", "video"], Meta(description='"document", "image" or "video"')]
    formats: Names = field(default_factory=list)
    min: Annotated[int, Meta(ge=1, le=1000, description="a number from 1 to 1000")] = 1
    min_pixels: Annotated[int, Meta(ge=1, description="width times height in pixels")] | None = None
    max_seconds: Annotated[float, Meta(gt=0, description="seconds above 0")] | None = None
    tolerance_seconds: Annotated[float, Meta(ge=0, description="seconds, 0 or more")] = 1.0


class NoticeEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One file in notices/"""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z", description="letters, digits, dot, dash; up to 64")]
    title: Text
    short_title: Text
    contact_office: Text
    contact_phone: Text
    opens: Annotated[date, Meta(description="a date like 2024-05-08")]
    deadline: Annotated[datetime, Meta(description="a time with zone like 2024-06-11T23:59:59+08:00")]
    requirement: list[RequirementEntry]
    keywords: Names = field(default_factory=list)
    links: Annotated[Literal["hold", "return"], Meta(description='"hold" or "return"')] = "hold"
    photos_in_report: Annotated[Literal["accept", "ask"], Meta(description='"accept" or "ask"')] = "accept"
    units: Names = field(default_factory=list)

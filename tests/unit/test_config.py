"""The configuration folder: every key of the contract, every problem at once, in words that help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from importlib.util import find_spec
from pathlib import Path

import pytest

from intake.adapters.inspection.formats import FORMATS
from intake.entry.config import Config, ConfigError, load
from intake.entry.formats import is_known, known_for
from intake.entry.office import USUAL_FORMATS, office_of
from intake.entry.passwords import imap_password, password_problems, secret, smtp_password
from intake.entry.schema import Imap

REPOSITORY = Path(__file__).resolve().parents[2]

SITE = """
[imap]
host = "imap.example.cn"
username = "box@example.cn"
[smtp]
host = "smtp.example.cn"
from = "人才科 <box@example.cn>"
[staff]
digest_to = ["clerk@example.cn"]
"""
FULL_SITE = """
timezone = "Asia/Urumqi"
[imap]
host = "127.0.0.1"
port = 1143
security = "none"
username = "box"
folders = ["INBOX", "垃圾邮件"]
ca_file = "ca.pem"
[smtp]
host = "localhost"
port = 587
security = "starttls"
username = "box"
from = "box@example.cn"
ca_file = "ca.pem"
[storage]
database = "sqlite:///state/x.db"
blobs = "state/blobs"
[schedule]
poll_seconds = 5
digest_at = "23:59"
digest_days = "daily"
[staff]
digest_to = ["a@example.cn", "b@example.cn"]
operators = ["root@example.cn"]
[identity]
policy = "strict"
[replies]
mode = "shadow"
"""
UNITS = """
[[unit]]
code = "370826"
name = "微山县科学技术局"
short = "微山县"
[[unit]]
code = "370811"
name = "任城区科学技术局"
short = "任城区"
aliases = ["任城区科技局"]
senders = ["kjj@example.cn", "@rencheng.example.cn"]
contacts = ["kjj@example.cn"]
phone = "0537-1"
"""
NOTICE = """
id = "week"
title = "关于举办活动周的通知"
short_title = "活动周"
contact_office = "人才科"
contact_phone = "3379992"
opens = 2024-05-08
deadline = 2024-06-11T23:59:59+08:00
[[requirement]]
key = "report"
name = "总结报告"
kind = "document"
"""

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    """Writes a configuration that is in order but for what is given."""

    def write(site: str = SITE, units: str = UNITS, **notices: str) -> Path:
        (tmp_path / "notices").mkdir(exist_ok=True)
        (tmp_path / "intake.toml").write_text(site, encoding="utf-8")
        (tmp_path / "units.toml").write_text(units, encoding="utf-8")
        for name, text in (notices or {"week": NOTICE}).items():
            (tmp_path / "notices" / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return caught.value.problems


def replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


# What is in order


def test_what_is_left_out_has_the_defaults_of_the_contract(folder: Write) -> None:
    config = load(folder())
    site = config.site

    assert (site.timezone, str(config.zone)) == ("Asia/Shanghai", "Asia/Shanghai")
    assert (site.imap.port, site.imap.security, site.imap.folders, site.imap.ca_file) == (993, "tls", ["INBOX"], None)
    assert (site.smtp.port, site.smtp.security, site.smtp.username) == (465, "tls", None)
    assert (site.storage.database, site.storage.blobs) == ("sqlite:///data/intake.db", "data/blobs")
    assert (site.schedule.poll_seconds, config.digest_at, site.schedule.digest_days) == (60, time(8, 30), "workdays")
    assert (site.staff.digest_to, site.staff.operators) == (["clerk@example.cn"], [])
    assert (site.identity.policy, site.replies.mode) == ("open", "live")
    unit, requirement = config.units[0], config.notices[0].requirement[0]
    assert (unit.aliases, unit.senders, unit.contacts, unit.phone) == ([], [], [], "")
    assert (config.notices[0].units, config.notices[0].keywords) == ([], [])
    assert (requirement.formats, requirement.min, requirement.min_pixels) == ([], 1, None)
    assert (requirement.max_seconds, requirement.tolerance_seconds) == (None, 1.0)


def test_every_key_of_the_contract_is_read(folder: Write) -> None:
    config = load(folder(FULL_SITE))
    site = config.site

    assert site.timezone == "Asia/Urumqi"
    assert (site.imap.host, site.imap.port, site.imap.security, site.imap.username) == (
        "127.0.0.1",
        1143,
        "none",
        "box",
    )
    assert (site.imap.folders, site.imap.ca_file) == (["INBOX", "垃圾邮件"], "ca.pem")
    assert (site.smtp.host, site.smtp.port, site.smtp.security) == ("localhost", 587, "starttls")
    assert (site.smtp.username, site.smtp.sender, site.smtp.ca_file) == ("box", "box@example.cn", "ca.pem")
    assert (site.schedule.poll_seconds, config.digest_at, site.schedule.digest_days) == (5, time(23, 59), "daily")
    assert (site.staff.digest_to, site.staff.operators) == (["a@example.cn", "b@example.cn"], ["root@example.cn"])
    assert (site.identity.policy, site.replies.mode) == ("strict", "shadow")


def test_every_key_of_a_notice_is_read(folder: Write) -> None:
    text = replaced(NOTICE, "[[requirement]]", 'units = ["370811"]\nkeywords = ["活动周"]\n[[requirement]]')
    text += '[[requirement]]\nkey = "photos"\nname = "照片"\nkind = "image"\nmin = 2\nmin_pixels = 480000\n'
    text += '[[requirement]]\nkey = "video"\nname = "影像"\nkind = "video"\nformats = ["mp4"]\nmax_seconds = 180\n'
    notice = load(folder(week=text + "tolerance_seconds = 0.5\n")).notices[0]

    assert (notice.id, notice.title, notice.short_title) == ("week", "关于举办活动周的通知", "活动周")
    assert (notice.contact_office, notice.contact_phone) == ("人才科", "3379992")
    assert notice.opens == date(2024, 5, 8)
    assert notice.deadline == datetime(2024, 6, 11, 23, 59, 59, tzinfo=timezone(timedelta(hours=8)))
    assert (notice.units, notice.keywords) == (["370811"], ["活动周"])
    _report, photos, video = notice.requirement
    assert (photos.min, photos.min_pixels) == (2, 480_000)
    assert (video.formats, video.max_seconds, video.tolerance_seconds) == (["mp4"], 180.0, 0.5)


def test_relative_paths_are_relative_to_the_folder(folder: Write) -> None:
    config = load(folder(FULL_SITE))

    assert config.database_url == f"sqlite:///{config.folder}/state/x.db"
    assert config.path("state/blobs") == config.folder / "state/blobs"
    assert config.path("/srv/blobs") == Path("/srv/blobs")


def test_a_relative_folder_is_made_absolute_once_and_for_all(folder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    where = folder(FULL_SITE)
    monkeypatch.chdir(where.parent)
    config = load(Path(where.name))
    monkeypatch.chdir("/")

    assert config.database_url == f"sqlite:///{where.resolve()}/state/x.db"


def test_an_absolute_path_of_the_database_is_left_as_it_is(folder: Write) -> None:
    url = "sqlite:////var/lib/x.db"

    assert load(folder(replaced(FULL_SITE, "sqlite:///state/x.db", url))).database_url == url


def test_a_server_for_the_records_needs_its_driver(folder: Write) -> None:
    url = "postgresql+psycopg://user@db.example.cn/intake"
    where = folder(replaced(FULL_SITE, "sqlite:///state/x.db", url))
    if find_spec("psycopg"):
        assert load(where).database_url == url
        return
    (told,) = problems(where)

    assert told.startswith("intake.toml: storage.database: ")
    assert "not installed (No module named 'psycopg" in told


def test_a_server_for_the_records_is_reached_by_one_driver(folder: Write) -> None:
    (told,) = problems(folder(replaced(FULL_SITE, "sqlite:///state/x.db", "postgresql://user@db/intake")))

    assert "'postgresql' is not supported; allowed is" in told
    assert '"postgresql+psycopg://USER@HOST/NAME"' in told


def test_a_byte_order_mark_from_notepad_does_not_matter(folder: Write) -> None:
    assert load(folder("\ufeff" + SITE, "\ufeff" + UNITS, week="\ufeff" + NOTICE)).site.imap.host == "imap.example.cn"


def test_the_repositorys_own_configuration_is_in_order() -> None:
    config = load(REPOSITORY / "config")
    (notice,) = office_of(config).notices

    assert len(config.units) == 14
    assert [each.key for each in notice.requirements] == ["report", "photos", "video"]
    assert notice.requirement("video").max_seconds == 180
    assert config.site.replies.mode == "shadow", "nobody is written to before staff have seen the letters"
    assert len(notice.unit_codes) == 14


# What is not


def test_every_problem_of_every_file_is_told_at_once(folder: Write) -> None:
    site = replaced(SITE, 'host = "imap.example.cn"', 'hots = "x"\nport = 70000\nsecurity = "none"')
    site = replaced(site, "[staff]", '[schedule]\ndigest_at = "25:00"\n[staff]')
    units = replaced(UNITS, 'short = "微山县"', 'shrot = "微山县"')
    notice = replaced(NOTICE, 'kind = "document"', 'kind = "paper"\nmin = 0')
    other = replaced(NOTICE, "+08:00", "")

    assert problems(folder(site, units, week=notice, zother=other)) == [
        f"intake.toml: imap.hots: unknown key; known here are {', '.join(Imap.__struct_encode_fields__)}",
        "intake.toml: imap.host: missing; needed is a text that is not empty",
        "intake.toml: imap.port: 70000 is not allowed; allowed is a port number from 1 to 65535",
        "intake.toml: schedule.digest_at: '25:00' is not allowed; allowed is a time of day like \"08:30\"",
        "units.toml: unit[1].shrot: unknown key; known here are code, name, short, aliases, senders, contacts, phone",
        "units.toml: unit[1].short: missing; needed is a text that is not empty",
        'notices/week.toml: requirement[1].kind: \'paper\' is not allowed; allowed is "document", "image" or "video"',
        "notices/week.toml: requirement[1].min: 0 is not allowed; allowed is a number from 1 to 1000",
        "notices/zother.toml: deadline: has no zone; write it like 2024-06-11T23:59:59+08:00",
        "notices/week.toml, notices/zother.toml: id: 'week' stands twice; every notice needs an id of its own",
    ]


SITE_FAULTS = [
    ("port = 1143", 'port = "1143"', "imap.port"),
    ("port = 1143", "port = true", "imap.port"),
    ("port = 587", "port = 0", "smtp.port"),
    ('security = "starttls"', 'security = "ssl"', "smtp.security"),
    ('security = "starttls"', "security = false", "smtp.security"),
    ('folders = ["INBOX", "垃圾邮件"]', 'folders = "INBOX"', "imap.folders"),
    ('folders = ["INBOX", "垃圾邮件"]', "folders = []", "imap.folders"),
    ('folders = ["INBOX", "垃圾邮件"]', "folders = [1]", "imap.folders"),
    ('username = "box"\nfolders', 'username = ""\nfolders', "imap.username"),
    ('from = "box@example.cn"', 'from = "人才科"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "a@b"', "smtp.from"),
    ("poll_seconds = 5", "poll_seconds = 0", "schedule.poll_seconds"),
    ("poll_seconds = 5", "poll_seconds = 1.5", "schedule.poll_seconds"),
    ('digest_at = "23:59"', 'digest_at = "8:30"', "schedule.digest_at"),
    ('digest_at = "23:59"', "digest_at = 08:30:00", "schedule.digest_at"),
    ('digest_days = "daily"', 'digest_days = "always"', "schedule.digest_days"),
    ('digest_to = ["a@example.cn", "b@example.cn"]', "digest_to = []", "staff.digest_to"),
    ('digest_to = ["a@example.cn", "b@example.cn"]', 'digest_to = ["a"]', "staff.digest_to"),
    ('operators = ["root@example.cn"]', 'operators = "root@example.cn"', "staff.operators"),
    ('policy = "strict"', 'policy = "closed"', "identity.policy"),
    ('mode = "shadow"', 'mode = "dry"', "replies.mode"),
    ('timezone = "Asia/Urumqi"', 'timezone = "Asia/Jining"', "timezone"),
    ('timezone = "Asia/Urumqi"', 'timezone = "/etc/passwd"', "timezone"),
    ('database = "sqlite:///state/x.db"', 'database = "state/x.db"', "storage.database"),
    ('database = "sqlite:///state/x.db"', 'database = "postgresql://u:secret@db/x"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite://"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite:///"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite:///:memory:"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite:///file:x?mode=memory&uri=true"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite:///x.db?nonsense=1"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite://state/x.db"', "storage.database"),
    ('sqlite:///state/x.db"', 'sqlite+aiosqlite:///x.db"', "storage.database"),
    ('sqlite:///state/x.db"', 'mysql://db/x"', "storage.database"),
    ('sqlite:///state/x.db"', 'postgresql+nonsense://db/x"', "storage.database"),
    ('sqlite:///state/x.db"', 'nonsense://db/x"', "storage.database"),
    ('sqlite:///state/x.db"', 'postgresql://db:port/x"', "storage.database"),
    ('sqlite:///state/x.db"', 'postgresql://db/x?password=secret"', "storage.database"),
    ('from = "box@example.cn"', 'from = "box@example.cn\\n"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "A\\u0007 <box@example.cn>"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "A\\nBcc: x <box@example.cn>"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "A\\u202e <box@example.cn>"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "=?utf-8?q?A?= <box@example.cn>"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "a@example.cn, b@example.cn"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "A <a@example.cn>, B <b@example.cn>"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "A <a@example.cn> x"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "组: a@example.cn;"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "科技局(人才 <box@example.cn>"', "smtp.from"),
    ('from = "box@example.cn"', 'from = "人才@example.cn"', "smtp.from"),
    ('username = "box"\nfolders', 'username = "人才"\nfolders', "imap.username"),
    ('username = "box"\nfrom', 'username = "人才"\nfrom', "smtp.username"),
    ('digest_to = ["a@example.cn", "b@example.cn"]', 'digest_to = ["人才@example.cn"]', "staff.digest_to"),
    ('digest_to = ["a@example.cn", "b@example.cn"]', 'digest_to = ["a@example.cn\\n"]', "staff.digest_to"),
    ('digest_at = "23:59"', 'digest_at = "23:59\\n"', "schedule.digest_at"),
    ('digest_at = "23:59"', 'digest_at = "٠٨:٣٠"', "schedule.digest_at"),
    ("[replies]", "[reply]\n[replies]", "reply"),
    ('mode = "shadow"', 'mode = "shadow"\npassword = "x"', "replies.password"),
]


@pytest.mark.parametrize(("old", "new", "key"), SITE_FAULTS, ids=[new for _old, new, _key in SITE_FAULTS])
def test_a_faulty_key_is_named_with_what_is_allowed(folder: Write, old: str, new: str, key: str) -> None:
    (told,) = problems(folder(replaced(FULL_SITE, old, new)))

    assert told.startswith(f"intake.toml: {key}: ")
    assert any(word in told for word in ("allowed is", "known here are", "leave it out"))


@pytest.mark.parametrize(
    "sender",
    [
        "box@example.cn",
        "<box@example.cn>",
        "人才科 <box@example.cn>",
        "科技局(人才) <box@example.cn>",
        '"A, B" <a.b@x.cn>',
    ],
)
def test_a_mailbox_may_be_written_in_these_ways(folder: Write, sender: str) -> None:
    site = replaced(FULL_SITE, 'from = "box@example.cn"', f"from = '{sender}'")

    assert load(folder(site)).site.smtp.sender == sender


def test_a_missing_section_tells_at_once_what_is_needed_in_it(folder: Write) -> None:
    assert problems(folder('timezone = "Asia/Shanghai"\n')) == [
        "intake.toml: imap.host: missing; needed is a text that is not empty",
        "intake.toml: imap.username: missing; needed is a text of printable ASCII that is not empty",
        "intake.toml: smtp.host: missing; needed is a text that is not empty",
        'intake.toml: smtp.from: missing; needed is a mailbox like "name <box@example.cn>"',
        "intake.toml: staff.digest_to: missing; needed is a list of at least one address",
    ]


@pytest.mark.parametrize("url", ["postgresql://u:secret@db/x", "mysql://db/x?a=1&Password=secret", "x://u:secret@"])
def test_a_password_is_not_repeated_in_the_problem(folder: Write, url: str) -> None:
    url = f'database = "{url}"'

    assert "secret" not in problems(folder(replaced(FULL_SITE, 'database = "sqlite:///state/x.db"', url)))[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "::1", "localhost"])
def test_plain_text_is_allowed_to_this_machine(folder: Write, host: str) -> None:
    assert load(folder(replaced(FULL_SITE, 'host = "127.0.0.1"', f'host = "{host}"'))).site.imap.host == host


@pytest.mark.parametrize(
    "host", ["imap.example.cn", "10.0.0.1", "localhost.example.cn", "127.0.0.1.example.cn", "0.0.0.0"]
)
def test_plain_text_is_refused_to_any_other(folder: Write, host: str) -> None:
    (told,) = problems(folder(replaced(FULL_SITE, 'host = "127.0.0.1"', f'host = "{host}"')))

    assert told.startswith('intake.toml: imap.security: "none" sends the password in clear to ')


def test_plain_text_is_refused_in_one_go_with_other_problems_of_the_section(folder: Write) -> None:
    site = replaced(
        FULL_SITE, 'host = "localhost"\nport = 587\nsecurity = "starttls"', 'host = "x.cn"\nsecurity = "none"\nport = 0'
    )

    assert [told.split(": ")[1] for told in problems(folder(site))] == ["smtp.port", "smtp.security"]


UNIT_FAULTS = [
    ('code = "370826"', "code = 370826", "unit[1].code"),
    ('code = "370826"', 'code = ""', "unit[1].code"),
    ('code = "370826"', f'code = "{"3" * 33}"', "unit[1].code"),
    ('code = "370826"', 'code = "370811"', "unit.code"),
    ('senders = ["kjj@example.cn", "@rencheng.example.cn"]', 'senders = ["rencheng.example.cn"]', "unit[2].senders"),
    ('senders = ["kjj@example.cn", "@rencheng.example.cn"]', 'senders = "@x.cn"', "unit[2].senders"),
    ('contacts = ["kjj@example.cn"]', 'contacts = ["@example.cn"]', "unit[2].contacts"),
    ('phone = "0537-1"', "phone = 5371", "unit[2].phone"),
    ('name = "任城区科学技术局"', 'name = "微山县科学技术局"', "unit.name"),
    ('short = "任城区"', 'short = "微山县"', "unit.short"),
    ('short = "任城区"', 'short = "微山县科学技术局"', "unit.aliases"),
    ('aliases = ["任城区科技局"]', 'aliases = ["微山县"]', "unit.aliases"),
    ('short = "微山县"', 'short = "微山县"\naliases = ["任城区科技局"]', "unit.aliases"),
    ('short = "微山县"', 'short = "微山县"\nsenders = ["KJJ@Example.cn"]', "unit.senders"),
    ('\n[[unit]]\ncode = "370826"', '\nunits = 1\n[[unit]]\ncode = "370826"', "units"),
]


@pytest.mark.parametrize(("old", "new", "key"), UNIT_FAULTS, ids=[new for _old, new, _key in UNIT_FAULTS])
def test_a_faulty_unit_is_named(folder: Write, old: str, new: str, key: str) -> None:
    (told,) = problems(folder(units=replaced(UNITS, old, new)))

    assert told.startswith(f"units.toml: {key}: ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('short = "微山县"', 'short = "微山县"\nsenders = ["@rencheng.example.cn"]'),
        ('aliases = ["任城区科技局"]', 'aliases = ["任城区", "任城区"]'),
        ('senders = ["kjj@example.cn"', 'senders = ["kjj@example.cn", "KJJ@example.cn"'),
        ('short = "微山县"', 'short = "微山县科学技术局"'),
    ],
    ids=["a domain of two units", "an alias twice", "an address twice", "short as long"],
)
def test_what_cannot_be_mistaken_may_be_written(folder: Write, old: str, new: str) -> None:
    assert len(load(folder(units=replaced(UNITS, old, new))).units) == 2


def test_a_unit_with_a_fault_is_still_a_unit_that_notices_may_name(folder: Write) -> None:
    units = replaced(UNITS, 'phone = "0537-1"', "phone = 1")
    notice = replaced(NOTICE, "[[requirement]]", 'units = ["370811"]\n[[requirement]]')

    assert [told.split(":")[0] for told in problems(folder(units=units, week=notice))] == ["units.toml"]


NOTICE_FAULTS = [
    ('id = "week"', 'id = "a week"', "id"),
    ("opens = 2024-05-08", 'opens = "soon"', "opens"),
    ("opens = 2024-05-08", "opens = 2024-06-12", "deadline"),
    ("deadline = 2024-06-11T23:59:59+08:00", "deadline = 2024-06-11", "deadline"),
    ("deadline = 2024-06-11T23:59:59+08:00", "deadline = 2024-06-11T23:59:59", "deadline"),
    ("[[requirement]]", 'units = ["999999"]\n[[requirement]]', "units"),
    ("[[requirement]]", 'keywords = "活动周"\n[[requirement]]', "keywords"),
    ("opens = 2024-05-08", "opens = 0001-01-01", "opens"),
    ("deadline = 2024-06-11T23:59:59+08:00", "deadline = 9999-12-31T23:59:59+08:00", "deadline"),
    ('kind = "document"', 'kind = "document"\nformats = ["docx", "dcox"]', "requirement[1].formats"),
    ('kind = "document"', 'kind = "document"\nformats = ["unknown"]', "requirement[1].formats"),
    ('key = "report"', 'key = "总结"', "requirement[1].key"),
    ('kind = "document"', 'kind = "document"\nmax_seconds = 180', "requirement[1].max_seconds"),
    ('kind = "document"', 'kind = "document"\nmin_pixels = 1', "requirement[1].min_pixels"),
    ('kind = "document"', 'kind = "video"\nmax_seconds = 0', "requirement[1].max_seconds"),
    ('kind = "document"', 'kind = "video"\ntolerance_seconds = -1', "requirement[1].tolerance_seconds"),
    (
        'kind = "document"',
        'kind = "document"\n[[requirement]]\nkey="report"\nname="x"\nkind="image"',
        "requirement.key",
    ),
    ('[[requirement]]\nkey = "report"\nname = "总结报告"\nkind = "document"', "", "requirement"),
    ('[[requirement]]\nkey = "report"\nname = "总结报告"\nkind = "document"', "requirement = 1", "requirement"),
    ('[[requirement]]\nkey = "report"\nname = "总结报告"\nkind = "document"', "requirement = [1]", "requirement[1]"),
]


@pytest.mark.parametrize(("old", "new", "key"), NOTICE_FAULTS, ids=[new for _old, new, _key in NOTICE_FAULTS])
def test_a_faulty_notice_is_named(folder: Write, old: str, new: str, key: str) -> None:
    (told,) = problems(folder(week=replaced(NOTICE, old, new)))

    assert told.startswith(f"notices/week.toml: {key}: ")


def test_a_file_that_is_no_toml_is_told_with_its_line(folder: Write) -> None:
    (told,) = problems(folder(SITE + "\nport 993"))

    assert told.startswith("intake.toml: ")
    assert "line" in told


def test_a_file_in_another_charset_is_told(folder: Write) -> None:
    where = folder()
    (where / "units.toml").write_bytes(UNITS.encode("gbk"))

    (told,) = problems(where)
    assert told.startswith("units.toml: ")


@pytest.mark.parametrize("name", ["intake.toml", "units.toml"])
def test_a_missing_file_is_named(folder: Write, name: str) -> None:
    where = folder()
    (where / name).unlink()

    assert problems(where) == [f"{name}: missing in {where.resolve()}"]


def test_an_empty_folder_lacks_everything(tmp_path: Path) -> None:
    assert [told.split(":")[0] for told in problems(tmp_path)] == ["intake.toml", "units.toml", "notices/"]


def test_a_folder_that_is_not_there_is_told_with_the_option_that_names_it(tmp_path: Path) -> None:
    (told,) = problems(tmp_path / "nowhere")

    assert "--config DIR" in told


@pytest.mark.parametrize("content", ["", "unit = 1", "unit = []", "[unit]\ncode = 1"])
def test_a_roster_without_units_is_told(folder: Write, content: str) -> None:
    assert problems(folder(units=content)) == ["units.toml: unit: missing; needed is at least one [[unit]]"]


def test_a_section_that_is_no_table_is_told(folder: Write) -> None:
    told = problems(
        folder("imap = 1\n" + replaced(SITE, '[imap]\nhost = "imap.example.cn"\nusername = "box@example.cn"', ""))
    )

    assert told == ["intake.toml: imap: expected a table, got 1"]


# Formats


def test_an_unknown_format_is_told_with_those_of_its_kind(folder: Write) -> None:
    (told,) = problems(folder(week=replaced(NOTICE, 'kind = "document"', 'kind = "document"\nformats = ["dcox"]')))

    assert told.startswith("notices/week.toml: requirement[1].formats: 'dcox' is not known; known here are ")
    known = told.rpartition(" are ")[2].split(", ")
    assert {"docx", "pdf", "wps"} <= set(known)
    assert "mp4" not in known


def test_every_format_that_content_is_told_by_may_be_asked_for() -> None:
    words = FORMATS.keys() - {"unknown"} | {word for usual in USUAL_FORMATS.values() for word in usual}

    assert all(is_known(word) for word in (*words, "JPEG", ".tif", *known_for(None)))
    assert not any(is_known(word) for word in ("", "unknown", "dcox"))


# Secrets


def test_a_secret_comes_from_the_environment_without_what_editors_leave() -> None:
    assert secret("INTAKE_X", {"INTAKE_X": "hunter2"}) == "hunter2"
    assert secret("INTAKE_X", {"INTAKE_X": "\ufeff hunter 2 \r\n"}) == " hunter 2 "


@pytest.mark.parametrize("content", [" hunter 2 ", " hunter 2 \r\n", "\ufeff hunter 2 \n"])
def test_a_secret_comes_from_a_file_that_the_environment_names(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content, encoding="utf-8")

    assert secret("INTAKE_X", {"INTAKE_X_FILE": str(tmp_path / "secret")}) == " hunter 2 "


def test_the_real_environment_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "hunter2")

    assert imap_password() == "hunter2"


def test_a_secret_that_is_not_there_is_told_with_both_ways_to_give_it() -> None:
    with pytest.raises(ConfigError, match=r"INTAKE_X: not set.*INTAKE_X_FILE"):
        secret("INTAKE_X", {})


@pytest.mark.parametrize("content", [None, b"\xff\xfeh\0"])
def test_a_secret_file_that_cannot_be_read_is_a_configuration_problem(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match="INTAKE_X_FILE: cannot read"):
        secret("INTAKE_X", {"INTAKE_X_FILE": str(path)})


@pytest.mark.parametrize("text", ["", "\n", "\ufeff\r\n", "密码", "two\nlines", "tab\t", "hunter\u200b2"])
def test_a_secret_that_cannot_be_one_is_told_and_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_bytes(text.encode())
    for key, value in (("INTAKE_X", text), ("INTAKE_X_FILE", str(tmp_path / "secret"))):
        with pytest.raises(ConfigError, match=f"{key}: (is empty|holds more than printable ASCII)") as caught:
            secret("INTAKE_X", {key: value})
        assert not text.strip("\ufeff\r\n") or text not in str(caught.value)


def test_a_password_for_sending_is_needed_when_there_is_a_user_name(folder: Write) -> None:
    without, with_name = load(folder()), load(folder(FULL_SITE))
    empty = {"INTAKE_IMAP_PASSWORD": "x", "INTAKE_SMTP_PASSWORD": ""}

    assert password_problems(without, empty) == []
    assert smtp_password(without, empty) is None
    assert password_problems(with_name, empty) == ["INTAKE_SMTP_PASSWORD: is empty; needed is the password"]


def test_both_passwords_are_told_at_once(folder: Write) -> None:
    told = password_problems(load(folder(FULL_SITE)), {})

    assert [line.partition(":")[0] for line in told] == ["INTAKE_IMAP_PASSWORD", "INTAKE_SMTP_PASSWORD"]


def test_a_config_is_a_value(folder: Write) -> None:
    config = load(folder())

    with pytest.raises(AttributeError):
        config.folder = Path("/")  # type: ignore[misc]
    assert isinstance(config, Config)

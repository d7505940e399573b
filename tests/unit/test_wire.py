"""What goes over the wire: exactly the intended headers, the same octets every time, nothing injected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.adapters.letters import digests, replies, wire
from intake.adapters.letters.wire import HIDDEN, compose, header_problems
from intake.domain.letter import LetterKind, Posting, Rendered
from tests.unit.digest_samples import digest
from tests.unit.letter_samples import NOW, samples, words

SENDER = ("济宁市科技局人才科", "jnkjjrck@ji.shandong.cn")
PLAIN = Rendered("【已收齐】材料（微山县）[M000012]", "收到。\n", "<p>收到。</p>\n")
POSTING = Posting(
    LetterKind.RECEIPT, ("kjj@weishan.gov.cn",), PLAIN, "<M000012.0123456789abcdef@ji.shandong.cn>", NOW,
    in_reply_to="<1.2@weishan.gov.cn>", references=("<0.1@weishan.gov.cn>", "<1.2@weishan.gov.cn>"),
)  # fmt: skip


def read(octets: bytes) -> EmailMessage:
    mail = message_from_bytes(octets, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_reply_has_these_headers_and_no_others() -> None:
    mail = read(compose(POSTING, SENDER))

    assert {name: str(value) for name, value in mail.items()} == {
        "Message-ID": "<M000012.0123456789abcdef@ji.shandong.cn>",
        "In-Reply-To": "<1.2@weishan.gov.cn>",
        "References": "<0.1@weishan.gov.cn> <1.2@weishan.gov.cn>",
        "From": "济宁市科技局人才科 <jnkjjrck@ji.shandong.cn>",
        "To": "kjj@weishan.gov.cn",
        "Subject": "【已收齐】材料（微山县）[M000012]",
        "Date": "Thu, 06 Jun 2024 07:43:08 +0000",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
        "Content-Type": mail["Content-Type"],
    }


@pytest.mark.parametrize("name", samples())
def test_text_and_html_arrive_as_they_were_written(name: str) -> None:
    rendered = replies.render(words(), samples()[name])
    octets = compose(replace(POSTING, rendered=rendered), SENDER)
    mail = read(octets)

    assert mail["Subject"] == rendered.subject
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain") == rendered.text
    assert part(mail, "html").rstrip("\n") == rendered.html.rstrip("\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 78
    assert octets.isascii()
    assert b"\n" not in octets.replace(b"\r\n", b"")


def test_a_digest_is_bulk_generated_and_carries_its_workbook() -> None:
    rendered = digests.render(words(), digest())
    mail = read(compose(replace(POSTING, kind=LetterKind.DIGEST, to=("a@b.cn", "c@d.cn"), rendered=rendered), SENDER))

    assert (mail["Precedence"], mail["Auto-Submitted"], mail["To"]) == ("bulk", "auto-generated", "a@b.cn, c@d.cn")
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == "日报-2024-06-07.xlsx"
    assert attachment.get_content() == rendered.files[0][2]


@pytest.mark.parametrize("kind", [LetterKind.REMINDER, LetterKind.ALARM])
def test_what_answers_nobody_is_auto_generated(kind: LetterKind) -> None:
    mail = read(compose(replace(POSTING, kind=kind), SENDER))

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] is None


def test_the_same_posting_gives_the_same_octets() -> None:
    rendered = digests.render(words(), digest())
    posting = replace(POSTING, kind=LetterKind.DIGEST, rendered=rendered)

    assert compose(posting, SENDER) == compose(posting, SENDER)
    assert compose(replace(posting, message_id="<other@x>"), SENDER) != compose(posting, SENDER)


def test_long_ids_stay_ids() -> None:
    long = f"<{'a' * 240}@x.cn>"
    octets = compose(replace(POSTING, in_reply_to=long, references=(long, long)), SENDER)

    assert b"In-Reply-To: " + long.encode() + b"\r\n" in octets
    assert octets.count(long.encode()) == 3


@pytest.mark.parametrize(
    "foreign",
    ["<a@b>\r\nBcc: x@y.cn", "a@b", "<a b@c>", "<微山@x>", f"<{'a' * 251}>", "<>", "<a@b><c@d>", "<a@b>\n", ""],
)
def test_an_id_that_is_none_is_left_out(foreign: str) -> None:
    mail = read(compose(replace(POSTING, in_reply_to=foreign, references=(foreign, "<ok@x>")), SENDER))

    assert mail["In-Reply-To"] is None
    assert mail["References"] == "<ok@x>"


@pytest.mark.parametrize(
    "changes",
    [
        {"rendered": replace(PLAIN, subject="收到\r\nBcc: x@y.cn")},
        {"rendered": replace(PLAIN, subject="收到\nBcc: x@y.cn")},
        {"rendered": replace(PLAIN, subject="收到\rBcc: x@y.cn")},
        {"rendered": replace(PLAIN, subject="收到\u2028x")},
        {"rendered": replace(PLAIN, subject="微 =?UTF-8?Q?=0A?=Bcc: injected@example.com")},
        {"rendered": replace(PLAIN, files=(("a\r\nb.xlsx", "application/octet-stream", b""),))},
        {"to": ("a@b.cn\r\nBcc: x@y.cn",)},
        {"to": ("=?utf-8?q?=0ABcc:x?=@b.cn",)},
        {"to": ("a@b.cn, c@d.cn",)},
        {"to": ("县局 <a@b.cn>",)},
        {"to": ("a@b.cn\n",)},
        {"message_id": "<a@b>\r\nBcc: x@y.cn"},
        {"message_id": "none"},
    ],
)
def test_what_could_become_another_header_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        compose(replace(POSTING, **changes), SENDER)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sender", [("科技局\nBcc: x@y.cn", SENDER[1]), ("科技局", "x@y\r\nBcc: z"), ("科技局", "科技局")]
)
def test_a_sender_that_could_become_another_header_is_refused(sender: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        compose(POSTING, sender)


@given(st.text(st.sampled_from('【】科技活动周总结材料（任城区）[]M012，、： 69/_?=a-B.𠮷"<>@;'), max_size=120))
def test_any_one_line_subject_reads_back_or_is_refused(subject: str) -> None:
    wanted = " ".join(subject.split())
    if not wanted or "=?" in wanted:
        return
    mail = read(compose(replace(POSTING, rendered=replace(PLAIN, subject=wanted)), SENDER))

    assert mail["Subject"] == wanted
    assert mail["To"] == "kjj@weishan.gov.cn"


def test_this_interpreter_makes_no_header_of_what_a_subject_hides() -> None:
    assert header_problems() == []


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n"])
def test_an_interpreter_that_did_would_be_found_out(monkeypatch: pytest.MonkeyPatch, separator: str) -> None:
    """One that writes encoded newlines as they are, as Python did before 3.11.10, and reads them as it wrote them."""

    def careless(headers: Iterable[tuple[str, object]], posting: Posting) -> bytes:
        lines = [f"{name}: {value}".replace("=?UTF-8?Q?=0A?=", separator) for name, value in headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    monkeypatch.setattr(wire, "_build", careless)
    monkeypatch.setattr(wire, "_read_back", lambda *_: None)
    assert len(header_problems()) >= sum("=0A" in hidden for hidden in HIDDEN)


def test_what_the_library_writes_carelessly_is_refused_when_it_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    built = wire._build
    monkeypatch.setattr(wire, "_build", lambda *words: b"Bcc: x@example.invalid\r\n" + built(*words))
    with pytest.raises(ValueError, match="does not read back"):
        compose(POSTING, SENDER)

"""What a refusal is about, told from codes and words as providers write them."""

from __future__ import annotations

import pytest

from intake.adapters.smtp.answers import SenderRefused, Stage, accepted
from intake.domain.patience import Refusal
from intake.ports import Deferred, LoginRefused, Refused, Throttled

SENDER, RECIPIENT, LETTER = Stage.SENDER, Stage.RECIPIENT, Stage.LETTER


def meant(stage: Stage, said: str) -> type[Exception]:
    code, _, words = said.partition(" ")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is what is asked
        accepted((int(code), words.encode()), stage)
    return caught.type


@pytest.mark.parametrize("stage", [SENDER, RECIPIENT, LETTER])
@pytest.mark.parametrize(
    "said",
    [
        "421 HL:ICC 163 smtp7,C8CowABH 1717560000",
        "554 HL:IFQ 163 smtp7",
        "450 MI:SFQ 126 smtp1",
        "451 MI:DMC 163 smtp1",
        "550 MI:STC 163 smtp1",
        "450 RP:DRC 163 smtp1",
        "451 RP:QRC 163 smtp1",
        "550 RP:TRC 163 smtp1",
        "550 Ip frequency limited. http://service.mail.qq.com/",
        "550 Sender frequency limited",
        "451 Requested mail action not taken: too much fail authentication",
        "454 Throttling failure: Maximum sending rate exceeded.",
        "550 5.4.5 Daily user sending limit exceeded",
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
        "450 4.7.1 Error: too many messages from your address",
        "421 4.7.28 unusual rate of mail",
        "452 4.5.3 Rate-limited",
    ],
)
def test_rate_limits_are_about_us(stage: Stage, said: str) -> None:
    assert meant(stage, said) is Throttled


def test_a_rate_limit_waits_its_own_time() -> None:
    with pytest.raises(Throttled) as caught:
        accepted((451, b"MI:SFQ"), LETTER)
    assert caught.value.refusal is Refusal.RATE


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ("450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents it", Deferred),
        ("450 4.1.1 too many messages for this address", Deferred),
        ("450 4.7.1 greylisted", Deferred),
        ("452 4.5.3 Too many recipients", Deferred),
        ("452 4.2.2 mailbox full", Deferred),
        ("552 5.2.2 mailbox full", Deferred),
        ("552 too many recipients", Deferred),
        ("550 5.1.1 no such user", Refused),
        ("550 Mailbox not found", Refused),
        ("551 5.7.1 user not local", Refused),
        ("553 5.1.3 bad address", Refused),
        ("503 5.5.1 need MAIL first", Deferred),
        ("530 5.7.0 must issue STARTTLS first", LoginRefused),
    ],
)
def test_refusals_of_a_recipient(said: str, failure: type[Exception]) -> None:
    assert meant(RECIPIENT, said) is failure


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ("451 DT:SPM 163 smtp1", Deferred),
        ("554 DT:SPM 163 smtp1", Refused),
        ("550 5.7.1 Mail content denied", Refused),
        ("451 4.3.0 local error in processing", Deferred),
        ("452 4.3.1 insufficient storage", Deferred),
        ("552 5.3.4 message too big", Refused),
        ("535 5.7.8 log in", LoginRefused),
    ],
)
def test_refusals_of_a_letter(said: str, failure: type[Exception]) -> None:
    assert meant(LETTER, said) is failure


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (SENDER, "552 5.3.4 Message size exceeds fixed limit"),
        (SENDER, "552 Requested mail action aborted: exceeded mailsize limit"),
        (SENDER, "552 5.7.0 not this one"),
        (LETTER, "554 5.3.4 message too large"),
        (LETTER, "550 5.2.3 too long"),
    ],
)
def test_a_letter_that_is_too_large_is_told_so(stage: Stage, said: str) -> None:
    code, _, words = said.partition(" ")
    with pytest.raises(Refused, match=f"too large for the server: .*{code}"):
        accepted((int(code), words.encode()), stage)


@pytest.mark.parametrize("stage", [SENDER, RECIPIENT, LETTER])
@pytest.mark.parametrize(
    "said",
    [
        "553 Requested action not taken: NULL sender is not allowed",
        "450 null sender refused",
        "501 mail from address must be same as authorization user",
        "553 Mail from must equal authorized user",
        "553 5.7.1 <>: Sender address rejected: not owned by user office@ji.test",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "553 Local user only,163 smtp5",
        "554 DT:SUM 163 smtp9",
        "550 5.1.7 bad sender",
        "550 5.1.8 sender domain not found",
    ],
)
def test_what_is_said_about_the_sender(stage: Stage, said: str) -> None:
    assert meant(stage, said) is SenderRefused


def test_a_refusal_for_good_of_mail_is_not_about_the_letter() -> None:
    """The server has not seen it: were the letter failed, a wrong setting would fail all letters, one by one."""
    assert meant(SENDER, "550 5.7.1 your address is listed") is SenderRefused
    assert meant(SENDER, "552 5.2.2 mailbox over quota") is SenderRefused
    assert meant(SENDER, "552 exceeded storage allocation") is SenderRefused
    assert meant(SENDER, "451 4.7.1 later") is Deferred


@pytest.mark.parametrize("code", [-1, 0, 99, 199, 354, 399, 600, 999])
def test_what_is_no_answer_is_none(code: int) -> None:
    assert meant(LETTER, f"{code} x") is ValueError


@pytest.mark.parametrize("code", [200, 250, 251, 299])
def test_what_is_good_is_good(code: int) -> None:
    accepted((code, b"OK"), RECIPIENT)


def test_the_words_of_a_refusal_are_one_readable_line() -> None:
    with pytest.raises(Refused) as refusal:
        accepted((550, "请使用授权码登录\x07\n二".encode("gb18030")), RECIPIENT, " a@b.test")
    assert str(refusal.value) == "recipient a@b.test: 550 请使用授权码登录 二"

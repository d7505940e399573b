"""Whose a mail is, over real records: strangers change nothing, whatever they send and whichever policy stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from intake.entry.app import App
from intake.entry.office import office_of
from tests.adapters.test_signatures import key, signed
from tests.e2e.world import address, complete, mail, report
from tests.pipeline.office import Office
from tests.samples import media
from tests.servers.dns import running_dns

pytestmark = pytest.mark.server
WEISHAN = "370826"
HOST = "mx.ji.shandong.cn"
RECEIVED = f"Received: from x by {HOST}; Wed, 5 Jun 2024 10:00:00 +0800\r\n".encode()
FAIL = f"Authentication-Results: {HOST}; dmarc=fail header.from=u370826.example.gov.cn\r\n".encode()
PASS = FAIL.replace(b"=fail", b"=pass")
STRANGER = "stranger@qq.com"


def under(app: App, **identity: Any) -> None:
    site = app.config.site
    chosen = msgspec.structs.replace(site.identity, **identity)
    app.config = msgspec.structs.replace(app.config, site=msgspec.structs.replace(site, identity=chosen))
    app.office = office_of(app.config)


def test_what_the_mail_host_calls_forged_is_held_unanswered_and_told_to_staff(office: Office) -> None:
    under(office.app, trust_authserv=[HOST])
    office.world.deliver(FAIL + RECEIVED + complete(WEISHAN))
    office.world.deliver(RECEIVED + FAIL + complete("370883"))
    office.poll()

    assert office.codes()[0] == {"sender-refuted"}
    assert (office.states()["held"], office.states()["accepted"]) == (1, 1)
    assert office.world.letters(address(WEISHAN)) == []
    assert len(office.world.letters(address("370883"))) == 1, "what stands below Received was written by anybody"
    assert office.world.unit(WEISHAN)["state"] == "missing", "a forged mail makes nobody wait"
    shown = office.world.run("show", "M000001")
    assert "refuted" in shown
    assert "host-fail" in shown
    office.app.summarise()
    office.poll()
    digest = office.world.letters("rck@ji.shandong.cn")[-1].get_body(("plain",))
    assert digest is not None
    assert "邮件服务器认定发件人地址系伪造" in digest.get_content()


def test_a_forged_verdict_below_the_hosts_own_does_not_save_a_forged_mail(office: Office) -> None:
    under(office.app, trust_authserv=[HOST])
    office.world.deliver(FAIL + RECEIVED + PASS + complete(WEISHAN))
    office.poll()

    assert office.codes() == [{"sender-refuted"}]


def test_staffs_word_lets_a_mail_count_that_was_called_forged(office: Office) -> None:
    under(office.app, trust_authserv=[HOST])
    office.world.deliver(FAIL + RECEIVED + complete(WEISHAN))
    office.poll()
    office.world.run("assign", "M000001", WEISHAN)
    office.poll()

    assert office.world.unit(WEISHAN)["state"] == "complete"


def test_a_signature_of_the_senders_domain_is_kept_as_evidence(office: Office) -> None:
    domain = address(WEISHAN).partition("@")[2]
    private, record = key(2048)
    under(office.app, dkim=True)
    with running_dns({f"s._domainkey.{domain}": [record]}) as server:
        office.world.deliver(signed(private, complete(WEISHAN), domain))
        office.world.deliver(complete("370883"))
        office.poll()

    assert server.asked == [f"s._domainkey.{domain}"]
    shown = [json.loads(office.world.run("show", ref, "--json"))["evidence"] for ref in ("M000001", "M000002")]
    assert shown == [["sender", "dkim"], ["sender"]]


def strangers() -> Iterator[bytes]:
    """What somebody may send in a county's name, from his own address: its very files, its Message-ID, its words."""
    own = complete(WEISHAN)
    yield own.replace(address(WEISHAN).encode(), STRANGER.encode())
    files = {
        "微山县总结报告.docx": report("微山县（伪）"),
        "9.jpg": media.photo(seed=99),
        "微山县.mp4": media.video(30),
    }
    yield mail(WEISHAN, files, sender=STRANGER)
    yield mail(WEISHAN, {"微山县.mp4": media.video(600)}, sender=f"微山县科技局 {address(WEISHAN)} <{STRANGER}>")
    yield mail(WEISHAN, files, sender=f"{address(WEISHAN)}, {STRANGER}", subject="微山县科技活动周两个发件人")


OWN = {
    "report": sha256(report("微山县")).hexdigest(),
    "photos": sha256(media.photo(seed=1)).hexdigest(),
    "video": sha256(media.video(60)).hexdigest(),
}


def handed_in(office: Office) -> dict[str, Any]:
    """What a unit has handed in, as `status` tells it, but for when the last mail came."""
    unit = office.world.unit(WEISHAN)
    return {key: unit[key] for key in ("state", "identity", "late", "items")}


@pytest.mark.parametrize("policy", ["open", "roster", "strict"])
@pytest.mark.parametrize("first", [True, False])
def test_with_and_without_strangers_a_unit_has_handed_in_the_same(office: Office, policy: str, first: bool) -> None:
    under(office.app, policy=policy)
    noon = datetime(2024, 6, 5, 2, 0, tzinfo=UTC)
    apart = timedelta(hours=-1) if first else timedelta(minutes=1)
    mails = [(noon, complete(WEISHAN)), *((noon + apart, octets) for octets in strangers())]
    for at, octets in sorted(mails, key=lambda each: each[0]):
        office.world.deliver(octets, at)
        office.poll()

    items = {key: {"state": "ok", "count": 1, "materials": [sha256]} for key, sha256 in OWN.items()}
    assert handed_in(office) == {"state": "complete", "identity": "known", "late": False, "items": items}
    (letter,) = office.world.letters(address(WEISHAN))
    assert str(letter["Subject"]).startswith("【已收齐】")


@pytest.mark.parametrize("policy", ["open", "roster", "strict"])
@pytest.mark.parametrize("first", [True, False])
def test_no_stranger_answers_what_a_unit_is_asked_for(office: Office, policy: str, first: bool) -> None:
    """A gap that a claim could fill, and does where claims count, stays one in the letter to the unit."""
    under(office.app, policy=policy)
    noon = datetime(2024, 6, 5, 2, 0, tzinfo=UTC)
    own = mail(WEISHAN, {"微山县总结报告.docx": report("微山县"), "1.jpg": media.photo(seed=1)})
    claims = [(noon + timedelta(hours=-1 if first else 1), octets) for octets in strangers()]
    for at, octets in sorted([(noon, own), *claims], key=lambda each: each[0]):
        office.world.deliver(octets, at)
        office.poll()
    office.world.deliver(mail(WEISHAN, {"2.jpg": media.photo(seed=2)}), noon + timedelta(hours=2))
    office.poll()

    letters = [str(letter["Subject"]) for letter in office.world.letters(address(WEISHAN))]
    assert len(letters) == 2
    assert all(subject.startswith("【部分收到，尚缺1项】") for subject in letters), letters
    items = office.world.unit(WEISHAN)["items"]
    assert items["report"]["materials"] == [OWN["report"]]
    assert OWN["photos"] in items["photos"]["materials"]
    assert len(items["photos"]["materials"]) == 2


def test_the_very_octets_of_a_county_sent_first_by_somebody_else_are_its_mail_all_the_same(office: Office) -> None:
    octets = complete(WEISHAN)
    office.world.deliver(octets, datetime(2024, 6, 5, 1, 0, tzinfo=UTC))
    office.poll()
    office.world.deliver(octets)
    office.poll()

    assert {key: item["materials"] for key, item in handed_in(office)["items"].items()} == {
        key: [sha256] for key, sha256 in OWN.items()
    }
    assert len(office.world.letters(address(WEISHAN))) == 1


def test_a_learned_senders_files_are_filed_whatever_his_system_says_of_itself(office: Office) -> None:
    """As those of a listed one are: some systems mark what people send as automatic."""
    office.world.deliver(mail(WEISHAN, {"微山县总结报告.docx": report("微山县")}, sender=STRANGER))
    office.poll()
    office.world.run("assign", "M000001", "微山县", "--learn")
    octets = mail(WEISHAN, {"活动.mp4": media.video(60)}, sender=STRANGER, subject="补报")
    office.world.deliver(b"Auto-Submitted: auto-generated\r\n" + octets)
    office.poll()
    item = office.world.unit(WEISHAN)["items"]["video"]
    assert (item["state"], item["materials"]) == ("ok", [sha256(media.video(60)).hexdigest()])
    assert len(office.world.letters(STRANGER)) == 2, "the second is not answered; the first was, and again when learned"

"""From what is to be told to a Draft for the outbox: words, Message-ID, envelope, and the shadow mode.

Message-IDs are keyed (HMAC) and follow from the octets of the mail and what staff decided about it: the same
decision always gets the same one, also after a backup was restored and mails bear other numbers, and nobody who has
not received a letter can name it.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.adapters.letters import alarms, digests, replies
from intake.adapters.letters.wire import compose
from intake.adapters.letters.words import Words
from intake.domain.alarm import Bulletin
from intake.domain.case import Case
from intake.domain.digest import Digest
from intake.domain.letter import LetterKind, Posting, Rendered, Reply
from intake.ports import Draft, Ruling


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes (display name, address), who reads digests, who runs the service, and whether only they get mail.

    `account` is the envelope sender of what is no reply; the writer's address when it is empty.
    """

    sender: tuple[str, str]
    digest_to: Sequence[str]
    operators: Sequence[str]
    shadow: bool
    account: str = ""


class OfficeStationery:
    """Implements ports.Stationery. `key` is the secret of our Message-IDs.

    In shadow mode every reply goes to the operators instead, with the would-be recipient on top.
    """

    def __init__(self, words: Words, letterhead: Letterhead, key: bytes) -> None:
        self._words = words
        self._sender = letterhead.sender
        self._account = letterhead.account or letterhead.sender[1]
        self._key = key
        self._digest_to = tuple(letterhead.digest_to)
        self._operators = tuple(letterhead.operators) or self._digest_to
        self._shadow = letterhead.shadow

    def reply(self, reply: Reply, case: Case, ruling: Ruling) -> Draft | None:
        if not case.sender:
            return None
        key = f"reply:{case.sha256}:{ruling.number}"
        rendered = replies.render(self._words, reply)
        if self._shadow:
            rendered = self._words.shadowed(rendered, case.sender)
        posting = Posting(
            kind=reply.kind,
            to=self._operators if self._shadow else (case.sender,),
            rendered=rendered,
            message_id=self._message_id(f"{key}{_ruled(case, ruling)}"),
            date=reply.now,
            in_reply_to=case.message.message_id,
            references=(*case.message.references, *filter(None, [case.message.message_id])),
        )
        return self._draft(
            key, posting, case.sender, unit=reply.unit.code if reply.unit else None,
            notice_id=reply.notice.id if reply.notice else None, identity=case.recognised.identity.tier,
        )  # fmt: skip

    def digest(self, digest: Digest) -> tuple[Draft, ...]:
        rendered = digests.render(self._words, digest)
        key = f"digest:{digest.day.isoformat()}"
        return tuple(self._to_us(LetterKind.DIGEST, key, each, rendered, digest.now) for each in self._digest_to)

    def alarm(self, bulletin: Bulletin) -> tuple[Draft, ...]:
        rendered = alarms.render(self._words, bulletin)
        told = LetterKind.ALARM, bulletin.key
        return tuple(self._to_us(*told, each, rendered, bulletin.now) for each in self._operators)

    def _to_us(self, kind: LetterKind, key: str, address: str, rendered: Rendered, now: datetime) -> Draft:
        """Not a reply, so it has a real envelope sender: the office learns when it does not arrive."""
        key = f"{key}:{address}"
        posting = Posting(kind, (address,), rendered, self._message_id(key), now, self._account)
        return self._draft(key, posting, address)

    def page(self, digest: Digest) -> str:
        """The digest as one HTML page."""
        return digests.page(self._words, digest)

    def text(self, digest: Digest) -> str:
        """The digest as plain text."""
        return digests.render(self._words, digest).text

    def _draft(self, key: str, posting: Posting, meant_for: str, **about: object) -> Draft:
        return Draft(
            key=key,
            kind=posting.kind,
            subject=posting.rendered.subject,
            message_id=posting.message_id,
            octets=compose(posting, self._sender),
            envelope_from=posting.envelope_from,
            envelope_to=posting.to,
            meant_for=meant_for,
            **about,  # type: ignore[arg-type]
        )

    def _message_id(self, key: str) -> str:
        """`key` begins with the kind of the letter and a colon."""
        digest = hmac.new(self._key, key.encode(), "sha256").hexdigest()[:32]
        kind = key.partition(":")[0]
        return f"<{kind}.{digest}@{self._sender[1].rpartition('@')[2]}>"


def _ruled(case: Case, ruling: Ruling) -> str:
    """What staff decided, after their decision; nothing before their first.

    Numbers of rulings begin anew behind a backup that was restored, and two different letters must not bear one id.
    """
    if not ruling.number:
        return ""
    added = sorted(each.material.sha256 for each in case.examined if each.material.provenance == "operator")
    return f":{ruling.assigned}:{ruling.notice}:{ruling.waived}:{added}"

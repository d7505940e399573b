"""What a digest may show of people: everything that came from outside, with the numbers of people hidden.

The digest goes by mail to readers and is forwarded by them; `show` tells staff at the machine everything. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from intake.domain.digest import Digest, LetterLine, LinkLine, MailLine, UnfetchedLine
from intake.domain.finding import Finding
from intake.domain.masking import masked


def discreet(digest: Digest) -> Digest:
    """The digest with every foreign text masked; names, phones and figures of the office's own stay."""
    return replace(
        digest,
        needs_person=_mails(digest.needs_person),
        news=_mails(digest.news),
        ignored=_mails(digest.ignored),
        failed_letters=tuple(map(_letter, digest.failed_letters)),
        links=tuple(map(_link, digest.links)),
        unfetched=tuple(map(_unfetched, digest.unfetched)),
        letters=replace(digest.letters, waiting_for=_maybe(digest.letters.waiting_for)),
        health=replace(digest.health, last_error=_maybe(digest.health.last_error)),
    )


def _mails(lines: Iterable[MailLine]) -> tuple[MailLine, ...]:
    return tuple(
        replace(
            line,
            sender=masked(line.sender),
            subject=masked(line.subject),
            findings=tuple(map(_finding, line.findings)),
        )
        for line in lines
    )


def _finding(finding: Finding) -> Finding:
    shown = {key: masked(value) if isinstance(value, str) else value for key, value in finding.detail.items()}
    return replace(finding, detail=shown)


def _letter(line: LetterLine) -> LetterLine:
    return replace(line, to=masked(line.to), subject=masked(line.subject), error=masked(line.error))


def _link(line: LinkLine) -> LinkLine:
    return replace(line, provider=masked(line.provider), filename=_maybe(line.filename))


def _unfetched(line: UnfetchedLine) -> UnfetchedLine:
    return replace(line, place=replace(line.place, folder=masked(line.place.folder)), error=masked(line.error))


def _maybe(text: str | None) -> str | None:
    return None if text is None else masked(text)

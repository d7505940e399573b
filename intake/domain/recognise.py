"""What kind of mail this is: automatic or not, whose, for which notice, and whether it submits at all.

The mailbox is a real office mailbox and most of its mail is none of our business: what does not plainly
submit is left alone. "Plainly" needs the notice's keywords, our own thread, or materials that only this
notice asks for, from somebody who is already known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from intake.domain.identity import Acquaintance, Identity, Tier, believed, vetted
from intake.domain.mail import Message
from intake.domain.material import Examined
from intake.domain.notice import Kind, Notice, Requirement, Roster
from intake.domain.robots import automatic

STILL_EXPECTED = timedelta(days=60)
"""How long after its deadline a notice is still what a mail without any hint is taken to be about."""

_KIND_WORDS = {Kind.VIDEO: ("视频", "录像"), Kind.IMAGE: ("图片", "相片"), Kind.DOCUMENT: ()}
_SENDING_WORDS = ("附件", "附上", "查收", "报送", "报上", "请问", "咨询", "想问")


class Relevance(StrEnum):
    """SUBMITS: judged. ASKS: about a notice, nothing attached. UNCLEAR: a person looks, nobody is answered."""

    SUBMITS = "submits"
    ASKS = "asks"
    UNCLEAR = "unclear"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Office:
    """The configuration that judging needs. `own` are our sending addresses, `staff` those of the office.

    `trusted` are the names of mail hosts whose Authentication-Results are believed.
    """

    roster: Roster
    notices: tuple[Notice, ...]
    own: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()
    policy: str = "open"
    trusted: frozenset[str] = frozenset()
    max_mail: int = 300 << 20
    """Octets of a mail that are fetched at most."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a mail was recognised as. `notice` is None when none or more than one fits."""

    automatic: str | None
    identity: Identity
    notice: Notice | None
    relevance: Relevance


def recognise(
    message: Message, examined: Sequence[Examined], received_at: datetime, office: Office, known: Acquaintance
) -> Recognised:
    """Recognise a mail from what it shows and what the records know of its sender."""
    why = automatic(message, office.own)
    if why is None and known.assigned is None and _from_staff(message, office.staff) and not examined:
        why = "staff-mail"
    # What a mail is about does not depend on whether it is forged: a forged submission is told to staff as one.
    by_from = believed(message, examined, office.roster, known)
    identity = vetted(by_from, message, office.roster, known, office.trusted)
    look = _Look(message, examined, by_from, known, _places(message, examined))
    return Recognised(why, identity, _notice(look, received_at, office.notices), _relevance(look, office.notices))


@dataclass(frozen=True, slots=True)
class _Look:
    """One mail looked at. `places` is where it can say what it is about, the most telling first."""

    message: Message
    examined: Sequence[Examined]
    identity: Identity
    known: Acquaintance
    places: tuple[str, str, str]

    @property
    def heading(self) -> str:
        return self.places[0]

    @property
    def brought(self) -> bool:
        return bool(self.examined or self.message.links)

    @property
    def acquainted(self) -> bool:
        identity = self.identity
        return identity.tier.trusted or (identity.unit is not None and identity.unit in self.known.claimed_before)


def _places(message: Message, examined: Sequence[Examined]) -> tuple[str, str, str]:
    names = [each.material.origin for each in examined]
    names += [link.filename for link in message.links if link.filename]
    reports = (each.facts.text for each in examined if each.facts.kind is Kind.DOCUMENT)
    return "\n".join([message.subject, *names]), "\n".join(reports), message.own_text


def _notice(look: _Look, received_at: datetime, notices: Iterable[Notice]) -> Notice | None:
    """The notice a mail belongs to: by thread, then by the most telling place that names exactly one."""
    asked = [each for each in notices if each.opens <= received_at]
    told = (look.known.assigned_notice, look.known.thread.notice_id if look.known.thread else None)
    for notice in asked:
        if notice.id in told:
            return notice
    for place in look.places:
        hits = [notice for notice in asked if mentions(place, notice.keywords)]
        if len(hits) == 1:
            return hits[0]
        asked = hits or asked
    unit = look.identity.unit
    of_unit = [notice for notice in asked if unit is None or unit in notice.unit_codes]
    current = [notice for notice in of_unit if received_at <= notice.deadline + STILL_EXPECTED]
    candidates = current or of_unit
    return candidates[0] if len(candidates) == 1 else None


def _relevance(look: _Look, notices: Sequence[Notice]) -> Relevance:
    hinted = look.known.thread is not None or any(
        mentions(place, notice.keywords) for place in look.places for notice in notices
    )
    if look.known.assigned:
        return Relevance.SUBMITS if look.brought else Relevance.ASKS
    if not look.brought:
        return _without_material(look, hinted=hinted)
    if hinted or (look.acquainted and _fits(look, notices)):
        return Relevance.SUBMITS if _is_party(look) else Relevance.NONE
    return Relevance.UNCLEAR if look.identity.tier.trusted else Relevance.NONE


def _without_material(look: _Look, *, hinted: bool) -> Relevance:
    """An answer to our own letter reaches a person whoever wrote it: most likely it says what we asked."""
    if hinted and (look.identity.tier.trusted or _meant_to_attach(look)):
        return Relevance.ASKS
    return Relevance.UNCLEAR if look.known.thread else Relevance.NONE


def _is_party(look: _Look) -> bool:
    """A stranger who names no unit is a party only when something that is asked for lies in the mail."""
    if look.identity.tier is not Tier.UNKNOWN:
        return True
    return bool(look.message.links) or any(each.facts.kind is not Kind.OTHER for each in look.examined)


def _fits(look: _Look, notices: Sequence[Notice]) -> bool:
    """Whether what was brought is of the sort that some notice asks for, told without the notice's keywords."""
    return any(_fits_requirement(look, requirement) for notice in notices for requirement in notice.requirements)


def _fits_requirement(look: _Look, wanted: Requirement) -> bool:
    """A video says it by itself; photos when named anywhere; a document only by the requirement's own name."""
    words = (wanted.name, wanted.name[:2], *_KIND_WORDS.get(wanted.kind, ()))
    named = mentions(look.heading, words)
    told = mentions(look.message.own_text, words)
    if look.message.links and (named or told):
        return True
    if wanted.kind not in {each.facts.kind for each in look.examined}:
        return False
    return named or wanted.kind is Kind.VIDEO or (wanted.kind is Kind.IMAGE and told)


def _meant_to_attach(look: _Look) -> bool:
    return look.identity.tier is Tier.CLAIMED and mentions(look.message.own_text, _SENDING_WORDS)


def _from_staff(message: Message, staff: Set[str]) -> bool:
    return bool(message.sender and message.sender.spec in staff)


def mentions(text: str, words: Iterable[str]) -> bool:
    """Whether any of the words stands in the text."""
    return any(word and word in text for word in words)

"""Who handed a mail in: a conclusion with evidence, never the From line alone.

Order of evidence: staff's word about the mail, the roster's addresses, staff's word about the sender's
address, our own thread, then the unit a mail names. All but the last are trusted; what a mail merely
claims is counted provisionally and never over them. Who, as the mail host says, does not write from his address is
refuted, whatever else speaks for him.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from intake.domain.lookalike import looks_like
from intake.domain.mail import Message
from intake.domain.material import Examined
from intake.domain.notice import Kind, Roster, UnitCode
from intake.domain.vouching import Vouched, vouched


class Tier(StrEnum):
    """How sure we are. CONFIRMED: staff said so. KNOWN: roster address. THREAD: reply to our letter. CLAIMED: named.

    REFUTED: an address which the mail host says is forged, or of which its word could not be read.
    """

    CONFIRMED = "confirmed"
    KNOWN = "known"
    THREAD = "thread"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    REFUTED = "refuted"

    @property
    def trusted(self) -> bool:
        return self in (Tier.CONFIRMED, Tier.KNOWN, Tier.THREAD)


@dataclass(frozen=True, slots=True)
class Thread:
    """The letter of ours that a mail answers: whom it was for, what it was about, how sure we are of its addressee.

    Who was trusted because the roster lists him, or staff had us learn his address, is CLAIMED here: both are asked
    themselves, and a letter must not speak for somebody whom they no longer name.
    `sent_to` are the addresses it went to: knowing its Message-ID proves something of their owners only, since people
    forward letters and answer to all.
    """

    unit: UnitCode | None
    notice_id: str | None
    tier: Tier
    sent_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What the records know of a mail's sender before it is read.

    `learned` are the units that staff had us learn the sender's address for, `signed` the domains whose signature the
    mail bears, checked by ourselves.
    """

    assigned: UnitCode | None = None
    thread: Thread | None = None
    claimed_before: frozenset[UnitCode] = frozenset()
    learned: frozenset[UnitCode] = frozenset()
    assigned_notice: str | None = None
    signed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """The conclusion. `rivals` are other units the mail names where it matters: more than one needs a person.

    `resembles` is the domain of the roster that an untrusted sender's domain looks like, if any.
    """

    tier: Tier
    unit: UnitCode | None = None
    evidence: tuple[str, ...] = ()
    rivals: frozenset[UnitCode] = frozenset()
    resembles: str | None = None

    @property
    def contradictory(self) -> bool:
        return bool(self.rivals)

    @property
    def told(self) -> tuple[str, ...]:
        """The evidence as it is kept and shown, with what speaks against it."""
        return (*self.evidence, *(f"names {code}" for code in sorted(self.rivals)))


NOBODY = Identity(Tier.UNKNOWN)


def vetted(
    identity: Identity, message: Message, roster: Roster, known: Acquaintance, trusted: frozenset[str]
) -> Identity:
    """What is left of a conclusion after what is said of the sender's address; staff's word about the mail stands.

    `trusted` are the mail hosts whose word about the sender's address is heard.
    """
    spec = message.sender.spec if message.sender else ""
    said = vouched(spec, message.verdicts, trusted, known.signed) if spec else ()
    like = None if identity.tier.trusted else looks_like(spec.rpartition("@")[2], roster.domains)
    refuted = known.assigned is None and not {Vouched.HOST_FAIL, Vouched.HOST_UNREAD}.isdisjoint(said)
    tier = Tier.REFUTED if refuted else identity.tier
    return replace(identity, tier=tier, evidence=(*identity.evidence, *said), resembles=like)


def believed(message: Message, examined: Sequence[Examined], roster: Roster, known: Acquaintance) -> Identity:
    """Whose mail it is if nobody forged its From, from all that it shows and all that the records know."""
    if known.assigned is not None:
        return Identity(Tier.CONFIRMED, known.assigned, ("assigned",))
    named = _Named.of(message, examined, roster)
    spec = message.sender.spec if message.sender else ""
    listed = roster.of_sender(spec)
    if listed:
        codes = frozenset(unit.code for unit in listed)
        if known.learned and (known.learned == codes or not roster.lists(spec)):
            return _trusted(Tier.CONFIRMED, "learned", known.learned, named)
        tier, why = Tier.KNOWN, "sender"
        return _trusted(tier, why, codes, named)
    if known.learned:
        return _trusted(Tier.CONFIRMED, "learned", known.learned, named)
    if known.thread and known.thread.unit:
        return _in_thread(message, known.thread, frozenset({known.thread.unit}), named)
    return _claimed(named, known.claimed_before, "claimed before")


def _in_thread(message: Message, thread: Thread, codes: frozenset[UnitCode], named: _Named) -> Identity:
    if thread.tier.trusted and message.sender and message.sender.spec in thread.sent_to:
        return _trusted(Tier.THREAD, "thread", codes, named)
    return _claimed(named, codes, "thread")


@dataclass(frozen=True, slots=True)
class _Named:
    """The units that a mail names, by how much the place says: heading, then the reports, then the text.

    `each` are those that one report alone names in its file name, or as its author.
    """

    heading: frozenset[UnitCode]
    reports: frozenset[UnitCode]
    text: frozenset[UnitCode]
    each: tuple[frozenset[UnitCode], ...]

    @classmethod
    def of(cls, message: Message, examined: Sequence[Examined], roster: Roster) -> _Named:
        names = [each.material.origin for each in examined]
        names += [link.filename for link in message.links if link.filename]
        shown = message.sender.name if message.sender else ""
        return cls(
            heading=roster.named_in("\n".join([message.subject, *names, shown])),
            reports=_in_reports(examined, roster),
            text=roster.named_in(message.own_text),
            each=tuple(_of_report(each, roster) for each in examined if each.facts.kind is Kind.DOCUMENT),
        )

    def others(self, own: UnitCode) -> frozenset[UnitCode]:
        """The units named by a report that does not name `own`: what else a mail names does not make it theirs."""
        return frozenset().union(*(units for units in self.each if own not in units))

    def places(self) -> Iterable[tuple[str, frozenset[UnitCode]]]:
        yield "heading", self.heading
        yield "report", self.reports
        yield "text", self.text


def _in_reports(examined: Sequence[Examined], roster: Roster) -> frozenset[UnitCode]:
    """Units named at the head of the documents (the title) or, failing that, at their foot (the signature)."""
    documents = [_unspaced(each) for each in examined if each.facts.kind is Kind.DOCUMENT]
    heads = roster.named_in("\n".join(text[:HEAD_OF_REPORT] for text in documents))
    return heads or roster.named_in("\n".join(text[-HEAD_OF_REPORT:] for text in documents))


def _of_report(report: Examined, roster: Roster) -> frozenset[UnitCode]:
    """The units that a report names at its head or foot; those of its file name, where the report names none."""
    return _in_reports([report], roster) or roster.named_in(report.material.origin)


def _unspaced(report: Examined) -> str:
    """Its text without the spaces that a title is spread with."""
    return "".join((report.facts.text or "").split())


HEAD_OF_REPORT = 200
"""Characters at either end of a document in which a unit is named as its author, not as a subject."""


def _trusted(tier: Tier, why: str, codes: frozenset[UnitCode], named: _Named) -> Identity:
    """A trusted sender: contradicted only by a heading or report that names other units and not its own."""
    if len(codes) > 1:
        named_own = codes & (named.heading or named.reports or named.text)
        if len(named_own) != 1:
            return Identity(tier, None, (why,), codes)
        codes = named_own
    (own,) = codes
    for place, units in (("heading", named.heading), ("report", named.reports)):
        if units and own not in units:
            return Identity(tier, own, (why, place), units)
    if others := named.others(own):
        return Identity(tier, own, (why, "report"), others)
    return Identity(tier, own, (why,))


def _claimed(named: _Named, before: frozenset[UnitCode], why: str) -> Identity:
    """A sender not in the roster: the first place that names exactly one unit decides, unless places disagree."""
    evidence = tuple(place for place, units in named.places() if units)
    strong = [units for units in (named.heading, named.reports) if units]
    candidates = strong or [units for units in (named.text, before) if units]
    if not candidates:
        return NOBODY
    common = frozenset.intersection(*candidates)
    if len(common) == 1:
        (unit,) = common
        return Identity(Tier.CLAIMED, unit, evidence or (why,), named.others(unit))
    return Identity(Tier.UNKNOWN, None, evidence or (why,), frozenset.union(*candidates))

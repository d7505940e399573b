"""Whether a mail is answered at all, and whether its answer goes out: one table, the first rule that fits wins.

An answer may never hurt: no robot is drawn into a loop, nobody's mailbox is filled, and what is too much for one day
waits for a person instead of being lost. Pure. Sources: RFC 3834 section 2 (what must not be answered), RFC 5321
section 6.3 (a mail that goes round is told by its trace fields).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from intake.domain.burst import Waiting
from intake.domain.case import Case
from intake.domain.fates import KEPT_FORMATS, is_decoration
from intake.domain.material import Examined
from intake.domain.robots import AUTOMATIC_CODES
from intake.domain.verdict import Verdict


class Handling(StrEnum):
    """What becomes of the answer: it goes out, it waits until staff let it go, or there is none."""

    SENT = "sent"
    HELD = "held"
    NONE = "none"


STRANGERS_DAY = 100
"""Answers in 24 hours to all whom we do not trust: a flood of forged mails uses up these, and none of the counties'."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many answers may go out in 24 hours, to one address and in all, and for how long one waits for more mail.

    `per_day` are those to senders whom we trust, `strangers_day` those to all others together.
    `idle_...` are those to one address for mails that bring nothing new; of `idle_month` one less after an answer to
    what brought something. `never` are addresses, or "@domain", that staff have seen to be robots which do not say so.
    """

    per_address_day: int = 20
    per_day: int = 500
    strangers_day: int = STRANGERS_DAY
    idle_day: int = 1
    idle_month: int = 2
    quiet: timedelta = timedelta(0)
    never: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Letters:
    """The answers on record but for those in whose place a new one may go. Those of the last day count since staff last
    let held ones go.

    `in_all` are those to senders whom we trust. `idle_...` are those to mails of this address that brought nothing
    new, `answered` whether another one went there in the last month; `reaction` is whether the mail came after one of
    ours, and so may be its echo. `held_...` say whether answers wait already. `new_file` and `new_link` are whether
    the mail brings one that its address has not sent before.
    """

    to_address: int = 0
    in_all: int = 0
    to_strangers: int = 0
    idle_day: int = 0
    idle_month: int = 0
    answered: bool = False
    reaction: bool = False
    held_address: bool = False
    held_strangers: bool = False
    held_all: bool = False
    new_file: bool = True
    new_link: bool = False


@dataclass(frozen=True, slots=True)
class Correspondence:
    """One mail, what was decided about it, and what went to its address before. `ruled`: staff decided about it.

    `waiting` are the answers in whose place its own may go.
    """

    case: Case
    verdict: Verdict
    letters: Letters = field(default_factory=Letters)
    limits: Limits = field(default_factory=Limits)
    waiting: tuple[Waiting, ...] = ()
    ruled: bool = False

    @property
    def idle(self) -> bool:
        """Whether the mail brings nothing new: no file and no link unseen, nothing that was not looked into."""
        return self._no_file and not self.letters.new_link

    @property
    def slight(self) -> bool:
        """Whether its answer counts as one to idle talk: the link below a robot's answers is new once, too."""
        return self.idle or (self._no_file and self.letters.reaction)

    @property
    def _no_file(self) -> bool:
        """Whether there is no file that is new, nothing that was not looked into, and no word of staff."""
        unseen = self.case.too_large is not None or self.case.message.unread
        return not (self.letters.new_file or unseen or self.ruled)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, as log and events tell it, what it does, and when it applies."""

    name: str
    handling: Handling
    applies: Callable[[Correspondence], bool]


MOST_HOPS = 20
"""Received fields of a mail; honest ones have fewer than ten, and servers cut loops at 50 to 100."""
MOST_DELIVERIES = 2
"""Times that one Delivered-To may name the same mailbox: two programs on its way in may both write it."""


def substance(examined: Iterable[Examined]) -> frozenset[str]:
    """The SHA-256 of the files that can be news. Logos, visiting cards and mails as files are what robots add."""
    idle = KEPT_FORMATS | MAILS
    return frozenset(
        each.material.sha256 for each in examined if each.facts.format not in idle and not is_decoration(each)
    )


MAILS = frozenset({"eml", "msg"})
"""Mails that came as files; what they carry is among the files itself."""


def _robot(code: str) -> Rule:
    return Rule(code, Handling.NONE, lambda mail: mail.case.recognised.automatic == code)


def _never(mail: Correspondence) -> bool:
    sender = (mail.case.sender or "").casefold()
    return not mail.limits.never.isdisjoint((sender, "@" + sender.rpartition("@")[2]))


def _goes_round(mail: Correspondence) -> bool:
    headers = mail.case.message.headers
    delivered = Counter(value.strip().lower() for value in headers.get("delivered-to", ()))
    return len(headers.get("received", ())) > MOST_HOPS or any(times > MOST_DELIVERIES for times in delivered.values())


def _nothing_new(mail: Correspondence) -> bool:
    """A robot that answers our answers gets two letters in all; what came before any of ours can be no echo of it."""
    letters, limits = mail.letters, mail.limits
    often = letters.idle_day >= limits.idle_day or letters.idle_month + letters.answered >= limits.idle_month
    return mail.idle and letters.reaction and often


def _too_many_in_all(mail: Correspondence) -> bool:
    """While one answer waits for all, so does every other; only those to senders whom we trust bring that about."""
    full = mail.letters.in_all >= mail.limits.per_day
    return mail.letters.held_all or (full and mail.verdict.identity.tier.trusted)


def _too_many_to_strangers(mail: Correspondence) -> bool:
    full = mail.letters.to_strangers >= mail.limits.strangers_day
    return (mail.letters.held_strangers or full) and not mail.verdict.identity.tier.trusted


RULES: tuple[Rule, ...] = (
    *(_robot(code) for code in sorted(AUTOMATIC_CODES)),
    _robot("staff-mail"),
    Rule("no-sender", Handling.NONE, lambda mail: not mail.case.sender),
    Rule("never", Handling.NONE, _never),
    Rule("not-owed", Handling.NONE, lambda mail: not mail.verdict.answer),
    Rule("goes-round", Handling.NONE, _goes_round),
    Rule("nothing-new", Handling.NONE, _nothing_new),
    Rule("all-day", Handling.HELD, _too_many_in_all),
    Rule("strangers-day", Handling.HELD, _too_many_to_strangers),
    Rule(
        "address-day",
        Handling.HELD,
        lambda mail: mail.letters.held_address or mail.letters.to_address >= mail.limits.per_address_day,
    ),
    Rule("answered", Handling.SENT, lambda _mail: True),
)
"""In this order: what holds more answers comes first, lest one that waits for all gives way to one that does not."""


def rule_for(mail: Correspondence) -> Rule:
    """The rule by which a mail is answered or not."""
    return next(rule for rule in RULES if rule.applies(mail))

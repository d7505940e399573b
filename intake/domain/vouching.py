"""Whether somebody we believe vouches for the address in From, or says that it is forged.

The word of the mail host counts only where `[identity] trust_authserv` names it; a signature of the sender's own
domain (RFC 6376) only ever speaks for a mail, because forwarding breaks signatures of honest mails. Neither makes a
sender known who is not; a "fail" of the host, or a word of it that cannot be read, refutes whoever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method of a verdict ("spf", "dkim", "dmarc", ...), its result and properties, all in lower case."""

    method: str
    result: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostVerdict:
    """What one mail host says of a mail in one field (RFC 8601). `authserv` is the name it gives itself.

    `whole`: all of it could be read that may be about the sender.
    """

    authserv: str
    results: tuple[MethodResult, ...] = ()
    whole: bool = True


class Vouched(StrEnum):
    """What is said for or against the address in From; the values are evidence that is kept and shown."""

    HOST_FAIL = "host-fail"
    HOST_UNREAD = "host-unread"
    HOST_PASS = "host-pass"  # noqa: S105 - a word of evidence
    SIGNED = "dkim"


def vouched(
    sender: str, verdicts: Iterable[HostVerdict], trusted: frozenset[str], signed: frozenset[str]
) -> tuple[Vouched, ...]:
    """What is said of an addr-spec: the word of hosts in `trusted`, and the domains whose signatures are valid.

    A host may write a field for each method: what it says in all of them is one word. Where trusted hosts disagree,
    "fail" goes first: such a mail waits for a person; so does one of which a field could not be read.
    """
    domain = sender.rpartition("@")[2]
    fields: dict[str, list[HostVerdict]] = {}
    for verdict in verdicts:
        if verdict.authserv in trusted:
            fields.setdefault(verdict.authserv, []).append(verdict)
    words = {_word(domain, [result for each in said for result in each.results]) for said in fields.values()}
    if not all(each.whole for said in fields.values() for each in said):
        words.add(Vouched.HOST_UNREAD)
    order = (Vouched.HOST_FAIL, Vouched.HOST_UNREAD, Vouched.HOST_PASS)
    host = next((each for each in order if each in words), None)
    own = Vouched.SIGNED if any(aligned(domain, each) for each in signed) else None
    return tuple(each for each in (host, own) if each)


def _word(domain: str, results: Sequence[MethodResult]) -> Vouched | None:
    """DMARC says it outright. Without it, SPF's "fail" for the sender's own domain does, unless a signature stands."""
    dmarc = {each.result for each in results if each.method == "dmarc" and _is_about(domain, each)}
    if dmarc & {"pass", "fail"}:
        return Vouched.HOST_FAIL if "fail" in dmarc else Vouched.HOST_PASS
    if any(each.method == "dkim" and each.result == "pass" and aligned(domain, _signer(each)) for each in results):
        return Vouched.HOST_PASS
    spf = {each.result for each in results if each.method == "spf" and aligned(domain, _envelope(each))}
    if "fail" in spf:
        return Vouched.HOST_FAIL
    return Vouched.HOST_PASS if "pass" in spf else None


def _is_about(domain: str, result: MethodResult) -> bool:
    return result.properties.get("header.from", domain).rpartition("@")[2] == domain


def _signer(result: MethodResult) -> str:
    return result.properties.get("header.d") or result.properties.get("header.i", "").rpartition("@")[2]


def _envelope(result: MethodResult) -> str:
    return result.properties.get("smtp.mailfrom", "").rpartition("@")[2]


def aligned(domain: str, other: str) -> bool:
    """Whether `other` is the domain or lies above it: who rules a zone rules what is below (RFC 7489 section 3.1.1).

    The other way round counts for nothing: many a zone is shared by strangers.
    """
    return bool(other) and "." in other and (domain == other or domain.endswith(f".{other}"))

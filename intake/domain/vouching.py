"""Whether somebody we believe vouches for the address in From, or says that it is forged.

The word of the mail host counts only where `[identity] trust_authserv` names it; a signature of the sender's own
domain (RFC 6376) only ever speaks for a mail, because forwarding breaks signatures of honest mails. Neither makes a
sender known who is not; a "fail" of the host makes one refuted who would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """What one mail host says of a mail (RFC 8601). `authserv` is the name it gives itself."""

    authserv: str
    results: tuple[MethodResult, ...] = ()


class Vouched(StrEnum):
    """What is said for or against the address in From; the values are evidence that is kept and shown."""

    HOST_FAIL = "host-fail"
    HOST_PASS = "host-pass"  # noqa: S105 - a word of evidence
    SIGNED = "dkim"


def vouched(
    sender: str, verdicts: Iterable[HostVerdict], trusted: frozenset[str], signed: frozenset[str]
) -> tuple[Vouched, ...]:
    """What is said of an addr-spec: the word of hosts in `trusted`, and the domains whose signatures are valid.

    Where trusted hosts disagree, "fail" goes first: such a mail waits for a person.
    """
    domain = sender.rpartition("@")[2]
    words = {_word(domain, verdict.results) for verdict in verdicts if verdict.authserv in trusted}
    host = next((each for each in (Vouched.HOST_FAIL, Vouched.HOST_PASS) if each in words), None)
    own = Vouched.SIGNED if any(aligned(domain, each) for each in signed) else None
    return tuple(each for each in (host, own) if each)


def _word(domain: str, results: Iterable[MethodResult]) -> Vouched | None:
    """DMARC says it outright. Without it, SPF's "fail" for the sender's own domain does, unless a signature stands."""
    results = tuple(results)
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

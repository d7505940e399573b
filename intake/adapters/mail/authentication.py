"""What a mail host says about where a mail came from: Authentication-Results (RFC 8601), above the first Received only.

Position goes before the name in it: whatever a sender writes lies below the Received field that the last host put on
top, and a name can be written by anybody. A host that puts its verdict below its own Received field is not heard:
nothing there tells its words from the sender's. Own code, because authres 1.2 (2019) reads one field without its
place, and what does not fit the grammar must say nothing rather than something.
"""

from __future__ import annotations

import re

from intake.adapters.mail.headers import Head
from intake.domain.vouching import HostVerdict, MethodResult

LONGEST = 8_000
"""Octets of one field that are read, and MOST fields: hosts write a few hundred in one or two."""
MOST = 10

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_DEEPEST = 8
_PIECES = re.compile(r'(?:[^";]|"[^"]*")*')
_HOST = re.compile(r'\s*"?([A-Za-z0-9._-]+)"?(?:\s+1)?\s*')
_PROPERTY = r'\s+([A-Za-z][A-Za-z0-9._-]*)\s*=\s*("[^"]*"|[^\s"]+)'
_RESULT = re.compile(rf"\s*([A-Za-z][A-Za-z0-9-]*)(?:\s*/\s*[0-9]+)?\s*=\s*([A-Za-z]+)((?:{_PROPERTY})*)\s*")


def host_verdicts(head: Head) -> tuple[HostVerdict, ...]:
    """The verdicts above the first Received field, topmost first; none where no Received field is.

    A field that does not fit the grammar is left out.
    """
    above: list[HostVerdict] = []
    for name, value in head.fields:
        if name == "received":
            return tuple(above)
        if name == "authentication-results" and len(above) < MOST and len(value) <= LONGEST:
            verdict = read_verdict(value.decode("ascii", "replace"))
            above += [verdict] if verdict else []
    return ()


def read_verdict(value: str) -> HostVerdict | None:
    """One field: `authserv-id [version] 1*(";" method "=" result *(ptype.property "=" value))` or `"none"`.

    None for what does not fit, also for a field that does not say who speaks, as Exchange writes it.
    """
    host, *rest = _pieces(_without_comments(value))
    named = _HOST.fullmatch(host)
    results = [_result(each) for each in rest if each.strip().lower() not in ("", "none")]
    kept = tuple(each for each in results if each is not None)
    return HostVerdict(named[1].lower(), kept) if named and len(kept) == len(results) else None


def _without_comments(value: str) -> str:
    for _level in range(_DEEPEST):
        value, more = _COMMENT.subn(" ", value)
        if not more:
            break
    return value


def _pieces(value: str) -> list[str]:
    """What stands between the semicolons that are in no quotes; a quote that never ends leaves a piece that fits
    nothing."""
    pieces, position = [], 0
    while position <= len(value):
        match = _PIECES.match(value, position)
        end = match.end() if match else position
        end = end if value[end : end + 1] in ("", ";") else len(value)
        pieces.append(value[position:end])
        position = end + 1
    return pieces


def _result(piece: str) -> MethodResult | None:
    match = _RESULT.fullmatch(piece)
    if match is None or "(" in piece or ")" in piece:
        return None
    properties: dict[str, str] = {}
    for name, told in re.findall(_PROPERTY, match[3]):
        properties.setdefault(name.lower(), told.strip('"').lower())
    return MethodResult(match[1].lower(), match[2].lower(), properties)

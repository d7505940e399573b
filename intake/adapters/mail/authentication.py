"""What a mail host says about where a mail came from: Authentication-Results (RFC 8601), above the first Received only.

Position goes before the name in it: whatever a sender writes lies below the Received field that the last host put on
top, and a name can be written by anybody. A host that puts its verdict below its own Received field is not heard:
nothing there tells its words from the sender's. Own code, because authres 1.2 (2019) reads one field without its
place. A sender chooses much of what a host writes here (the address in MAIL FROM, signatures): what it makes of a field
that cannot be read is told, so that it hides no "fail".
"""

from __future__ import annotations

import re
from dataclasses import replace

from intake.adapters.mail.headers import Head
from intake.domain.vouching import HostVerdict, MethodResult

LONGEST = 8_000
"""Octets of one field that are read, and MOST fields: hosts write a few hundred in a few."""
MOST = 100

_METHODS = ("dmarc", "dkim", "spf")
_PROPERTIES = ("header.from", "header.d", "header.i", "smtp.mailfrom")
_MOST_RESULTS = 100
_LONGEST_VALUE = 1_000

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LEXEME = re.compile(rf'{_QUOTED}|[^"();]+|.', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_HOST = re.compile(r'\s*"?([A-Za-z0-9._-]+)"?(?:\s+1)?\s*')
_NAME = r"[A-Za-z][A-Za-z0-9._-]*"
_VALUE = rf'(?:{_QUOTED}|[^\s"()])++'
_PROPERTY = rf"\s+({_NAME})\s*=({_VALUE}|\s+(?!{_NAME}\s*=){_VALUE}|)(?=\s|$)"
_RESULT = re.compile(
    rf"\s*([A-Za-z][A-Za-z0-9-]*)(?:\s*/\s*[0-9]+)?\s*=\s*([A-Za-z][A-Za-z0-9-]*)((?:{_PROPERTY})*)\s*", re.DOTALL
)


def host_verdicts(head: Head) -> tuple[HostVerdict, ...]:
    """The verdicts above the first Received field, topmost first; none where no Received field is.

    A field that does not say who speaks is left out.
    """
    above: list[HostVerdict] = []
    whole = True
    for name, value in head.fields:
        if name == "received":
            return tuple(above) if whole else tuple(replace(each, whole=False) for each in above)
        if name == "authentication-results":
            verdict = read_verdict(value.decode("ascii", "replace")) if len(above) < MOST else None
            whole = whole and len(above) < MOST
            above += [verdict] if verdict else []
    return ()


def read_verdict(value: str) -> HostVerdict | None:
    """One field: `authserv-id [version] 1*(";" method "=" result *(ptype.property "=" value))` or `"none"`.

    None for a field that does not say who speaks, as Exchange writes it. Of a field that is not read to its end, or in
    which something does not fit that may speak of a method we hear, the verdict is not whole.
    """
    host, *rest = _pieces(value[:LONGEST])
    named = _HOST.fullmatch(host)
    if named is None:
        return None
    read = {piece: _result(piece) for piece in rest if any(method in piece.lower() for method in _METHODS)}
    heard = [each for each in read.values() if each is not None]
    whole = len(value) <= LONGEST and len(heard) == len(read) and len(heard) <= _MOST_RESULTS
    kept = tuple(each for each in heard if each.method in _METHODS)
    return HostVerdict(named[1].lower(), kept[:_MOST_RESULTS], whole)


def _pieces(value: str) -> list[str]:
    """What stands between the semicolons that are in no quotes and no comment, without comments.

    A quote or comment that never ends stays as it is and fits nothing. A ")" that closes nothing is a space: hosts put
    free text into comments.
    """
    pieces, position = [""], 0
    while match := _LEXEME.match(value, position):
        lexeme, position = match[0], match.end()
        if lexeme == "(":
            position = _after_comment(value, match.start())
        if lexeme == ";":
            pieces.append("")
        elif lexeme == '"' or position < 0:
            pieces[-1] += value[match.start() :]
            break
        else:
            pieces[-1] += " " if lexeme in "()" else lexeme
    return pieces


def _after_comment(value: str, start: int) -> int:
    """Where the comment that begins at `start` ends; -1 if it never does."""
    depth = 0
    for match in _IN_COMMENT.finditer(value, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return -1


def _result(piece: str) -> MethodResult | None:
    match = _RESULT.fullmatch(piece)
    if match is None:
        return None
    properties: dict[str, str] = {}
    for name, told in re.findall(_PROPERTY, match[3], re.DOTALL):
        if name.lower() in _PROPERTIES:
            properties.setdefault(name.lower(), _unquoted(told))
    if any(len(told) > _LONGEST_VALUE for told in properties.values()):
        return None
    return MethodResult(match[1].lower(), match[2].lower(), properties)


def _unquoted(told: str) -> str:
    plain = re.sub(_QUOTED, lambda quoted: re.sub(r"\\(.)", r"\1", quoted[0][1:-1], flags=re.DOTALL), told)
    return plain.strip().strip("<>").lower()

"""MAIL and RCPT: the addresses that SMTP can carry, and what it means that some recipients are not taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from intake.adapters.smtp.answers import SenderRefused, Stage, accepted
from intake.adapters.smtp.connection import Connection
from intake.ports import Deferred, Owed, Refused, Unreachable

LeftOut: TypeAlias = Mapping[str, Exception]
"""Recipients that the server does not take, each with its Deferred or Refused."""

_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
"""A dot-atom at a host name (RFC 5321 section 4.1.2), without quoted local parts: nobody needs those."""


def check_address(address: str) -> None:
    """Raise Refused for an address that SMTP cannot carry."""
    if not _ADDRESS.fullmatch(address):
        raise Refused(f"not an address that can be written to: {address!a}")


def open_envelope(connection: Connection, sender: str, recipients: tuple[str, ...], octets: bytes) -> LeftOut:
    """Say for whom the octets are; who is left out. Raises when nobody is left in, or when it is not about one of them.

    An empty `sender` is the null sender.
    """
    largest = connection.largest
    if largest is not None and len(octets) > largest:
        raise Refused(f"too large for the server: {len(octets)} octets, it takes {largest}")
    mail = connection.docmd("MAIL", f"FROM:<{sender}>{connection.options(octets)}")
    accepted(mail, Stage.SENDER, f" <{sender}>")
    left_out: dict[str, Exception] = {}
    for address in recipients:
        try:
            accepted(connection.docmd("RCPT", f"TO:<{address}>"), Stage.RECIPIENT, f" {address}")
        except (Unreachable, SenderRefused):
            raise
        except (Deferred, Refused) as refusal:
            left_out[address] = refusal
    if len(left_out) == len(recipients):
        raise (Refused if _for_good(left_out) else Deferred)(_words(left_out))
    return left_out


def shortfall(left_out: LeftOut) -> Exception:
    """What it means that these were left out and all others have the letter.

    While one of them is only deferred all of them are owed it: so a refusal is not forgotten before the end.
    """
    text = f"{_words(left_out)}; the other recipients have the letter"
    return Refused(text) if _for_good(left_out) else Owed(text, tuple(left_out))


def _for_good(left_out: LeftOut) -> bool:
    return all(isinstance(each, Refused) for each in left_out.values())


def _words(left_out: LeftOut) -> str:
    return "; ".join(map(str, left_out.values()))

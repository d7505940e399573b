"""Mails and multiparts that are transfer-encoded themselves, which no standard allows and some servers send.

They are decoded, kept and split again, as are mails that came as a file (.eml).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from intake.adapters.mail.blocks import Block, top_block
from intake.adapters.mail.bounds import MAX_FORWARDED, MAX_LEAVES, MAX_OPENED
from intake.adapters.mail.headers import Head
from intake.adapters.mail.leaf import Leaf
from intake.adapters.mail.parameters import filename
from intake.adapters.mail.splitter import MAILS, Split, split
from intake.adapters.mail.store import Store

_OF_A_MAIL = frozenset({"from", "to", "subject", "date", "received", "message-id", "mime-version", "content-type"})


class Nesting:
    """Opens what is encoded inside a mail; the spools stay open as long as `spools` does.

    `heads` are those of the mails inside.
    """

    def __init__(self, store: Store, spools: ExitStack) -> None:
        self.defects: list[str] = []
        self.heads: list[Head] = []
        self._store = store
        self._spools = spools
        self._opened = 0
        self._leaves = 0

    def leaves(self, found: Split, depth: int = 0) -> Iterator[Leaf]:
        """The leaves of a split mail, those inside encoded containers in their place."""
        self.defects += [each for each in found.defects if each not in self.defects]
        self.heads += found.heads
        for leaf in found.leaves:
            inner = self._inner(leaf, depth) if _is_container(leaf) else None
            if inner is None:
                self._leaves += 1
                yield leaf
            else:
                yield from self.leaves(inner, depth + 1)

    def _inner(self, leaf: Leaf, depth: int) -> Split | None:
        """What is inside; None when it cannot be opened, or is no mail."""
        is_mail = not leaf.kind.startswith("multipart/")
        if depth >= MAX_FORWARDED or (is_mail and len(leaf.forwarded) >= MAX_FORWARDED):
            self._note("forwarded too deep")
            return None
        if self._opened >= MAX_OPENED:
            self._note("too many mails inside")
            return None
        self._opened += 1
        spool = self._spools.enter_context(self._store.spool(self._store.keep(leaf.octets())))
        top = top_block(spool) if is_mail else Block(b"", _without_encoding(leaf.head), 0)
        if is_mail and not any(name in _OF_A_MAIL for name, _value in top.head.fields):
            return None
        if is_mail:
            self.heads.append(top.head)
        forwarded = (*leaf.forwarded, leaf.head) if is_mail else leaf.forwarded
        return split(spool, top, forwarded, max(1, MAX_LEAVES - self._leaves))

    def _note(self, defect: str) -> None:
        if defect not in self.defects:
            self.defects.append(defect)


def _is_container(leaf: Leaf) -> bool:
    encoded = leaf.encoding in ("base64", "quoted-printable")
    if leaf.kind in MAILS or leaf.kind.startswith("multipart/"):
        return encoded
    return filename(leaf.head).lower().endswith(".eml")


def _without_encoding(head: Head) -> Head:
    return Head(tuple(field for field in head.fields if field[0] != "content-transfer-encoding"))

"""The folders of a mailbox: the list of them, whatever their names are written in, and opening one read-only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from imapclient import imap_utf7

from intake.adapters.imap.junk import is_junk
from intake.adapters.imap.session import Session
from intake.adapters.wire import decoded, one_line
from intake.domain.patience import Refusal
from intake.ports import FolderState, LoginRefused, Unusable

LARGEST_NUMBER = (1 << 63) - 1
"""More than any number of IMAP's (RFC 3501 section 9: 32 bits), and what a database can keep."""

_MOST_MAILS = (1 << 31) - 1
_LONGEST_NAME = 255
"""Characters of a folder's name that the records take."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as people read its name, and the octets by which the server knows it."""

    name: str
    octets: bytes
    junk: bool


def listed(session: Session) -> tuple[Folder, ...]:
    """All folders. What is optional on the way (SPECIAL-USE, XLIST) may fail without harm."""
    client = session.client
    plain = session.ask("LIST", lambda: _folders(client.list_folders()))
    found = {folder.octets: folder for folder in plain}
    for capability, command in (("LIST-EXTENDED", client.special_folders), ("XLIST", client.xlist_folders)):
        for folder in _optional(session, capability, command):
            if folder.junk or folder.octets not in found:
                found[folder.octets] = folder
    return tuple(found.values())


def _optional(session: Session, capability: str, command: Any) -> list[Folder]:
    """What a command of an extension answers; nothing where it fails or is not offered: QQ hangs up on unknown ones."""
    try:
        offered = session.ask("CAPABILITY", lambda: session.client.has_capability(capability))
        return session.ask(f"LIST by {capability}", lambda: _folders(command())) if offered else []
    except Unusable:
        return []


def _folders(rows: Iterable[tuple[Iterable[bytes], bytes | None, bytes | str]]) -> list[Folder]:
    """What the library made of the answer. Read inside `ask`: of a broken one it makes anything."""
    found = []
    for attributes, delimiter, name in rows:
        octets = name.encode() if isinstance(name, str) else name
        shown = _shown(octets)
        if len(shown) <= _LONGEST_NAME:
            found.append(Folder(shown, octets, is_junk(attributes, decoded(delimiter or b""), shown)))
    return found


def _shown(name: bytes) -> str:
    """A name in modified UTF-7 (RFC 3501 section 5.1.3), or whatever the server sends instead."""
    try:
        return one_line(imap_utf7.decode(name) if name.isascii() else decoded(name))
    except UnicodeDecodeError:
        return one_line(decoded(name))


def examine(session: Session, folder: str, octets: bytes | None = None) -> FolderState:
    """Open a folder read-only (EXAMINE) by its name, or by the octets that the server lists, and tell its state."""
    name = imap_utf7.encode(folder) if octets is None else octets
    what = f"opening folder {folder}"
    try:
        answer = session.ask(what, partial(session.client.select_folder, name, readonly=True))
    except Unusable as refusal:
        closed = _closed(session, str(refusal))
        if closed:
            raise closed from refusal
        raise
    exists, uidnext = answer.get(b"EXISTS"), answer.get(b"UIDNEXT", 0)
    if exists is None or exists > _MOST_MAILS:
        raise Unusable(f"{session.settings}: {what}: the server does not tell how many mails there are")
    uidvalidity = answer.get(b"UIDVALIDITY", 0)
    return FolderState(
        folder,
        uidvalidity if uidvalidity <= LARGEST_NUMBER else 0,
        exists,
        # UIDs rise from 1: a UIDNEXT that is not above the number of mails is a lie, and none is better.
        uidnext if exists < uidnext <= LARGEST_NUMBER else None,
    )


def _closed(session: Session, words: str) -> LoginRefused | None:
    """A login that was accepted and then turns out to open nothing; None for trouble with one folder."""
    if "unsafe login" in words.lower():
        return LoginRefused(_unsafe_login(session), Refusal.CLIENT)
    # Exchange Online: basic authentication is off, or the token is for something else.
    return LoginRefused(words, Refusal.CLOSED) if "authenticated but not connected" in words.lower() else None


def _unsafe_login(session: Session) -> str:
    sent = "although it was sent" if session.server_id else "and does not offer it"
    return (
        f"{session.settings}: the login is accepted but folders stay closed (Unsafe Login): the provider wants the ID "
        f"command {sent}; allow IMAP clients in the settings of the mailbox or ask the provider"
    )

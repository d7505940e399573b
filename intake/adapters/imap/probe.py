"""What `check` shows of an IMAP server: everything that can be learnt, and every error on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from imapclient import imap_utf7

from intake.adapters.imap.mailbox import examine
from intake.adapters.imap.session import ImapSettings, Session, open_session
from intake.adapters.wire import decoded, one_line
from intake.ports import Deferred, FolderState


@dataclass(frozen=True, slots=True)
class ImapProbe:
    """What the server told; empty where it did not come to that. `errors` in the order in which they came."""

    greeting: str = ""
    capabilities: tuple[str, ...] = ()
    server_id: str = ""
    folders: tuple[str, ...] = ()
    states: tuple[FolderState, ...] = ()
    errors: tuple[str, ...] = ()


def probe(settings: ImapSettings, password: str, folders: Iterable[str] = ("INBOX",)) -> ImapProbe:
    """Log in, look at what is there, log out. `folders` are those to be polled. Raises nothing of the world's."""
    found = ImapProbe()
    try:
        with open_session(settings, password) as session:
            found = _introduced(session)
            found = _listed(session, found)
            for folder in folders:
                found = _examined(session, folder, found)
    except Deferred as error:
        found = _with_error(found, error)
    return found


def _introduced(session: Session) -> ImapProbe:
    words = session.ask("CAPABILITY", session.client.capabilities)
    return ImapProbe(
        greeting=one_line(decoded(session.client.welcome or b"")),
        capabilities=tuple(decoded(word) for word in words),
        server_id=session.server_id,
    )


def _listed(session: Session, found: ImapProbe) -> ImapProbe:
    client = session.client
    # Undecoded: in imapclient one name in broken UTF-7 hides all folders.
    client.folder_encode = False
    try:
        rows = session.ask("LIST", client.list_folders)
        return replace(found, folders=tuple(_folder_name(name) for _, _, name in rows))
    except Deferred as error:
        return _with_error(found, error)
    finally:
        client.folder_encode = True


def _examined(session: Session, folder: str, found: ImapProbe) -> ImapProbe:
    try:
        return replace(found, states=(*found.states, examine(session, folder)))
    except Deferred as error:
        return _with_error(found, error)


def _with_error(found: ImapProbe, error: Deferred) -> ImapProbe:
    return replace(found, errors=(*found.errors, str(error)))


def _folder_name(name: bytes | str) -> str:
    """A name in modified UTF-7 (RFC 3501 section 5.1.3), or whatever the server sends instead."""
    if isinstance(name, str):
        return one_line(name)
    try:
        return one_line(imap_utf7.decode(name) if name.isascii() else decoded(name))
    except UnicodeDecodeError:
        return one_line(decoded(name))

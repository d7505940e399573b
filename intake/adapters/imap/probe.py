"""What `check` shows of an IMAP server: everything that can be learnt, and every error on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from intake.adapters.imap.client import ImapSettings
from intake.adapters.imap.folders import Folder, examine, listed
from intake.adapters.imap.session import Session, open_session
from intake.adapters.wire import decoded, one_line
from intake.ports import Deferred, FolderState


@dataclass(frozen=True, slots=True)
class ImapProbe:
    """What the server told; empty where it did not come to that. `errors` in the order in which they came."""

    greeting: str = ""
    capabilities: tuple[str, ...] = ()
    server_id: str = ""
    folders: tuple[Folder, ...] = ()
    states: tuple[FolderState, ...] = ()
    errors: tuple[str, ...] = ()


def probe(
    settings: ImapSettings, password: str, folders: Iterable[str] = ("INBOX",), *, junk: bool = False
) -> ImapProbe:
    """Log in, look at what is there, log out. Raises nothing of the world's.

    `folders` are those to be polled, and with `junk` those for unwanted mail.
    """
    found = ImapProbe()
    try:
        with open_session(settings, password) as session:
            found = _introduced(session)
            found = _listed(session, found)
            unwanted = (folder.name for folder in found.folders if folder.junk and junk)
            for folder in dict.fromkeys((*folders, *unwanted)):
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
    try:
        return replace(found, folders=listed(session))
    except Deferred as error:
        return _with_error(found, error)


def _examined(session: Session, name: str, found: ImapProbe) -> ImapProbe:
    known = next((folder for folder in found.folders if folder.name == name), None)
    try:
        state = examine(session, name, known.octets if known else None)
        return replace(found, states=(*found.states, replace(state, junk=bool(known and known.junk))))
    except Deferred as error:
        return _with_error(found, error)


def _with_error(found: ImapProbe, error: Deferred) -> ImapProbe:
    return replace(found, errors=(*found.errors, str(error)))

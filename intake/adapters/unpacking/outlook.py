"""Reads mails that were saved or attached as Outlook's .msg files ([MS-OXMSG]), with olefile.

A mail inside the mail is no stretch of the file that could be handed on, so its attachments come at once, with the
name of that mail before their own.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import BinaryIO, Final, TypeAlias

import olefile

from intake.adapters.unpacking import mapi
from intake.adapters.unpacking.names import file_name
from intake.adapters.unpacking.outcome import Note, damaged
from intake.adapters.unpacking.outlet import Outlet

_Storage: TypeAlias = tuple[str, ...]

_ATTACHMENT: Final = re.compile(r"__attach_version1\.0_#[0-9A-F]{8}", re.IGNORECASE)
_CONTENT: Final = f"__substg1.0_{mapi.ATTACH_DATA:04X}{mapi.BINARY:04X}"
_OBJECT: Final = f"__substg1.0_{mapi.ATTACH_DATA:04X}{mapi.OBJECT:04X}"
_MAX_DEPTH: Final = 12

# What olefile raises on broken containers; its own OleFileError is an OSError.
_BROKEN: Final = (OSError, ValueError, IndexError, AttributeError, TypeError, struct.error, RecursionError)


def unpack(file: BinaryIO, out: Outlet) -> None:
    """Pass on the attachments, those of attached mails too; raises Unopened."""
    try:
        with olefile.OleFileIO(file) as container:
            storages = [tuple(path) for path in container.listdir(streams=False, storages=True)]
            found = [each for each in storages if _ATTACHMENT.fullmatch(each[-1]) and len(each) <= _MAX_DEPTH]
            files = [each for each in found if container.exists([*each, _CONTENT])]
            messages = [each for each in found if container.exists([*each, _OBJECT, "__properties_version1.0"])]
            _pass_on(container, files, out)
    except _BROKEN as error:
        raise damaged(error) from error
    out.note = "" if files else Note.EMPTY
    if len(files) + len(messages) < len(found):
        out.note = Note.NOT_A_FILE


def _pass_on(container: olefile.OleFileIO, files: Iterable[_Storage], out: Outlet) -> None:
    named = [(_path(container, storage), [*storage, _CONTENT]) for storage in files]
    out.promise((path, container.get_size(stream)) for path, stream in named)
    for path, stream in named:
        out.send(path, [container.openstream(stream).read()])


def _path(container: olefile.OleFileIO, storage: _Storage) -> str:
    """The attachment's name, after those of the mails that it is in."""
    places = [storage[: depth + 1] for depth, part in enumerate(storage) if _ATTACHMENT.fullmatch(part)]
    outer = (f"{_name(container, place) or 'message'}.msg" for place in places[:-1])
    number = 1 + int(storage[-1][-8:], 16)
    return "/".join([*outer, _name(container, storage) or f"unnamed-{number}"])


def _name(container: olefile.OleFileIO, storage: _Storage) -> str:
    candidates = [[*storage, name] for name in _streams(mapi.NAMES)]
    candidates += [[*storage, _OBJECT, name] for name in _streams([mapi.SUBJECT])]
    for stream in candidates:
        if container.exists(stream):
            kind = int(stream[-1][-4:], 16)
            text = mapi.text(kind, container.openstream(stream).read())
            # The name of an attached mail is its subject, where a stroke is no separator.
            if name := file_name(text.replace("/", "_") if container.exists([*storage, _OBJECT]) else text):
                return name
    return ""


def _streams(identifiers: Iterable[int]) -> list[str]:
    """[MS-OXMSG] section 2.2.3: the name of a stream is the identifier and type of its property."""
    return [f"__substg1.0_{number:04X}{kind:04X}" for number in identifiers for kind in (mapi.UNICODE, mapi.STRING8)]

"""Where decoded octets go while a mail is read: into the blob store, or, in a child, to the parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from intake.adapters.mail.spool import Spool
from intake.ports import Blob, Blobs

WRITTEN_AT_ONCE = 1 << 16


class Store(Protocol):
    """Keeps bodies, and gives back those that are to be read again because mails lie in them."""

    def keep(self, octets: Iterable[bytes]) -> Blob: ...

    def spool(self, blob: Blob) -> Spool: ...


class BlobStored:
    """Implements Store on the blob store itself."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def keep(self, octets: Iterable[bytes]) -> Blob:
        with self._blobs.writer() as writer:
            for piece in gathered(octets):
                writer.write(piece)
            return writer.commit()

    def spool(self, blob: Blob) -> Spool:
        return Spool(self._blobs.path(blob.sha256))


def gathered(octets: Iterable[bytes]) -> Iterator[bytes]:
    """The same octets in fewer pieces: some encodings are decoded line by line."""
    waiting: list[bytes] = []
    length = 0
    for piece in octets:
        waiting.append(piece)
        length += len(piece)
        if length >= WRITTEN_AT_ONCE:
            yield b"".join(waiting)
            waiting, length = [], 0
    yield b"".join(waiting)

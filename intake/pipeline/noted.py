"""A store that notes what is put into it: what came out of a mail must be found again when the mail is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from intake.ports import Blob, Blobs, BlobWriter


class NotedBlobs:
    """Implements ports.Blobs on another one; `stored` are the hashes of what was committed."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.stored: list[str] = []
        self.path = blobs.path
        self.fault = blobs.fault
        self.verified = blobs.verified
        self.room = blobs.room
        self.held = blobs.held
        self.remove_unless = blobs.remove_unless
        self.set_apart = blobs.set_apart
        self.put_back = blobs.put_back
        self.destroy = blobs.destroy

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        with self._blobs.writer() as writer:
            yield _Noted(writer, self.stored)


class _Noted:
    """Implements ports.BlobWriter."""

    def __init__(self, writer: BlobWriter, stored: list[str]) -> None:
        self._writer = writer
        self._stored = stored
        self.write = writer.write

    @property
    def sha256(self) -> str:
        return self._writer.sha256

    def commit(self, announced: int | None = None) -> Blob:
        blob = self._writer.commit(announced)
        self._stored.append(blob.sha256)
        return blob

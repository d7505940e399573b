"""What is removed on purpose: the mails whose time has come, and the blobs that went out of the records with them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from intake.domain.retention import Terms


class Retention(Protocol):
    """What removing reads and writes. Rows go first, and name the blobs that are to follow."""

    def unrelated(self, terms: Terms, now: datetime) -> tuple[int, ...]:
        """Mails that are none of our business, and whose octets have been kept for long enough."""

    def empty(self, mail_id: int, terms: Terms, now: datetime) -> str | None:
        """Take out of the records what was in a mail, and name its blobs as to be discarded; the mail's ref.

        None, and nothing is done, when it is none of the above any more.
        """

    def forget_heads(self, terms: Terms, now: datetime) -> int:
        """Forget what the heads of mails said that were emptied, and the answers to them; how many mails it was.

        Not all at once: 0 says that there are no more. So it is with letters.
        """

    def forget_letters(self, terms: Terms, now: datetime) -> int:
        """Forget what was written to staff and has left; how many letters it was."""

    def discards(self) -> tuple[str, ...]:
        """The hashes of blobs that are to be discarded."""

    def in_use(self, sha256: str) -> bool:
        """Whether anything on record refers to these octets. Whoever is about to name them as to be discarded is
        waited for.
        """

    def discarded(self, sha256: str) -> None:
        """Note that a blob is gone, or is in use after all."""

"""How much of a mail is read at all; what lies beyond is told as a defect, and the mail held."""

from __future__ import annotations

from typing import Final

MAX_LEAVES: Final = 1_000
MAX_MATERIALS: Final = MAX_LEAVES
"""One text may hold a million files in uuencode."""
MAX_FORWARDED: Final = 3
"""Mails inside mails that are opened."""
MAX_OPENED: Final = 100
"""Mails and multiparts of one mail that are decoded and opened."""

"""A harmless file past a limit of every clamd: what it says of this one tells whether its OK is a proof."""

from __future__ import annotations

import os
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

DEPTH = 110
"""Zips one inside the other; MaxRecursion is 17 by default, and 100 at most (clamd.conf(5))."""


def canary() -> bytes:
    """Some 12 kB. Never the same: what clamd found clean once it need not look into again."""
    octets = os.urandom(16)
    for _ in range(DEPTH):
        file = BytesIO()
        with ZipFile(file, "w", ZIP_STORED) as archive:
            archive.writestr("canary", octets)
        octets = file.getvalue()
    return octets

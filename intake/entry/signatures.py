"""The check of DKIM signatures, if the configuration wants it; dkimpy and dnspython are loaded only then."""

from __future__ import annotations

from intake.entry.config import Config
from intake.ports import Signatures


def signatures_of(config: Config) -> Signatures | None:
    """The checker that is configured, or None."""
    if not config.site.identity.dkim:
        return None
    from intake.adapters.signatures.checker import SignatureChecker  # noqa: PLC0415
    from intake.adapters.signatures.resolver import find_key  # noqa: PLC0415

    return SignatureChecker(find_key)

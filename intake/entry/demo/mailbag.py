"""All mails of the demo: importing the modules that make them notes them."""

from __future__ import annotations

from intake.entry.demo import counties, strangers
from intake.entry.demo.samples import Sample, noted

MAKERS = (counties, strangers)


def samples() -> list[Sample]:
    """All mails of the demo, in the order of arrival."""
    return noted()

"""From a Bulletin to the letter in words that operators get."""

from __future__ import annotations

from intake.adapters.letters.words import Words
from intake.domain.alarm import Bulletin
from intake.domain.letter import Rendered


def render(words: Words, bulletin: Bulletin) -> Rendered:
    """The alarm, the all-clear, or the reminder."""
    return Rendered(
        subject=words.line("letters/alarm.subject", bulletin=bulletin),
        text=words.text("letters/alarm.txt", bulletin=bulletin),
        html=words.page("letters/alarm.html", bulletin=bulletin),
    )

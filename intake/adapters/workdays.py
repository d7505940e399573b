"""Chinese working days, by the chinesecalendar library; Monday to Friday for years it does not know yet."""

from __future__ import annotations

from datetime import date

SATURDAY = 5


def is_workday(day: date) -> bool:
    """Whether offices work on this day, moved weekends included."""
    import chinese_calendar  # noqa: PLC0415 - its tables are not needed before the first digest

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < SATURDAY


def is_known(year: int) -> bool:
    """Whether the holidays of this year are known: the State Council publishes them each November."""
    import chinese_calendar  # noqa: PLC0415

    try:
        chinese_calendar.is_workday(date(year, 12, 31))
    except NotImplementedError:
        return False
    return True

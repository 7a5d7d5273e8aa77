"""Ages, sizes, counts and times, short enough for a column."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY

_DAYS_FROM = 48 * HOUR
_YEARS_FROM = 1000 * DAY
_OLDEST_IN_THE_FUTURE = 99 * DAY
_KILO = 1024
_PRECISE_BELOW = 10


def whole_age(now: float, then: float) -> int:
    """Seconds between two moments, in whole seconds of the clock.

    Ages taken this way all change at the same instant, once a second, so that they can be drawn in one go.
    """
    return int(now // 1) - int(then // 1)


def age(seconds: float) -> str:
    """An age in at most four characters: `12s`, `5m`, `3h`, `4d`; one in the future is negative."""
    whole = int(seconds // 1)
    if whole < 0:
        return f"-{age(min(-whole, _OLDEST_IN_THE_FUTURE))}"
    unit, letter = _unit_of(whole)
    return f"{whole // unit}{letter}"


def seconds_until_age_changes(seconds: float) -> int:
    """After how many whole seconds `age` gives another text."""
    whole = int(seconds // 1)
    if whole < 0:
        beyond = max(-whole - _OLDEST_IN_THE_FUTURE, 0)
        return beyond + min(-whole, _OLDEST_IN_THE_FUTURE) % _unit_of(min(-whole, _OLDEST_IN_THE_FUTURE))[0] + 1
    unit, _ = _unit_of(whole)
    return min((whole // unit + 1) * unit, _next_unit_from(whole)) - whole


def gap(seconds: float) -> str:
    """The time between two steps: `+0.4s`, `+12s`, `+3m`; never longer than six characters."""
    sign = "-" if seconds < 0 else "+"
    length = abs(seconds)
    if length < _PRECISE_BELOW:
        return f"{sign}{length:.1f}s" if length < _PRECISE_BELOW - 0.05 else f"{sign}10s"
    return f"{sign}{age(length)}"


def byte_size(size: int) -> str:
    """A number of bytes in at most seven characters: `412 B`, `1.2 KB`, `38 MB`."""
    if size < _KILO:
        return f"{size} B"
    amount = float(size)
    for unit in ("KB", "MB", "GB"):
        amount /= _KILO
        if amount < _PRECISE_BELOW - 0.05:
            return f"{amount:.1f} {unit}"
        if amount < _KILO - 0.5:
            return f"{amount:.0f} {unit}"
    return f"{amount / _KILO:.0f} TB"


def thousands(number: int) -> str:
    """A count with separators: `12,345`."""
    return f"{number:,}"


def utc(moment: datetime | float | None) -> str:
    """A moment as `2026-11-21 20:16:05`, in UTC; a dash where it is not known."""
    if moment is None:
        return "-"
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _unit_of(whole: int) -> tuple[int, str]:
    if whole < MINUTE:
        return 1, "s"
    if whole < HOUR:
        return MINUTE, "m"
    if whole < _DAYS_FROM:
        return HOUR, "h"
    if whole < _YEARS_FROM:
        return DAY, "d"
    return YEAR, "y"


def _next_unit_from(whole: int) -> int:
    return _YEARS_FROM if _DAYS_FROM <= whole < _YEARS_FROM else whole + YEAR

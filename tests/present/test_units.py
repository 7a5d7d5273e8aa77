from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procdash.present.units import age, byte_size, gap, seconds_until_age_changes, thousands, utc, whole_age

DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (12.9, "12s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (999 * DAY, "999d"),
        (1000 * DAY, "2y"),
        (-5, "-5s"),
        (-0.5, "-1s"),
        (-90 * 60, "-1h"),
        (-500 * DAY, "-99d"),
    ],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text


@given(st.integers(-(10**9), 10**11))
def test_an_age_takes_four_characters_at_most(seconds: int) -> None:
    assert len(age(seconds)) <= (4 if seconds < 365 * 1000 * DAY else 5)


@given(st.integers(-400 * DAY, 4000 * DAY))
def test_an_age_changes_exactly_when_said(seconds: int) -> None:
    wait = seconds_until_age_changes(seconds)
    assert wait >= 1
    assert age(seconds + wait - 1) == age(seconds)
    assert age(seconds + wait) != age(seconds)


def test_ages_all_change_with_the_clock() -> None:
    assert whole_age(1000.2, 998.9) == 2
    assert whole_age(999.99, 998.9) == 1


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (10_239, "10 KB"),
        (1024 * 1024 - 1, "1.0 MB"),
        (5 * 1024**3, "5.0 GB"),
        (3 * 1024**4, "3 TB"),
    ],
)
def test_byte_size(size: int, text: str) -> None:
    assert byte_size(size) == text


@given(st.integers(0, 10**14))
def test_a_size_takes_seven_characters_at_most(size: int) -> None:
    assert len(byte_size(size)) <= 7


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "+0.0s"), (1.23, "+1.2s"), (9.97, "+10s"), (75, "+1m"), (-3, "-3.0s"), (7200, "+2h")],
)
def test_gap(seconds: float, text: str) -> None:
    assert gap(seconds) == text


def test_counts_and_moments() -> None:
    assert thousands(1234567) == "1,234,567"
    assert utc(datetime(2026, 11, 21, 20, 16, 5, tzinfo=UTC)) == "2026-11-21 20:16:05"
    assert utc(0.0) == "1970-01-01 00:00:00"
    assert utc(None) == "-"

"""The contract's types and texts (T1 to T5), and what every backend refuses in the same words."""

from __future__ import annotations

import pytest
from support.consensuses import version

from procdash.store import SCAN_ALL, CaSResult, Determinate, ExternalError, Indeterminate, SeqNo, VersionedData
from procdash.store.consensus import check_new_version, check_seqno, truncate_too_high
from procdash.store.errors import external_error


def test_how_a_seqno_is_spelled() -> None:  # T1
    assert str(SeqNo(5)) == "v5"
    assert f"{SeqNo(5)}" == "v5"
    assert repr(SeqNo(5)) == "SeqNo(5)"
    assert SeqNo.minimum() == 0
    assert SeqNo(5).next() == SeqNo(6)
    assert isinstance(SeqNo(5).next(), SeqNo)
    assert sorted([SeqNo(10), SeqNo(9), SeqNo(100)]) == [9, 10, 100]
    assert {SeqNo(5): "as a number"}[SeqNo(5)] == "as a number"


@pytest.mark.parametrize("seqno", [0, 5, 2**63 - 1])
def test_a_seqno_is_parsed_as_it_is_spelled(seqno: int) -> None:
    parsed = SeqNo.parse(f"v{seqno}")
    assert parsed == seqno
    assert isinstance(parsed, SeqNo)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "invalid SeqNo 5: incorrect prefix"),
        ("", "invalid SeqNo : incorrect prefix"),
        ("V5", "invalid SeqNo V5: incorrect prefix"),
        ("SeqNo(5)", "invalid SeqNo SeqNo(5): incorrect prefix"),
        ("vx", "invalid SeqNo x: invalid digit found in string"),
        ("v5x", "invalid SeqNo 5x: invalid digit found in string"),
        ("v-5", "invalid SeqNo -5: invalid digit found in string"),
        ("v 5", "invalid SeqNo  5: invalid digit found in string"),
        ("v5_0", "invalid SeqNo 5_0: invalid digit found in string"),
        ("v٣", "invalid SeqNo ٣: invalid digit found in string"),
        ("v", "invalid SeqNo : "),
    ],
)
def test_what_is_no_seqno(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="invalid SeqNo") as raised:
        SeqNo.parse(text)
    assert str(raised.value).startswith(message)


def test_the_text_begins_with_the_class() -> None:  # T2
    assert str(Determinate("inner")) == "determinate: inner"
    assert str(Indeterminate("inner")) == "indeterminate: inner"


@pytest.mark.parametrize(
    "error", [RuntimeError("foo"), OSError("foo"), ValueError("foo"), ExceptionGroup("foo", [OSError()])]
)
def test_an_unknown_error_is_indeterminate(error: Exception) -> None:  # T3
    assert type(external_error(error, "doing")) is Indeterminate


def test_a_timeout_error() -> None:  # T4
    error = Indeterminate.timeout("1s")
    assert error.is_timeout
    assert str(error) == "indeterminate: timeout at 1s"
    assert not Indeterminate("foo").is_timeout


def test_the_largest_limit_and_the_two_results() -> None:  # T5
    assert SCAN_ALL == 2**63 - 1
    assert {result.name for result in CaSResult} == {"COMMITTED", "EXPECTATION_MISMATCH"}


def test_a_version_is_a_number_and_data() -> None:
    assert VersionedData(SeqNo(5), b"abc") == (5, b"abc")
    assert version(5, b"abc").seqno.next() == 6


@pytest.mark.parametrize(
    ("expected", "new", "text"),
    [
        (5, 5, "new seqno must be strictly greater than expected. Got new: SeqNo(5) expected: SeqNo(5)"),
        (5, 3, "new seqno must be strictly greater than expected. Got new: SeqNo(3) expected: SeqNo(5)"),
        (None, 2**63, "sequence numbers must fit within [0, i64::MAX], received: SeqNo(9223372036854775808)"),
        (None, -1, "sequence numbers must fit within [0, i64::MAX], received: SeqNo(-1)"),
        (-2, -1, "sequence numbers must fit within [0, i64::MAX], received: SeqNo(-1)"),
    ],
)
def test_a_version_that_no_store_may_take(expected: int | None, new: int, text: str) -> None:
    with pytest.raises(ExternalError) as raised:
        check_new_version(expected, version(new))
    assert str(raised.value) == f"indeterminate: {text}"


@pytest.mark.parametrize("seqno", [0, 1, 2**63 - 1])
def test_a_number_that_every_store_takes(seqno: int) -> None:
    check_seqno(seqno)
    check_new_version(None, version(seqno))


def test_the_error_of_a_truncation_above_the_head() -> None:
    assert str(truncate_too_high(6)) == "indeterminate: upper bound too high for truncate: SeqNo(6)"

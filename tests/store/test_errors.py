"""The two classes of errors: their texts, their flags and which operating system errors belong to which."""

from __future__ import annotations

import errno
import os

import pytest

from procdash.store import Determinate, ExternalError, Indeterminate
from procdash.store.errors import external_error


@pytest.mark.parametrize(
    ("error", "text"), [(Determinate("no"), "determinate: no"), (Indeterminate("maybe"), "indeterminate: maybe")]
)
def test_the_text_begins_with_the_class(error: ExternalError, text: str) -> None:
    assert str(error) == text
    assert error.message == text.partition(": ")[2]
    assert isinstance(error, ExternalError)


def test_a_timeout_error() -> None:
    error = Indeterminate.timeout("5s")
    assert error.is_timeout
    assert str(error) == "indeterminate: timeout at 5s"
    assert not Indeterminate("foo").is_timeout


def test_a_key_named_timeout_is_no_timeout() -> None:
    assert not external_error(OSError(errno.EIO, "I/O error"), "cannot read 'timeout'").is_timeout
    assert external_error(TimeoutError(), "cannot read 'k'").is_timeout


REFUSALS = ["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "EEXIST", "ENOTEMPTY"]


@pytest.mark.parametrize("number", [*REFUSALS, "ELOOP", "EINVAL"])
def test_a_refusal_before_any_effect_is_determinate(number: str) -> None:
    code = getattr(errno, number)
    error = external_error(OSError(code, os.strerror(code)), "cannot read 'k'")
    assert type(error) is Determinate
    assert error.message == f"cannot read 'k': {os.strerror(code)}"


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.EIO, "Input/output error"),
        OSError(errno.ENOSPC, "No space left on device"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        TimeoutError("slow"),
        RuntimeError("foo"),
        OSError("without a number"),
        ValueError(),
    ],
)
def test_everything_else_is_indeterminate(cause: Exception) -> None:
    error = external_error(cause, "cannot read 'k'")
    assert type(error) is Indeterminate
    assert error.message.startswith("cannot read 'k': ")
    assert len(error.message) > len("cannot read 'k': ")


def test_the_stores_own_errors_stay_as_they_are() -> None:
    error = Determinate("no")
    assert external_error(error, "cannot read 'k'") is error

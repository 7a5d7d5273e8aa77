"""The two ways a store operation can fail, after Materialize `persist`.

A backend translates its own exceptions into one of these at its edge; nothing above the store ever catches a
backend's exception.
"""

from __future__ import annotations

import errno
from typing import ClassVar

_BEFORE_ANY_EFFECT = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENOTEMPTY,
        errno.EPERM,
        errno.EROFS,
    }
)


class ExternalError(Exception):
    """A store operation failed.

    Args:
        message: what failed and, where there is one, the next step, in a person's words.
        is_timeout: whether the operation ran out of time.

    Raised only as one of its two subclasses, `Determinate` or `Indeterminate`.
    """

    label: ClassVar[str] = "external"

    def __init__(self, message: str, *, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.message = message
        """The text without the class label."""
        self.is_timeout = is_timeout
        """Whether the operation ran out of time; a real flag, since a key may well be named `timeout`."""

    def __str__(self) -> str:
        return f"{self.label}: {self.message}"


class Determinate(ExternalError):  # noqa: N818 - upstream's name
    """The operation definitely did **not** happen."""

    label = "determinate"


class Indeterminate(ExternalError):  # noqa: N818 - upstream's name
    """The operation **may** have happened (a timeout, a lost reply): read back before saying what is true."""

    label = "indeterminate"

    @classmethod
    def timeout(cls, what: str) -> Indeterminate:
        """An operation that ran out of time, described by `what`."""
        return cls(f"timeout at {what}", is_timeout=True)


def external_error(error: BaseException, doing: str) -> ExternalError:
    """Translate a backend's own exception.

    Args:
        error: what the backend raised.
        doing: what was being done, to begin the message with ("cannot read 'a/b'").

    Returns:
        `Determinate` where the operating system refuses before any effect (no permission, no such file …),
        `Indeterminate` for everything else, as upstream classes an unknown error.
    """
    if isinstance(error, ExternalError):
        return error
    is_timeout = isinstance(error, TimeoutError)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    message = f"{doing}: {reason or type(error).__name__}"
    if isinstance(error, OSError) and error.errno in _BEFORE_ANY_EFFECT:
        return Determinate(message)
    return Indeterminate(message, is_timeout=is_timeout)

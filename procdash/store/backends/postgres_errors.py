"""What goes wrong with a PostgreSQL server, in the contract's two classes and without a password."""

from __future__ import annotations

from urllib.parse import unquote

import asyncpg

from procdash.store.errors import Determinate, ExternalError, Indeterminate

RETRYABLE_STATES = frozenset({"40001", "40P01"})
"""SQLSTATEs of a transaction that lost to another one: nothing happened, and the next attempt may well succeed."""

CREATED_MEANWHILE = frozenset({"42P07", "42710", "23505"})
"""SQLSTATEs that a CREATE TABLE IF NOT EXISTS gives when another connection creates the table just then."""

_QUERY_CANCELED = "57014"
_REFUSED_STATES = RETRYABLE_STATES | {"25006", "53300"}  # a read-only server, too many connections
_REFUSED_CLASSES = frozenset({"22", "28", "3D", "3F", "42", "54"})
"""Classes of SQLSTATE that precede any effect: bad data, no entry, unknown names, no permission, over a limit."""


def translated(error: BaseException, doing: str) -> ExternalError:
    """A client's or server's error as one of the contract's.

    Upstream calls 40001 alone `Determinate`; so are here the states that a server gives before it does anything.

    Args:
        error: what asyncpg raised.
        doing: what was being done, to begin the message with.
    """
    if isinstance(error, ExternalError):
        return error
    if isinstance(error, TimeoutError):
        return Indeterminate(f"{doing}: timeout: no reply in time", is_timeout=True)
    state = sqlstate_of(error)
    message = f"{doing}: {_words_of(error)}"
    if state == _QUERY_CANCELED:
        return Indeterminate(f"{message} (timeout)", is_timeout=True)
    if state in RETRYABLE_STATES:
        return Determinate(f"{message}; other writers were quicker, try again")
    if state in _REFUSED_STATES or state[:2] in _REFUSED_CLASSES:
        return Determinate(message)
    return Indeterminate(message)


def sqlstate_of(error: BaseException) -> str:
    """The five signs by which a server names an error; empty where it sent none."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(error, asyncpg.PostgresError) and isinstance(state, str) else ""


def without_secrets(url: str) -> str:
    """A PostgreSQL URL for people: user, server and database, never the password or another option.

    It does not parse the URL, since a password with unescaped signs makes a URL that parses wrongly.
    """
    address, _, query = url.partition("?")
    scheme, _, rest = address.partition("://")
    credentials, at_sign, server = rest.rpartition("@")
    user = unquote(credentials.partition(":")[0]) + at_sign
    shown_options = [option for option in query.split("&") if option.startswith(("host=", "port="))]
    options = "?" + unquote("&".join(shown_options)) if shown_options else ""
    return f"{scheme}://{user}{server}{options}"


def _words_of(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = str(error).strip() or type(error).__name__
    return words.splitlines()[0].rstrip(".")

"""Being an ordinary user for a while, since root may read everything."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65_534


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Act as `nobody` where the tests run as root; elsewhere nothing needs to change."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def let_others_in(directory: Path) -> None:
    """Let an ordinary user reach a directory of pytest's, which keeps them to itself."""
    for path in (directory, *directory.parents):
        if path.is_relative_to(tempfile.gettempdir()) and path != Path(tempfile.gettempdir()):
            path.chmod(0o755)

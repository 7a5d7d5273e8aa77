"""Who is at the keyboard, for the journal."""

from __future__ import annotations

import getpass
import os
import socket


def author() -> str:
    """The user and the machine, such as `alice@db-1`; through sudo, `root (sudo alice)@db-1`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have
        user = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER")
    if behind and behind != user:
        user = f"{user} (sudo {behind})"
    return f"{user}@{socket.gethostname()}"

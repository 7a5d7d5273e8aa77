"""Configuration files for tests."""

from __future__ import annotations

from pathlib import Path

from procdash.config import Configuration, default_file, parse_configuration

FILE = Path("/etc/procdash/config.toml")
"""Where a text that is only parsed is said to come from."""


def parse(text: str) -> Configuration:
    """What a text says."""
    return parse_configuration(text.encode(), FILE)


def write_default(text: str) -> Path:
    """Put a configuration where procdash looks for it in this test."""
    file = default_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file

"""The table of keys in the README, made from the bindings: `python tests/support/readme.py` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

from procdash.tui.app import HELP_TOPICS
from procdash.tui.screens.help import keys_of, own_bindings

README = Path(__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(?s)(<!-- keys: .*? -->\n).*?(<!-- /keys -->)")


def keys_table() -> str:
    """Every key that the help explains, as a table in Markdown."""
    rows = ["| where | keys | what they do |", "|---|---|---|"]
    for topic in HELP_TOPICS:
        for binding in own_bindings(topic.owners):
            keys = ", ".join(f"`{key}`" for key in keys_of(binding).replace("|", "\\|").split(", "))
            rows.append(f"| {topic.heading} | {keys} | {binding.tooltip} |")
    return "\n".join(rows)


def with_current_keys(readme: str) -> str:
    """The README's text with the table as it should be."""
    return _TABLE.sub(lambda match: f"{match[1]}\n{keys_table()}\n\n{match[2]}", readme)


if __name__ == "__main__":
    README.write_text(with_current_keys(README.read_text(encoding="utf-8")), encoding="utf-8")

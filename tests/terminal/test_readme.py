"""What the README says is what there is."""

from __future__ import annotations

import re

from support.readme import README, with_current_keys


def test_the_table_of_keys_is_the_bindings() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_current_keys(text) == text, "run: python tests/support/readme.py"


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README.read_text(encoding="utf-8"))
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)

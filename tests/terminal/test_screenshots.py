"""The pictures of the README are what the script draws today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from support.readme import README

SCRIPT = README.parent / "screenshots" / "make_screenshots.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_screenshots", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


script = load_script()


@pytest.mark.parametrize("picture", script.PICTURES, ids=lambda picture: picture.name)
async def test_a_picture_is_current(picture: object) -> None:
    drawn = await script.draw(picture)
    path = Path(SCRIPT).with_name(f"{picture.name}.svg")  # type: ignore[attr-defined] # loaded from a file
    assert path.read_text(encoding="utf-8") == drawn, "run: python screenshots/make_screenshots.py"

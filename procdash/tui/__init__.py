"""The dashboard: the only part of procdash that imports Textual."""

from procdash.tui.app import ProcdashApp

__all__ = ["ProcdashApp"]

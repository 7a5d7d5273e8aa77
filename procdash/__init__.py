"""A terminal dashboard for persisted procedures."""

__version__ = "0.1.0"

"""Keeps the picture of a store current: hints, re-reading, the index, row events."""

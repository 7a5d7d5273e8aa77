"""Writing safely: plan, check, journal, apply, verify, undo."""

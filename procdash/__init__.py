"""A terminal dashboard for persisted procedures."""

import logging

__version__ = "0.1.0"

# A library says nothing unless asked to; a stray line on standard error would garble the dashboard.
logging.getLogger(__name__).addHandler(logging.NullHandler())

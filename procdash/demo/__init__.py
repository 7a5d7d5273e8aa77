"""A temporary local store with a simulated engine: for newcomers, screenshots and load tests."""

from procdash.demo.engine import Engine
from procdash.demo.seeding import seed_store

__all__ = ["Engine", "seed_store"]

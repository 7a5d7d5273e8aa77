"""Fixtures that run a test over every consensus backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from procdash.store import Consensus, open_consensus
from support.consensuses import CONSENSUS_BACKENDS, ConsensusBackend, ConsensusOpener


@pytest.fixture(params=CONSENSUS_BACKENDS, ids=lambda backend: backend.name)
def consensus_backend(request: pytest.FixtureRequest) -> ConsensusBackend:
    """Each backend in turn."""
    backend: ConsensusBackend = request.param
    return backend


@pytest.fixture
def consensus_url(request: pytest.FixtureRequest, consensus_backend: ConsensusBackend) -> str:
    """The URL of an empty place."""
    return consensus_backend.fresh_url(request)


@pytest.fixture
def other_consensus_url(request: pytest.FixtureRequest, consensus_backend: ConsensusBackend) -> str:
    """The URL of another empty place on the same backend."""
    return consensus_backend.fresh_url(request)


@pytest.fixture
async def consensus_opener(consensus_url: str) -> AsyncIterator[ConsensusOpener]:
    """Opens a new handle on one empty place at each call; all are closed after the test."""
    async with AsyncExitStack() as handles:

        async def opened() -> Consensus:
            consensus = await open_consensus(consensus_url)
            handles.push_async_callback(consensus.close)
            return consensus

        yield opened


@pytest.fixture
async def consensus(consensus_opener: ConsensusOpener) -> Consensus:
    """A handle on an empty place."""
    return await consensus_opener()

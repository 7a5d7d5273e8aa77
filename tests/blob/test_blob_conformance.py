"""Materialize's `Blob` conformance suite: B1 to B25, on every backend."""

from __future__ import annotations

import pytest
from support.blob_openers import BlobBackend, OpenPath
from support.blobs import keys_of

from procdash.store import Blob, Determinate

pytestmark = pytest.mark.suite("B1-B25")

K0 = "foo/bar/k0"
V0, V1 = b"v0", b"v1"


async def both_read(handles: tuple[Blob, Blob], key: str, value: bytes | None) -> bool:
    return [await handle.get(key) for handle in handles] == [value, value]


async def both_list(handles: tuple[Blob, Blob], prefix: str, *keys: str) -> bool:
    return [await keys_of(handle, prefix) for handle in handles] == [sorted(keys)] * 2


async def test_conformance(open_path: OpenPath, blob_backend: BlobBackend) -> None:
    blob0 = await open_path("path0")  # B1 to B3
    await open_path("path1")
    blob1 = await open_path("path0")
    both = (blob0, blob1)

    assert await both_read(both, K0, None)  # B4, B5
    assert await both_list(both, "")

    for key in (K0, "k0a"):  # B6, B7
        await blob0.set(key, V0)
        assert await both_read(both, key, V0)
    assert await both_list(both, "", K0, "k0a")  # B8
    for key in (K0, "k0a"):  # B9, B10
        await blob0.set(key, V1)
        assert await both_read(both, key, V1)

    assert await blob0.delete(K0) == 2  # B11 to B15
    assert await both_read(both, K0, None)
    assert await blob0.delete(K0) is None
    assert await blob0.delete("nope") is None
    await blob0.set("empty", b"")
    assert await blob0.delete("empty") == 0

    await blob0.set("undelete", b"data")  # B16, B17
    await blob0.restore("undelete")
    assert await blob0.get("undelete") == b"data"
    assert await blob0.delete("undelete") == 4
    if blob_backend.restores:  # B18
        await blob0.restore("undelete")
        assert await both_read(both, "undelete", b"data")
    else:
        with pytest.raises(Determinate, match="unable to restore"):
            await blob0.restore("undelete")
        assert await both_read(both, "undelete", None)
    await blob0.delete("undelete")  # B19

    await blob0.delete("k0a")  # B20
    assert await both_list(both, "")
    await blob0.set(K0, V1)  # B21
    assert await both_read(both, K0, V1)

    numbered = [f"k{number}" for number in range(1, 6)]
    for key in numbered:  # B22
        await blob0.set(key, V0)
    assert await both_list(both, "", K0, *numbered)
    prefixed = [f"k-prefix-{number}" for number in range(1, 4)]
    for key in prefixed:  # B23, B24
        await blob0.set(key, V0)
    assert await both_list(both, "k-prefix", *prefixed)
    assert await both_list(both, "k", *numbered, *prefixed)

    blob3 = await open_path("path0")  # B25
    assert await blob3.get(K0) == V1

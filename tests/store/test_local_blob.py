"""The local blob: which keys it takes, what it does not mistake for a key, and what it leaves behind."""

from __future__ import annotations

import os
import socket
import stat
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from support.blobs import files_below, fill, keys_of

from procdash.store import Determinate, ExternalError
from procdash.store.backends.files import TEMPORARY_SUFFIX, metadata_of, modified_seconds
from procdash.store.backends.local import LocalBlob


@pytest.fixture
def blob(tmp_path: Path) -> LocalBlob:
    return LocalBlob(tmp_path / "root", sync=False)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../outside",
        "a/../b",
        "a/..",
        ".",
        "./a",
        "a/.",
        "a//b",
        "a/",
        "a\0b",
        "\ud800",
        f"a{TEMPORARY_SUFFIX}",
        f"a{TEMPORARY_SUFFIX}/b",
    ],
)
async def test_keys_that_no_file_can_have_are_refused(blob: LocalBlob, tmp_path: Path, key: str) -> None:
    with pytest.raises(Determinate):
        await blob.set(key, b"v")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../outside", "a/../b", "a\0b", "\ud800"])
async def test_they_are_refused_by_every_operation(blob: LocalBlob, tmp_path: Path, key: str) -> None:
    (tmp_path / "outside").write_bytes(b"outside")
    for operation in (blob.get(key), blob.delete(key), blob.restore(key), blob.delete(f"{key}/")):
        with pytest.raises(Determinate):
            await operation
    assert (tmp_path / "outside").read_bytes() == b"outside"


LONG_KEYS = {
    "a name": "x" * 256,
    "a name further down": "a/" + "x" * 256,
    "a name in bytes": "é" * 128,
    "a directory": "x" * 256 + "/a",
    "the whole path": "a/" * 2_100 + "b",
}


@pytest.mark.parametrize("key", LONG_KEYS.values(), ids=LONG_KEYS)
async def test_a_name_that_is_too_long_is_refused(blob: LocalBlob, tmp_path: Path, key: str) -> None:
    with pytest.raises(Determinate, match="File name too long"):
        await blob.set(key, b"v")
    assert await keys_of(blob) == []
    assert [path for path in files_below(tmp_path) if path.endswith(TEMPORARY_SUFFIX)] == []
    for operation in (blob.get(key), blob.delete(key)):
        with pytest.raises(Determinate, match="File name too long"):
            await operation


ODD_NAMES = ["x" * 255, "…", "a b", "-rf", "~", "*", "a\nb", ".hidden", "a.tmp", "\udcff\udcfe", "\\"]


@pytest.mark.parametrize("key", ODD_NAMES, ids=lambda name: ascii(name[:20]))
async def test_odd_names_are_fine(blob: LocalBlob, key: str) -> None:
    for whole in (key, f"d/{key}", f"{key}-d/{key}"[:255]):
        await blob.set(whole, whole.encode(errors="surrogateescape"))
        assert await blob.get(whole) == whole.encode(errors="surrogateescape")
        assert whole in await keys_of(blob)
        assert await blob.delete(whole) is not None


async def test_a_key_that_is_a_directory_of_another_key_is_refused(blob: LocalBlob, tmp_path: Path) -> None:
    await blob.set("a/b/c", b"deep")
    before = files_below(tmp_path)
    for key in ("a", "a/b"):
        with pytest.raises(Determinate, match="it is a directory that holds other keys"):
            await blob.set(key, b"v")
        assert await blob.get(key) is None
        assert await blob.delete(key) is None
    assert files_below(tmp_path) == before


async def test_a_key_below_another_key_is_refused(blob: LocalBlob, tmp_path: Path) -> None:
    await blob.set("a", b"file")
    before = files_below(tmp_path)
    for key in ("a/b", "a/b/c"):
        with pytest.raises(Determinate, match="a part of its path is itself a key"):
            await blob.set(key, b"v")
        assert await blob.get(key) is None
        assert await blob.delete(key) is None
        assert await blob.delete(f"{key}/") is None
        assert await keys_of(blob, f"{key}/") == []
    assert files_below(tmp_path) == before
    assert await blob.get("a") == b"file"


async def test_the_root_comes_with_the_first_write(tmp_path: Path) -> None:
    blob = LocalBlob(tmp_path / "not" / "yet")
    assert await blob.get("k") is None
    assert await keys_of(blob) == []
    assert await blob.delete("k") is None
    assert await blob.delete("d/") is None
    assert files_below(tmp_path) == []
    await blob.set("k", b"v")
    assert files_below(tmp_path) == ["not", "not/yet", "not/yet/k"]


async def test_a_root_that_is_a_file_holds_nothing_and_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "root").write_bytes(b"file")
    blob = LocalBlob(tmp_path / "root")
    assert await keys_of(blob) == []
    assert await blob.get("k") is None
    with pytest.raises(Determinate):
        await blob.set("k", b"v")
    assert (tmp_path / "root").read_bytes() == b"file"


async def test_only_regular_files_are_keys(blob: LocalBlob, tmp_path: Path) -> None:
    await blob.set("d/real", b"v")
    root = blob.root
    os.mkfifo(root / "d/fifo")
    (root / "d/to_file").symlink_to(root / "d/real")
    (root / "d/to_nothing").symlink_to(root / "nowhere")
    (root / "to_directory").symlink_to(root / "d")
    (root / "loop").symlink_to(root / "loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "s"))
    (root / "empty/below").mkdir(parents=True)
    before = files_below(tmp_path)
    assert await keys_of(blob) == ["d/real"]
    for key in ("d/fifo", "d/to_file", "d/to_nothing", "to_directory", "loop", "s", "d", "empty"):
        assert await blob.get(key) is None
        assert await blob.delete(key) is None
        with pytest.raises(Determinate, match="unable to restore"):
            await blob.restore(key)
    assert files_below(tmp_path) == before
    assert (root / "d/real").read_bytes() == b"v"


async def test_a_write_replaces_a_link_and_never_what_it_points_to(blob: LocalBlob, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"outside")
    await blob.set("other", b"")
    (blob.root / "k").symlink_to(outside)
    await blob.set("k", b"v")
    assert await blob.get("k") == b"v"
    assert outside.read_bytes() == b"outside"


async def test_names_that_are_not_utf_8(blob: LocalBlob) -> None:
    await blob.set("d/k", b"")
    (blob.root / os.fsdecode(b"d/\xff\xfe")).write_bytes(b"v")
    assert await keys_of(blob) == ["d/k", "d/\udcff\udcfe"]
    assert await blob.get("d/\udcff\udcfe") == b"v"
    assert await blob.delete("d/\udcff\udcfe") == 1


@pytest.mark.parametrize("directory", ["d", "d/sub"])
async def test_deleting_a_directory(blob: LocalBlob, directory: str) -> None:
    await blob.set(f"{directory}/k", b"")
    with pytest.raises(Determinate, match=r"Directory not empty.*still holds 'k'"):
        await blob.delete(f"{directory}/")
    await blob.delete(f"{directory}/k")
    assert await blob.delete(f"{directory}/") is None
    assert not (blob.root / directory).exists()
    assert await blob.delete(f"{directory}/") is None


async def test_the_error_names_three_of_what_is_left(blob: LocalBlob) -> None:
    await fill(blob, {f"d/{name}": b"" for name in "edcba"})
    with pytest.raises(Determinate, match=r"'d' still holds 'a', 'b', 'c' and 2 more"):
        await blob.delete("d/")


async def test_stale_temporaries_go_with_their_directory(blob: LocalBlob) -> None:
    await blob.set("d/k", b"")
    await blob.delete("d/k")
    stale = blob.root / f"d/.0123{TEMPORARY_SUFFIX}"
    stale.write_bytes(b"half")
    an_hour_ago = time.time() - 3_700
    os.utime(stale, (an_hour_ago, an_hour_ago))
    assert await keys_of(blob) == []
    await blob.delete("d/")
    assert not (blob.root / "d").exists()


async def test_a_temporary_that_is_being_written_stays(blob: LocalBlob) -> None:
    await blob.set("d/k", b"")
    await blob.delete("d/k")
    fresh = blob.root / f"d/.0123{TEMPORARY_SUFFIX}"
    fresh.write_bytes(b"half")
    with pytest.raises(Determinate, match="Directory not empty"):
        await blob.delete("d/")
    assert fresh.exists()
    assert await keys_of(blob) == []


@pytest.mark.parametrize(
    ("modified", "year"), [(-(2**62), 1), (-1, 1969), (0, 1970), (253_402_300_799, 9999), (2**62, 9999)]
)
def test_any_modification_time_can_be_shown(modified: int, year: int) -> None:
    """Some file systems keep times beyond the years that Python's dates know."""
    status = os.stat_result((stat.S_IFREG, 1, 1, 1, 0, 0, 0, 0, 0, 0), {"st_mtime_ns": modified * 10**9})
    metadata = metadata_of("k", status)
    assert metadata.modified_at is not None
    assert metadata.modified_at.year == year
    seconds = modified_seconds(status)
    assert metadata.modified_at.timestamp() == seconds
    for hours in (-14, 0, 14):
        assert datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours))).timestamp() == seconds


async def test_an_error_names_the_key_and_keeps_its_cause(blob: LocalBlob) -> None:
    await blob.set("a", b"")
    with pytest.raises(ExternalError, match="'a/b'") as caught:
        await blob.set("a/b", b"")
    assert isinstance(caught.value.__cause__, OSError)

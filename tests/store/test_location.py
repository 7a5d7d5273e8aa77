"""Locations: every accepted form of a directory or URL, and what is said about the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.blobs import ID, keys_of, message
from support.readers import by_id, index_of

from procdash.store import (
    Determinate,
    ExternalError,
    ProcedureReader,
    Tasked,
    open_blob,
    open_procedure_reader,
    open_procedure_store,
)
from procdash.store.backends.local import LocalBlob
from procdash.store.location import find_procedure_root, parse_location

KEY = f"procedure/{ID}/0000000000.step"


def make_store(root: Path) -> Path:
    """A procedure store of one procedure, below a root that may have any name."""
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).write_bytes(message("here"))
    return root


async def opens(location: str) -> bool:
    """Whether both the store and the reader at a location find the one procedure."""
    loaded = await (await open_procedure_store(location)).load_messages()
    index = await index_of(open_procedure_reader(location))
    return set(loaded.messages) == set(by_id(index)) == {ID}


@pytest.mark.parametrize(
    ("root", "given"),
    [
        ("db", "db"),
        ("db", "db/"),
        ("db", "db//"),
        ("db", "db/procedure"),
        ("db", "db/procedure/"),
        ("db", "db/procedure/."),
        ("db", "db/procedure/.."),
        ("home/data", "home"),
        ("home/data", "home/data/procedure"),
        ("home/cluster/dn-0", "home"),
        ("home/cluster/dn-17", "home"),
        ("home/cluster/dn-17", "home/cluster/dn-17"),
        ("home/cluster/dn-17", "home/cluster/dn-17/procedure"),
        ("a b", "a b"),
        ("a?b#c%20d", "a?b#c%20d"),
        ("é😀", "é😀/procedure"),
        ("[dn-*]", "[dn-*]"),
        ("-rf", "-rf"),
        ("odd:name", "odd:name"),
        ("memory:/odd", "memory:/odd"),
        (os.fsdecode(b"\xff\xfe"), os.fsdecode(b"\xff\xfe")),
    ],
)
async def test_forms_of_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, given: str
) -> None:
    make_store(tmp_path / root)
    assert find_procedure_root(tmp_path / given.rstrip("/")).resolve() == tmp_path / root
    assert await opens(f"{tmp_path}/{given}")
    monkeypatch.chdir(tmp_path)
    assert await opens(f"./{given}")
    assert await opens(given)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert await opens(f"~/{given}")


async def test_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path)
    for directory in (tmp_path, tmp_path / "procedure"):
        monkeypatch.chdir(directory)
        assert await opens(".")


@pytest.mark.parametrize("name", ["plain", "a b", "a?b#c%20d", "é😀", "100%", os.fsdecode(b"\xff\xfe")])
async def test_file_urls_are_percent_encoded(tmp_path: Path, name: str) -> None:
    root = make_store(tmp_path / name)
    assert await opens(root.as_uri())
    assert await opens((root / "procedure").as_uri() + "/")
    assert await opens(root.as_uri().replace("file://", "FILE://localhost"))
    assert await (await open_blob(root.as_uri())).get(KEY) == message("here")


async def test_a_path_that_looks_like_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_store(tmp_path / "we:" / "ird")
    assert await opens("./we://ird")
    assert await opens(f"{tmp_path}/we://ird")


async def test_links_are_not_resolved(tmp_path: Path) -> None:
    make_store(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert await opens(str(tmp_path / "link"))
    assert open_procedure_reader(str(tmp_path / "link")).location == str(tmp_path / "link")
    assert open_procedure_reader(str(tmp_path / "link/procedure")).location == str(tmp_path / "link")


async def test_an_empty_procedure_directory_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "procedure").mkdir()
    for location in (tmp_path, tmp_path / "procedure"):
        assert await open_procedure_reader(str(location)).list_entries() == []
        assert (await (await open_procedure_store(str(location))).load_messages()).messages == {}


def _refused(location: str) -> str:
    """What is said of a location that cannot be opened."""
    with pytest.raises(Determinate) as caught:
        open_procedure_reader(location)
    return caught.value.message


async def _both_refuse(location: str) -> str:
    said = _refused(location)
    with pytest.raises(Determinate) as caught:
        await open_procedure_store(location)
    assert caught.value.message == said
    return said


async def test_several_nodes_are_named(tmp_path: Path) -> None:
    for node in ("dn-0", "dn-1"):
        make_store(tmp_path / "cluster" / node)
    assert await _both_refuse(str(tmp_path)) == (
        f"{tmp_path} holds the procedures of 2 nodes; open one of them: "
        f"{tmp_path}/cluster/dn-0, {tmp_path}/cluster/dn-1"
    )
    assert await opens(f"{tmp_path}/cluster/dn-1")


async def test_a_layout_of_v0_2_is_hinted_at(tmp_path: Path) -> None:
    (tmp_path / "procs" / ID).mkdir(parents=True)
    said = await _both_refuse(f"{tmp_path}/procs")
    assert "no procedure store: looked for procedure/, data/procedure/ and cluster/dn-*/procedure/" in said
    assert "It holds procedures, but is not itself named 'procedure'" in said


async def test_no_procedure_store(tmp_path: Path) -> None:
    (tmp_path / "something").mkdir()
    assert await _both_refuse(str(tmp_path)) == (
        f"no procedure store: looked for procedure/, data/procedure/ and cluster/dn-*/procedure/ in {tmp_path}"
    )


async def test_a_file_where_procedure_should_be(tmp_path: Path) -> None:
    (tmp_path / "procedure").write_bytes(b"")
    assert (await _both_refuse(str(tmp_path))).startswith("no procedure store: ")
    assert await _both_refuse(f"{tmp_path}/procedure") == f"not a directory: {tmp_path}/procedure"


async def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    assert await _both_refuse(f"{tmp_path}/nope/") == f"no such directory: {tmp_path}/nope"
    assert await _both_refuse(f"file://{tmp_path}/no%20pe") == f"no such directory: {tmp_path}/no pe"


async def test_a_path_with_a_nul_is_refused() -> None:
    for location in ("/tmp/a\0b", "file:///tmp/a%00b"):  # noqa: S108 - never touched
        assert "NUL" in await _both_refuse(location)
        with pytest.raises(Determinate, match="NUL"):
            await open_blob(location)


async def test_a_name_that_is_too_long_is_an_error_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(ExternalError, match=r"File name too long|no such directory"):
        open_procedure_reader(f"{tmp_path}/{'x' * 300}")


async def test_an_empty_location_is_refused() -> None:
    assert "a location must not be empty" in await _both_refuse("")


@pytest.mark.parametrize("option", ["x=1", "layout", "layout=odd&password=secret"])
@pytest.mark.parametrize("base", ["file:///tmp", "memory://option"])
async def test_unknown_options_are_refused(base: str, option: str) -> None:
    said = await _both_refuse(f"{base}?{option}")
    assert "unknown location option" in said
    assert "secret" not in said


@pytest.mark.parametrize("location", ["file:///tmp/a#b", "memory://a#b", "file:///tmp#"])
async def test_a_fragment_is_not_dropped_silently(location: str) -> None:
    assert "%23" in await _both_refuse(location)


async def test_a_file_url_names_no_host() -> None:
    said = await _both_refuse("file://user:secret@var/lib/db")
    assert "names no host" in said
    assert "file:///var" in said
    assert "secret" not in said


SUPPORTED = "supported are a directory, file:// and memory://"


KNOWN_SCHEMES = ["s3", "gs", "az", "abfs", "sftp", "etcd", "postgresql", "mysql", "sqlite", "http"]


@pytest.mark.parametrize("scheme", KNOWN_SCHEMES)
async def test_schemes_of_other_versions(scheme: str) -> None:
    said = await _both_refuse(f"{scheme}://user:secret@host:1/path?password=secret#secret")
    assert said == f"{scheme}:// locations cannot be opened by this version of procdash; {SUPPORTED}"


@pytest.mark.parametrize("scheme", ["nope", "raftengine", "x-y+z.1"])
async def test_unknown_schemes(scheme: str) -> None:
    said = await _both_refuse(f"{scheme}://user:secret@host/")
    assert said == f"unknown kind of location {scheme}://; {SUPPORTED}"


@pytest.mark.parametrize("location", ["etcd://user:secret@[::1", "s3://[secret", "file://user:secret@[::1"])
async def test_a_broken_url_is_refused_without_repeating_it(location: str) -> None:
    said = await _both_refuse(location)
    assert "secret" not in said
    with pytest.raises(Determinate):
        await open_blob(location)


async def test_memory_stores_are_shared_by_name() -> None:
    blob = await open_blob("memory://shared by/name")
    await blob.set(KEY, message())
    assert await keys_of(await open_blob("memory://shared%20by/name")) == [KEY]
    assert await opens("memory://shared by/name")
    assert await keys_of(await open_blob("memory://another")) == []


async def test_an_opened_blob_is_not_cut_short_and_need_not_exist(tmp_path: Path) -> None:
    blob = await open_blob(f"{tmp_path}/new")
    assert isinstance(blob, Tasked)
    assert isinstance(blob.inner, LocalBlob)
    await blob.set("k", b"v")
    assert (tmp_path / "new/k").read_bytes() == b"v"


async def test_a_store_opened_for_reading_refuses_to_write(tmp_path: Path) -> None:
    make_store(tmp_path)
    for location in (str(tmp_path), "memory://read only"):
        store = await open_procedure_store(location, read_only=True)
        await store.load_messages()
        with pytest.raises(Determinate, match="read-only"):
            await store.commit_procedure(ID, 1)
    writable = await open_procedure_store(str(tmp_path))
    await writable.commit_procedure(ID, 1)
    assert (await writable.load_messages()).finished_ids == [ID]


async def test_a_reader_has_nothing_to_write_with(tmp_path: Path) -> None:
    reader: ProcedureReader = open_procedure_reader(str(make_store(tmp_path)))
    assert not {"set", "put", "delete", "restore"} & set(dir(reader))


def test_what_a_location_names() -> None:
    assert parse_location("/a/../b//c/") == ("file", "/b/c")
    assert parse_location("file:///") == ("file", "/")
    assert parse_location("memory://a/b") == ("memory", "a/b")

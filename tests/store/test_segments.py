"""Segments: key sets, the split, and merging a listing back into whole values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procdash.store import Determinate, KeySet
from procdash.store.segments import merge_segments, segment_key, split_value


async def _stream(*pairs: tuple[str, bytes] | Exception) -> AsyncIterator[tuple[str, bytes]]:
    for pair in pairs:
        if isinstance(pair, Exception):
            raise pair
        yield pair


async def _merged(pairs: Iterable[tuple[str, bytes]]) -> list[tuple[KeySet, bytes]]:
    return [found async for found in merge_segments(_stream(*pairs))]


def test_key_set_keys() -> None:
    keys = KeySet("baz", 3).keys()
    assert keys == ["baz", "baz/0000000001", "baz/0000000002", "baz/0000000003"]
    assert KeySet("baz").keys() == ["baz"]


def test_key_sets_are_ordered_by_key_and_equal_by_both() -> None:
    assert sorted([KeySet("b"), KeySet("a", 9), KeySet("c", 1)]) == [KeySet("a", 9), KeySet("b"), KeySet("c", 1)]
    assert not KeySet("a", 1) < KeySet("a", 2)
    assert not KeySet("a", 2) < KeySet("a", 1)
    assert KeySet("a", 1) != KeySet("a", 2)
    assert KeySet("a", 1) == KeySet("a", 1)
    assert len({KeySet("a", 1), KeySet("a", 1), KeySet("a", 2)}) == 2


@pytest.mark.parametrize(
    ("size", "limit", "sizes"),
    [
        (0, 4, [0]),
        (3, 4, [3]),
        (4, 4, [4]),
        (5, 4, [4, 1]),
        (8, 4, [4, 4]),
        (9, 4, [4, 4, 1]),
        (9, 1, [1] * 9),
        (9, None, [9]),
    ],
)
def test_split(size: int, limit: int | None, sizes: list[int]) -> None:
    pairs = split_value("k", bytes(range(size)), limit)
    assert [len(chunk) for _, chunk in pairs] == sizes
    assert [key for key, _ in pairs] == KeySet("k", len(sizes) - 1).keys()
    assert b"".join(chunk for _, chunk in pairs) == bytes(range(size))


def test_a_split_may_cut_a_character_in_two() -> None:
    assert split_value("k", "é".encode(), 1) == [("k", b"\xc3"), ("k/0000000001", b"\xa9")]


@given(st.data(), st.binary(max_size=300), st.integers(1, 64))
async def test_what_was_split_merges_back_in_any_order(data: st.DataObject, value: bytes, limit: int) -> None:
    head, *rest = split_value("k", value, limit)
    pairs = [head, *data.draw(st.permutations(rest))]
    assert await _merged(pairs) == [(KeySet("k", len(rest)), value)]


async def test_merge_multiple_values() -> None:
    merging = merge_segments(
        _stream(
            ("foo", b"000"),
            ("foo/0002", b"222"),
            ("foo/0003", b"333"),
            ("foo/0001", b"111"),
            ("bar", b"bar"),
            ("baz", b"0"),
            ("baz/0003", b"3"),
            ("baz/0001", b"1"),
            ("baz/0002", b"2"),
        )
    )
    key_set, value = await anext(merging)
    assert (key_set.key, len(key_set.keys()), value) == ("foo", 4, b"000111222333")
    assert await anext(merging) == (KeySet("bar"), b"bar")
    assert await anext(merging) == (KeySet("baz", 3), b"0123")
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(merging)


async def test_empty_upstream() -> None:
    merging = merge_segments(_stream())
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(merging)


@pytest.mark.parametrize("before", [[], [("foo", b"0")], [("foo", b"0"), ("foo/0001", b"1")]])
async def test_multiple_values_stream_err(before: list[tuple[str, bytes]]) -> None:
    merging = merge_segments(_stream(*before, Determinate("lost")))
    with pytest.raises(Determinate, match="lost"):
        await anext(merging)
    with pytest.raises(StopAsyncIteration):
        await anext(merging)


async def test_an_error_after_a_whole_value_leaves_that_value() -> None:
    merging = merge_segments(_stream(("a", b"1"), ("b", b"2"), Determinate("lost")))
    assert await anext(merging) == (KeySet("a"), b"1")
    with pytest.raises(Determinate, match="lost"):
        await anext(merging)


@pytest.mark.parametrize(
    ("segments", "parsed"),
    [
        (["k/0000000002"], r"\[2\]"),
        (["k/0000000001", "k/0000000003"], r"\[1, 3\]"),
        (["k/0000000001", "k/1"], r"\[1, 1\]"),
        (["k/0000000000"], r"\[0\]"),
        (["k/2", "k/3"], r"\[2, 3\]"),
    ],
)
async def test_corrupted_segment_keys(segments: list[str], parsed: str) -> None:
    with pytest.raises(Determinate, match=f"Corrupted segment keys.*{parsed}"):
        await _merged([("k", b""), *((segment, b"") for segment in segments)])


@pytest.mark.parametrize(
    "stray",
    [
        "k.bak",
        "kX",
        "k/",
        "k/1.bak",
        "k/-1",
        "k/1_0",
        "k/ 1",
        "k/٣",
        "k/1/2",
        "k/x",
        pytest.param("k/" + "9" * 5_000, id="5000 digits"),
    ],
)
async def test_a_key_that_extends_another_one_is_taken_for_its_segment(stray: str) -> None:
    with pytest.raises(Determinate, match="Failed to parse segment key"):
        await _merged([("k", b""), (stray, b"")])


@pytest.mark.parametrize("spelling", ["1", "+1", "0000000001", "00000000000000001", "k/1"])
async def test_lax_spellings_of_a_segment_number(spelling: str) -> None:
    assert await _merged([("k", b"a"), (f"k/{spelling}", b"b")]) == [(KeySet("k", 1), b"ab")]


async def test_a_duplicate_and_a_gap_pass_together_as_upstream() -> None:
    pairs = [("k", b"0"), (segment_key("k", 0), b"x"), (segment_key("k", 2), b"2")]
    assert await _merged(pairs) == [(KeySet("k", 2), b"0x2")]


async def test_segments_are_only_looked_for_right_after_their_head() -> None:
    pairs = [("a", b"1"), ("b", b"2"), ("a/0000000001", b"3")]
    assert await _merged(pairs) == [(KeySet("a"), b"1"), (KeySet("b"), b"2"), (KeySet("a/0000000001"), b"3")]

"""Sorting, indexing and de-duplicating against slow and obvious references."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data.assemble import (
    assemble,
    grouping_order,
    index_ids,
    index_users,
    packed_order,
    repeated_pairs,
    user_stretches,
)
from matinee.data.columns import ColumnStore
from matinee.data.ratings import RatingColumns
from matinee.types import UNKNOWN_TIME

times = st.sampled_from([UNKNOWN_TIME, 0, 1, 2, 3, -5, 10**9, 2**62])
rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), times), max_size=40)


def columns_of(given_rows: list[tuple[int, int, int]], order: list[float] | None = None) -> RatingColumns:
    users, movies, when = (
        (np.array(column) for column in zip(*given_rows, strict=True)) if given_rows else [np.array([], int)] * 3
    )
    n = len(given_rows)
    return RatingColumns(
        users=users.astype(np.int64) * 1000,
        movies=movies.astype(np.int32),
        values=np.arange(n, dtype=np.float32),
        times=when.astype(np.int64),
        rows=np.arange(n, dtype=np.int32),
        order=None if order is None else np.array(order, np.float64),
        folds=np.arange(n).astype(np.int8),
        n_read=n,
    )


def reference(given_rows: list[tuple[int, int, int]]) -> tuple[list[int], list[int]]:
    """Return the rows that stay, in order, and the rows that are dropped."""
    ordered = sorted(range(len(given_rows)), key=lambda row: (given_rows[row][0], given_rows[row][2], row))
    last = {given_rows[row][:2]: row for row in ordered}
    return [row for row in ordered if last[given_rows[row][:2]] == row], sorted(
        row for row in ordered if last[given_rows[row][:2]] != row
    )


@settings(deadline=None)
@given(rows)
def test_assemble_equals_sorting_by_hand(given_rows: list[tuple[int, int, int]]) -> None:
    stay, dropped = reference(given_rows)
    result = assemble(columns_of(given_rows), n_movies=4)
    assert result.rows.tolist() == stay
    assert result.dropped.tolist() == dropped
    assert result.values.tolist() == stay
    assert result.folds is not None
    assert result.folds.tolist() == stay
    assert result.movies.tolist() == [given_rows[row][1] for row in stay]
    assert result.times.tolist() == [given_rows[row][2] for row in stay]
    assert result.user_ids[result.users].tolist() == [given_rows[row][0] * 1000 for row in stay]
    assert result.ordered == all(given_rows[row][2] != UNKNOWN_TIME for row in stay)


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_order_column_decides_where_times_are_missing(given_rows: list[tuple[int, int, int]], random) -> None:  # type: ignore[no-untyped-def]
    order = [random.choice([float("nan"), 0.0, 1.0, 2.0]) for _ in given_rows]
    gaps = {user for user, _, time in given_rows if time == UNKNOWN_TIME}

    def key(row: int) -> tuple[float, ...]:
        user, _, time = given_rows[row]
        place = -1.0 if np.isnan(order[row]) else order[row]
        return (user, 0, place, row) if user in gaps else (user, time, place, row)

    ordered = sorted(range(len(given_rows)), key=key)
    last = {given_rows[row][:2]: row for row in ordered}
    expected = [row for row in ordered if last[given_rows[row][:2]] == row]
    result = assemble(columns_of(given_rows, order), n_movies=4)
    assert result.rows.tolist() == expected
    assert result.ordered


def test_many_stretches_of_users() -> None:
    rng = np.random.default_rng(5)
    n = 200_000
    users = np.sort(rng.integers(0, 900, n))
    given_rows = list(
        zip(users.tolist(), rng.integers(0, 5000, n).tolist(), rng.integers(0, 999, n).tolist(), strict=True)
    )
    stay, dropped = reference(given_rows)
    result = assemble(columns_of(given_rows), n_movies=5000)
    np.testing.assert_array_equal(result.rows, stay)
    np.testing.assert_array_equal(result.dropped, dropped)


@given(st.lists(st.tuples(st.integers(0, 5), times), min_size=1, max_size=30))
def test_packed_order_is_a_stable_sort(pairs: list[tuple[int, int]]) -> None:
    pairs.sort(key=lambda pair: pair[0])
    users, when = (np.array(column) for column in zip(*pairs, strict=True))
    expected = sorted(range(len(pairs)), key=lambda row: (users[row], when[row], row))
    assert packed_order(users.astype(np.int32), when.astype(np.int64)).tolist() == expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 40))
def test_stretches_cover_all_users_once(sizes: list[int], n_rows: int) -> None:
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    ranges = list(user_stretches(indptr, n_rows))
    assert [user for first, last in ranges for user in range(first, last)] == list(range(len(sizes)))
    assert all(last == first + 1 or indptr[last] - indptr[first] <= n_rows for first, last in ranges)


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@pytest.mark.parametrize("index", [index_ids, index_users])
@given(ids=st.lists(st.integers(-3, 40) | st.just(2**31 - 1), max_size=50), ascending=st.booleans())
def test_indices_of_ids(index: Any, kind: type, ids: list[int], ascending: bool) -> None:
    given_ids = np.array(sorted(ids) if ascending else ids, kind)
    known, indices = index(given_ids)
    assert known.tolist() == sorted(set(ids))
    assert known[indices].tolist() == given_ids.tolist()
    assert known.dtype == np.int64
    assert indices.dtype == np.int32


@given(st.lists(st.integers(0, 2**31 - 1), max_size=40))
def test_grouping_order_is_a_stable_sort(users: list[int]) -> None:
    column = np.array(users, np.int32)
    np.testing.assert_array_equal(grouping_order(column), np.argsort(column, kind="stable"))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_repeated_pairs(pairs: list[tuple[int, int]]) -> None:
    users, movies = (np.array(column, np.int32) for column in zip(*pairs, strict=True))
    expected = [pair in pairs[place + 1 :] for place, pair in enumerate(pairs)]
    found = repeated_pairs(users, movies, 4)
    assert (found.tolist() if found is not None else [False] * len(pairs)) == expected


@given(st.lists(st.lists(st.integers(-9, 2**40), max_size=5), min_size=1, max_size=12), st.floats(0.1, 9))
def test_columns_grow(pieces: list[list[int]], expected: float) -> None:
    store = ColumnStore()
    for piece in pieces:
        narrow = all(abs(value) < 2**31 for value in piece)
        column = np.array(piece, np.int32 if narrow else np.int64)
        store.append({"a": column, "b": column.astype(np.float64)}, expected)
    flat = [value for piece in pieces for value in piece]
    assert store.columns()["a"].tolist() == flat
    assert store.columns()["b"].tolist() == flat

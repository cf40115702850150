"""From scores to ranked lists and ranks, without a loop over users.

Two conventions for ties, both deterministic. A list breaks them by the lower movie index; a rank counts every tie against
the film, so that an engine which scores everything alike ranks its targets last instead of being lucky.
A score of minus infinity says "not a candidate".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.errors import InputError, ShapeError
from matinee.types import BoolVector, FloatMatrix, IntVector, Profiles

Lists = NDArray[np.int32]
"""(P, n) movie indices, best first; -1 fills the places of a list that ran out of candidates."""

_CELLS = 500_000
"""Scores copied and worked on at once: small enough to stay in the processor's cache, large enough to fill it."""


def top_n(
    scores: FloatMatrix, n: int, *, exclude: Profiles | csr_array | None = None, allowed: BoolVector | None = None
) -> Lists:
    """Return the n best films of each row, best first.

    Args:
        scores: (P, M) higher is better; minus infinity means "not a candidate". Not changed.
        n: length of the lists, 1 or more.
        exclude: films never to return, one row a row of `scores`; of a sparse matrix every stored entry counts.
        allowed: (M,) films that may be returned at all.

    Returns:
        (P, n) int32 movie indices. Equal scores are ordered by lower index. Where fewer than n candidates remain, the last
        places hold -1.

    Raises:
        InputError: if a score is NaN or n is below 1.
        ShapeError: if `exclude` or `allowed` do not fit `scores`.

    Example:
        >>> top_n(np.array([[0.1, 0.9, 0.5, 0.9]], np.float32), 3)
        array([[1, 3, 2]], dtype=int32)
    """
    if n < 1:
        raise InputError(f"A list needs a length of 1 or more; got {n}.")
    n_profiles, n_movies = _check(scores, exclude, allowed)
    depth = min(n, n_movies)
    lists = np.full((n_profiles, n), -1, np.int32)
    if depth:
        for start, block in _candidate_blocks(scores, exclude, allowed):
            lists[start : start + len(block), :depth] = _best(block, depth)
    return lists


def ranks(
    scores: FloatMatrix,
    targets: IntVector | Lists,
    *,
    exclude: Profiles | csr_array | None = None,
    allowed: BoolVector | None = None,
) -> Lists:
    """Return the place of given films among all candidates of their row, counted from 1, ties against them.

    The rank of film i is the number of candidates j, i itself included, whose score is at least that of i. To rank among
    sampled negatives only, gather their scores and the target's into (P, 1 + negatives) and ask for column 0.

    Args:
        scores: (P, M) higher is better; minus infinity means "not a candidate". Not changed.
        targets: (P,) or (P, t) columns of `scores`; -1 where there is none. Each column is one pass over the scores.
        exclude: films taken out of the competition, as in `top_n`.
        allowed: (M,) films that compete at all.

    Returns:
        int32 of the shape of `targets`; 0 where the target is -1, M (last) where it is itself no candidate.

    Raises:
        InputError: if a score is NaN.
        ShapeError: if `exclude`, `allowed` or `targets` do not fit `scores`.

    Example:
        >>> ranks(np.array([[0.1, 0.9, 0.5, 0.9]], np.float32), np.array([3], np.int32))
        array([2], dtype=int32)
    """
    n_profiles, n_movies = _check(scores, exclude, allowed)
    columns = targets[:, None] if targets.ndim == 1 else targets
    if len(columns) != n_profiles or (columns.size and not -1 <= columns.min() <= columns.max() < n_movies):
        raise ShapeError(f"Targets must be one row a profile, within -1…{n_movies - 1}; got shape {targets.shape}.")
    found = np.zeros(columns.shape, np.int32)
    for start, block in _candidate_blocks(scores, exclude, allowed):
        rows = slice(start, start + len(block))
        wanted = np.take_along_axis(block, np.maximum(columns[rows], 0), axis=1)
        for column in range(columns.shape[1]):
            found[rows, column] = np.count_nonzero(block >= wanted[:, column, None], axis=1)
    found[columns < 0] = 0
    return found.reshape(targets.shape)


def pairs(profiles: Profiles | csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and the movie of every stored entry, in row order."""
    indptr = profiles.indptr.astype(np.int64)
    movies = profiles.movies if isinstance(profiles, Profiles) else profiles.indices
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), movies.astype(np.int64)


def _check(scores: FloatMatrix, exclude: Profiles | csr_array | None, allowed: BoolVector | None) -> tuple[int, int]:
    if scores.ndim != 2:
        raise ShapeError(f"Scores must be (profiles, movies); got shape {scores.shape}.")
    if exclude is not None:
        shape = (len(exclude), exclude.n_movies) if isinstance(exclude, Profiles) else exclude.shape
        if shape != scores.shape:
            raise ShapeError(f"What to exclude must have the shape of the scores, {scores.shape}; got {shape}.")
    n_profiles, n_movies = scores.shape
    if allowed is not None and allowed.shape != (n_movies,):
        raise ShapeError(f"Which films are allowed must have shape ({n_movies},); got {allowed.shape}.")
    return n_profiles, n_movies


def _candidate_blocks(
    scores: FloatMatrix, exclude: Profiles | csr_array | None, allowed: BoolVector | None
) -> Iterator[tuple[int, FloatMatrix]]:
    """Yield copies of consecutive rows with films out of the running at minus infinity, and the row each begins at."""
    n_profiles, n_movies = scores.shape
    step = max(1, _CELLS // max(n_movies, 1))
    taken: tuple[NDArray[Any], NDArray[Any]] | None = None if exclude is None else pairs(exclude)
    for start in range(0, n_profiles, step):
        block = np.array(scores[start : start + step], order="C")
        # A maximum is NaN where any score is.
        if block.size and np.isnan(block.max()):
            row = start + int(np.isnan(block).any(axis=1).argmax())
            raise InputError(f"Scores must be numbers; row {row} holds NaN.")
        if taken is not None and exclude is not None:
            span = slice(int(exclude.indptr[start]), int(exclude.indptr[start + len(block)]))
            block[taken[0][span] - start, taken[1][span]] = -np.inf
        if allowed is not None:
            block[:, ~allowed] = -np.inf
        yield start, block


def _best(block: FloatMatrix, n: int) -> Lists:
    """Return the n best columns of each row, ties by lower column, -1 for minus infinity."""
    width = block.shape[1]
    # Every score from the n-th best up, in column order; the n-th best may occur more often than there is room for it.
    nth = np.partition(block, width - n, axis=1)[:, width - n, None]
    rows, columns = np.nonzero(block >= nth)
    values = block[rows, columns]
    tied = values == nth[rows, 0]
    room = n - np.bincount(rows[~tied], minlength=len(block))
    place = np.cumsum(tied)
    before = np.concatenate([[0], place])[np.searchsorted(rows, np.arange(len(block)))]
    keep = ~tied | (place - before[rows] <= room[rows])
    shape = (len(block), n)
    columns, values = columns[keep].reshape(shape).astype(np.int32), values[keep].reshape(shape)
    # A stable sort leaves equal scores in column order.
    order = np.argsort(-values, axis=1, kind="stable")
    lists: Lists = np.where(
        np.take_along_axis(values, order, axis=1) == -np.inf, np.int32(-1), np.take_along_axis(columns, order, axis=1)
    )
    return lists

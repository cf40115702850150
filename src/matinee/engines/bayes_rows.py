"""The ratings by person or by film, and threads that share such rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector

PIECE = 2_000_000
"""Multiplications that are worth handing to another thread."""


@dataclass(frozen=True)
class Rows:
    """One side of the ratings: row r owns entries `indptr[r]:indptr[r + 1]`.

    Attributes:
        others: (n_entries,) the row of the other side that an entry meets.
        targets: (n_entries,) float32 stars less their mean.
        keys: (n_rows,) int64 what a row's random numbers depend on.
    """

    indptr: LongVector
    others: IntVector
    targets: FloatVector
    keys: LongVector

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def shrink(self) -> FloatMatrix:
        """Return (n_rows, 1) one over the root of each length."""
        return (1 / np.sqrt(np.maximum(np.diff(self.indptr), 1))).astype(np.float32)[:, None]


class Pool:
    """Threads that share the rows among them."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self._executor = ThreadPoolExecutor(self.threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()

    def run(self, indptr: LongVector, cost: int, kernel: Callable[..., None], *arguments: object) -> None:
        """Call `kernel(first, last, *arguments)` on pieces of like work that cover all rows; an entry costs `cost`."""
        n_rows = len(indptr) - 1
        work = indptr + np.arange(n_rows + 1)
        pieces = int(np.clip(work[-1] * cost // PIECE, 1, 4 * self.threads))
        if pieces == 1:
            kernel(0, n_rows, *arguments)
            return
        cuts = np.searchsorted(work, np.linspace(0, work[-1], pieces + 1)[1:-1])
        edges = np.concatenate([[0], cuts, [n_rows]]).tolist()
        list(self._executor.map(lambda first, last: kernel(first, last, *arguments), edges[:-1], edges[1:]))

    def sums(self, rows: Rows, vectors: FloatMatrix) -> FloatMatrix:
        """Return (n_rows, D) the sum of each row's others' vectors."""
        from matinee.engines.bayes_kernels import sum_span

        sums = np.empty((len(rows), vectors.shape[1]), np.float32)
        given = np.ascontiguousarray(vectors, np.float32)
        self.run(rows.indptr, given.shape[1], sum_span, rows.indptr, rows.others, given, sums)
        return sums

    def weigh(self, weights: NDArray[np.float32], vectors: FloatMatrix) -> FloatMatrix:
        """Return (n_rows, D) each row's matrix times its vector."""
        from matinee.engines.bayes_kernels import weigh_span

        products = np.empty_like(vectors)
        rows = np.arange(len(vectors) + 1)
        self.run(rows, vectors.shape[1] ** 2, weigh_span, weights, vectors, products)
        return products

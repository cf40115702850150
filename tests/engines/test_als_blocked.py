"""The compiled sweeps of iALS against the plain solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from matinee.engines import _conjugate_numba
from matinee.engines._conjugate_numba import fit_rows
from matinee.engines.conjugate import plain_sums, solve_rows


def system(rows: int, others: int, width: int) -> tuple[np.ndarray, csr_array, np.ndarray, np.ndarray, np.ndarray]:
    """Return gram, entries (the first row empty, the last full), vectors, l2 and a first guess."""
    generator = np.random.default_rng(rows + width)
    dense = random_array((rows, others), density=0.4, rng=generator).toarray().astype(np.float32)
    dense[0], dense[-1] = 0, generator.uniform(0.5, 2, others)
    vectors = generator.standard_normal((others, width), dtype=np.float32)
    l2 = generator.uniform(0.5, 2, rows).astype(np.float32)
    start = generator.standard_normal((rows, width), dtype=np.float32)
    return 0.2 * vectors.T @ vectors, csr_array(dense), vectors, l2, start


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 3), (9, 30, 8), (23, 57, 21)])
@pytest.mark.parametrize("near", [2, 8, 10_000])
def test_enough_steps_reach_the_exact_solution(
    shape: tuple[int, int, int], near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gram, entries, vectors, l2, start = system(*shape)
    monkeypatch.setattr(_conjugate_numba, "_NEAR_BYTES", near * 4 * shape[2])
    expected = [
        np.linalg.solve(gram.astype(np.float64) + (vectors.T * row) @ vectors + ridge * np.eye(shape[2]), row @ vectors)
        for row, ridge in zip(entries.toarray().astype(np.float64), l2, strict=True)
    ]
    found = fit_rows(gram, entries, vectors, l2, start=start, steps=3 * shape[2] + 3)
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_every_step_is_that_of_the_plain_solver(steps: int) -> None:
    gram, entries, vectors, l2, start = system(12, 40, 6)
    plain = solve_rows(gram, entries, vectors, l2, right=entries @ vectors, start=start, steps=steps, sums=plain_sums)
    found = fit_rows(gram, entries, vectors, l2, start=start, steps=steps)
    np.testing.assert_allclose(found, plain, atol=1e-4)
    if steps:
        assert not np.allclose(found, start, atol=1e-2)


def test_a_solved_row_stays_and_nothing_given_is_changed() -> None:
    gram, entries, vectors, l2, start = system(10, 20, 4)
    solved = fit_rows(gram, entries, vectors, l2, start=start, steps=40)
    before = solved.copy(), vectors.copy(), gram.copy(), entries.data.copy()
    again = fit_rows(gram, entries, vectors, l2, start=solved, steps=5)
    np.testing.assert_allclose(again, solved, atol=1e-4)
    for was, now in zip(before, (solved, vectors, gram, entries.data), strict=True):
        np.testing.assert_array_equal(was, now)


def test_nobody_and_no_entries() -> None:
    gram, vectors = np.eye(3, dtype=np.float32), np.ones((4, 3), np.float32)
    empty = csr_array((5, 4), dtype=np.float32)
    start = np.ones((5, 3), np.float32)
    np.testing.assert_allclose(
        fit_rows(gram, empty, vectors, np.ones(5, np.float32), start=start, steps=9), 0, atol=1e-6
    )
    nobody = csr_array((0, 4), dtype=np.float32)
    assert fit_rows(gram, nobody, vectors, np.ones(0, np.float32), start=start[:0], steps=2).shape == (0, 3)

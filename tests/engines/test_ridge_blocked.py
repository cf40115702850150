"""The compiled ridge regressions against the plain ones, for rows shorter and longer than a block."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.engines.ridge_kernels import GATHERED
from matinee.engines.ridge_rows import fit_rows, solve_rows


@pytest.mark.parametrize("width", [1, 2, 9, 17])
def test_rows_of_any_length_are_solved_like_the_plain_ones(width: int) -> None:
    rng = np.random.default_rng(width)
    lengths = np.array([0, 1, 2, GATHERED - 1, GATHERED, GATHERED + 1, 0, 3 * GATHERED + 5])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    others = rng.integers(0, 500, indptr[-1]).astype(np.int32)
    targets = rng.normal(size=indptr[-1]).astype(np.float32)
    theirs = rng.normal(size=(500, width)).astype(np.float32)
    ridge = rng.uniform(0.5, 4, (len(lengths), width)).astype(np.float32)
    before = theirs.copy()
    found = fit_rows(indptr, others, targets, theirs, ridge)
    np.testing.assert_allclose(found, solve_rows(indptr, others, targets, theirs, ridge), atol=2e-4)
    np.testing.assert_array_equal(found[[0, 6]], 0)
    np.testing.assert_array_equal(theirs, before)

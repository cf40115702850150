"""Picking the best of a row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matinee.ranking.select import best


@given(arrays(np.float32, 12, elements=st.sampled_from([0, 1, 2, 3.5])), arrays(np.bool_, 12), st.integers(0, 15))
def test_equals_a_full_sort_with_ties_by_index(scores: np.ndarray, allowed: np.ndarray, n: int) -> None:
    expected = sorted((index for index in range(12) if allowed[index]), key=lambda index: (-scores[index], index))[:n]
    assert best(scores, allowed, n).tolist() == expected

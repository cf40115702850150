"""Blending: one scale for all engines, whatever they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matinee.errors import ShapeError
from matinee.ranking.blend import blend, min_max

NAN, INF = np.nan, np.inf


def reference(row: np.ndarray, candidates: np.ndarray) -> list[float]:
    """Min-max one row the slow way."""
    usable = [float(value) for value, allowed in zip(row, candidates, strict=True) if allowed and np.isfinite(value)]
    if not usable or min(usable) == max(usable):
        return [0.0] * len(row)
    low, high = min(usable), max(usable)
    return [min(max((float(value) - low) / (high - low), 0.0), 1.0) if np.isfinite(value) else 0.0 for value in row]


@given(
    arrays(np.float32, (3, 6), elements=st.one_of(st.floats(-1000, 1000, width=32), st.sampled_from([NAN, INF, -INF]))),
    arrays(np.bool_, (3, 6)),
)
def test_min_max_equals_the_slow_reference(scores: np.ndarray, candidates: np.ndarray) -> None:
    expected = [reference(row, allowed) for row, allowed in zip(scores, candidates, strict=True)]
    np.testing.assert_allclose(min_max(scores, candidates), expected, atol=1e-5)


def test_constant_and_broken_rows_say_nothing() -> None:
    scores = np.array([[2, 2, 2], [NAN, NAN, NAN], [INF, 1, NAN]], np.float32)
    assert not min_max(scores, np.ones((3, 3), np.bool_)).any()


def test_shares_add_up_to_the_blend_and_weights_are_scaled() -> None:
    scores = {"a": np.array([[0, 5, 10]], np.float32), "b": np.array([[3, 2, 1]], np.float32)}
    weights = {"a": np.array([6], np.float32), "b": np.array([2], np.float32)}
    blended, shares = blend(scores, weights, np.ones((1, 3), np.bool_))
    np.testing.assert_allclose(blended, [[0.25, 0.5, 0.75]])
    np.testing.assert_allclose(shares["a"] + shares["b"], blended)
    np.testing.assert_allclose(shares["a"], [[0, 0.375, 0.75]])


def test_seen_films_do_not_stretch_the_scale() -> None:
    scores = {"a": np.array([[1000, 1, 2]], np.float32)}
    blended, _ = blend(scores, {"a": np.ones(1, np.float32)}, np.array([[False, True, True]]))
    np.testing.assert_allclose(blended[0, 1:], [0, 1])


def test_a_profile_without_any_weight_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one engine"):
        blend({"a": np.zeros((1, 2), np.float32)}, {"a": np.zeros(1, np.float32)}, np.ones((1, 2), np.bool_))

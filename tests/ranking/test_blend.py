"""Blending: one scale for all engines, whatever they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matinee.errors import SettingsError, ShapeError
from matinee.ranking.blend import HEAD, NORMALISATIONS, TAIL, Normalisation, blend, sanitise, scale_of
from matinee.types import Profile, Profiles

NAN, INF = np.nan, np.inf


def seen(*movies: list[int], n_movies: int) -> Profiles:
    return Profiles.stack([Profile.of(row, [4.0] * len(row)) for row in movies], n_movies)


def reference(row: np.ndarray, known: list[int], rule: Normalisation) -> tuple[float, float]:
    """Return low and span of one row the slow way."""
    values = sorted((float(value) for movie, value in enumerate(row) if movie not in known), reverse=True)
    if not values:
        return 0.0, 1.0
    if rule == "min_max":
        low, span = values[-1], values[0] - values[-1]
    elif rule == "z_score":
        low = sum(values) / len(values)
        span = (sum((value - low) ** 2 for value in values) / len(values)) ** 0.5
    else:
        tail = min(TAIL, len(values))
        head = min(HEAD, max(1, tail * HEAD // TAIL))
        low = values[tail - 1]
        span = (values[head - 1] - low) or (values[0] - low)
    return low, span if span > 1e-6 * max(abs(low), 1e-30) else 1.0


@pytest.mark.parametrize("rule", NORMALISATIONS)
@settings(max_examples=60, deadline=None)
@given(
    row=arrays(np.float32, 9, elements=st.integers(-8, 8).map(lambda whole: whole / 4)),
    known=st.sets(st.integers(0, 8)).map(sorted),
)
def test_scales_equal_the_slow_reference(rule: Normalisation, row: np.ndarray, known: list[int]) -> None:
    found = scale_of(row[None], seen(known, n_movies=9), rule)
    low, span = reference(row, known, rule)
    np.testing.assert_allclose((found.low[0], found.span[0]), (low, span), atol=1e-5)


@pytest.mark.parametrize("length", [50, 300, 5000, 30_000])
@pytest.mark.parametrize("shape", ["heavy", "tied", "sparse"])
def test_the_quick_search_for_places_equals_sorting(length: int, shape: str) -> None:
    rng = np.random.default_rng(length)
    row = rng.standard_normal(length).astype(np.float32) ** 3
    if shape == "tied":
        row = np.round(row)
    elif shape == "sparse":
        row[rng.random(length) < 0.99] = 0
    # The best films are seen ones: they must not take the places of candidates.
    known = np.unique(np.concatenate([np.argsort(-row)[:40], rng.integers(0, length, 30)])).tolist()
    found = scale_of(row[None], seen(known, n_movies=length), "rank")
    low, span = reference(row, known, "rank")
    np.testing.assert_allclose((found.low[0], found.span[0]), (low, span), rtol=1e-6, atol=1e-7)


@settings(deadline=None)
@given(arrays(np.float32, (3, 6), elements=st.one_of(st.floats(-99, 99, width=32), st.sampled_from([NAN, INF, -INF]))))
def test_what_is_not_finite_becomes_the_lowest(scores: np.ndarray) -> None:
    before = scores.copy()
    cleaned, usable, _ = sanitise(scores)
    np.testing.assert_array_equal(scores, before)
    assert (usable is None) == bool(np.isfinite(scores).all())
    for row, clean, fine in zip(scores, cleaned, [True] * 3 if usable is None else usable, strict=True):
        finite = [float(value) for value in row if np.isfinite(value)]
        assert fine == bool(finite)
        lowest = min(finite, default=0.0)
        np.testing.assert_allclose(clean, [value if np.isfinite(value) else lowest for value in row])


@pytest.mark.parametrize("rule", NORMALISATIONS)
def test_an_engine_that_says_the_same_of_all_films_adds_nothing(rule: Normalisation) -> None:
    scores = {"a": np.full((1, 5), 7, np.float32), "b": np.arange(5, dtype=np.float32)[None]}
    one = np.ones(1, np.float32)
    both, _, _ = blend(scores, {"a": one, "b": one}, seen([], n_movies=5), rule)
    alone, _, _ = blend({"b": scores["b"]}, {"b": one}, seen([], n_movies=5), rule)
    np.testing.assert_allclose(both, alone / 2, atol=1e-6)


@pytest.mark.parametrize("rule", NORMALISATIONS)
@settings(max_examples=50, deadline=None)
@given(
    a=arrays(np.float32, (2, 40), elements=st.floats(-50, 50, width=16)),
    b=arrays(np.float32, (2, 40), elements=st.floats(-50, 50, width=16)),
    weights=arrays(np.float32, (2, 2), elements=st.floats(0.125, 8, width=16)),
)
def test_shares_add_up_to_the_blend(rule: Normalisation, a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> None:
    scores = {"a": a, "b": b}
    given_weights = {"a": weights[0], "b": weights[1]}
    blended, scales, applied = blend(scores, given_weights, seen([0, 3], [], n_movies=40), rule)
    np.testing.assert_allclose(applied["a"] + applied["b"], 1, atol=1e-6)
    added = sum(
        applied[name][:, None].astype(np.float64)
        * (scores[name] - scales[name].low[:, None])
        / scales[name].span[:, None]
        for name in scores
    )
    np.testing.assert_allclose(blended, added, rtol=1e-4, atol=1e-5)


def test_weights_are_scaled_and_films_keep_their_distance() -> None:
    scores = {"a": np.array([[0, 5, 10]], np.float32), "b": np.array([[3, 2, 1]], np.float32)}
    weights = {"a": np.array([6], np.float32), "b": np.array([2], np.float32)}
    blended, _, _ = blend(scores, weights, seen([], n_movies=3))
    np.testing.assert_allclose(blended, [[0.25, 0.5, 0.75]])


def test_seen_films_do_not_stretch_the_scale() -> None:
    scores = {"a": np.array([[1000, 1, 2]], np.float32)}
    blended, _, _ = blend(scores, {"a": np.ones(1, np.float32)}, seen([0], n_movies=3))
    np.testing.assert_allclose(blended[0, 1:], [0, 1])


def test_a_heavy_tail_does_not_silence_the_others_under_rank() -> None:
    rng = np.random.default_rng(0)
    heavy, even = rng.standard_normal((2, 1, 1000)).astype(np.float32)
    heavy[0, 0] = 1e4
    scores, one = {"heavy": heavy, "even": even}, np.ones(1, np.float32)
    weights, nobody = {"heavy": one, "even": one}, seen([], n_movies=1000)

    def agreement(rule: Normalisation) -> float:
        blended, _, _ = blend(scores, weights, nobody, rule)
        return float(np.corrcoef(blended[0, 1:], heavy[0, 1:])[0, 1])

    assert agreement("min_max") < 0.1
    assert agreement("rank") > 0.6


def test_mistakes_are_refused() -> None:
    row, nobody = np.zeros((1, 2), np.float32), seen([], n_movies=2)
    with pytest.raises(ShapeError, match="at least one engine"):
        blend({"a": row}, {"a": np.zeros(1, np.float32)}, nobody)
    with pytest.raises(ShapeError, match="do not fit"):
        scale_of(np.zeros((2, 2), np.float32), nobody, "min_max")
    with pytest.raises(SettingsError, match="no normalisation 'median'"):
        scale_of(row, nobody, "median")  # type: ignore[arg-type]

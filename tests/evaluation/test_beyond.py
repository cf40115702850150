"""Reach, novelty, diversity, calibration and popularity bias against plain loops."""

from __future__ import annotations

import doctest
from itertools import combinations
from math import log, log2, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation import beyond
from matinee.types import Profile, Profiles

# --- slow references: one user's list (no empty places) and plain sequences ------------------------------------------


def slow_novelty(films: list[int], counts: list[int], n_users: int) -> float:
    return sum(-log2(max(counts[i], 1) / n_users) for i in films) / len(films) if films else np.nan


def slow_mean(films: list[int], numbers: list[float]) -> float:
    return sum(numbers[i] for i in films) / len(films) if films else np.nan


def slow_percentile(counts: list[int], film: int) -> float:
    below = sum(c < counts[film] for c in counts)
    same = sum(c == counts[film] for c in counts)
    return (below + same / 2) / len(counts)


def slow_diversity(films: list[int], vectors: list[list[float]]) -> float:
    def cosine(a: list[float], b: list[float]) -> float:
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return dot / sqrt(sum(x * x for x in a) * sum(y * y for y in b))

    described = [vectors[i] for i in films if any(vectors[i])]
    gaps = [1 - cosine(a, b) for a, b in combinations(described, 2)]
    return sum(gaps) / len(gaps) if gaps else np.nan


def slow_calibration(films: list[int], history: list[int], genres: list[list[bool]], alpha: float) -> float:
    def shares(chosen: list[int]) -> list[float] | None:
        known = [i for i in chosen if any(genres[i])]
        if not known:
            return None
        return [sum(genres[i][g] / sum(genres[i]) for i in known) / len(known) for g in range(len(genres[0]))]

    p, q = shares(history), shares(films)
    if p is None or q is None:
        return np.nan
    return sum(a * log(a / ((1 - alpha) * b + alpha * a)) for a, b in zip(p, q, strict=True) if a > 0)


def slow_gini(x: list[int]) -> float:
    """Half the relative mean absolute difference."""
    n = len(x)
    return sum(abs(a - b) for a in x for b in x) / (2 * n * sum(x))


# --- cases -----------------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Lists of different lengths, profiles, counts, genres (some films without) and vectors (some zero)."""
    users, movies, n = draw(st.integers(1, 5)), draw(st.integers(2, 9)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    width = max(n, movies)
    lists = np.full((users, width), -1, np.int32)
    lists[:, :movies] = rng.permuted(np.tile(np.arange(movies), (users, 1)), axis=1)
    lists[np.arange(width) >= rng.integers(0, n + 1, (users, 1))] = -1
    histories = [rng.permutation(movies)[: rng.integers(0, movies + 1)] for _ in range(users)]
    return {
        "lists": lists[:, :n],
        "profiles": Profiles.stack([Profile.of(h, np.ones(len(h))) for h in histories], movies),
        "histories": [h.tolist() for h in histories],
        "counts": rng.integers(0, 5, movies),
        "genres": rng.random((movies, 3)) < 0.4,
        "vectors": rng.normal(size=(movies, 4)) * (rng.random((movies, 1)) < 0.8),
    }


def films(row: Any) -> list[int]:
    return [int(i) for i in row if i >= 0]


def figures(world: dict[str, Any]) -> dict[str, Any]:
    """Every figure of one user, by name."""
    lists, counts, profiles = world["lists"], world["counts"], world["profiles"]
    return {
        "novelty": beyond.novelty(lists, counts, 5),
        "popularity": beyond.average_popularity(lists, counts),
        "lift": beyond.popularity_lift(lists, profiles, counts),
        "diversity": beyond.intra_list_diversity(lists, world["vectors"]),
        "calibration": beyond.calibration(lists, profiles, world["genres"]),
    }


@settings(max_examples=200, deadline=None)
@given(worlds())
def test_every_figure_of_a_list_equals_its_slow_reference(world: dict[str, Any]) -> None:
    found = figures(world)
    counts, genres, vectors = (world[name].tolist() for name in ("counts", "genres", "vectors"))
    places = [slow_percentile(counts, i) for i in range(len(counts))]
    for user, row in enumerate(world["lists"]):
        shown, history = films(row), world["histories"][user]
        expected = {
            "novelty": slow_novelty(shown, counts, 5),
            "popularity": slow_mean(shown, counts),
            "lift": slow_mean(shown, places) - slow_mean(history, places),
            "diversity": slow_diversity(shown, vectors),
            "calibration": slow_calibration(shown, history, genres, 0.01),
        }
        assert {name: values[user] for name, values in found.items()} == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_figures_of_the_system_equal_plain_counting(world: dict[str, Any]) -> None:
    movies = len(world["counts"])
    shown = [i for row in world["lists"] for i in films(row)]
    exposures = beyond.exposure(world["lists"], movies)
    assert exposures.tolist() == [shown.count(i) for i in range(movies)]
    assert beyond.coverage(exposures) == pytest.approx(len(set(shown)) / movies, abs=1e-12)
    if shown:
        assert beyond.gini(exposures) == pytest.approx(slow_gini(exposures.tolist()), abs=1e-9)
        assert beyond.shannon(exposures) == pytest.approx(stats.entropy(exposures, base=2), abs=1e-9)
        assert 0 <= beyond.gini(exposures) <= 1
        assert 0 <= beyond.shannon(exposures) <= log2(movies) + 1e-12
    else:
        assert np.isnan(beyond.gini(exposures))
        assert np.isnan(beyond.shannon(exposures))


@settings(max_examples=100, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_users_and_films_changes_nothing(world: dict[str, Any], random: Any) -> None:
    users, movies = list(range(len(world["lists"]))), list(range(len(world["counts"])))
    random.shuffle(users)
    random.shuffle(movies)
    new_index = np.argsort(movies)
    rows = [world["histories"][u] for u in users]
    moved = {
        "lists": np.where(world["lists"] < 0, -1, new_index[world["lists"]])[users],
        "profiles": Profiles.stack([Profile.of(new_index[r], np.ones(len(r))) for r in rows], len(movies)),
        **{name: world[name][movies] for name in ("counts", "genres", "vectors")},
    }
    for name, values in figures(moved).items():
        np.testing.assert_allclose(values, figures(world)[name][users], atol=1e-12, err_msg=name)
    before, after = (beyond.exposure(w["lists"], len(movies)) for w in (world, moved))
    assert beyond.coverage(before) == beyond.coverage(after)
    assert beyond.gini(before) == pytest.approx(beyond.gini(after), abs=1e-12, nan_ok=True)
    assert beyond.shannon(before) == pytest.approx(beyond.shannon(after), abs=1e-12, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_bounds(world: dict[str, Any]) -> None:
    found = figures(world)
    genre_diversity = beyond.intra_list_diversity(world["lists"], world["genres"])
    for values, low, high in (
        (found["novelty"], 0, log2(5)),
        (found["lift"], -1, 1),
        (found["diversity"], 0, 2),
        (genre_diversity, 0, 1),
        (found["calibration"], 0, -log(0.01)),
    ):
        known = values[~np.isnan(values)]
        assert ((known >= low - 1e-9) & (known <= high + 1e-9)).all()


# --- known answers ---------------------------------------------------------------------------------------------------


def test_a_list_that_is_the_profile_is_calibrated_and_lifts_nothing() -> None:
    genres = np.array([[1, 0], [1, 1], [0, 1]], np.bool_)
    lists, profiles = np.array([[2, 0, 1]], np.int32), Profiles.stack([Profile.of([0, 1, 2], [5, 4, 1])], 3)
    assert beyond.calibration(lists, profiles, genres) == pytest.approx([0], abs=1e-12)
    assert beyond.popularity_lift(lists, profiles, np.array([9, 4, 1])) == pytest.approx([0], abs=1e-12)


def test_a_list_without_any_genre_of_the_profile_is_worst() -> None:
    profiles = Profiles.stack([Profile.of([0], [5])], 2)
    worst = beyond.calibration(np.array([[1]], np.int32), profiles, np.eye(2), alpha=0.1)
    assert worst == pytest.approx([-log(0.1)])


def test_steck_in_numbers() -> None:
    # 70 % romance, 30 % action watched; only romance shown: .7 ln(.7/(.99 + .007)) + .3 ln(.3/.003).
    history = Profiles.stack([Profile.of(range(10), np.ones(10))], 20)
    genres = np.zeros((20, 2))
    genres[[*range(7), *range(10, 20)], 0] = 1
    genres[7:10, 1] = 1
    found = beyond.calibration(np.arange(10, 20, dtype=np.int32)[None], history, genres)
    assert found == pytest.approx([0.7 * log(0.7 / 0.997) + 0.3 * log(100)], abs=1e-12)


def test_gini_and_entropy_of_the_extremes() -> None:
    assert beyond.gini(np.full(8, 3)) == 0
    assert beyond.gini(np.array([0, 0, 0, 0, 5])) == pytest.approx(0.8)
    assert beyond.shannon(np.full(8, 3)) == pytest.approx(3)
    assert beyond.shannon(np.array([0, 7])) == 0


def test_showing_everybody_the_favourite_lifts_popularity() -> None:
    profiles = Profiles.stack([Profile.of([3], [5])], 4)
    assert beyond.popularity_lift(np.array([[0]], np.int32), profiles, np.array([9, 5, 3, 1])) == pytest.approx([0.75])


def test_misuse_is_named() -> None:
    lists = np.array([[5]], np.int32)
    with pytest.raises(ShapeError, match="film 5; only 3"):
        beyond.novelty(lists, np.ones(3, np.int64), 4)
    with pytest.raises(SettingsError, match="Alpha"):
        beyond.calibration(lists, Profiles.stack([Profile.empty()], 6), np.ones((6, 1)), alpha=0)


def test_examples_in_the_docstrings() -> None:
    failed, attempted = doctest.testmod(beyond)
    assert failed == 0
    assert attempted >= 8

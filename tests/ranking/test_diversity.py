"""Diversify: the dial at 0 is the plain ranking, and every step is what the slow formula says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.errors import SettingsError, ShapeError
from matinee.ranking.diversity import DiversityConfig, diversify, shortlist, to_unit, wanted_genres
from matinee.ranking.features import MovieFeatures, fame_of, projected, unit
from matinee.ranking.select import best
from matinee.testing.worlds import catalogue
from matinee.types import BoolVector, FloatVector, Profile

N, GENRES, WIDTH = 60, 5, 6


def world(seed: int, n: int = N) -> tuple[FloatVector, BoolVector, MovieFeatures]:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, WIDTH)).astype(np.float32)
    vectors[rng.random(n) < 0.1] = 0
    features = MovieFeatures(unit(vectors), rng.random((n, GENRES)) < 0.3, fame_of(rng.integers(0, 500, n)))
    return rng.random(n).astype(np.float32), rng.random(n) < 0.8, features


def slow(scores, allowed, n, dial, features, profile, config):
    """The formula of the module, film by film."""
    pool = [int(movie) for movie in best(scores, allowed, config.pool)]
    relevance = dict(zip(pool, to_unit(scores[pool]).tolist(), strict=True))
    wanted = wanted_genres(features, profile)
    taken: list[int] = []
    while len(taken) < min(n, len(pool)):
        k = len(taken) + 1
        have = features.genre_shares[taken].sum(axis=0) if taken else np.zeros(GENRES)

        def value(movie: int, k=k, have=have) -> float:
            found = (1 - dial) * relevance[movie] - dial * config.damping * float(features.fame[movie])
            if taken:
                found -= (
                    dial * config.redundancy * max(float(features.vectors[movie] @ features.vectors[j]) for j in taken)
                )
            if wanted is not None:
                for genre, p in enumerate(wanted.tolist()):
                    if p > 0:
                        alpha = config.smoothing
                        base = (1 - alpha) * have[genre] + alpha * k * p
                        gain = np.log1p((1 - alpha) * features.genre_shares[movie, genre] / base)
                        found += dial * config.calibration * k * p * gain
            return found

        rest = [movie for movie in pool if movie not in taken]
        values = [value(movie) for movie in rest]
        taken.append(rest[int(np.argmax(values))])
    return taken, value


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    dial=st.sampled_from([0.05, 0.3, 0.7, 1.0]),
    rated=st.lists(st.integers(0, N - 1), max_size=12, unique=True),
    pool=st.sampled_from([5, 30, 100]),
)
def test_each_step_is_what_the_formula_says(seed: int, dial: float, rated: list[int], pool: int) -> None:
    scores, allowed, features = world(seed)
    config = DiversityConfig(pool=pool, calibration=0.2)
    profile = Profile.of(rated, [4.0] * len(rated))
    expected, _ = slow(scores, allowed, 20, dial, features, profile, config)
    found = diversify(scores, allowed, 20, dial, features, profile, config)
    assert found[: len(expected)].tolist() == expected
    # Beyond the pool films follow by score.
    beyond = best(scores, allowed, 20)[pool:]
    assert found[pool:].tolist() == beyond.tolist()


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, N + 5),
    dial=st.floats(0, 1),
    rated=st.lists(st.integers(0, N - 1), max_size=8, unique=True),
)
def test_a_list_holds_allowed_films_once_and_its_head_is_the_short_list(
    seed: int, n: int, dial: float, rated: list[int]
) -> None:
    scores, allowed, features = world(seed)
    profile = Profile.of(rated, [3.0] * len(rated))
    before = scores.copy(), allowed.copy()
    found = diversify(scores, allowed, n, dial, features, profile)
    assert len(found) == len(set(found.tolist())) == min(n, int(allowed.sum()))
    assert allowed[found].all()
    assert found.dtype == np.int32
    assert diversify(scores, allowed, n, dial, features, profile).tolist() == found.tolist()
    assert diversify(scores, allowed, n // 2, dial, features, profile).tolist() == found[: n // 2].tolist()
    assert np.array_equal(before[0], scores)
    assert np.array_equal(before[1], allowed)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, N + 5))
def test_dial_zero_is_the_plain_ranking(seed: int, n: int) -> None:
    scores, allowed, features = world(seed)
    found = diversify(scores, allowed, n, 0.0, features, Profile.empty())
    assert found.tolist() == best(scores, allowed, n).tolist()


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 60),
    distinct=st.sampled_from([2, 50, 10**6]),
    share=st.sampled_from([0.001, 0.02, 0.9]),
)
def test_the_short_list_is_the_plain_ranking_whatever_the_ties(seed: int, n: int, distinct: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, distinct, 3000).astype(np.float32)
    allowed = rng.random(3000) < share
    assert shortlist(scores, allowed, n).tolist() == best(scores, allowed, n).tolist()


def test_more_dial_is_more_varied_better_calibrated_and_less_famous() -> None:
    variety, distance, fame = [], [], []
    for dial in (0.0, 0.5, 1.0):
        means = np.zeros(3)
        for seed in range(40):
            scores, allowed, features = world(seed)
            profile = Profile.of(range(8), [4.0] * 8)
            found = diversify(scores, allowed, 10, dial, features, profile, DiversityConfig(calibration=0.1))
            likeness = features.vectors[found] @ features.vectors[found].T
            wanted = wanted_genres(features, profile)
            shown = features.genre_shares[found].sum(axis=0)
            shown = 0.99 * shown / shown.sum() + 0.01 * wanted
            kept = wanted > 0
            means += [
                1 - (likeness.sum() - 10) / 90,
                (wanted[kept] * np.log(wanted[kept] / shown[kept])).sum(),
                features.fame[found].mean(),
            ]
        variety.append(means[0])
        distance.append(means[1])
        fame.append(means[2])
    assert variety == sorted(variety)
    assert distance == sorted(distance, reverse=True)
    assert fame == sorted(fame, reverse=True)


def test_two_equal_films_do_not_stand_side_by_side() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    features = MovieFeatures(vectors, np.ones((3, 1), np.bool_), np.zeros(3, np.float32))
    scores = np.array([1.0, 0.9, 0.0], np.float32)
    everything = np.ones(3, np.bool_)
    assert diversify(scores, everything, 2, 0.1, features, Profile.empty()).tolist() == [0, 1]
    config = DiversityConfig(redundancy=1.0)
    assert diversify(scores, everything, 2, 0.6, features, Profile.empty(), config).tolist() == [0, 2]


def test_where_nothing_is_allowed_nothing_is_listed() -> None:
    scores, allowed, features = world(0)
    nothing = np.zeros_like(allowed)
    assert diversify(scores, nothing, 5, 0.3, features, Profile.of([1], [4.0])).tolist() == []


def test_mistakes_are_named() -> None:
    scores, allowed, features = world(0)
    with pytest.raises(SettingsError, match="dial runs from 0"):
        diversify(scores, allowed, 5, 1.1, features, Profile.empty())
    with pytest.raises(ShapeError, match="one length"):
        diversify(scores[:-1], allowed, 5, 0.1, features, Profile.empty())
    with pytest.raises(SettingsError, match="smoothing"):
        DiversityConfig(smoothing=0)
    with pytest.raises(SettingsError, match="below 0"):
        DiversityConfig(redundancy=-1)
    with pytest.raises(ShapeError, match="same films"):
        MovieFeatures(features.vectors[:-1], features.genres, features.fame)


def test_projected_vectors_keep_what_films_share() -> None:
    films = catalogue(40)
    vectors = projected(films, width=400)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    genres = films.genres.astype(np.float64)
    decades = films.years // 10
    likeness = vectors @ vectors.T
    exact = np.zeros((40, 40))
    sizes = np.sqrt(genres.sum(axis=1))
    exact = (genres / sizes[:, None]) @ (genres / sizes[:, None]).T + (decades[:, None] == decades[None, :])
    assert np.abs(likeness - exact / 2).max() < 0.25
    assert np.corrcoef(likeness.ravel(), exact.ravel())[0, 1] > 0.97


def test_without_the_engine_content_features_come_from_the_catalogue() -> None:
    films = catalogue(12)
    features = MovieFeatures.of(films, {}, np.arange(12))
    assert features.described.all()
    assert features.fame[0] == 0
    assert features.fame[-1] == 1
    assert len(features) == 12

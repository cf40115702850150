"""Neighbours: groups that are there to be found, and predictions written out person by person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines.clusters import divide, simplified_silhouette
from matinee.engines.neighbours import Neighbours, NeighboursConfig
from matinee.engines.stars import EDGE
from matinee.errors import SettingsError
from matinee.testing.worlds import latent
from matinee.types import Profile, Profiles


def blobs(k: int, n: int = 40, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = 10 * np.stack([np.cos(2 * np.pi * np.arange(k) / k), np.sin(2 * np.pi * np.arange(k) / k)], axis=1)
    return (np.repeat(centres, n, axis=0) + rng.normal(size=(k * n, 2))).astype(np.float32)


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_the_number_of_blobs_is_found(k: int) -> None:
    found = divide(blobs(k), 2, 10)
    assert len(found.centres) == k
    assert found.tried[found.silhouettes.argmax()] == k
    groups = found.labels.reshape(k, -1)
    assert (groups == groups[:, :1]).all()
    assert len(np.unique(groups[:, 0])) == k


def test_the_order_of_points_does_not_matter() -> None:
    points, order = blobs(6, seed=3), np.random.default_rng(1).permutation(240)
    plain, shuffled = divide(points, 4, 8), divide(points[order], 4, 8)
    np.testing.assert_allclose(np.sort(shuffled.centres, axis=0), np.sort(plain.centres, axis=0), atol=1e-4)
    np.testing.assert_allclose(shuffled.silhouettes, plain.silhouettes, atol=1e-5)


def test_the_silhouette_is_the_formula() -> None:
    points, centres = blobs(3, 10), np.array([[8, 0], [-5, 6], [-5, -6]], np.float32)
    slow = []
    for point in points:
        own, other = sorted(np.linalg.norm(point - centres, axis=1))[:2]
        slow.append((other - own) / max(own, other))
    assert simplified_silhouette(points, centres) == pytest.approx(np.mean(slow))


def test_few_points_are_not_torn_apart() -> None:
    same = np.ones((20, 3), np.float32)
    assert len(divide(same, 2, 5).centres) == 1
    assert len(divide(np.zeros((0, 3), np.float32), 2, 5).centres) == 1
    assert len(divide(blobs(2, 10), 4, 6, smallest=8).centres) == 2


def by_hand(dataset: Dataset, profile: Profile, people: np.ndarray, config: NeighboursConfig) -> np.ndarray:
    """Predict one profile's stars, person by person and film by film."""
    ratings: list[dict[int, float]] = [{} for _ in range(dataset.n_users)]
    for user, movie, value in zip(dataset.users, dataset.movies, dataset.values, strict=True):
        ratings[user][int(movie)] = float(value)
    overall = float(np.mean(dataset.values))
    mean = [(sum(r.values()) + config.mean_l2 * overall) / (len(r) + config.mean_l2) for r in ratings]
    offset = np.zeros(dataset.n_movies)
    for movie in range(dataset.n_movies):
        above = [r[movie] - mean[user] for user, r in enumerate(ratings) if movie in r]
        offset[movie] = sum(above) / (len(above) + config.mean_l2)
    mine = {int(m): float(v) for m, v in zip(profile.movies, profile.values, strict=True)}
    my_mean = (sum(mine.values()) + config.mean_l2 * overall) / (len(mine) + config.mean_l2)
    mine = {movie: value - my_mean - offset[movie] for movie, value in mine.items()}
    likeness = {}
    for user in people:
        theirs = {movie: value - mean[user] - offset[movie] for movie, value in ratings[user].items()}
        dot = sum(mine[movie] * theirs[movie] for movie in mine.keys() & theirs.keys())
        lengths = np.linalg.norm(list(mine.values())) * np.linalg.norm(list(theirs.values()))
        if lengths > 0 and dot > 0:
            likeness[user] = (dot / lengths, theirs)
    nearest = sorted(likeness.values(), key=lambda pair: -pair[0])[: config.neighbours]
    predicted = np.empty(dataset.n_movies)
    for movie in range(dataset.n_movies):
        raters = [(s, theirs[movie]) for s, theirs in nearest if movie in theirs]
        opinion = sum(s * e for s, e in raters) / (sum(s for s, _ in raters) + config.shrink)
        predicted[movie] = my_mean + offset[movie] + opinion
    return predicted


@pytest.mark.parametrize("clusters", [1, 3])
@pytest.mark.parametrize("neighbours", [5, 500])
def test_predictions_are_the_formula(clusters: int, neighbours: int) -> None:
    dataset = latent()
    config = NeighboursConfig(clusters=clusters, neighbours=neighbours)
    engine = Neighbours(config).fit(dataset)
    everybody = dataset.profiles()
    groups = engine.groups_of(everybody)
    assert len(np.unique(groups)) == clusters
    newcomer = Profile.of([0, 3, 7, 11], [5.0, 1.0, 4.5, 2.0])
    for profile in (newcomer, everybody[4]):
        batch = Profiles.stack([profile], dataset.n_movies)
        people = np.flatnonzero(groups == engine.groups_of(batch)[0])
        wanted = by_hand(dataset, profile, people, config)
        found = engine.score(batch)[0]
        inside = (wanted > 0.5 + EDGE) & (wanted < 5 - EDGE)
        assert inside.sum() > 20
        np.testing.assert_allclose(found[inside], wanted[inside], atol=1e-4)


def test_everybody_kept_stands_in_their_own_group() -> None:
    dataset = latent(n_users=120)
    engine = Neighbours(NeighboursConfig(clusters=4)).fit(dataset)
    groups = engine.groups_of(dataset.profiles())
    assert np.diff(engine.arrays["bounds"]).tolist() == np.bincount(groups, minlength=4).tolist()
    assert len(engine.arrays["movies"]) == dataset.n_ratings
    described = engine.taste_groups(dataset.catalogue.genre_names)
    assert [group.people for group in described] == np.bincount(groups, minlength=4).tolist()
    assert all(0 < len(group.genres) <= 3 for group in described)


def test_a_horror_audience_is_told_from_a_comedy_audience() -> None:
    dataset = latent(n_users=80, n_movies=40)
    comedy = dataset.catalogue.genres[:, dataset.catalogue.genre_names.index("Comedy")]
    half = dataset.users < 40
    split = dataset.select(np.where(half, comedy[dataset.movies], ~comedy[dataset.movies]))
    engine = Neighbours(NeighboursConfig(clusters=2)).fit(split)
    groups = engine.groups_of(split.profiles())
    assert len(np.unique(groups[:40])) == len(np.unique(groups[40:])) == 1
    named = engine.taste_groups(split.catalogue.genre_names)[int(groups[0])]
    assert named.people == 40
    assert named.genres[0] == "Comedy"


def test_the_choice_of_groups_is_kept_to_be_shown() -> None:
    dataset = latent(n_users=200)
    engine = Neighbours(NeighboursConfig(fewest_clusters=2, most_clusters=5, smallest_cluster=5)).fit(dataset)
    tried, silhouettes = engine.arrays["tried"], engine.arrays["silhouettes"]
    assert len(tried) == len(silhouettes) > 1
    assert len(engine.arrays["centres"]) == tried[silhouettes.argmax()]


def test_only_the_most_active_people_are_kept() -> None:
    dataset = latent()
    engine = Neighbours(NeighboursConfig(clusters=1, max_people=10)).fit(dataset)
    assert sorted(np.diff(engine.arrays["indptr"])) == sorted(np.sort(np.diff(dataset.indptr))[-10:])


def test_watching_predicts_the_share_of_neighbours_who_watched() -> None:
    dataset = latent()
    watched = replace(dataset, values=np.ones_like(dataset.values), explicit=False)
    engine = Neighbours(NeighboursConfig(clusters=1, neighbours=500)).fit(watched)
    profile = watched.profiles()[0]
    table = watched.matrix().toarray()
    mine = np.zeros(watched.n_movies)
    mine[profile.movies] = 1
    likeness = table @ mine / np.sqrt(table.sum(axis=1) * mine.sum())
    wanted = likeness @ table / (likeness.sum() + 0.5)
    found = engine.score(Profiles.stack([profile], watched.n_movies))[0]
    inside = (wanted > EDGE) & (wanted < 1 - EDGE)
    assert inside.sum() > 10
    np.testing.assert_allclose(found[inside], wanted[inside], atol=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"clusters": 0}, {"fewest_clusters": 1}, {"most_clusters": 3}, {"neighbours": 0}, {"shrink": 0.0}]
)
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Neighbours.configure(wrong)

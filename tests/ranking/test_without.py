"""Without X is what a list made from scratch says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.errors import UnknownIdError
from matinee.ranking import Hybrid, HybridConfig
from matinee.ranking.select import best
from matinee.ranking.without import effects, removed, without
from matinee.testing.worlds import latent
from matinee.types import IntVector, Profile, Profiles

N = 40


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_movies=N)


@pytest.fixture(scope="module")
def engines(dataset: Dataset) -> dict[str, Engine]:
    chosen = {"popular": {}, "ease": {"l2": 20.0}, "svd": {"embedding_size": 3, "epochs": 3}}
    return {name: create(name, settings).fit(dataset) for name, settings in chosen.items()}


def lister(hybrid: Hybrid, strategy: str):
    def lists(profile: Profile, n: int) -> IntVector:
        allowed = np.ones(N, np.bool_)
        allowed[profile.movies] = False
        return best(hybrid.explained(Profiles.stack([profile], N), strategy).scores[0], allowed, n)

    return lists


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.integers(0, N - 1), st.sampled_from([0.5, 3.0, 4.0, 5.0])),
        min_size=1,
        max_size=N,
        unique_by=lambda pair: pair[0],
    ),
    place=st.integers(0, N),
    n=st.integers(0, N),
    strategy=st.sampled_from(["hybrid", "ease", "svd", "popular"]),
)
def test_it_equals_a_list_made_from_scratch(
    engines: dict[str, Engine], dataset: Dataset, pairs, place: int, n: int, strategy: str
) -> None:
    profile = Profile.of([movie for movie, _ in pairs], [value for _, value in pairs])
    movie = int(profile.movies[place % len(profile)])
    hybrid = Hybrid(engines, HybridConfig(weights={"ease": 0.6, "svd": 0.4}), catalogue=dataset.catalogue)
    found = without(lister(hybrid, strategy), profile, movie, n)

    rest = [(film, value) for film, value in pairs if film != movie]
    anew = Profile.of([film for film, _ in rest], [value for _, value in rest])
    scores = hybrid.explained(Profiles.stack([anew], N), strategy).scores[0]
    order = sorted(set(range(N)) - set(profile.movies.tolist()), key=lambda film: (-scores[film], film))
    assert list(found.after) == order[:n]
    assert set(found.before) - set(found.leaving) | set(found.coming) == set(found.after)
    assert not set(found.leaving) & set(found.after)
    assert not set(found.coming) & set(found.before)
    assert movie not in found.after


def test_a_film_that_was_not_rated_cannot_be_taken_out() -> None:
    with pytest.raises(UnknownIdError, match="no rating of movie index 7"):
        removed(Profile.of([1, 2], [5, 5]), 7)


def test_the_rating_that_changes_most_comes_first() -> None:
    def lists(profile: Profile, n: int) -> IntVector:
        start = 10 if 2 in profile.movies else 20
        return np.arange(start, start + n, dtype=np.int32)

    found = effects(lists, Profile.of([1, 2, 3], [5, 5, 5]), np.array([1, 2, 3], np.int32), 3)
    assert [each.movie for each in found] == [2, 1, 3]
    assert found[0].leaving == (10, 11, 12)
    assert found[0].coming == (20, 21, 22)
    assert not found[1].leaving

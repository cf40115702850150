"""What is worked out for a whole list at once is what each film would get alone."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.data.sample import load_sample
from matinee.engines import create
from matinee.engines.content import Content
from matinee.engines.content_parts import ContentParts
from matinee.ranking import Hybrid, HybridConfig
from matinee.ranking.explain import Explainer
from matinee.ranking.explanation import OWN, strongest
from matinee.types import Profile, Profiles

NAMES: dict[str, dict[str, Any]] = {
    "popular": {},
    "als": {"embedding_size": 8, "epochs": 2},
    "content": {"model": "lsa", "features": 10},
}


@cache
def world() -> tuple[Dataset, Hybrid, Explainer]:
    data = load_sample()
    engines = {name: create(name, chosen).fit(data) for name, chosen in NAMES.items()}
    hybrid = Hybrid(engines, HybridConfig(weights=dict.fromkeys(NAMES, 1 / 3)), catalogue=data.catalogue)
    return data, hybrid, Explainer(hybrid, data.catalogue)


@pytest.mark.parametrize("n_ratings", [0, 1, 3, 40])
def test_what_a_card_needs_is_what_the_amounts_say(n_ratings: int) -> None:
    data, hybrid, explainer = world()
    draws = np.random.default_rng(n_ratings)
    rated = draws.choice(data.n_movies, n_ratings, replace=False).astype(np.int32)
    profile = Profile.of(rated, (draws.integers(1, 11, n_ratings) / 2).tolist())
    blended = hybrid.explained(Profiles.stack([profile], data.n_movies))
    movies = draws.choice(data.n_movies, 30, replace=False).astype(np.int32)
    for each in explainer.explain(profile, movies, blended):
        assert each.own == pytest.approx(sum(each.total(kind) for kind in OWN), abs=1e-6)
        assert each.popularity == pytest.approx(each.total("popularity"), abs=1e-12)
        assert each.score == pytest.approx(sum(part.amount for part in each.parts), abs=1e-6)
        speaking = [place for place, amount in enumerate(each.rating_amounts.tolist()) if amount > 0]
        speaking.sort(key=lambda place: (-float(each.rating_amounts[place]), -place))
        for n in range(6):
            assert each.strongest(n) == speaking[:n]
        assert [(profile.movies[place], each.rating_amounts[place]) for place in speaking[:3]] == list(each.leading)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), min_size=5, max_size=5), max_size=4), st.integers(0, 7)
)
def test_the_strongest_are_found_in_order_and_ties_go_to_the_newer(rows: list[list[float]], n: int) -> None:
    found = strongest(np.array(rows, np.float64).reshape(len(rows), 5), n)
    wanted = [sorted(range(5), key=lambda place: (-row[place], -place))[:n] for row in rows]
    assert found.tolist() == wanted


def test_films_worked_out_side_by_side_consist_of_what_each_consists_of_alone() -> None:
    data, hybrid, _ = world()
    engine = hybrid.engines["content"]
    assert isinstance(engine, Content)
    movies = np.random.default_rng(0).choice(data.n_movies, 60).astype(np.int32)
    together = ContentParts(engine.arrays, data.catalogue).of(movies)
    alone = ContentParts(engine.arrays, data.catalogue)
    assert len(together) == len(movies)
    for movie, parts in zip(movies, together, strict=True):
        [one] = alone.of(np.array([movie]))
        assert parts.names == one.names
        np.testing.assert_allclose(parts.vectors, one.vectors, atol=1e-7)
    assert alone.of(movies[:0]) == []

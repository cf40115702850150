"""Explanations add up, name only what is there, and say how each amount was worked out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Catalogue, Dataset
from matinee.engines import Engine, content_space, create
from matinee.engines.content_parts import ContentParts
from matinee.ranking import Hybrid, HybridConfig
from matinee.ranking.attribution import SOLVED, WALKED, parts_of, walk
from matinee.ranking.blend import NORMALISATIONS
from matinee.ranking.explain import Explainer, explain
from matinee.ranking.taste import Slider, Taste, TasteIndex
from matinee.testing.worlds import latent
from matinee.types import FloatMatrix, Profile, Profiles

N = 40
SETTINGS = {
    "popular": {},
    "ease": {"l2": 20.0, "pairs": 10, "pair_l2": 50.0, "dislike_weight": -0.3},
    "svd": {"embedding_size": 3, "epochs": 3},
    "bayes": {"embedding_size": 3, "epochs": 6, "burn_in": 2, "samples": 3},
    "als": {"embedding_size": 6, "epochs": 3},
    "explicit_als": {"embedding_size": 3, "epochs": 3},
    "next": {},
    "neighbours": {"clusters": 2},
    "graph": {},
    "itemknn": {},
    "content": {"model": "lsa", "features": 12, "lsa": 8},
}
LIKED = [0.5, 2.0, 3.5, 4.0, 5.0]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    plain = latent(n_movies=N)
    rng = np.random.default_rng(5)
    people = [f"Person {number}" for number in range(12)]
    movies = plain.catalogue.movies.with_columns(
        pl.Series("directors", [[people[rng.integers(12)]] for _ in range(N)]),
        pl.Series("cast", [rng.choice(people, 3, replace=False).tolist() for _ in range(N)]),
        pl.Series("overview", [f"A tale of {'love' if film % 3 else 'war'} and {film % 7} kings" for film in range(N)]),
    )
    return replace(plain, catalogue=Catalogue.of(movies))


@pytest.fixture(scope="module")
def engines(dataset: Dataset) -> dict[str, Engine]:
    return {name: create(name, chosen).fit(dataset) for name, chosen in SETTINGS.items()}


profiles = st.lists(
    st.tuples(st.integers(0, N - 1), st.sampled_from(LIKED)), max_size=N, unique_by=lambda pair: pair[0]
).map(lambda pairs: Profile.of([movie for movie, _ in pairs], [value for _, value in pairs]))
weights = st.dictionaries(st.sampled_from(list(SETTINGS)), st.floats(0.01, 1), min_size=1, max_size=6)
sliders = st.lists(
    st.builds(
        Slider,
        st.just("genre"),
        st.sampled_from(["Comedy", "Drama", "Horror", "Thriller"]),
        st.sampled_from([-1, 0, 1, 2]),
    ),
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(
    profile=profiles,
    shares=weights,
    moved=sliders,
    normalisation=st.sampled_from(NORMALISATIONS),
    cold=st.sampled_from([0, 5]),
)
def test_parts_add_up_to_the_shown_score_for_random_blends(
    engines: dict[str, Engine], dataset: Dataset, profile: Profile, shares, moved, normalisation, cold: int
) -> None:
    config = HybridConfig(weights=shares, normalisation=normalisation, cold_below=cold)
    hybrid = Hybrid(engines, config, catalogue=dataset.catalogue)
    blended = hybrid.explained(Profiles.stack([profile], N))
    boost = TasteIndex(dataset.catalogue).boost(Taste.of(moved), 0.2)
    movies = np.arange(N, dtype=np.int32)
    found = explain(hybrid, dataset.catalogue, profile, movies, blended, boost)
    for movie, explanation in enumerate(found):
        shown = float(blended.scores[0, movie]) + float(boost.total[movie])
        assert explanation.score == pytest.approx(shown, abs=1e-6)
        assert abs(sum(part.amount for part in explanation.parts) - explanation.score) <= 1e-5
        assert all(np.isfinite(part.amount) for part in explanation.parts)
        assert {part.movie for part in explanation.parts if part.kind == "rating"} <= set(profile.movies.tolist())


@settings(max_examples=12, deadline=None)
@given(profile=profiles)
@pytest.mark.parametrize("name", list(SETTINGS))
def test_every_engine_alone_adds_up_from_where_its_scale_begins(
    engines: dict[str, Engine], dataset: Dataset, name: str, profile: Profile
) -> None:
    hybrid = Hybrid(engines, catalogue=dataset.catalogue)
    blended = hybrid.explained(Profiles.stack([profile], N), name)
    movies = np.arange(N, dtype=np.int32)
    low, span = float(blended.low[name][0]), float(blended.span[name][0])
    raw = blended.raw[name][0]
    resolution = 1e-5 * max(1.0, float(np.abs(raw).max()) / span)
    # What the engine makes of anybody is told from there; where it makes nothing of them, the beginning is the baseline.
    usual = raw if name == "popular" else parts_of(engines[name], profile, movies, raw).usual
    popularity = (usual - low) / span if usual.any() else np.zeros(N)
    baseline = 0.0 if usual.any() else -low / span
    for explanation in Explainer(hybrid, dataset.catalogue).explain(profile, movies, blended):
        assert abs(sum(part.amount for part in explanation.parts) - explanation.score) <= 1e-5
        assert explanation.total("baseline") == pytest.approx(baseline, abs=resolution)
        assert explanation.popularity == pytest.approx(popularity[explanation.movie], abs=resolution)


def test_item_item_parts_are_the_weights_themselves(engines: dict[str, Engine], dataset: Dataset) -> None:
    """Taking a film out of the profile lowers the raw score by exactly its part."""
    profile = dataset.profiles()[0]
    graph, movies = engines["graph"], np.arange(N, dtype=np.int32)
    hybrid = Hybrid(engines, catalogue=dataset.catalogue)
    blended = hybrid.explained(Profiles.stack([profile], N), "graph")
    before = graph.score(Profiles.stack([profile], N))[0]
    for place in range(3):
        keep = np.arange(len(profile)) != place
        rest = Profile(profile.movies[keep], profile.values[keep], profile.times[keep])
        lost = (before - graph.score(Profiles.stack([rest], N))[0]) / blended.span["graph"][0]
        for explanation in Explainer(hybrid, dataset.catalogue).explain(profile, movies, blended):
            assert explanation.rating_amounts[place] == pytest.approx(lost[explanation.movie], abs=1e-5)


def test_popularity_alone_has_no_other_part(engines: dict[str, Engine], dataset: Dataset) -> None:
    hybrid = Hybrid(engines)
    blended = hybrid.explained(Profiles.stack([Profile.empty()], N))
    [one] = Explainer(hybrid, dataset.catalogue).explain(Profile.empty(), np.array([3], np.int32), blended)
    assert {part.kind for part in one.parts} == {"popularity", "baseline"}


def test_few_ratings_lift_genres_which_say_so(engines: dict[str, Engine], dataset: Dataset) -> None:
    hybrid = Hybrid(engines, catalogue=dataset.catalogue)
    profile = Profile.of([0, 4], [5.0, 5.0])
    blended = hybrid.explained(Profiles.stack([profile], N))
    movies = np.arange(N, dtype=np.int32)
    for one in Explainer(hybrid, dataset.catalogue).explain(profile, movies, blended):
        own = set(dataset.catalogue.movies["genres"][one.movie].to_list())
        assert {part.label for part in one.parts if part.kind == "genre"} <= own
        extra = float(blended.scores[0, one.movie]) - one.total("popularity") - one.total("baseline")
        assert one.total("genre") == pytest.approx(extra, abs=1e-5)


def test_content_names_only_genres_and_people_of_the_film(engines: dict[str, Engine], dataset: Dataset) -> None:
    hybrid = Hybrid(engines, catalogue=dataset.catalogue)
    profile = dataset.profiles()[2]
    blended = hybrid.explained(Profiles.stack([profile], N), "content")
    films = dataset.catalogue.movies
    found = Explainer(hybrid, dataset.catalogue).explain(profile, np.arange(N, dtype=np.int32), blended)
    assert any(one.total("person") for one in found)
    for one in found:
        people = {*films["directors"][one.movie].to_list(), *films["cast"][one.movie].to_list()}
        assert {part.label for part in one.parts if part.kind == "person"} <= people
        assert {part.label for part in one.parts if part.kind == "genre"} <= set(films["genres"][one.movie].to_list())


def test_named_parts_are_what_the_film_would_lose(engines: dict[str, Engine], dataset: Dataset) -> None:
    """A film's genres and people, worked out from the components, agree with a film placed anew without them."""
    content, catalogue = engines["content"], dataset.catalogue
    film = catalogue.movies.row(7, named=True)
    lengths = content.arrays["lengths"]
    [named] = ContentParts(content.arrays, catalogue).of(np.array([7], np.int32))
    plain = Catalogue.of(
        pl.DataFrame([{**film, "directors": [], "cast": []}], schema=catalogue.movies.schema).drop("directors", "cast")
    )
    count = np.bincount(dataset.movies, minlength=N)[[7]]
    unnormalised = content.arrays["vectors"][7] * lengths[7]
    without = content_space.place(content_space.Facts(plain.movies, [{}], count, None), content.arrays)[0]
    people = [row for row, (kind, _) in enumerate(named.names) if kind == "person"]
    average = np.zeros(len(unnormalised))
    terms = ContentParts(content.arrays, catalogue)._terms(7)
    for term, (_, _, (kind, _)) in terms.items():
        spot = np.flatnonzero(content.arrays["terms"] == np.uint64(term))
        if kind == "person" and len(spot):
            average += content.arrays["mean"][spot[0]] * content.arrays["components"][spot[0]]
    rest = unnormalised - named.vectors[people].sum(axis=0) * lengths[7] - average
    np.testing.assert_allclose(rest / np.linalg.norm(rest), without, atol=1e-4)


class Squared(Engine):
    """A scorer that does not add: the square of the number of likes, times the film's number."""

    name = "squared"

    def __init__(self) -> None:
        self.arrays = {"some": np.ones(1)}
        self.n_movies = 5
        self._derived = (self.arrays, {})

    def _fit(self, dataset: Dataset, progress: object) -> dict:
        raise NotImplementedError

    def _score(self, profiles: Profiles) -> FloatMatrix:
        likes = np.asarray(profiles.matrix().sum(axis=1))[:, None]
        return ((1 + likes) ** 2 * np.arange(5)).astype(np.float32)


def test_a_walk_finds_shapley_values_of_equals() -> None:
    profile = Profile.of([0, 1, 2], [1, 1, 1])
    movies = np.array([1, 4], np.int32)
    parts, nothing = walk(Squared(), profile, movies)
    np.testing.assert_allclose(nothing, [1, 4])
    # From 1² to 4² in three strides; the middle one has the average of both orders, as have first and last together.
    np.testing.assert_allclose(parts, np.outer([1, 4], [5, 5, 5]))


@pytest.mark.parametrize("steps", [1, 2, 3, 48])
def test_a_walk_always_adds_up(steps: int) -> None:
    profile = Profile.of([4, 0, 2, 1], [1, 2, 1, 3])
    movies = np.arange(5, dtype=np.int32)
    parts, nothing = walk(Squared(), profile, movies, steps)
    scores = Squared().score(Profiles.stack([profile], 5))[0]
    np.testing.assert_allclose(parts.sum(axis=1) + nothing, scores, rtol=1e-6)
    if steps == 48:
        found = parts_of(Squared(), profile, movies, scores)
        assert found.method == WALKED
        assert not found.exact
        np.testing.assert_allclose(found.left, 0, atol=1e-4)


def test_what_is_not_estimated_stays_whole(engines: dict[str, Engine], dataset: Dataset) -> None:
    hybrid = Hybrid(engines, catalogue=dataset.catalogue)
    profile = dataset.profiles()[1]
    blended = hybrid.explained(Profiles.stack([profile], N), "neighbours")
    found = Explainer(hybrid, dataset.catalogue).explain(profile, np.arange(N, dtype=np.int32), blended, estimate=False)
    for one in found:
        assert sum(part.amount for part in one.parts) == pytest.approx(one.score, abs=1e-5)
        assert {part.kind for part in one.parts} == {"model", "baseline"}


def test_methods_are_told(engines: dict[str, Engine], dataset: Dataset) -> None:
    profile, movies = dataset.profiles()[1], np.array([0, 1], np.int32)
    for strategy, method in (("ease", "exact"), ("als", SOLVED), ("svd", SOLVED)):
        hybrid = Hybrid(engines, catalogue=dataset.catalogue)
        blended = hybrid.explained(Profiles.stack([profile], N), strategy)
        explanations = Explainer(hybrid, dataset.catalogue).explain(profile, movies, blended)
        told = {part.method for one in explanations for part in one.parts if part.kind == "rating"}
        assert told == {method}


def test_the_strongest_ratings_come_first_and_only_those_that_speak_for_the_film(
    engines: dict[str, Engine], dataset: Dataset
) -> None:
    profile = dataset.profiles()[1]
    hybrid = Hybrid(engines, catalogue=dataset.catalogue)
    blended = hybrid.explained(Profiles.stack([profile], N), "ease")
    for one in Explainer(hybrid, dataset.catalogue).explain(profile, np.arange(N, dtype=np.int32), blended):
        named = one.ratings(3)
        assert [part.amount for part in named] == sorted((part.amount for part in named), reverse=True)
        assert all(part.amount > 0 for part in named)
        assert all(part.label == dataset.catalogue.titles[part.movie] for part in named)
        slow = sorted((-amount, -place) for place, amount in enumerate(one.rating_amounts.tolist()) if amount > 0)
        for n in (0, 1, 3, len(profile) + 2):
            assert [part.movie for part in one.ratings(n)] == [int(profile.movies[-place]) for _, place in slow[:n]]

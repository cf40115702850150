"""The recommender: nothing seen comes back, every film has a reason, newcomers get what is popular."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.errors import ReleaseError, UnknownIdError
from matinee.ranking import Hybrid, HybridConfig, Policy, Recommender, Slider, Taste
from matinee.releases import Release, assemble
from matinee.testing.worlds import latent
from matinee.types import Profile, Profiles

N = 40


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_movies=N)


@pytest.fixture(scope="module")
def release(dataset: Dataset) -> Release:
    hybrid = Hybrid.unfitted().fit(dataset)
    return assemble(dataset, hybrid.engines, ranking=hybrid.config.settings())


@pytest.fixture(scope="module")
def recommender(release: Release) -> Recommender:
    return Recommender(release)


profiles = st.lists(
    st.tuples(st.integers(0, N - 1), st.sampled_from([0.5, 2.0, 3.5, 4.0, 5.0])),
    max_size=N,
    unique_by=lambda pair: pair[0],
)


@settings(max_examples=150, deadline=None)
@given(
    pairs=profiles,
    n=st.integers(0, N + 5),
    exclude=st.sets(st.integers(0, N - 1), max_size=5),
    strategy=st.sampled_from(["hybrid", "popular", "ease", "svd"]),
)
def test_lists_hold_only_new_films_once_with_a_reason(
    recommender: Recommender, pairs, n: int, exclude: set[int], strategy: str
) -> None:
    profile = Profile.of([movie for movie, _ in pairs], [value for _, value in pairs])
    answer = recommender.recommend(profile, n, strategy=strategy, exclude=exclude, discovery=0)
    varied = recommender.recommend(profile, n, strategy=strategy, exclude=exclude)
    assert sorted(item.movie for item in varied.items[:n]) == sorted({item.movie for item in varied.items})
    assert len(varied.items) == len(answer.items)
    assert {item.movie for item in varied.items} <= set(range(N)) - set(profile.movies.tolist()) - exclude
    movies = [item.movie for item in answer.items]
    open_to = set(range(N)) - set(profile.movies.tolist()) - exclude
    assert len(movies) == min(n, len(open_to))
    assert set(movies) <= open_to
    assert len(set(movies)) == len(movies)
    assert all(item.reason and np.isfinite(item.score) for item in answer.items)
    assert [item.score for item in answer.items] == sorted((item.score for item in answer.items), reverse=True)
    for item in answer.items:
        assert {each.movie for each in item.because} <= set(profile.movies.tolist())


def test_newcomers_are_routed_to_what_is_popular(recommender: Recommender) -> None:
    answer = recommender.recommend(Profile.of([1, 2], [5, 4]), 5)
    assert answer.strategy == "statistical"
    assert "2 of the 5 ratings" in answer.because
    assert all("on average by" in item.reason for item in answer.items)


def test_people_we_know_get_the_blend(recommender: Recommender, dataset: Dataset) -> None:
    profile = dataset.profiles()[3]
    answer = recommender.recommend(profile, 10)
    assert answer.strategy == "hybrid"
    assert any(item.reason.startswith("Because you gave Film") for item in answer.items)


def test_the_reason_names_the_strongest_contribution_with_the_given_stars(
    recommender: Recommender, dataset: Dataset
) -> None:
    profile = dataset.profiles()[3]
    ease = recommender.hybrid.engines["ease"]
    for item in recommender.recommend(profile, 10, strategy="ease").items:
        if not item.because:
            continue
        amounts = ease.contributions(profile, np.array([item.movie], np.int32))
        assert amounts is not None
        strongest = int(np.argmax(amounts[0]))
        assert item.because[0].movie == profile.movies[strongest]
        assert item.explanation is not None
        assert sum(part.amount for part in item.explanation.parts) == pytest.approx(item.score, abs=1e-5)
        by_rating = {part.movie: part.amount for part in item.explanation.parts if part.kind == "rating"}
        assert item.because[0].amount == max(by_rating.values())
        stars = f"{profile.values[strongest]:g} star"
        assert f"{recommender.catalogue.titles[profile.movies[strongest]]} {stars}" in item.reason


def test_one_answer_equals_the_batch_the_laboratory_scores(recommender: Recommender, dataset: Dataset) -> None:
    everybody = recommender.hybrid.score(dataset.profiles())
    for row in (0, 7, 20):
        alone = recommender.hybrid.score(Profiles.stack([dataset.profiles()[row]], N))[0]
        np.testing.assert_allclose(alone, everybody[row], rtol=3e-4, atol=1e-4)


def test_a_rating_changes_the_next_list(recommender: Recommender, dataset: Dataset) -> None:
    before = dataset.profiles()[5]
    first = [item.movie for item in recommender.recommend(before, 5).items]
    after = Profile.of([*before.movies, first[0]], [*before.values, 1.0])
    second = [item.movie for item in recommender.recommend(after, 5).items]
    assert first[0] not in second
    assert second != first[1:]


def test_unknown_strategies_name_the_known_ones(recommender: Recommender) -> None:
    with pytest.raises(UnknownIdError, match="Strategies: hybrid, "):
        recommender.recommend(Profile.empty(), 5, strategy="magic")


def test_similar_leaves_the_film_itself_out(recommender: Recommender) -> None:
    for movie in range(N):
        found = [item.movie for item in recommender.similar(movie, 50)]
        assert movie not in found
        assert len(set(found)) == len(found)


def test_similar_needs_a_film_that_exists(recommender: Recommender) -> None:
    with pytest.raises(UnknownIdError, match="no movie index 40"):
        recommender.similar(N, 3)


def test_without_item_models_similar_films_share_genres(dataset: Dataset) -> None:
    only = Hybrid.unfitted(HybridConfig(weights={"popular": 1})).fit(dataset)
    recommender = Recommender(assemble(dataset, only.engines, ranking=only.config.settings()))
    found = recommender.similar(0, 3)
    genres = set(dataset.catalogue.movies["genres"][0].to_list())
    assert found
    assert all(genres & set(dataset.catalogue.movies["genres"][item.movie].to_list()) for item in found)
    assert found[0].reason.startswith("Shares genres")


def test_trending_keeps_to_the_genre(recommender: Recommender) -> None:
    found = recommender.trending(5, genre="horror")
    assert found
    assert all("Horror" in recommender.catalogue.movies["genres"][item.movie].to_list() for item in found)
    with pytest.raises(UnknownIdError, match="genre 'Opera'"):
        recommender.trending(5, genre="Opera")


def test_a_missing_engine_gives_its_weight_away_and_the_answer_says_so(release: Release, dataset: Dataset) -> None:
    fewer = replace(release, engines={name: engine for name, engine in release.engines.items() if name != "svd"})
    answer = Recommender(fewer).recommend(dataset.profiles()[3], 5)
    assert "has no svd" in answer.because
    assert len(answer.items) == 5


def test_a_release_without_popular_is_refused(release: Release) -> None:
    with pytest.raises(ReleaseError, match="lacks the engine 'popular'"):
        Recommender(replace(release, engines={"ease": release.engines["ease"]}))


def test_simulated_viewers_are_called_so(dataset: Dataset) -> None:
    made_up = replace(dataset, simulated=True)
    hybrid = Hybrid.unfitted().fit(made_up)
    recommender = Recommender(assemble(made_up, hybrid.engines, ranking=hybrid.config.settings()))
    assert all("simulated viewer" in item.reason for item in recommender.recommend(Profile.empty(), 5).items)


def test_watched_data_speak_of_watching(dataset: Dataset) -> None:
    watched = replace(dataset, explicit=False, values=np.ones_like(dataset.values))
    hybrid = Hybrid.unfitted().fit(watched)
    recommender = Recommender(assemble(watched, hybrid.engines, ranking=hybrid.config.settings()))
    reasons = [item.reason for item in recommender.recommend(watched.profiles()[3], 10).items]
    assert any(reason.startswith("Because you watched Film") for reason in reasons)
    assert not any("star" in reason for reason in reasons)


def test_policies_and_sliders_rule_every_list(recommender: Recommender, dataset: Dataset) -> None:
    profile = dataset.profiles()[3]
    genre = recommender.catalogue.genre_names[0]
    of_genre = set(np.flatnonzero(recommender.catalogue.genres[:, 0]).tolist())
    policy = Policy(hidden=frozenset({5, 6}), hidden_genres=frozenset({genre}), available=frozenset(range(0, N, 2)))
    for items in (
        recommender.recommend(profile, N, policy=policy).items,
        recommender.similar(4, N, policy=policy),
        recommender.trending(N, policy=policy),
    ):
        shown = {item.movie for item in items}
        assert not shown & ({5, 6} | of_genre)
        assert all(movie % 2 == 0 for movie in shown)
    never = Taste.of([Slider("genre", genre, -2)])
    assert not {item.movie for item in recommender.recommend(profile, N, taste=never).items} & of_genre


def test_a_slider_lifts_its_films_and_takes_effect_at_once(recommender: Recommender, dataset: Dataset) -> None:
    profile = dataset.profiles()[3]
    genre = recommender.catalogue.genre_names[0]
    of_genre = set(np.flatnonzero(recommender.catalogue.genres[:, 0]).tolist())

    def places(taste: Taste) -> float:
        items = recommender.recommend(profile, N, taste=taste).items
        return float(np.mean([place for place, item in enumerate(items) if item.movie in of_genre]))

    plain = places(Taste())
    assert places(Taste.of([Slider("genre", genre, 2)])) < plain < places(Taste.of([Slider("genre", genre, -1)]))


def test_why_not_names_the_rule_or_the_place(recommender: Recommender, dataset: Dataset) -> None:
    profile = dataset.profiles()[3]
    items = recommender.recommend(profile, N, discovery=0).items
    for place, item in enumerate(items, start=1):
        told = recommender.why_not(profile, item.movie)
        assert (told.place, told.objections, told.n_allowed) == (place, (), len(items))
    seen = recommender.why_not(profile, int(profile.movies[0]))
    assert seen.place is None
    assert [each.rule for each in seen.objections] == ["seen"]
    with pytest.raises(UnknownIdError):
        recommender.why_not(profile, N)

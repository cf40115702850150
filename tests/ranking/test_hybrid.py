"""The hybrid: parts that add up, engines that fail, and hints for people we hardly know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.engines.popular import Popular
from matinee.errors import SettingsError, ShapeError, StateError
from matinee.ranking.blend import NORMALISATIONS, Normalisation
from matinee.ranking.hints import GenreHints
from matinee.ranking.hybrid import Hybrid, HybridConfig
from matinee.testing.worlds import latent
from matinee.types import FloatMatrix, Profile, Profiles

WEIGHTS = {"ease": 0.5, "svd": 0.3, "content": 0.2}


class Raises(Popular):
    """Cannot be asked."""

    def _score(self, profiles: Profiles) -> FloatMatrix:
        raise ZeroDivisionError("by itself")


class Mute(Popular):
    """Says nothing finite of every second profile."""

    def _score(self, profiles: Profiles) -> FloatMatrix:
        scores = super()._score(profiles)
        scores[1::2] = np.nan
        return scores


class Crooked(Popular):
    """Answers for another catalogue."""

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return super()._score(profiles)[:, :-1]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_users=80, n_movies=60, per_user=12)


@pytest.fixture(scope="module")
def engines(dataset: Dataset) -> dict[str, Engine]:
    made = {name: create(name) for name in ("popular", "ease", "svd")} | {
        "content": create("content", {"model": "lsa"})
    }
    return {name: engine.fit(dataset) for name, engine in made.items()}


def broken(kind: type[Popular], dataset: Dataset) -> Engine:
    return kind().fit(dataset)


@pytest.mark.parametrize("rule", NORMALISATIONS)
@pytest.mark.parametrize("strategy", ["hybrid", "flixflow", "statistical", "ease"])
def test_shares_add_up_and_each_is_what_its_formula_says(
    engines: dict[str, Engine], dataset: Dataset, rule: Normalisation, strategy: str
) -> None:
    hybrid = Hybrid(engines, HybridConfig(weights=WEIGHTS, normalisation=rule), catalogue=dataset.catalogue)
    found = hybrid.explained(dataset.profiles(), strategy)
    np.testing.assert_allclose(sum(found.shares.values()), found.scores, atol=1e-5)
    np.testing.assert_allclose(sum(found.weights.values()), 1, atol=1e-6)
    for name, raw in found.raw.items():
        low, span = found.low[name][:, None], found.span[name][:, None]
        by_formula = found.weights[name][:, None] * (raw - low) / span
        np.testing.assert_allclose(found.shares[name], by_formula, atol=1e-5)
        movies = np.array([3, 0, 7])
        np.testing.assert_allclose(found.share_of(name, 5, movies), by_formula[5, movies], atol=1e-5)


def test_weights_follow_the_size_of_each_profile(engines: dict[str, Engine], dataset: Dataset) -> None:
    found = Hybrid(engines, HybridConfig(weights=WEIGHTS)).explained(dataset.profiles())
    cold = dataset.profiles().lengths() < 5
    np.testing.assert_array_equal(found.weights["popular"], cold.astype(np.float32))
    np.testing.assert_allclose(found.weights["ease"], np.where(cold, 0, 0.5), atol=1e-6)


@pytest.mark.parametrize("kind", [Raises, Crooked])
def test_a_failing_engine_gives_its_weight_away_and_is_named(
    engines: dict[str, Engine], dataset: Dataset, kind: type[Popular]
) -> None:
    profiles = dataset.profiles()
    hybrid = Hybrid({**engines, "als": broken(kind, dataset)}, HybridConfig(weights={**WEIGHTS, "als": 3.0}))
    found = hybrid.explained(profiles)
    assert list(found.failed) == ["als"]
    assert "als" not in found.shares
    whole = Hybrid(engines, HybridConfig(weights=WEIGHTS)).explained(profiles)
    np.testing.assert_allclose(found.scores, whole.scores, atol=1e-6)


def test_an_engine_that_is_silent_on_some_profiles_still_ranks_the_others(
    engines: dict[str, Engine], dataset: Dataset
) -> None:
    profiles = dataset.profiles()
    hybrid = Hybrid({**engines, "als": broken(Mute, dataset)}, HybridConfig(weights={**WEIGHTS, "als": 1.0}))
    found = hybrid.explained(profiles)
    warm = profiles.lengths() >= 5
    assert "not finite" in found.failed["als"]
    assert not found.weights["als"][1::2].any()
    np.testing.assert_allclose(found.weights["als"][0::2][warm[0::2]], 0.5, atol=1e-6)
    assert np.isfinite(found.scores).all()


def test_with_every_personal_engine_gone_popularity_answers(engines: dict[str, Engine], dataset: Dataset) -> None:
    only = {"popular": engines["popular"], "ease": broken(Raises, dataset)}
    found = Hybrid(only, HybridConfig(weights={"ease": 1.0})).explained(dataset.profiles())
    assert list(found.shares) == ["popular"]
    assert "ZeroDivisionError" in found.failed["ease"]


def test_where_nobody_answers_that_is_an_error(dataset: Dataset) -> None:
    with pytest.raises(StateError, match="No engine answers: popular"):
        Hybrid({"popular": broken(Raises, dataset)}).explained(dataset.profiles())
    with pytest.raises(StateError, match="before `fit`"):
        Hybrid.unfitted().explained(dataset.profiles())


def test_who_measures_a_blend_does_not_measure_its_remains(engines: dict[str, Engine], dataset: Dataset) -> None:
    hybrid = Hybrid({**engines, "als": broken(Raises, dataset)}, HybridConfig(weights={**WEIGHTS, "als": 1.0}))
    with pytest.raises(StateError, match="als: ZeroDivisionError"):
        hybrid.score(dataset.profiles())


def test_a_missing_engine_is_named(engines: dict[str, Engine], dataset: Dataset) -> None:
    fewer = {name: engine for name, engine in engines.items() if name != "svd"}
    hybrid = Hybrid(fewer, HybridConfig(weights=WEIGHTS))
    assert hybrid.missing() == ["svd"]
    assert hybrid.explained(dataset.profiles()).missing == ("svd",)
    assert hybrid.explained(dataset.profiles(), "ease").missing == ()


def test_a_batch_equals_one_by_one(engines: dict[str, Engine], dataset: Dataset) -> None:
    for rule in NORMALISATIONS:
        hybrid = Hybrid(
            engines, HybridConfig(weights=WEIGHTS, normalisation=rule, cold_below=8), catalogue=dataset.catalogue
        )
        together = hybrid.score(dataset.profiles())
        for row in (0, 9, 31):
            alone = hybrid.score(Profiles.stack([dataset.profiles()[row]], dataset.n_movies))
            np.testing.assert_allclose(alone[0], together[row], atol=1e-5)


def test_hints_lift_the_genres_of_a_few_good_ratings(engines: dict[str, Engine], dataset: Dataset) -> None:
    hybrid = Hybrid(engines, HybridConfig(weights=WEIGHTS)).fit(dataset)
    genres = dataset.catalogue.genres
    horror = dataset.catalogue.genre_names.index("Horror")
    fans = np.flatnonzero(genres[:, horror])[:3].tolist()
    liked = Profiles.stack([Profile.of(fans, [5.0] * 3)], dataset.n_movies)
    disliked = Profiles.stack([Profile.of(fans, [0.5] * 3)], dataset.n_movies)
    nobody = Profiles.stack([Profile.empty()], dataset.n_movies)
    found = hybrid.explained(liked)
    assert found.lift is not None
    only = genres[:, horror] & (genres.sum(axis=1) == 1)
    assert (found.lift[0, only] > 1.1).all()
    assert (hybrid.explained(disliked).lift[0, only] < 1).all()  # type: ignore[index]
    assert (hybrid.explained(nobody).lift == 1).all()
    np.testing.assert_allclose(sum(found.shares.values()), found.scores, atol=1e-6)
    np.testing.assert_array_equal(
        hybrid.explained(liked, "popular").raw["popular"][0], engines["popular"].score(liked)[0]
    )


def test_hints_follow_their_formula() -> None:
    genres = np.array([[1, 0], [1, 1], [0, 1]], np.bool_)
    hints = GenreHints(genres, middle=3.0, strength=0.5)
    profiles = Profiles.stack([Profile.of([0, 1], [5.0, 2.0])], 3)
    first, second = (2 * 1 - 1 * 0.5) / (1.5 + 1), (-1 * 0.5) / (0.5 + 1)
    np.testing.assert_allclose(hints.liking(profiles), [[first, second]], rtol=1e-6)
    lift = np.exp(0.5 * np.array([first, (first + second) / 2, second]))
    np.testing.assert_allclose(hints.lift(profiles), [lift], rtol=1e-6)
    assert GenreHints(genres, middle=0.0, strength=9.0).lift(profiles).max() == 4


def test_a_profile_of_another_catalogue_is_refused(engines: dict[str, Engine]) -> None:
    with pytest.raises((ShapeError, StateError), match="movies"):
        Hybrid(engines).explained(Profiles.stack([Profile.empty()], 3))


def test_popularity_is_needed(engines: dict[str, Engine]) -> None:
    with pytest.raises(SettingsError, match="needs the engine 'popular'"):
        Hybrid({"ease": engines["ease"]})


def test_data_without_stars_give_hints_too(engines: dict[str, Engine], dataset: Dataset) -> None:
    watched = replace(dataset, explicit=False, values=np.ones_like(dataset.values))
    hybrid = Hybrid({"popular": Popular()}).fit(watched)
    found = hybrid.explained(Profiles.stack([Profile.of([0], [1.0])], dataset.n_movies))
    assert found.lift is not None
    assert found.lift[0, 0] > 1

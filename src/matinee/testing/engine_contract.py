"""What every engine promises, as tests that a new engine inherits.

    class TestMine(EngineContract):
        def make(self) -> Engine:
            return Mine(MineConfig(seed=1))

Pytest then runs every promise on small made-up data.
"""

# ruff: noqa: S101 - a contract is asserted

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.data.dataset import Catalogue, from_columns
from matinee.engines import Engine
from matinee.errors import NotFittedError, SettingsError, ShapeError
from matinee.testing.worlds import catalogue, latent, some
from matinee.types import FloatMatrix, Profile, Profiles


class EngineContract(ABC):
    """The promises; a subclass says how to make an engine.

    Attributes:
        tolerance: how far scores may drift where arithmetic runs in another order, as a share of their spread.
        order_tolerance: the same where users or movies are numbered otherwise. 1e-3 unless chance has a say that
            depends on the order.
    """

    tolerance: float = 1e-3
    order_tolerance: float = 1e-3

    @abstractmethod
    def make(self) -> Engine:
        """Return a fresh, unfitted engine, small enough to fit in a second."""

    def world(self) -> Dataset:
        """Return the data most promises are tried on."""
        return latent()

    def fitted(self, dataset: Dataset | None = None) -> Engine:
        """Return an engine that has learnt from the data."""
        return self.make().fit(self.world() if dataset is None else dataset)

    def near(self, found: FloatMatrix, wanted: FloatMatrix, tolerance: float | None = None) -> None:
        """Assert that scores agree up to the tolerance."""
        spread = max(float(np.ptp(wanted)) if wanted.size else 0.0, 1e-6)
        atol = spread * (self.tolerance if tolerance is None else tolerance)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=atol)

    # Shape and range.

    def test_scores_are_finite_floats_for_every_movie(self) -> None:
        """Scores are finite float32, one for each profile and movie."""
        dataset = self.world()
        profiles = some(dataset)
        scores = self.fitted(dataset).score(profiles)
        assert scores.shape == (len(profiles), dataset.n_movies)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_no_profiles_no_scores(self) -> None:
        """An empty batch has an empty answer."""
        dataset = self.world()
        assert self.fitted(dataset).score(Profiles.stack([], dataset.n_movies)).shape == (0, dataset.n_movies)

    def test_a_batch_equals_one_by_one(self) -> None:
        """Nobody's scores depend on who is asked for beside them."""
        dataset = self.world()
        engine, profiles = self.fitted(dataset), some(dataset)
        alone = [engine.score(Profiles.stack([profiles[row]], dataset.n_movies))[0] for row in range(len(profiles))]
        self.near(engine.score(profiles), np.stack(alone))

    def test_a_slice_of_profiles_equals_their_copy(self) -> None:
        """Profiles that are views into a larger batch are read correctly."""
        dataset = self.world()
        engine, everybody = self.fitted(dataset), dataset.profiles()
        copied = Profiles.stack([everybody[row] for row in range(4, 9)], dataset.n_movies)
        self.near(engine.score(everybody.slice(4, 9)), engine.score(copied))

    # Repeatability.

    def test_the_same_data_and_seed_give_the_same_scores(self) -> None:
        """Fitting twice changes nothing."""
        dataset = self.world()
        profiles = some(dataset)
        first, again = self.fitted(dataset), self.fitted(dataset)
        self.near(again.score(profiles), first.score(profiles))
        self.near(again.fit(dataset).score(profiles), first.score(profiles))

    def test_saved_and_restored_it_scores_the_same(self) -> None:
        """Settings and arrays are all there is; read-only arrays do."""
        dataset = self.world()
        engine, profiles = self.fitted(dataset), some(dataset)
        restored = reread(engine)
        assert restored.settings() == engine.settings()
        np.testing.assert_array_equal(restored.score(profiles), engine.score(profiles))
        similar, wanted = restored.similar(1), engine.similar(1)
        assert (similar is None) == (wanted is None)
        if similar is not None and wanted is not None:
            np.testing.assert_array_equal(similar, wanted)

    def test_the_order_of_users_does_not_matter(self) -> None:
        """Renumbering people changes nobody's scores."""
        dataset = self.world()
        shuffled = rebuilt(dataset, users=np.random.default_rng(1).permutation(dataset.n_users))
        found = self.fitted(shuffled).score(some(dataset))
        self.near(found, self.fitted(dataset).score(some(dataset)), self.order_tolerance)

    def test_the_order_of_movies_does_not_matter(self) -> None:
        """A catalogue in another order gives the same score to the same film."""
        dataset = self.world()
        order = np.random.default_rng(2).permutation(dataset.n_movies)
        shuffled = rebuilt(dataset, movies=order)
        profiles = some(dataset)
        place = np.argsort(order).astype(np.int32)
        moved = Profiles(profiles.indptr, place[profiles.movies], profiles.values, profiles.times, profiles.n_movies)
        found = self.fitted(shuffled).score(moved)[:, place]
        self.near(found, self.fitted(dataset).score(profiles), self.order_tolerance)

    def test_nothing_given_is_changed(self) -> None:
        """Neither data set nor profiles are written to."""
        dataset = self.world()
        profiles = Profiles.stack([dataset.profiles()[row] for row in range(5)], dataset.n_movies)
        held = [*columns(dataset), profiles.indptr, profiles.movies, profiles.values, profiles.times]
        copies = [array.copy() for array in held]
        for array in held:
            array.setflags(write=False)
        engine = self.fitted(dataset)
        engine.score(profiles)
        engine.contributions(profiles[0], np.arange(3, dtype=np.int32))
        engine.similar(0)
        for array, copy in zip(held, copies, strict=True):
            np.testing.assert_array_equal(array, copy)

    def test_scoring_changes_nothing_learnt(self) -> None:
        """Answers do not depend on earlier questions."""
        dataset = self.world()
        engine = self.fitted(dataset)
        before = {name: array.copy() for name, array in engine.arrays.items()}
        first = engine.score(some(dataset))
        engine.score(some(dataset))[:] = 7
        np.testing.assert_array_equal(engine.score(some(dataset)), first)
        assert engine.arrays.keys() == before.keys()
        for name, array in before.items():
            np.testing.assert_array_equal(engine.arrays[name], array)

    # Unusual people and films.

    def test_unusual_profiles_get_finite_scores(self) -> None:
        """Nobody, one rating, all equal, all low, everything, and a stranger are answered."""
        dataset = self.world()
        scores = self.fitted(dataset).score(Profiles.stack(unusual(dataset.n_movies), dataset.n_movies))
        assert np.isfinite(scores).all()

    def test_a_film_nobody_rated_is_scored_and_may_be_rated(self) -> None:
        """A film without ratings has a finite score, and a profile that holds it is answered."""
        dataset = with_unrated_movie(self.world())
        engine, unrated = self.fitted(dataset), dataset.n_movies - 1
        rated = [Profile.of([unrated], [5.0]), Profile.of([0, unrated], [4.0, 4.5])]
        assert np.isfinite(engine.score(Profiles.stack(rated, dataset.n_movies))).all()
        likeness = engine.similar(unrated)
        assert likeness is None or np.isfinite(likeness).all()

    def test_small_worlds(self) -> None:
        """One user and one movie, all ratings equal, no ratings at all: fitted and answered."""
        dataset = self.world()
        equal = replace(dataset, values=np.full_like(dataset.values, 4.0))
        nothing = dataset.select(np.zeros(dataset.n_ratings, np.bool_))
        for small in (one_of_each(), equal, nothing):
            assert np.isfinite(self.fitted(small).score(some(small))).all()

    def test_watched_without_stars(self) -> None:
        """Data that only say who watched what are learnt from and answered."""
        watched = replace(self.world(), values=np.ones_like(self.world().values), explicit=False)
        engine = self.fitted(watched)
        scores = engine.score(some(watched))
        assert np.isfinite(scores).all()
        np.testing.assert_array_equal(reread(engine).score(some(watched)), scores)

    def test_times_may_be_unknown(self) -> None:
        """Data without times are learnt from and answered."""
        timeless = replace(self.world(), times=np.full_like(self.world().times, np.iinfo(np.int64).min), ordered=False)
        assert np.isfinite(self.fitted(timeless).score(some(timeless))).all()

    # Similar films and explanations.

    def test_likeness_is_finite_for_every_movie(self) -> None:
        """Where there is a likeness, every film has one; what it says of the film itself is not promised."""
        dataset = self.world()
        engine = self.fitted(dataset)
        likeness = engine.similar(2)
        if likeness is not None:
            assert likeness.shape == (dataset.n_movies,)
            assert likeness.dtype == np.float32
            assert np.isfinite(likeness).all()

    def test_contributions_have_one_column_a_rating(self) -> None:
        """Where scores are sums, the parts fit the profile, even an empty one."""
        dataset = self.world()
        engine = self.fitted(dataset)
        asked = np.array([3, 0, 5], np.int32)
        for profile in (dataset.profiles()[0], Profile.empty()):
            parts = engine.contributions(profile, asked)
            if parts is not None:
                assert parts.shape == (3, len(profile))
                assert np.isfinite(parts).all()

    # Mistakes.

    def test_asked_too_early_it_says_so(self) -> None:
        """Before `fit` every question raises NotFittedError."""
        engine = self.make()
        questions = [
            lambda: engine.score(Profiles.stack([], 3)),
            lambda: engine.similar(0),
            lambda: engine.contributions(Profile.empty(), np.zeros(1, np.int32)),
        ]
        for question in questions:
            assert raised(NotFittedError, question)

    def test_profiles_of_another_catalogue_are_refused(self) -> None:
        """A wrong number of movies raises ShapeError."""
        dataset = self.world()
        engine = self.fitted(dataset)
        assert raised(ShapeError, lambda: engine.score(Profiles.stack([Profile.empty()], dataset.n_movies + 1)))

    def test_unknown_settings_are_refused(self) -> None:
        """A setting the engine does not have raises SettingsError; its own are plain values."""
        engine = self.make()
        assert raised(SettingsError, lambda: type(engine).configure({"no_such_setting": 1}))
        assert type(engine).configure(engine.settings()) == engine.config
        assert type(engine)().settings().keys() == engine.settings().keys()

    def test_progress_comes_to_an_end(self) -> None:
        """Whoever watches a fit sees the last stage finish and no step beyond its end."""
        seen: list[tuple[str, int, int]] = []
        self.make().fit(self.world(), lambda stage, done, total: seen.append((stage, done, total)))
        assert seen
        assert all(0 <= done <= total for _, done, total in seen)
        assert seen[-1][1] == seen[-1][2]


def reread(engine: Engine) -> Engine:
    """Return the engine as a release would give it back: rebuilt from its settings and read-only arrays."""
    arrays = {
        name: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape) for name, array in engine.arrays.items()
    }
    return type(engine).restore(engine.settings(), arrays, engine.n_movies)


def rebuilt(
    dataset: Dataset, *, users: NDArray[np.int64] | None = None, movies: NDArray[np.int64] | None = None
) -> Dataset:
    """Return the data set with user indices renumbered, or with row `movies[i]` of the catalogue in place i."""
    names = np.arange(dataset.n_users) if users is None else users
    films = dataset.catalogue.movies if movies is None else dataset.catalogue.movies[movies]
    return from_columns(
        name=dataset.name,
        catalogue=Catalogue(films),
        user_ids=names[dataset.users],
        movie_ids=dataset.catalogue.ids.ids[dataset.movies],
        values=dataset.values,
        times=dataset.times,
    )


def with_unrated_movie(dataset: Dataset) -> Dataset:
    """Return the data set with one more film at the end of the catalogue, which nobody rated."""
    extra = dataset.catalogue.movies[:1].with_columns(pl.lit(9_999, pl.Int64).alias("movie_id"))
    return replace(dataset, catalogue=Catalogue(pl.concat([dataset.catalogue.movies, extra])))


def one_of_each() -> Dataset:
    """Return one rating by one user of the only film."""
    one = np.array([1])
    return from_columns(
        name="one", catalogue=catalogue(1), user_ids=one, movie_ids=one, values=np.array([4.0], np.float32), times=one
    )


def unusual(n_movies: int) -> list[Profile]:
    """Return the profiles that engines stumble over."""
    every = range(n_movies)
    return [
        Profile.empty(),
        Profile.of([3], [0.5]),
        Profile.of([3], [5.0]),
        Profile.of([1, 2, 3], [4.0, 4.0, 4.0]),
        Profile.of([1, 2, 3], [1.0, 0.5, 2.0]),
        Profile.of(every, [0.5 + movie % 10 / 2 for movie in every]),
    ]


def columns(dataset: Dataset) -> list[NDArray[Any]]:
    """Return the rating columns and id maps of a data set."""
    named = (dataset.users, dataset.movies, dataset.values, dataset.times, dataset.rows)
    return [*named, dataset.user_ids.ids, dataset.catalogue.ids.ids, dataset.indptr]


def raised(kind: type[Exception], question: Any) -> bool:
    """Return whether calling `question` raises an error of that kind."""
    try:
        question()
    except kind:
        return True
    return False

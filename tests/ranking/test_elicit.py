"""The next question: what a rating takes off the uncertainty is what Bayes says, and a known film is never asked about."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.engines import create
from matinee.errors import ShapeError
from matinee.ranking.elicit import Questions, divisive, over_genres
from matinee.testing.worlds import latent
from matinee.types import Profile

N = 30


def made(seed: int) -> Questions:
    rng = np.random.default_rng(seed)
    vectors = np.column_stack([np.ones(N), rng.standard_normal((N, 3))]).astype(np.float32)
    return Questions(vectors, np.diag([2.0, 1.0, 1.0, 1.0]), rng.integers(0, 40, N), 50)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), rated=st.lists(st.integers(0, N - 1), unique=True, max_size=8))
def test_information_is_the_variance_that_a_rating_takes_away(seed: int, rated: list[int]) -> None:
    questions = made(seed)
    profile = Profile.of(rated, [4.0] * len(rated))
    found = questions.informative(profile)
    shares = questions.counts / questions.counts.sum()

    def uncertain(movies: list[int]) -> float:
        told = questions.vectors[movies].astype(np.float64)
        covariance = np.linalg.inv(questions.prior + told.T @ told)
        return sum(
            share * x @ covariance @ x for share, x in zip(shares, questions.vectors.astype(np.float64), strict=True)
        )

    before = uncertain(rated)
    for movie in (0, 7, N - 1):
        # A second rating of a film that was rated is one more row, as the formula has it.
        assert found[movie] == pytest.approx((before - uncertain([*rated, movie])) / before, abs=2e-4)
    assert ((found >= 0) & (found <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), barred=st.sets(st.integers(0, N - 1)))
def test_the_question_is_the_best_of_those_allowed(seed: int, barred: set[int]) -> None:
    questions = made(seed)
    allowed = np.ones(N, np.bool_)
    allowed[list(barred)] = False
    found = questions.ask(Profile.empty(), allowed)
    worth = questions.informative(Profile.empty()) * questions.known
    if not (allowed & (worth > 0)).any():
        assert found is None
        return
    assert found is not None
    assert allowed[found.movie]
    assert worth[found.movie] == worth[allowed].max()
    assert found.learned == pytest.approx(float(worth[found.movie]))
    assert found.known == pytest.approx(questions.counts[found.movie] / 50)


def test_what_is_known_already_is_not_asked_again_in_other_words() -> None:
    vectors = np.array([[1, 0], [0.99, 0], [0, 0.9]], np.float32)
    questions = Questions(vectors, np.eye(2) * 0.1, np.array([30, 30, 30]), 40)
    everything = np.ones(3, np.bool_)
    first = questions.ask(Profile.empty(), everything)
    assert first is not None
    assert first.movie == 0
    second = questions.ask(Profile.of([0], [3.0]), np.array([False, True, True]))
    assert second is not None
    assert second.movie == 2


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_users=80, n_movies=N)


def test_an_engine_svd_says_what_it_would_learn(dataset: Dataset) -> None:
    counts = np.bincount(dataset.movies, minlength=N)
    svd = create("svd", {"embedding_size": 4, "epochs": 3}).fit(dataset)
    questions = Questions.of({"svd": svd}, counts, dataset.n_users)
    assert questions is not None
    found = questions.ask(Profile.empty(), np.ones(N, np.bool_))
    assert found is not None
    assert 0 < found.learned < 1
    assert Questions.of({}, counts, 80) is None
    assert Questions.of({"svd": svd}, counts[:-1], 80) is None
    with pytest.raises(ShapeError, match="do not fit"):
        Questions(questions.vectors, np.eye(2), counts, 80)


def test_films_many_know_and_few_agree_on_lead_and_genres_vary() -> None:
    score = divisive(np.array([0, 10, 1000, 1000]), np.array([1.0, 1.0, 1.0, 0.2]))
    assert score[0] == 0
    assert score.argmax() == 2
    genres = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.bool_)
    assert over_genres(np.array([5, 4.9, 4.8, 4.5], np.float32), genres, [], 3) == [0, 3, 1]
    assert over_genres(np.array([5, 4.9, 4.8, 0], np.float32), genres, [0], 9) == [1, 2]

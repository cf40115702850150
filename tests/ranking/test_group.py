"""Tonight: nothing anybody's policy bars, picks that everybody's scores agree with, and rules that do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Catalogue, Dataset
from matinee.engines import create
from matinee.errors import InputError, SettingsError, ShapeError, UnknownIdError
from matinee.ranking import Hybrid, HybridConfig
from matinee.ranking.filters import Filters
from matinee.ranking.group import Member, Pick, confidence_of, tonight
from matinee.ranking.group_rules import (
    RULES,
    PowerMean,
    Proportional,
    WithoutMisery,
    highest,
    places_of,
    utilities_of,
)
from matinee.ranking.policy import Policy
from matinee.testing.worlds import GENRES, latent
from matinee.types import FloatMatrix, Profile, Profiles

N = 40


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    plain = latent(n_movies=N)
    movies = plain.catalogue.movies.with_columns(
        pl.Series("runtime", [60 + 3 * film if film % 5 else None for film in range(N)], pl.Int32),
        pl.Series(
            "age", [[0, 6, 12, 16, 18, None][film % 6] for film in range(N)], plain.catalogue.movies.schema["age"]
        ),
    )
    return replace(plain, catalogue=Catalogue.of(movies))


@pytest.fixture(scope="module")
def hybrid(dataset: Dataset) -> Hybrid:
    chosen = {"popular": {}, "ease": {"l2": 20.0}, "svd": {"embedding_size": 3, "epochs": 3}}
    engines = {name: create(name, settings).fit(dataset) for name, settings in chosen.items()}
    return Hybrid(engines, HybridConfig(weights={"ease": 0.6, "svd": 0.4}), catalogue=dataset.catalogue)


films = st.frozensets(st.integers(0, N - 1), max_size=6)
policies = st.builds(
    Policy,
    seen=st.booleans(),
    hidden=films,
    hidden_genres=st.frozensets(st.sampled_from(GENRES), max_size=1),
    max_age=st.none() | st.integers(0, 18),
    max_runtime=st.none() | st.integers(60, 200),
    excluded=films,
)
histories = st.lists(
    st.tuples(st.integers(0, N - 1), st.sampled_from([0.5, 3.0, 4.0, 5.0])), max_size=12, unique_by=lambda pair: pair[0]
).map(lambda pairs: Profile.of([movie for movie, _ in pairs], [value for _, value in pairs]))
groups = st.lists(st.tuples(histories, policies, films), min_size=1, max_size=5).map(
    lambda people: [
        Member(name=f"P{place}", profile=profile, policy=policy, vetoes=vetoes)
        for place, (profile, policy, vetoes) in enumerate(people)
    ]
)


@settings(max_examples=80, deadline=None)
@given(members=groups, n=st.integers(0, 6), rule=st.sampled_from(list(RULES)))
def test_nothing_is_picked_that_anybody_bars_or_vetoes(
    hybrid: Hybrid, dataset: Dataset, members: list[Member], n: int, rule: str
) -> None:
    filters = Filters(dataset.catalogue)
    answer = tonight(hybrid.score, filters, members, n, rule=rule)
    picked = [pick.movie for pick in answer.picks]
    assert len(set(picked)) == len(picked) == min(n, answer.n_candidates)
    for member in members:
        assert not set(picked) & member.vetoes
        for movie in picked:
            assert not filters.objections(member.policy, member.profile, movie)
    assert answer.because
    assert set(answer.satisfaction) == {member.name for member in members}
    assert 0 <= answer.least <= answer.mean <= 1
    for pick in answer.picks:
        assert [opinion.name for opinion in pick.opinions] == [member.name for member in members]
        assert all(np.isfinite(opinion.score) and opinion.reason for opinion in pick.opinions)


@settings(max_examples=25, deadline=None)
@given(members=groups, rule=st.sampled_from(list(RULES)))
def test_the_order_of_the_members_has_no_say(
    hybrid: Hybrid, dataset: Dataset, members: list[Member], rule: str
) -> None:
    filters = Filters(dataset.catalogue)
    one = tonight(hybrid.score, filters, members, 3, rule=rule)
    other = tonight(hybrid.score, filters, members[::-1], 3, rule=rule)
    np.testing.assert_allclose(sorted(one.satisfaction.values()), sorted(other.satisfaction.values()), atol=0.1)
    assert one.n_candidates == other.n_candidates


def test_one_person_gets_their_own_best_films(hybrid: Hybrid, dataset: Dataset) -> None:
    profile = dataset.profiles()[0]
    scores = hybrid.score(Profiles.stack([profile], N))[0]
    scores[profile.movies] = -np.inf
    for rule in RULES:
        answer = tonight(hybrid.score, Filters(dataset.catalogue), [Member(name="Ana", profile=profile)], 3, rule=rule)
        assert [pick.movie for pick in answer.picks] == np.argsort(-scores, kind="stable")[:3].tolist()
        assert answer.least == pytest.approx(1)
        assert answer.picks[0].opinions[0].reason == f"1st of {answer.n_candidates} films for Ana"
        assert answer.picks[0].confidence == "sure"


def given_scores(table: list[list[float]]) -> tuple[object, Filters, list[Member]]:
    """Return a scorer that always says this, with as many films and people."""
    scores = np.array(table, np.float32)
    catalogue = Catalogue.of(
        pl.DataFrame(
            {"movie_id": np.arange(1, scores.shape[1] + 1), "title": [f"F{i}" for i in range(scores.shape[1])]}
        )
    )
    members = [Member(name=f"P{row}", profile=Profile.empty()) for row in range(len(scores))]

    def score(profiles: Profiles) -> FloatMatrix:
        return scores

    return score, Filters(catalogue), members


def picked(table: list[list[float]], rule: object, n: int = 1) -> list[int]:
    score, filters, members = given_scores(table)
    return [pick.movie for pick in tonight(score, filters, members, n, rule=rule).picks]  # type: ignore[arg-type]


LOVED_AND_HATED = [[1.0, 0.7, 0.5, 0.0], [1.0, 0.7, 0.5, 0.2], [0.0, 0.5, 0.4, 0.6]]


def test_the_average_may_please_two_and_least_misery_nobody_most() -> None:
    assert picked(LOVED_AND_HATED, "average") == [0]
    assert picked(LOVED_AND_HATED, "least-misery") == [1]


def test_misery_counts_places() -> None:
    assert picked(LOVED_AND_HATED, WithoutMisery(3)) == [1]
    assert picked(LOVED_AND_HATED, WithoutMisery(4)) == [0]


def test_power_means_are_means() -> None:
    values = np.array([[0.2, 0.9], [0.8, 0.9]])
    np.testing.assert_allclose(PowerMean(1).welfare(values), [0.5, 0.9])
    np.testing.assert_allclose(PowerMean(0).welfare(values), [0.4, 0.9])
    np.testing.assert_allclose(PowerMean(-1).welfare(values), [0.32, 0.9])
    np.testing.assert_allclose(PowerMean(-np.inf).welfare(values), [0.2, 0.9], atol=1e-6)


def test_the_proportional_rule_takes_turns() -> None:
    """Two people with opposite tastes get a film each before anybody gets a second one."""
    table = [[1.0, 0.95, 0.9, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.95, 0.9]]
    chosen = picked(table, Proportional(0.05), 4)
    assert {film < 3 for film in chosen[:2]} == {True, False}
    assert sum(film < 3 for film in chosen) == 2


def test_places_and_utilities() -> None:
    np.testing.assert_allclose(places_of(np.array([3, 9, 9, 1], np.float32)), [3, 1.5, 1.5, 4])
    np.testing.assert_allclose(utilities_of(np.array([[2, 1]], np.float32)), [[1, 1 / np.log2(3)]])
    assert highest(np.array([1.0, 3.0, 3.0, 0.0]), 3).tolist() == [1, 2, 0]


def test_every_work_is_picked_once() -> None:
    score, filters, members = given_scores([[0.9, 0.8, 0.1]])
    members = [Member(name="Ana", profile=Profile.of([2], [5]))]

    def once(allowed: np.ndarray, known: np.ndarray) -> np.ndarray:
        assert known.tolist() == [2]
        return allowed & (np.arange(3) != 0)

    answer = tonight(score, filters, members, 3, once=once)  # type: ignore[arg-type]
    assert [pick.movie for pick in answer.picks] == [1]


def test_reasons_can_come_from_elsewhere() -> None:
    score, filters, members = given_scores([[0.9, 0.8, 0.1]])
    answer = tonight(score, filters, members, 2, reasons=lambda member, movies: [f"{member.name} {m}" for m in movies])  # type: ignore[arg-type]
    assert [pick.opinions[0].reason for pick in answer.picks] == ["P0 0", "P0 1"]


def test_where_nothing_is_left_it_says_so(hybrid: Hybrid, dataset: Dataset) -> None:
    members = [
        Member(name="Ana", profile=Profile.empty(), policy=Policy(available=frozenset())),
        Member(name="Ben", profile=Profile.empty()),
    ]
    answer = tonight(hybrid.score, Filters(dataset.catalogue), members)
    assert answer.picks == ()
    assert answer.because == "No film passes everybody's limits."
    assert answer.mean == answer.least == answer.gap == 0


def test_confidence_follows_the_place_of_whoever_likes_it_least() -> None:
    assert [confidence_of(place) for place in (1, 50, 51, 200, 201)] == [
        "sure",
        "sure",
        "likely",
        "likely",
        "compromise",
    ]


def test_mistakes_are_told(hybrid: Hybrid, dataset: Dataset) -> None:
    filters = Filters(dataset.catalogue)
    ana = Member(name="Ana", profile=Profile.empty())
    with pytest.raises(InputError, match="1 to 20 people; got 0"):
        tonight(hybrid.score, filters, [])
    with pytest.raises(InputError, match="called 'Ana'"):
        tonight(hybrid.score, filters, [ana, ana])
    with pytest.raises(UnknownIdError, match="no group rule 'coin'"):
        tonight(hybrid.score, filters, [ana], rule="coin")
    with pytest.raises(ShapeError):
        tonight(hybrid.score, filters, [replace(ana, vetoes=frozenset({N}))])
    with pytest.raises(ShapeError, match="do not fit 1 members"):
        tonight(lambda profiles: np.zeros((1, 3), np.float32), filters, [ana])
    with pytest.raises(SettingsError):
        Proportional(0)
    with pytest.raises(SettingsError):
        WithoutMisery(0)


def test_a_margin_says_how_far_ahead_a_pick_is() -> None:
    score, filters, members = given_scores([[1.0, 0.5, 0.0]])
    pick: Pick = tonight(score, filters, members, 1, rule="average").picks[0]  # type: ignore[arg-type]
    assert pick.margin > 0

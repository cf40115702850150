"""Team draft: fair to both rankers, and it finds the better one."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation import interleaving
from matinee.evaluation.interleaving import compare_teams, sign_test, team_draft

lists = st.lists(st.integers(0, 30), unique=True, max_size=20)


def test_examples_hold() -> None:
    assert doctest.testmod(interleaving).failed == 0


@settings(max_examples=200, deadline=None)
@given(first=lists, second=lists, n=st.integers(0, 25), seed=st.integers(0, 1000))
def test_a_list_holds_the_best_of_both_once(first: list[int], second: list[int], n: int, seed: int) -> None:
    made = team_draft(first, second, n, seed)
    movies = made.movies.tolist()
    assert len(movies) == len(set(movies)) == min(n, len({*first, *second}))
    for team, source in enumerate((first, second)):
        own = [movie for movie, of in zip(movies, made.teams.tolist(), strict=True) if of == team]
        # Each team's picks stand in its ranker's order, and nothing better was open when one was picked.
        assert own == sorted(own, key=source.index)
        for movie in own:
            before = movies[: movies.index(movie)]
            assert all(better in before for better in source[: source.index(movie)])
    if len(first) == len(second) and n <= len(first) // 2:
        assert abs(int((made.teams == 0).sum()) - int((made.teams == 1).sum())) <= 1
    again = team_draft(first, second, n, seed)
    assert again.movies.tolist() == movies
    assert sum(made.credit(movies)) == len(movies)
    assert made.credit([99]) == (0, 0)


def test_each_ranker_leads_half_of_the_lists() -> None:
    leads = sum(int(team_draft([1, 2], [3, 4], 2, seed).teams[0]) for seed in range(2000))
    assert 900 < leads < 1100


def test_equal_rankers_are_called_equal_and_the_better_one_is_found() -> None:
    rng = np.random.default_rng(3)
    good, bad = list(range(10)), list(range(100, 110))
    chance = dict.fromkeys(good, 0.3) | dict.fromkeys(bad, 0.15)

    def experiment(first: list[int], second: list[int], people: int) -> interleaving.Comparison:
        credited = []
        for seed in range(people):
            made = team_draft(first, second, 6, seed)
            credited.append(made.credit([movie for movie in made.movies.tolist() if rng.random() < chance[movie]]))
        return compare_teams(credited)

    found = experiment(good, bad, 150)
    assert found.preference > 0.1
    assert found.p_value < 0.01
    other = experiment(bad, good, 150)
    assert other.preference < -0.1
    # Rankers that agree get a coin's share of the clicks: false alarms are as rare as the test says.
    alarms = sum(experiment(good, good[::-1], 40).p_value < 0.05 for _ in range(100))
    assert alarms <= 12


def test_the_sign_test_is_binomial() -> None:
    assert sign_test(0, 0) == 1
    assert sign_test(8, 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert compare_teams([]) == interleaving.Comparison(0, 0, 0, 0.0, 1.0)


def test_mistakes_are_named() -> None:
    with pytest.raises(ShapeError, match="twice"):
        team_draft([1, 1], [2], 2, 0)
    with pytest.raises(SettingsError, match="0 films or more"):
        team_draft([1], [2], -1, 0)

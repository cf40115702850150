"""Team-draft interleaving: two rankers in one list, and whose films are chosen (Radlinski, Kurup and Joachims, CIKM 2008).

As when children pick teams: the ranker with fewer films in the list picks next, a coin decides where both have as many,
and each picks its best film that is not in the list yet. A click counts for the team of the film. Every person compares
both rankers, so that tens of people show what an A/B test needs thousands for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from matinee.errors import SettingsError, ShapeError
from matinee.types import IntVector

FIRST, SECOND = 0, 1


@dataclass(frozen=True)
class Interleaved:
    """One list of two rankers.

    Attributes:
        movies: (n,) int32 movie indices, none twice.
        teams: (n,) int8 which ranker picked each: 0 the first, 1 the second.
    """

    movies: IntVector
    teams: NDArray[np.int8]

    def credit(self, clicked: Collection[int]) -> tuple[int, int]:
        """Return how many of the clicked films each ranker picked; films that are not in the list count for nobody."""
        chosen = np.isin(self.movies, np.fromiter(clicked, np.int64, len(clicked)))
        return int((chosen & (self.teams == FIRST)).sum()), int((chosen & (self.teams == SECOND)).sum())


@dataclass(frozen=True)
class Comparison:
    """What lists and clicks say of two rankers.

    Attributes:
        wins: lists in which the first ranker got more clicks.
        losses: lists in which the second did.
        ties: lists in which both got as many, or none.
        preference: (wins + ties / 2) / lists − 1/2, in −½…½; above 0 the first is preferred. 0 without lists.
        p_value: of the two-sided sign test over the lists that are no ties; 1 where there are none.
    """

    wins: int
    losses: int
    ties: int
    preference: float
    p_value: float


def team_draft(first: Sequence[int] | IntVector, second: Sequence[int] | IntVector, n: int, seed: int) -> Interleaved:
    """Interleave two lists.

    Args:
        first: movie indices, best first, none twice.
        second: the other ranker's.
        n: how many films at most; fewer come where the lists hold fewer.
        seed: of the coins.

    Raises:
        ShapeError: if a list names a film twice.
        SettingsError: if n is below 0.
    """
    lists = [[int(movie) for movie in each] for each in (first, second)]
    if any(len(set(each)) < len(each) for each in lists):
        raise ShapeError("A list that is interleaved must not name a film twice.")
    if n < 0:
        raise SettingsError(f"A list has 0 films or more; got {n}.")
    coins = np.random.default_rng(seed).random(max(n, 1))
    movies: list[int] = []
    teams: list[int] = []
    used: set[int] = set()
    places = [0, 0]
    while len(movies) < n:
        picked = [len(teams) - sum(teams), sum(teams)]
        order = (
            [FIRST, SECOND]
            if picked[0] < picked[1] or (picked[0] == picked[1] and coins[len(movies)] < 0.5)
            else [SECOND, FIRST]
        )
        for team in order:
            while places[team] < len(lists[team]) and lists[team][places[team]] in used:
                places[team] += 1
            if places[team] < len(lists[team]):
                movie = lists[team][places[team]]
                break
        else:
            break
        movies.append(movie)
        teams.append(team)
        used.add(movie)
    return Interleaved(np.array(movies, np.int32), np.array(teams, np.int8))


def compare_teams(credited: Sequence[tuple[int, int]]) -> Comparison:
    """Say which ranker people prefer.

    Args:
        credited: one pair a list, as `Interleaved.credit` returns it.

    Example:
        >>> compare_teams([(1, 0)] * 9 + [(0, 2)] + [(0, 0)])
        Comparison(wins=9, losses=1, ties=1, preference=0.36363636363636365, p_value=0.021484375)
    """
    wins = sum(one > other for one, other in credited)
    losses = sum(one < other for one, other in credited)
    ties = len(credited) - wins - losses
    preference = (wins + ties / 2) / len(credited) - 0.5 if credited else 0.0
    return Comparison(wins, losses, ties, preference, sign_test(wins, losses))


def sign_test(wins: int, losses: int) -> float:
    """Return the two-sided p-value of so many wins and losses if either were as likely: min(1, 2 P(X <= min)).

    >>> sign_test(5, 0), sign_test(3, 3)
    (0.0625, 1.0)
    """
    n = wins + losses
    tail = sum(comb(n, k) for k in range(min(wins, losses) + 1))
    return float(min(1.0, 2 * tail / 2**n)) if n else 1.0

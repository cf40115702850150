"""Search over the weights of a blend: shares in steps of a twentieth, better by exchange.

The figure that is searched is a step function of the weights, and the best of many points owes part of its lead to
chance. So the search walks a grid, and the answer is the average of the best points it met, which lies inside the plateau
and not on its edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
"""(E,) not negative, adding up to 1."""

STEPS = 20
"""Parts a whole is divided into."""
AVERAGED = 5
"""Best points whose average is the answer."""


class Search:
    """Remembers what every point on the grid is worth.

    Args:
        value: of one point; higher is better, deterministic.
    """

    def __init__(self, value: Callable[[Shares], float]) -> None:
        self._value = value
        self._known: dict[tuple[int, ...], float] = {}

    def __len__(self) -> int:
        """How many points were tried."""
        return len(self._known)

    def run(self, starts: Iterable[Shares], exchanges: Iterable[int] = (4, 2, 1)) -> Shares:
        """Walk uphill from the best start and return the average of the best points met.

        Args:
            starts: points to begin with; rounded to the grid.
            exchanges: how many twentieths pass from one engine to another, coarse to fine.
        """
        best = max((_on_grid(start) for start in starts), key=self._of)
        for size in exchanges:
            best = self._climb(best, size)
        ranked = sorted(self._known, key=lambda point: (-self._known[point], point))[:AVERAGED]
        answer: Shares = np.mean([np.array(point) / STEPS for point in ranked], axis=0)
        return answer

    def _climb(self, point: tuple[int, ...], size: int) -> tuple[int, ...]:
        """Exchange so many twentieths between two engines for as long as it helps."""
        improved = True
        while improved:
            improved = False
            for giver, taker in permutations(range(len(point)), 2):
                if point[giver] < size:
                    continue
                moved = list(point)
                moved[giver] -= size
                moved[taker] += size
                if self._of(tuple(moved)) > self._of(point):
                    point, improved = tuple(moved), True
        return point

    def _of(self, point: tuple[int, ...]) -> float:
        if point not in self._known:
            self._known[point] = self._value(np.array(point) / STEPS)
        return self._known[point]


def usual_starts(n: int) -> list[Shares]:
    """Return every engine alone, every pair in equal parts, and all in equal parts."""
    eye = np.eye(n)
    pairs = [(eye[a] + eye[b]) / 2 for a, b in combinations(range(n), 2)]
    return [*eye, *pairs, np.full(n, 1 / n)]


def _on_grid(shares: Shares) -> tuple[int, ...]:
    """Return whole twentieths that add up to `STEPS`, the largest remainders rounded up."""
    exact = shares / shares.sum() * STEPS
    parts = np.floor(exact + 1e-9).astype(int)
    for index in np.argsort(parts - exact, kind="stable")[: STEPS - parts.sum()]:
        parts[index] += 1
    return tuple(int(part) for part in parts)

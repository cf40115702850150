"""The place of a page that is given away to learn: which strategies try for it, and who gets it today.

Counts come from the log of impressions each time, so nothing is learnt that the log does not hold, and what the log forgets
is forgotten. A viewer's place of one day is drawn once: it stays with the strategy that was logged first.
"""

from __future__ import annotations

from collections.abc import Mapping

from matinee.ranking import Recommender
from matinee.ranking.explore import Choice, Thompson

CANDIDATES = ("collaborative", "content", "statistical", "graph", "neural", "next")
"""Strategies that may try; those whose engines a release lacks do not."""

NEEDS = {"statistical": "popular"}
"""The engine that a strategy is about, where it is called otherwise."""


def explorers(recommender: Recommender) -> tuple[str, ...]:
    """Return the strategies that may try for the place; none where there is nothing to choose between."""
    engines = recommender.hybrid.engines
    others = [name for name in engines if name not in ("popular", "content")]
    found = tuple(
        name for name in CANDIDATES if (others if name == "collaborative" else NEEDS.get(name, name) in engines)
    )
    return found if len(found) > 1 else ()


def bandit(strategies: tuple[str, ...], counts: Mapping[str, tuple[int, int]]) -> Thompson:
    """Return the posteriors of strategies, from how often what they showed was wanted and was not."""
    known = [counts.get(name, (0, 0)) for name in strategies]
    return Thompson(strategies, tuple(float(yes) for yes, _ in known), tuple(float(no) for _, no in known))


def draw(strategies: tuple[str, ...], counts: Mapping[str, tuple[int, int]], viewer_id: int, day: int) -> Choice:
    """Return who gets one viewer's place of one day; the same log makes the same choice."""
    return bandit(strategies, counts).choose(seed=(viewer_id << 20) + day)

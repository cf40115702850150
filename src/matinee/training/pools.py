"""Pools: the films worth looking at when weights of a blend are searched.

A film that no engine puts among its first `depth` will hardly be among the first ten of their blend. So each viewer's pool
is the union of the engines' heads, a few hundred films instead of thousands, and trying weights costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.evaluation.topn import top_n
from matinee.ranking.blend import NORMALISATIONS, Normalisation, sanitise, scale_of
from matinee.types import BoolVector, FloatMatrix, Profiles

PLACES = 10
"""How many places of a list count."""
DEPTH = 50
"""Of each engine's list that enters a viewer's pool."""

_DISCOUNTS = 1 / np.log2(np.arange(2, PLACES + 2))


@dataclass(frozen=True, kw_only=True)
class Pools:
    """What weights are tried on.

    Attributes:
        names: the engines, (E).
        scores: (E, P, C) float32 normalised scores of the pooled films by normalisation; −inf where a pool is short.
        relevant: (P, C) bool the hidden likes among them.
        ideal: (P,) the best discounted sum a viewer's list could reach, all hidden likes considered.
        sizes: (P,) how many ratings each profile holds.
    """

    names: tuple[str, ...]
    scores: Mapping[Normalisation, NDArray[np.float32]]
    relevant: BoolVector
    ideal: NDArray[np.float64]
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sizes)

    def ndcg(
        self, weights: NDArray[np.float64], normalisation: Normalisation, rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return NDCG@10 of some viewers under one set of weights (E,)."""
        used = np.flatnonzero(weights)
        scores = self.scores[normalisation]
        blended = np.zeros((len(rows), self.relevant.shape[1]), np.float32)
        for engine in used:
            blended += np.float32(weights[engine]) * scores[engine][rows]
        places = min(PLACES, blended.shape[1])
        first = np.argpartition(-blended, places - 1, axis=1)[:, :places]
        order = np.argsort(-np.take_along_axis(blended, first, axis=1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, axis=1)
        hits = np.take_along_axis(self.relevant[rows], first, axis=1)
        gained: NDArray[np.float64] = (hits @ _DISCOUNTS[:places]) / self.ideal[rows]
        return gained


def pooled(
    scores: Mapping[str, FloatMatrix], given: Profiles, seen: Profiles, truth: csr_array, allowed: BoolVector
) -> Pools:
    """Collect the heads of engines' lists.

    Args:
        scores: (P, M) by engine.
        given: what the engines were shown; its films are no candidates of a normalisation.
        seen: everything the viewers had rated; these films are never in a pool.
        truth: (P, M) the hidden likes; every row has at least one.
        allowed: (M,) films that can be recommended.
    """
    cleaned = {name: sanitise(score)[0] for name, score in scores.items()}
    heads = np.concatenate([top_n(score, DEPTH, exclude=seen, allowed=allowed) for score in cleaned.values()], axis=1)
    films = np.sort(heads, axis=1)
    there = films >= 0
    there[:, 1:] &= films[:, 1:] != films[:, :-1]
    width = int(there.sum(axis=1).max())
    order = np.argsort(~there, axis=1, kind="stable")[:, :width]
    films, there = np.take_along_axis(films, order, axis=1), np.take_along_axis(there, order, axis=1)
    films = np.where(there, films, 0)
    by_rule: dict[Normalisation, NDArray[np.float32]] = {}
    for rule in NORMALISATIONS:
        stack = np.empty((len(cleaned), *films.shape), np.float32)
        for engine, score in enumerate(cleaned.values()):
            scale = scale_of(score, given, rule)
            scaled = scale.apply(np.take_along_axis(score, films, axis=1))
            stack[engine] = np.where(there, scaled, -np.inf)
        by_rule[rule] = stack
    hidden = np.zeros(truth.shape, np.bool_)
    hidden[np.repeat(np.arange(len(films)), np.diff(truth.indptr)), truth.indices] = True
    relevant = there & np.take_along_axis(hidden, films, axis=1)
    n_hidden = np.minimum(np.diff(truth.indptr), PLACES)
    return Pools(
        names=tuple(cleaned),
        scores=by_rule,
        relevant=relevant,
        ideal=np.concatenate([[0.0], np.cumsum(_DISCOUNTS)])[n_hidden],
        sizes=given.lengths(),
    )


def joined(parts: list[Pools]) -> Pools:
    """Put pools of the same engines one below the other; short ones are filled up."""
    width = max(part.relevant.shape[1] for part in parts)

    def wider(array: NDArray[np.generic], fill: float | bool) -> NDArray[np.generic]:
        missing = width - array.shape[-1]
        return np.pad(array, [*[(0, 0)] * (array.ndim - 1), (0, missing)], constant_values=fill)

    return Pools(
        names=parts[0].names,
        scores={
            rule: np.concatenate([wider(part.scores[rule], -np.inf) for part in parts], axis=1)
            for rule in parts[0].scores
        },
        relevant=np.concatenate([wider(part.relevant, False) for part in parts]),
        ideal=np.concatenate([part.ideal for part in parts]),
        sizes=np.concatenate([part.sizes for part in parts]),
    )

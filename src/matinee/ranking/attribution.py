"""What each rating of a profile adds to the scores of one engine, in that engine's own units.

Three ways, the best that an engine allows:

1. Engines that score by adding say so themselves (`Engine.contributions`). For item-item engines the parts hold whatever
   else is asked; for factor models they are exact given the system that the profile solves, and are labelled so.
2. Stars are bent at the ends of their scale, and begin at what a film usually gets (`KnowsUsual`). Both are parts of
   their own, so that sums stay exact.
3. Networks do not add. Their ratings are put into the profile one after the other, oldest first and newest first, and
   each gets what it changed, averaged over both orders: Shapley's value (Contributions to the Theory of Games, 1953)
   sampled with two orders that mirror each other. The changes of a walk always sum to what the whole profile changes.
   Long profiles are walked in `STEPS` strides, whose ratings share what the stride changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from matinee.engines import Engine
from matinee.engines.star_parts import KnowsUsual
from matinee.ranking.explanation import EXACT, Amounts
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profile, Profiles

STEPS = 48
"""Strides of a walk through a profile; twice as many profiles are scored."""

SOLVED = "exact given the solved profile"
WALKED = "estimate: Shapley values sampled along two orders of the ratings"

METHODS: Mapping[str, str] = {
    **dict.fromkeys(("als", "svd", "explicit_als", "bayes"), SOLVED),
    "content": "exact given the length of the taste vector",
}
"""How engines that say themselves what each rating adds come to it, where that needs a proviso."""

LEFT_OVER: Mapping[str, str] = {
    "bayes": "What the model expects of anybody, and bending at the ends of the scale",
}
BENDING = "Bending at the ends of the scale"


@dataclass(frozen=True)
class EngineParts:
    """One engine's scores of some films, taken apart; ratings + usual + left = raw.

    Attributes:
        ratings: (m, n) float32 what each entry of the profile adds.
        usual: (m,) what the film gets of anybody.
        left: (m,) what belongs to neither.
        left_label: what to call it; None where it is rounding alone.
        method: how the parts of the ratings were worked out.
        exact: whether they follow from the engine's equations.
    """

    ratings: FloatMatrix
    usual: Amounts
    left: Amounts
    left_label: str | None
    method: str
    exact: bool


def parts_of(
    engine: Engine, profile: Profile, movies: IntVector, raw: FloatVector, *, estimate: bool = True
) -> EngineParts:
    """Take an engine's scores apart.

    Args:
        engine: a fitted engine.
        profile: whose scores.
        movies: (m,) films asked about.
        raw: (m,) what the engine scored them.
        estimate: whether engines that do not add are walked through; otherwise their scores stay whole, which costs
            nothing.
    """
    scores = raw.astype(np.float64)
    given = engine.contributions(profile, movies)
    usual, label = np.zeros(len(movies)), None
    method, exact = METHODS.get(engine.name, EXACT), True
    # `isinstance` with a protocol takes as long as the sums themselves.
    usual_of: Callable[[IntVector], FloatVector] | None = getattr(engine, KnowsUsual.usual.__name__, None)
    if usual_of is not None:
        usual, label = usual_of(movies).astype(np.float64), LEFT_OVER.get(engine.name, BENDING)
    if given is not None:
        ratings = given
    elif len(profile) and estimate:
        walked, usual = walk(engine, profile, movies)
        ratings = walked.astype(np.float32)
        method, exact = WALKED, False
    else:
        ratings, method = np.zeros((len(movies), len(profile)), np.float32), EXACT
        if len(profile):
            label = f"What {engine.name} makes of all your ratings together"
        else:
            usual = scores
    left = scores - usual - ratings.sum(axis=1, dtype=np.float64)
    return EngineParts(ratings, usual, left, label, method, exact)


def walk(engine: Engine, profile: Profile, movies: IntVector, steps: int = STEPS) -> tuple[Amounts, Amounts]:
    """Attribute scores by walking from nothing to the whole profile, and back.

    Returns:
        (m, n) the part of each entry, and (m,) the scores of the empty profile; together they are the scores of the
        whole profile.
    """
    strides = np.array_split(np.arange(len(profile)), min(steps, len(profile)))
    prefixes = [np.arange(stride[-1] + 1) for stride in strides]
    suffixes = [np.arange(stride[0], len(profile)) for stride in strides[1:]]
    batch = Profiles.stack([_only(profile, keep) for keep in [*prefixes, *suffixes, np.arange(0)]], engine.n_movies)
    scores = engine.score(batch)[:, movies].astype(np.float64)
    nothing = scores[-1]
    forward = np.diff(np.concatenate([nothing[None], scores[: len(strides)]]), axis=0)
    behind = np.concatenate([scores[[len(strides) - 1]], scores[len(strides) : -1], nothing[None]])
    backward = -np.diff(behind, axis=0)
    sizes = np.array([len(stride) for stride in strides])
    share: Amounts = ((forward + backward) / 2 / sizes[:, None]).T
    return np.repeat(share, sizes, axis=1), nothing


def _only(profile: Profile, keep: LongVector) -> Profile:
    return Profile(profile.movies[keep], profile.values[keep], profile.times[keep])

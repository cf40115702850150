"""Blending: bring engines' scores to one scale, then add them up.

Engines speak in different units (stars, sums of weights, cosines). Over the candidates of one profile, the films it does
not hold, each engine's scores s become (s − low) / span, by one of three rules:

- `min_max`: low the lowest, span up to the highest, so that candidates lie in [0, 1];
- `z_score`: low the mean, span the standard deviation;
- `rank`: low the 200th best, low + span the 10th best, so that the heads of all lists are equally long however heavy
  the tail of an engine's scores is.

A share is weight · (s − low) / span, and the shares add up to the blend. Whole-length passes over the catalogue are what
blending costs, so there are few of them: 60,000 films and five engines take well under a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy.linalg.blas import saxpy

from matinee.errors import SettingsError, ShapeError
from matinee.types import BoolVector, FloatMatrix, FloatVector, IntVector, LongVector, Profiles

Normalisation = Literal["min_max", "z_score", "rank"]
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)

HEAD, TAIL = 10, 200
"""Places whose scores the rule `rank` maps to 1 and 0."""

Extremes = tuple[FloatVector, FloatVector]

_NEAR = 16.0
"""Scores whose scale begins at most so many spans from 0 keep five digits when they are scaled first and moved afterwards."""

_SAMPLE = 16
"""Every so many candidates are looked at to guess a threshold that few pass."""
_LONG = 4096
"""Rows at least this long are thinned by that threshold before they are partitioned."""


@dataclass(frozen=True)
class Scale:
    """Where zero and one lie for one engine, by profile.

    Attributes:
        low: (P,) float32 the score that becomes 0.
        span: (P,) float32 > 0, how far above it 1 lies; 1 where the engine says the same of all candidates.
    """

    low: FloatVector
    span: FloatVector

    def apply(self, scores: FloatMatrix) -> FloatMatrix:
        """Return (scores − low) / span."""
        scaled: FloatMatrix = (scores - self.low[:, None]) / self.span[:, None]
        return scaled


class Sane(NamedTuple):
    """Scores that are finite.

    Attributes:
        scores: (P, M) float32.
        usable: (P,) whether each row had a finite score; None where every score was finite.
        extremes: (P,) the lowest and (P,) the highest score of each row.
    """

    scores: FloatMatrix
    usable: BoolVector | None
    extremes: Extremes


def sanitise(scores: FloatMatrix) -> Sane:
    """Make scores finite.

    Scores that are not finite become their row's lowest finite one; rows without any become 0. Scores that are finite
    throughout come back as they are, not copied.

    Args:
        scores: (P, M).
    """
    if scores.size:
        with np.errstate(invalid="ignore"):
            low, high = scores.min(axis=1), scores.max(axis=1)
        # What is not finite shows in the extremes, NaN too: it is above and below nothing.
        if low.min() > -np.inf and high.max() < np.inf:
            return Sane(scores.astype(np.float32, copy=False), None, (low, high))
    finite = np.isfinite(scores)
    lowest = np.min(scores, axis=1, where=finite, initial=np.inf, keepdims=True)
    usable: BoolVector = np.isfinite(lowest[:, 0])
    cleaned = np.where(finite, scores, np.where(usable[:, None], lowest, 0)).astype(np.float32)
    return Sane(cleaned, usable, (cleaned.min(axis=1, initial=np.inf), cleaned.max(axis=1, initial=-np.inf)))


def scale_of(scores: FloatMatrix, seen: Profiles, normalisation: Normalisation) -> Scale:
    """Measure each row over its candidates.

    Args:
        scores: (P, M) float32, finite.
        seen: (P) profiles; their movies are no candidates.
        normalisation: the rule.

    Raises:
        ShapeError: if there is not one profile a row.
        SettingsError: if there is no such rule.
    """
    return _scales({"": scores}, seen, normalisation)[""]


def _scales(
    scores: Mapping[str, FloatMatrix],
    seen: Profiles,
    normalisation: Normalisation,
    extremes: Mapping[str, Extremes] = MappingProxyType({}),
) -> dict[str, Scale]:
    """Return the scale of each engine."""
    if normalisation not in _MEASURES:
        raise SettingsError(
            f"There is no normalisation {normalisation!r}.", hint=f"Normalisations: {', '.join(NORMALISATIONS)}."
        )
    for score in scores.values():
        if score.shape != (len(seen), seen.n_movies):
            raise ShapeError(
                f"Scores of shape {score.shape} do not fit {len(seen)} profiles of {seen.n_movies} movies."
            )
    # (engines, 2, P): where each scale begins and how far it reaches.
    measure = _MEASURES[normalisation]
    measured = np.array([measure(score, seen, extremes.get(name)) for name, score in scores.items()], np.float32)
    low, span = measured[:, 0], measured[:, 1]
    # What differs by less than rounding says nothing; stretched to 1 it would shout.
    tells = np.isfinite(span) & (span > 1e-6 * np.maximum(np.abs(low), 1e-30))
    low, span = np.where(np.isfinite(low), low, np.float32(0)), np.where(tells, span, np.float32(1))
    return {name: Scale(low[place], span[place]) for place, name in enumerate(scores)}


def blend(
    scores: Mapping[str, FloatMatrix],
    weights_P: Mapping[str, FloatVector],
    seen: Profiles,
    normalisation: Normalisation = "min_max",
    extremes: Mapping[str, Extremes] = MappingProxyType({}),
) -> tuple[FloatMatrix, dict[str, Scale], dict[str, FloatVector]]:
    """Add up engines' scores on one scale, with weights that are scaled to sum to 1 for each profile.

    Args:
        scores: (P, M) float32 by engine, finite.
        weights_P: (P,) by engine, not negative.
        seen: whose films are no candidates.
        normalisation: the rule.
        extremes: the lowest and highest score of each row by engine, films of the profile included, where they are known.

    Returns:
        The blended (P, M) float32 scores, each engine's scale, and the weights as they were applied.

    Raises:
        ShapeError: if a profile has no positive weight.
    """
    total = np.sum([weights_P[name] for name in scores], axis=0)
    if np.any(total <= 0):
        raise ShapeError("Every profile needs at least one engine with a positive weight.")
    scales = _scales(scores, seen, normalisation, extremes)
    weights = {name: (weights_P[name] / total).astype(np.float32) for name in scores}
    return _sum(scores, scales, weights), scales, weights


def _sum(
    scores: Mapping[str, FloatMatrix], scales: Mapping[str, Scale], weights: Mapping[str, FloatVector]
) -> FloatMatrix:
    """Return Σ `share` over the engines: of one profile in a pass an engine, with what it begins at taken off in the end."""
    first, *others = scores
    reach = {name: float(np.abs(scale.low / scale.span).max()) for name, scale in scales.items()}
    # Far from 0 the difference must be taken first, or rounding would eat it.
    if len(scores[first]) > 1 or max(reach.values()) > _NEAR:
        total = share(scores[first], scales[first], weights[first])
        for name in others:
            total += share(scores[name], scales[name], weights[name])
        return total
    factors = {name: float(weights[name][0]) / float(scale.span[0]) for name, scale in scales.items()}
    total = scores[first] * np.float32(factors[first])
    for name in others:
        saxpy(scores[name][0], total[0], a=factors[name])
    total -= np.float32(sum(factor * float(scales[name].low[0]) for name, factor in factors.items()))
    return total


def share(scores: FloatMatrix, scale: Scale, weights: FloatVector) -> FloatMatrix:
    """Return weight · (scores − low) / span, in two passes."""
    part: FloatMatrix = scores - scale.low[:, None]
    part *= (weights / scale.span)[:, None]
    return part


def _reach(scores: FloatMatrix, seen: Profiles, extremes: Extremes | None) -> tuple[FloatVector, FloatVector]:
    """Return the lowest candidate score of each row, and how far above it the highest lies."""
    low, high = _extremes(scores, seen, extremes)
    return low, high - low


def _extremes(scores: FloatMatrix, seen: Profiles, extremes: Extremes | None) -> Extremes:
    """Return the lowest and the highest candidate score of each row; infinities where there is none."""
    if len(scores) == 1 and len(seen.movies) < seen.n_movies:
        low, high = extremes or (scores.min(axis=1), scores.max(axis=1))
        known = scores[0, seen.movies]
        if known.min(initial=np.inf) > low[0] and known.max(initial=-np.inf) < high[0]:
            return low, high  # both are of candidates: nothing needs to be left out
    work, rows = scores.copy(), seen.rows()
    work[rows, seen.movies] = np.inf
    low = work.min(axis=1, initial=np.inf)
    work[rows, seen.movies] = -np.inf
    return low, work.max(axis=1, initial=-np.inf)


def _moments(scores: FloatMatrix, seen: Profiles, _: Extremes | None) -> tuple[FloatVector, FloatVector]:
    """Return mean and standard deviation over the candidates of each row."""
    rows = seen.rows()
    count = np.maximum(seen.n_movies - seen.lengths(), 1)
    known = scores[rows, seen.movies].astype(np.float64)
    mean = (scores.sum(axis=1, dtype=np.float64) - np.bincount(rows, known, len(seen))) / count
    work = scores - mean.astype(np.float32)[:, None]
    work[rows, seen.movies] = 0
    deviation = np.sqrt(np.einsum("pm,pm->p", work, work, dtype=np.float64) / count)
    return mean.astype(np.float32), deviation.astype(np.float32)


def _anchors(scores: FloatMatrix, seen: Profiles, _: Extremes | None) -> tuple[FloatVector, FloatVector]:
    """Return the score of place `TAIL` and how far above it place `HEAD` lies; of short rows the nearest places."""
    low, span = np.empty(len(seen), np.float32), np.empty(len(seen), np.float32)
    for row in range(len(seen)):
        own = slice(int(seen.indptr[row]), int(seen.indptr[row + 1]))
        first, last = _places(scores[row], seen.movies[own])
        low[row], span[row] = last, first - last
    return low, span


def _places(scores: FloatVector, known: IntVector) -> tuple[float, float]:
    """Return the scores of the places `HEAD` and `TAIL` among the candidates of one row."""
    values = scores
    if len(scores) >= _LONG:
        # Seen films may pass too: so many more than `TAIL` are kept.
        wanted = TAIL + len(known)
        sample = scores[:: max(1, min(_SAMPLE, len(scores) // (4 * wanted)))]
        place = min(len(sample) - 1, 2 * wanted * len(sample) // len(scores))
        threshold = np.partition(sample, len(sample) - 1 - place)[len(sample) - 1 - place]
        kept: LongVector = np.flatnonzero(scores >= threshold)
        if len(kept) >= wanted:
            values = scores[kept]
            known = np.searchsorted(kept, known[scores[known] >= threshold]).astype(np.int32)
    values = np.delete(values, known)
    if not len(values):
        return 0.0, 0.0
    # Catalogues shorter than `TAIL` keep the proportion of the two places.
    tail = min(TAIL, len(values))
    head = min(HEAD, max(1, tail * HEAD // TAIL))
    ordered = np.partition(values, (len(values) - tail, len(values) - head))
    first, last = float(ordered[-head]), float(ordered[-tail])
    # An engine that tells fewer than `HEAD` films from the rest is measured by its best.
    return (first if first > last else float(values.max())), last


_MEASURES: Mapping[
    Normalisation, Callable[[FloatMatrix, Profiles, Extremes | None], tuple[FloatVector, FloatVector]]
] = {
    "min_max": _reach,
    "z_score": _moments,
    "rank": _anchors,
}
"""What says where each rule's scale begins and how far it reaches."""

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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from matinee.errors import SettingsError, ShapeError
from matinee.types import BoolVector, FloatMatrix, FloatVector, IntVector, LongVector, Profiles

Normalisation = Literal["min_max", "z_score", "rank"]
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)

HEAD, TAIL = 10, 200
"""Places whose scores the rule `rank` maps to 1 and 0."""

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


def sanitise(scores: FloatMatrix) -> tuple[FloatMatrix, BoolVector]:
    """Return finite scores and whether each row had any.

    Scores that are not finite become their row's lowest finite one; rows without any become 0. Scores that are finite
    throughout come back as they are, not copied.

    Returns:
        (P, M) float32, and (P,) bool.
    """
    # A finite sum of squares proves every score finite in one pass; an infinite one may be an overflow and only costs a
    # second look.
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.isfinite(np.vdot(scores, scores))
    if fine:
        return scores.astype(np.float32, copy=False), np.ones(len(scores), np.bool_)
    finite = np.isfinite(scores)
    lowest = np.min(scores, axis=1, where=finite, initial=np.inf, keepdims=True)
    usable: BoolVector = np.isfinite(lowest[:, 0])
    cleaned = np.where(finite, scores, np.where(usable[:, None], lowest, 0))
    return cleaned.astype(np.float32), usable


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
    if scores.shape != (len(seen), seen.n_movies):
        raise ShapeError(f"Scores of shape {scores.shape} do not fit {len(seen)} profiles of {seen.n_movies} movies.")
    if normalisation == "min_max":
        low, high = _extremes(scores, seen)
        span = high - low
    elif normalisation == "z_score":
        low, span = _moments(scores, seen)
    elif normalisation == "rank":
        low, span = _anchors(scores, seen)
    else:
        raise SettingsError(
            f"There is no normalisation {normalisation!r}.", hint=f"Normalisations: {', '.join(NORMALISATIONS)}."
        )
    # What differs by less than rounding says nothing; stretched to 1 it would shout.
    tells = np.isfinite(span) & (span > 1e-6 * np.maximum(np.abs(low), 1e-30))
    low = np.where(np.isfinite(low), low, 0)
    return Scale(low.astype(np.float32), np.where(tells, span, 1).astype(np.float32))


def blend(
    scores: Mapping[str, FloatMatrix],
    weights_P: Mapping[str, FloatVector],
    seen: Profiles,
    normalisation: Normalisation = "min_max",
) -> tuple[FloatMatrix, dict[str, Scale], dict[str, FloatVector]]:
    """Add up engines' scores on one scale, with weights that are scaled to sum to 1 for each profile.

    Args:
        scores: (P, M) float32 by engine, finite.
        weights_P: (P,) by engine, not negative.
        seen: whose films are no candidates.
        normalisation: the rule.

    Returns:
        The blended (P, M) float32 scores, each engine's scale, and the weights as they were applied.

    Raises:
        ShapeError: if a profile has no positive weight.
    """
    total = np.sum([weights_P[name] for name in scores], axis=0)
    if np.any(total <= 0):
        raise ShapeError("Every profile needs at least one engine with a positive weight.")
    scales = {name: scale_of(score, seen, normalisation) for name, score in scores.items()}
    weights = {name: (weights_P[name] / total).astype(np.float32) for name in scores}
    shares = (share(score, scales[name], weights[name]) for name, score in scores.items())
    blended = next(shares)
    for part in shares:
        blended += part
    return blended, scales, weights


def share(scores: FloatMatrix, scale: Scale, weights: FloatVector) -> FloatMatrix:
    """Return weight · (scores − low) / span, in two passes."""
    part: FloatMatrix = scores - scale.low[:, None]
    part *= (weights / scale.span)[:, None]
    return part


def _extremes(scores: FloatMatrix, seen: Profiles) -> tuple[FloatVector, FloatVector]:
    """Return the lowest and the highest candidate score of each row; infinities where there is none."""
    if len(scores) == 1 and len(seen.movies) < seen.n_movies:
        low, high = scores.min(axis=1), scores.max(axis=1)
        known = scores[0, seen.movies]
        if known.min(initial=np.inf) > low[0] and known.max(initial=-np.inf) < high[0]:
            return low, high  # both are of candidates: nothing needs to be left out
    work, rows = scores.copy(), seen.rows()
    work[rows, seen.movies] = np.inf
    low = work.min(axis=1, initial=np.inf)
    work[rows, seen.movies] = -np.inf
    return low, work.max(axis=1, initial=-np.inf)


def _moments(scores: FloatMatrix, seen: Profiles) -> tuple[FloatVector, FloatVector]:
    """Return mean and standard deviation over the candidates of each row."""
    rows = seen.rows()
    count = np.maximum(seen.n_movies - seen.lengths(), 1)
    known = scores[rows, seen.movies].astype(np.float64)
    mean = (scores.sum(axis=1, dtype=np.float64) - np.bincount(rows, known, len(seen))) / count
    work = scores - mean.astype(np.float32)[:, None]
    work[rows, seen.movies] = 0
    deviation = np.sqrt(np.einsum("pm,pm->p", work, work, dtype=np.float64) / count)
    return mean.astype(np.float32), deviation.astype(np.float32)


def _anchors(scores: FloatMatrix, seen: Profiles) -> tuple[FloatVector, FloatVector]:
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

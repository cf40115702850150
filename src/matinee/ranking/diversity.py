"""A dial from relevance to discovery: lists that vary, keep a person's mixture of genres, and look past the famous.

Films are taken one by one out of the best `pool`; with d the dial, the k-th is the film i with the highest

    (1 − d) r_i + d ( − redundancy · max_{j taken} cos(v_i, v_j) − damping · fame_i
                      + calibration · k Σ_g p_g log(1 + (1 − α) p(g|i) / ((1 − α) Σ_{j taken} p(g|j) + α k p_g)) )

r is the score brought to 0…1 over the pool. The first part of the bracket is maximal marginal relevance (Carbonell and
Goldstein, SIGIR 1998). The last is what film i takes off the divergence C_KL(p, q̃) between the genres p of the profile
and those q of the list, smoothed as in Steck ("Calibrated recommendations", RecSys 2018), times k: the divergence of a
list of k films moves by 1/k at most, and without the factor only the first places would be calibrated.

A film's place depends only on those before it, so the head of a long list is the short list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import sgemv

from matinee.errors import SettingsError, ShapeError
from matinee.ranking.features import MovieFeatures
from matinee.ranking.select import best
from matinee.types import BoolVector, FloatVector, IntVector, Profile

DEFAULT_DIAL = 0.2
"""Largest dial, in steps of 0.1, that cost less than 1.5 % NDCG@10 on both validation parts; see docs/diversity.md."""

SAMPLED_FROM = 20
SAMPLE_STEP = 16
"""Catalogues of more than the former times the pool are cut by a sample of every so many scores first."""


@dataclass(frozen=True, kw_only=True)
class DiversityConfig:
    """What discovery means."""

    pool: int = 300
    """The best so many films are candidates; those after them follow in the order of their scores."""
    redundancy: float = 0.5
    """What being the same as a film already taken costs, in units of the pool's reach of scores."""
    calibration: float = 0.3
    """What bringing the list's genres to the profile's is worth."""
    damping: float = 0.5
    """What being the most famous film of all costs."""
    smoothing: float = 0.01
    """α: share of the profile's genres mixed into the list's, so that a genre that is missing costs no infinity; in (0, 1)."""

    def __post_init__(self) -> None:
        if self.pool < 1 or not 0 < self.smoothing < 1:
            raise SettingsError(
                f"pool must be at least 1 and smoothing in (0, 1); got {self.pool} and {self.smoothing}."
            )
        if min(self.redundancy, self.calibration, self.damping) < 0:
            raise SettingsError("redundancy, calibration and damping must not be below 0.")


DEFAULT_CONFIG = DiversityConfig()


def diversify(
    scores: FloatVector,
    allowed: BoolVector,
    n: int,
    dial: float,
    features: MovieFeatures,
    profile: Profile,
    config: DiversityConfig = DEFAULT_CONFIG,
) -> IntVector:
    """Return up to `n` allowed films, in the order in which to show them.

    Args:
        scores: (n_movies,) finite, higher is better.
        allowed: (n_movies,) which may be returned.
        n: how many at most; fewer come back where fewer are allowed.
        dial: 0 is the plain ranking of `best`; 1 looks at discovery alone, among the best `config.pool`.
        features: what the films are like.
        profile: whose mixture of genres to keep; of an empty one there is none to keep.
        config: what discovery means.

    Returns:
        int32 movie indices, none twice; for the same input always the same. Ties go to the better score, then to the
        lower index.

    Raises:
        SettingsError: if the dial is not within 0…1.
        ShapeError: if scores, allowed and features speak of different numbers of films.
    """
    if not 0 <= dial <= 1:
        raise SettingsError(f"The dial runs from 0 (relevance) to 1 (discovery); got {dial}.")
    if not len(scores) == len(allowed) == len(features):
        raise ShapeError(
            f"Scores, allowed and features need one length; got {len(scores)}, {len(allowed)} and {len(features)}."
        )
    if dial == 0 or n <= 0:
        return best(scores, allowed, n)
    ranked = shortlist(scores, allowed, max(n, config.pool))
    if not len(ranked):
        return ranked
    pool = ranked[: config.pool]
    if not len(pool):
        return pool
    order = _greedy(scores[pool], pool, min(n, len(pool)), dial, features, wanted_genres(features, profile), config)
    return np.concatenate([pool[order], ranked[config.pool : n]])


def shortlist(scores: FloatVector, allowed: BoolVector, n: int) -> IntVector:
    """Return what `best` returns, several times faster where `n` is small beside the catalogue.

    A sample says above which score about 2 n films lie; if at least n do, the best n are among them.
    """
    if len(scores) > SAMPLED_FROM * n:
        sample = np.where(allowed[::SAMPLE_STEP], scores[::SAMPLE_STEP], np.float32(-np.inf))
        rank = len(sample) - 1 - 2 * n // SAMPLE_STEP
        sample.partition(rank)
        bound = sample[rank]
        near = np.flatnonzero((scores >= bound) & allowed) if bound > -np.inf else np.empty(0, np.int64)
        if n <= len(near):
            found: IntVector = near[best(scores[near], np.ones(len(near), np.bool_), n)].astype(np.int32)
            return found
    return best(scores, allowed, n)


def wanted_genres(features: MovieFeatures, profile: Profile) -> FloatVector | None:
    """Return (G,) p: the mean of p(g|i) over the films of a profile that have genres; None where none has."""
    total = features.genre_shares[profile.movies].sum(axis=0)
    mass = float(total.sum())
    return None if mass <= 0 else (total / mass).astype(np.float32)


def to_unit(scores: FloatVector) -> FloatVector:
    """Return the scores brought to 0…1; 0 throughout where all are alike."""
    low = scores.min(initial=np.inf)
    reach = scores.max(initial=-np.inf) - low
    return ((scores - low) / reach).astype(np.float32) if reach > 0 else np.zeros(len(scores), np.float32)


def _greedy(
    scores: FloatVector,
    pool: IntVector,
    n: int,
    dial: float,
    features: MovieFeatures,
    wanted: FloatVector | None,
    config: DiversityConfig,
) -> IntVector:
    """Return `n` places in the pool, in the order they are taken."""
    # Every constant is multiplied in before the loop: it runs n times over the pool and is the cost of a request.
    vectors = features.vectors[pool]
    costly = vectors * np.float32(-dial * config.redundancy)
    # BLAS reads a column a film fastest.
    columns = np.ascontiguousarray(vectors.T).T
    worth = np.float32(1 - dial) * to_unit(scores) - np.float32(dial * config.damping) * features.fame[pool]
    strength = dial * config.calibration
    calibrate = None if wanted is None or strength == 0 else _Calibration(features, pool, wanted, config, strength)
    taken = np.empty(n, np.int32)
    # What each film is worth beside the one taken that is most like it; infinite as long as none is taken.
    beside = np.full(len(pool), np.inf, np.float32)
    for place in range(n):
        total = beside if place else worth
        if calibrate is not None:
            total = calibrate.with_gains(place, total)
        chosen = int(total.argmax())
        taken[place] = chosen
        worth[chosen] = -np.inf
        if calibrate is not None:
            calibrate.take(chosen)
        # worth − redundancy · cosines, in one call.
        np.minimum(beside, sgemv(1.0, columns, costly[chosen], 1.0, worth), out=beside)
    return taken


class _Calibration:
    """What each film of the pool would take off the divergence, from the genres taken so far.

    A film with m genres adds 1/m to each of them, so its gain is a weighted sum of a small table over (m, genre):
    one matrix product a step, and as many logarithms as the table has entries.
    """

    def __init__(
        self,
        features: MovieFeatures,
        pool: IntVector,
        wanted: FloatVector,
        config: DiversityConfig,
        strength: float,
    ) -> None:
        counts, shares = features.genre_counts[pool], features.genre_shares[pool]
        # How many genres films of the pool have, and each film's row among those numbers.
        sizes = np.flatnonzero(np.bincount(counts))
        row, n_sizes, n_genres = np.searchsorted(sizes, counts), len(sizes), len(wanted)
        entries = np.zeros((len(pool), n_sizes, n_genres), np.float32)
        entries[np.arange(len(pool)), row] = (shares > 0) * (np.float32(strength) * wanted)
        # A column a film in the order that BLAS reads: (pool, n_sizes · n_genres), as the transpose of its memory.
        self._entries = np.ascontiguousarray(entries.reshape(len(pool), -1).T).T
        keep = np.float32(1 - config.smoothing)
        self._added = np.repeat(keep / np.maximum(sizes, 1).astype(np.float32), n_genres)
        # A genre that is not wanted gains nothing; what stands for its share only keeps the division possible.
        floor = np.float32(config.smoothing) * np.where(wanted > 0, wanted, np.float32(1))
        # What the list has of each genre, with α k p for the film that comes next; each film taken adds α p more.
        self._have = np.concatenate([floor] * n_sizes)
        self._taken = np.concatenate([keep * shares + floor] * n_sizes, axis=1)
        self._table = np.empty(n_sizes * n_genres, np.float32)

    def with_gains(self, place: int, total: FloatVector) -> FloatVector:
        """Return (pool,) `total` and what each film would gain in a place, from 0, times `strength`."""
        table = np.divide(self._added, self._have, out=self._table)
        np.log1p(table, out=table)
        # total + k · entries · table, in one call.
        raised: FloatVector = sgemv(place + 1.0, self._entries, table, 1.0, total)
        return raised

    def take(self, chosen: int) -> None:
        """Count a film's genres among those taken."""
        self._have += self._taken[chosen]

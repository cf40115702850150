"""What must not happen in an evaluation, looked for before anything is printed.

Checks of the split and of what a contestant was fitted on end the whole run (`LeakError`): no row of it could be trusted.
Checks of one contestant's conduct refuse that contestant by name (`Misconduct`) and let the others be shown.

A contestant that holds the hidden ratings and uses them in moderation cannot be told from a good one by looking at its
answers. What can be told: answers that depend on the place in the batch, answers that collapse when one old rating is
taken out of the profile (the owner is no longer recognised), and figures no honest recommender reaches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.errors import LeakError, MatineeError
from matinee.evaluation.metrics import PerUser
from matinee.evaluation.protocols.split import RankingSplit, RatingSplit, Split
from matinee.evaluation.topn import Lists
from matinee.types import BoolVector, FloatMatrix, LongVector, Profile, Profiles

_SAMPLE = 64
"""Profiles scored again in another order."""
_RECOGNISED = 200
"""Profiles scored again without their oldest movie."""
_KNOWN_BY = 5
"""Movies a profile needs for the loss of one not to matter much."""
_WORTH_ASKING = 20
"""Profiles below which a collapse could be chance."""
_PERFECT = 0.95
_PERFECT_USERS = 100


class Misconduct(MatineeError):  # noqa: N818 - it is what was done, not what went wrong
    """One contestant may not stand in the table."""


@dataclass(frozen=True)
class Seal:
    """Fingerprints of what is lent to contestants, to see afterwards that nobody wrote on it."""

    train: str
    profiles: bytes

    @classmethod
    def of(cls, split: Split) -> Seal:
        """Take the fingerprints."""
        # A new object: the fingerprint of the old one is remembered, not computed again.
        profiles = split.profiles
        columns = (profiles.indptr, profiles.movies, profiles.values, profiles.times)
        return cls(replace(split.train).fingerprint, b"".join(_digest(column) for column in columns))

    def check(self, split: Split, name: str) -> None:
        """Compare with the fingerprints of now.

        Raises:
            LeakError: if they differ: every later row would rest on changed data.
        """
        if Seal.of(split) != self:
            raise LeakError(
                f"{name} changed the training data or the profiles it was given, so nothing after it can be trusted.",
                hint="Copy arrays before writing to them.",
            )


def check_split(split: Split) -> None:
    """Look for hidden ratings in the training data or in the profiles.

    Raises:
        LeakError: saying how many there are, and naming one.
    """
    rows, movies = _hidden(split)
    _refuse_shared(split.train, split.users[rows], movies, split.train.users, split.train.movies, "training data")
    owners = split.users[split.profiles.rows()]
    _refuse_shared(split.train, split.users[rows], movies, owners, split.profiles.movies, "profiles")
    if isinstance(split, RankingSplit) and split.cut is not None:
        for where, times in (("training data", split.train.times), ("profiles", split.profiles.times)):
            late = int((times >= split.cut).sum())
            if late:
                raise LeakError(
                    f"The {where} hold {late} ratings from the future: at or after the cut at Unix second {split.cut}.",
                    hint="Train only on what was known before the cut.",
                )


def check_fitted_on(contestant: object, name: str, train: Dataset) -> None:
    """Compare what a contestant says it learned from with the training part of the split.

    Raises:
        LeakError: if it says another data set.
    """
    told = getattr(contestant, "fitted_on", None)
    if told is not None and told != train.fingerprint:
        raise LeakError(
            f"{name} was fitted on the data {told}, not on the training part {train.fingerprint} of this split; "
            "it may have seen what is hidden.",
            hint="Fit it on the split: pass an engine, not a trained release.",
        )


def check_scores(scores: FloatMatrix, profiles: Profiles) -> None:
    """Refuse scores of another shape, or such as are no numbers.

    Raises:
        Misconduct: saying which.
    """
    expected = (len(profiles), profiles.n_movies)
    if getattr(scores, "shape", None) != expected:
        raise Misconduct(f"returned scores of shape {getattr(scores, 'shape', None)}; expected {expected}")
    if not np.issubdtype(scores.dtype, np.floating):
        raise Misconduct(f"returned scores of type {scores.dtype}; expected floating point numbers")
    bad = ~np.isfinite(scores)
    if bad.any():
        raise Misconduct(
            f"returned scores that are not finite numbers: {int(bad.sum()):,} of {scores.size:,}, "
            f"for {int(bad.any(axis=1).sum()):,} of {len(profiles):,} viewers"
        )


def check_lists(lists: Lists, profiles: Profiles, n: int) -> None:
    """Refuse lists that hold seen movies, a movie twice, or numbers that are no movie.

    Raises:
        Misconduct: saying which.
    """
    if getattr(lists, "shape", None) != (len(profiles), n) or not np.issubdtype(lists.dtype, np.integer):
        raise Misconduct(
            f"returned lists of shape {getattr(lists, 'shape', None)}; expected integers, {len(profiles), n}"
        )
    if ((lists < -1) | (lists >= profiles.n_movies)).any():
        raise Misconduct(f"listed movies outside 0…{profiles.n_movies - 1}")
    filled = lists >= 0
    keys = np.arange(len(lists))[:, None] * profiles.n_movies + lists
    listed = keys[filled]
    if len(np.unique(listed)) < len(listed):
        raise Misconduct("listed a movie twice in one list")
    seen = _among(listed, profiles.rows() * profiles.n_movies + profiles.movies)
    if seen.any():
        people = len(np.unique(listed[seen] // profiles.n_movies))
        raise Misconduct(f"returned {int(seen.sum()):,} movies their viewers have already seen, to {people:,} viewers")


def check_order(score: Callable[[Profiles], FloatMatrix], profiles: Profiles, scores: FloatMatrix) -> None:
    """Refuse scores that depend on where in the batch a profile stands.

    Args:
        score: the contestant's.
        profiles: a batch.
        scores: what the contestant gave for it.

    Raises:
        Misconduct: if some of the batch, sent again in reverse order, score otherwise than before.
    """
    rows = np.arange(min(len(profiles), _SAMPLE))[::-1]
    again = score(Profiles.stack([profiles[int(row)] for row in rows], profiles.n_movies))
    before = scores[rows]
    spread = np.ptp(before, axis=1, keepdims=True)
    # Sums in another order differ in the last bits; a thousandth of the range is far beyond that.
    changed = (np.abs(again - before) > 1e-3 * np.maximum(spread, 1e-6)).any(axis=1)
    if changed.any():
        raise Misconduct(
            f"gave {int(changed.sum())} of {len(rows)} viewers other scores when the same profiles were sent in another order: "
            "scores may depend on the profile only"
        )


def check_recognition(measure: Callable[[Profiles, LongVector], PerUser], profiles: Profiles, values: PerUser) -> None:
    """Refuse a contestant that finds hidden movies only while it can recognise whose profile it is.

    Of up to 200 viewers the oldest movie is taken out of the profile. Honest figures hardly move; those of a contestant that
    looks people up by their history, or by their place in the batch, collapse.

    Args:
        measure: gives the telling metric (NDCG) for some viewers (their rows) when sent with other profiles.
        profiles: the profiles as they are.
        values: (P,) the metric with those.

    Raises:
        Misconduct: if the mean falls below half, by more than four standard errors.
    """
    rows = np.flatnonzero((profiles.lengths() >= _KNOWN_BY) & ~np.isnan(values))
    rows = rows[:: max(1, len(rows) // _RECOGNISED)][:_RECOGNISED]
    if len(rows) < _WORTH_ASKING:
        return
    shorter = Profiles.stack([_without_oldest(profiles[int(row)]) for row in rows], profiles.n_movies)
    before, after = values[rows], measure(shorter, rows)
    lost = before - after
    error = float(lost.std(ddof=1) / np.sqrt(len(lost)))
    if after.mean() < before.mean() / 2 and lost.mean() > 4 * error:
        raise Misconduct(
            f"found hidden movies ({before.mean():.3f}) only until the oldest rating was taken out of each profile "
            f"({after.mean():.3f}): it recognises people it should not know"
        )


def check_plausible(metric: str, values: PerUser) -> None:
    """Refuse figures no honest recommender reaches.

    Raises:
        Misconduct: if the mean over 100 viewers or more exceeds 0.95.
    """
    known = values[~np.isnan(values)]
    if len(known) >= _PERFECT_USERS and known.mean() > _PERFECT:
        raise Misconduct(
            f"reached {metric} {known.mean():.3f} for {len(known):,} viewers: its scores know the hidden movies"
        )


def _without_oldest(profile: Profile) -> Profile:
    return Profile(profile.movies[1:], profile.values[1:], profile.times[1:])


def _hidden(split: Split) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if isinstance(split, RatingSplit):
        return split.rows, split.movies.astype(np.int64)
    return np.repeat(np.arange(len(split)), np.diff(split.truth.indptr)), split.truth.indices.astype(np.int64)


def _refuse_shared(
    data: Dataset,
    users: NDArray[np.int32],
    movies: NDArray[np.int64],
    other_users: NDArray[np.int32],
    other_movies: NDArray[np.int32],
    where: str,
) -> None:
    keys = users.astype(np.int64) * data.n_movies + movies
    shared = keys[_among(keys, other_users.astype(np.int64) * data.n_movies + other_movies)]
    if len(shared):
        user, movie = divmod(int(shared[0]), data.n_movies)
        raise LeakError(
            f"{len(shared)} hidden ratings are also in the {where}, such as user {data.user_ids.ids[user]}'s of movie "
            f"{data.catalogue.ids.ids[movie]}.",
            hint="Hide them from training before evaluating.",
        )


def _among(wanted: LongVector, known: LongVector) -> BoolVector:
    """Return which of `wanted` occur in `known`; sorting is far quicker here than the hashing of `np.isin`."""
    ordered = np.append(np.sort(known), np.iinfo(np.int64).max)
    found: BoolVector = ordered[np.searchsorted(ordered, wanted)] == wanted
    return found


def _digest(column: NDArray[np.generic]) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(column).data).digest()

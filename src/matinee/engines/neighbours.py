"""Neighbours: people of like genre taste are grouped, and inside a group those who rated alike predict for each other.

Everybody's shares of watching by genre, minus the usual shares, are clustered by k-means. A profile joins the nearest
group; its neighbours are the group's people with the highest cosine s of deviations e = r − (person's mean) − (film's
usual deviation), and (Herlocker, Konstan, Borchers, Riedl, SIGIR 1999)

    r̂_i = mean + usual_i + Σ_v s_v e_vi / (Σ_v s_v + shrink),   v over neighbours who rated i.

Keeps the ratings of up to `max_people` people as they were at the fit, without their ids: 8 bytes a rating.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.clusters import Clusters, divide, nearest
from matinee.engines.engine import Arrays, Engine
from matinee.engines.stars import bend_into
from matinee.engines.weights import sums_by
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profiles, Progress

BATCH = 256
"""Profiles answered at once; bounds the memory at BATCH · n_movies floats."""


@dataclass(frozen=True, kw_only=True)
class NeighboursConfig:
    """How people are grouped and how many are asked."""

    clusters: int | None = None
    """Number of taste groups; None chooses the number from `fewest_clusters` to `most_clusters` with the highest
    simplified silhouette."""
    fewest_clusters: int = 4
    """Fewest groups that are tried: two or three are usually the clearest, and say little."""
    most_clusters: int = 12
    """Most groups that are tried."""
    smallest_cluster: int = 30
    """A division with a group of fewer people is not taken."""
    neighbours: int = 200
    """Most people asked for a prediction."""
    shrink: float = 0.5
    """Added to the sum of similarities, so that few or distant neighbours say less."""
    mean_l2: float = 5.0
    """How many average ratings a person's mean, and a film's usual deviation, start from."""
    max_people: int = 50_000
    """At most so many people are kept, those with the most ratings."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.clusters is not None and self.clusters < 1:
            raise SettingsError(f"clusters must be at least 1; got {self.clusters}.")
        if not 2 <= self.fewest_clusters <= self.most_clusters:
            raise SettingsError(
                f"fewest_clusters must be at least 2 and at most most_clusters; "
                f"got {self.fewest_clusters} and {self.most_clusters}."
            )
        if self.neighbours < 1 or self.max_people < 1:
            raise SettingsError("neighbours and max_people must be at least 1.")
        if self.shrink <= 0 or self.mean_l2 <= 0:
            raise SettingsError(f"shrink and mean_l2 must be above 0; got {self.shrink} and {self.mean_l2}.")


@dataclass(frozen=True)
class TasteGroup:
    """One cluster of people.

    Attributes:
        people: how many it holds.
        genres: what they watch more than others do, most first.
    """

    people: int
    genres: tuple[str, ...]


class Neighbours(Engine):
    """Predict stars from people of like taste; where people only watched, the share of neighbours who did.

    Learns the groups (`centres` (k, n_genres) around the `usual` shares; `tried` and `silhouettes` say how k was
    chosen), the films (`genres`, `offset`), the overall `mean`, and people by group: group g owns people
    `bounds[g]:bounds[g + 1]`, whose deviations lie in `indptr`, `movies`, `deviations`, with lengths `norms`.
    """

    name = "neighbours"
    config_class = NeighboursConfig
    predicts_stars = True
    config: NeighboursConfig

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        progress(self.name, 0, 2)
        mean, offset = self._usual_ratings(dataset)
        genres = dataset.catalogue.genres.astype(np.float32)
        kept = most_active(dataset, self.config.max_people)
        shares = genre_shares(rows_of(dataset, kept), genres)
        usual = shares.mean(axis=0) if len(kept) else np.zeros(genres.shape[1], np.float32)
        groups = self._divide(shares - usual)
        progress(self.name, 1, 2)
        people = rows_of(dataset, kept[np.argsort(groups.labels, kind="stable")])
        deviations = self._deviations(people, self._means(people, mean), offset, explicit=dataset.explicit)
        progress(self.name, 2, 2)
        return {
            "explicit": np.array([dataset.explicit]),
            "scale": np.array(dataset.scale if dataset.explicit else (0, 1), np.float32),
            "mean": np.array([mean], np.float32),
            "offset": offset,
            "genres": genres,
            "usual": usual,
            "centres": groups.centres,
            "tried": groups.tried,
            "silhouettes": groups.silhouettes,
            "bounds": np.concatenate([[0], np.cumsum(np.bincount(groups.labels, minlength=len(groups.centres)))]),
            "indptr": people.indptr,
            "movies": people.movies,
            "deviations": deviations,
            "norms": np.sqrt(sums_by(people.rows(), deviations**2, len(people))).astype(np.float32),
        }

    def _usual_ratings(self, dataset: Dataset) -> tuple[float, FloatVector]:
        """Return the mean of all ratings and (n_movies,) what each film usually gets above its raters' means."""
        if not dataset.explicit or not dataset.n_ratings:
            return (sum(dataset.scale) / 2 if dataset.explicit else 0.0), np.zeros(dataset.n_movies, np.float32)
        mean = float(dataset.values.mean(dtype=np.float64))
        above = dataset.values - self._means(dataset.profiles(), mean)[dataset.users]
        count = np.bincount(dataset.movies, minlength=dataset.n_movies)
        offset = sums_by(dataset.movies, above, dataset.n_movies) / (count + self.config.mean_l2)
        return mean, offset.astype(np.float32)

    def _divide(self, tastes: FloatMatrix) -> Clusters:
        config = self.config
        fewest, most = config.fewest_clusters, config.most_clusters
        if config.clusters is not None:
            fewest = most = config.clusters
        return divide(tastes, fewest, most, smallest=1 if config.clusters else config.smallest_cluster)

    def _means(self, profiles: Profiles, mean: float) -> FloatVector:
        """Return (n_profiles,) each person's mean rating, damped towards everybody's."""
        total = sums_by(profiles.rows(), profiles.values, len(profiles))
        damped: FloatVector = (total + self.config.mean_l2 * mean) / (profiles.lengths() + self.config.mean_l2)
        return damped.astype(np.float32)

    def _deviations(
        self, profiles: Profiles, means: FloatVector, offset: FloatVector, *, explicit: bool
    ) -> FloatVector:
        """Return (n_entries,) how each rating differs from what the person and the film usually give and get."""
        if not explicit:
            return np.ones(len(profiles.values), np.float32)
        return profiles.values - means[profiles.rows()] - offset[profiles.movies]

    def _score(self, profiles: Profiles) -> FloatMatrix:
        arrays = self.arrays
        explicit = bool(arrays["explicit"][0])
        means = self._means(profiles, float(arrays["mean"][0])) if explicit else np.zeros(len(profiles), np.float32)
        deviations = self._deviations(profiles, means, arrays["offset"], explicit=explicit)
        rows = profiles.matrix(deviations)
        groups = self.groups_of(profiles)
        scores = np.zeros((len(profiles), self.n_movies), np.float32)
        for group in np.unique(groups):
            members = np.flatnonzero(groups == group)
            for first in range(0, len(members), BATCH):
                batch = members[first : first + BATCH]
                scores[batch] = self._opinions(int(group), rows[batch], explicit=explicit)
        scores += means[:, None] + arrays["offset"]
        return bend_into(scores, *arrays["scale"])

    def _opinions(self, group: int, rows: csr_array, *, explicit: bool) -> FloatMatrix:
        """Return (n_rows, n_movies) what the neighbours in a group think of each film, as a deviation."""
        people, norms = self._people(group)
        likeness = cosines(people, norms, rows)
        weights = csr_array(strongest(likeness, self.config.neighbours))
        opinions: FloatMatrix = (weights @ people).toarray()
        if explicit:
            people.data = np.ones_like(people.data)
            raters = (weights @ people).toarray()
        else:
            raters = weights.sum(axis=1)[:, None]
        opinions /= raters + np.float32(self.config.shrink)
        return opinions

    def _people(self, group: int) -> tuple[csr_array, FloatVector]:
        """Return the deviations (n_people, n_movies) of a group and their lengths."""
        arrays = self.arrays
        first, last = arrays["bounds"][group], arrays["bounds"][group + 1]
        span = slice(arrays["indptr"][first], arrays["indptr"][last])
        indptr = arrays["indptr"][first : last + 1] - arrays["indptr"][first]
        shape = (int(last - first), self.n_movies)
        people = csr_array((arrays["deviations"][span], arrays["movies"][span], indptr), shape=shape)
        return people, arrays["norms"][first:last]

    def groups_of(self, profiles: Profiles) -> IntVector:
        """Return (n_profiles,) the taste group each profile belongs to."""
        self._require_fitted()
        tastes = genre_shares(profiles, self.arrays["genres"]) - self.arrays["usual"]
        return nearest(tastes, self.arrays["centres"])

    def taste_groups(self, genre_names: Sequence[str], most: int = 3) -> list[TasteGroup]:
        """Describe the groups by what they watch more than others.

        Args:
            genre_names: names of the genres, as in the catalogue of the fit.
            most: how many genres to name at most.
        """
        self._require_fitted()
        sizes = np.diff(self.arrays["bounds"])
        groups = []
        for size, centre in zip(sizes, self.arrays["centres"], strict=True):
            leading = np.argsort(-centre, kind="stable")[:most]
            groups.append(TasteGroup(int(size), tuple(genre_names[genre] for genre in leading if centre[genre] > 0)))
        return groups


def most_active(dataset: Dataset, most: int) -> LongVector:
    """Return the ascending indices of users with ratings, only the `most` most active if there are more."""
    count = np.diff(dataset.indptr)
    active = np.argsort(-count, kind="stable")[:most]
    return np.sort(active[count[active] > 0])


def rows_of(dataset: Dataset, users: LongVector) -> Profiles:
    """Return a copy of the profiles of some users, in the order asked for."""
    lengths = np.diff(dataset.indptr)[users]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    entries = np.arange(indptr[-1]) + np.repeat(dataset.indptr[users] - indptr[:-1], lengths)
    columns = (dataset.movies[entries], dataset.values[entries], dataset.times[entries])
    return Profiles(indptr, *columns, dataset.n_movies)


def genre_shares(profiles: Profiles, genres: FloatMatrix) -> FloatMatrix:
    """Return (n_profiles, n_genres) the share of each profile's films that have each genre; 0 for empty profiles."""
    watched = profiles.matrix(np.ones(len(profiles.values), np.float32)) @ genres
    shares: FloatMatrix = watched / np.maximum(profiles.lengths(), 1)[:, None].astype(np.float32)
    return shares


def cosines(people: csr_array, norms: FloatVector, rows: csr_array) -> FloatMatrix:
    """Return (n_rows, n_people) cosines of two sets of sparse vectors; 0 where one has no length."""
    products = (people @ rows.toarray().T).T
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1)).astype(np.float32)
    scale = lengths[:, None] * norms
    likeness: FloatMatrix = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    return likeness


def strongest(likeness: FloatMatrix, most: int) -> FloatMatrix:
    """Return the matrix with only the `most` highest entries of each row, and none below 0; equals at the limit go."""
    kept = np.maximum(likeness, 0)
    if kept.shape[1] > most:
        limit = -np.partition(-kept, most, axis=1)[:, most]
        kept[kept <= limit[:, None]] = 0
    return kept

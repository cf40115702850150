"""Describe a data set: how much, how dense, when, how people rate, and what was wrong with the files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from matinee.data.dataset import Dataset
from matinee.data.read import Reading
from matinee.types import UNKNOWN_TIME


@dataclass(frozen=True)
class Counts:
    """How many there are of each thing; `rated_movies` are the movies with at least one rating."""

    ratings: int
    users: int
    movies: int
    rated_movies: int
    tags: int
    links: int


@dataclass(frozen=True)
class RatedMovie:
    """One line of the list of most rated movies; `mean` is in stars."""

    movie_id: int
    title: str
    year: int | None
    ratings: int
    mean: float


@dataclass(frozen=True)
class Description:
    """What `matinee data inspect` shows; the field names are the keys of its JSON and stay.

    Attributes:
        name: name of the data set.
        layout: family of the files it was read from, such as "movielens-100k".
        simulated: whether the ratings were made by a program.
        counts: how many ratings, users, movies, rated movies, tags and links.
        scale: lowest and highest star.
        explicit: whether the values are stars rather than "watched".
        mean: mean of all values; None without ratings.
        first_time, last_time: earliest and latest known time, ISO 8601 in UTC; None where no time is known.
        times_known: share of ratings with a time, 0-1.
        ordered: whether every user's ratings are known to be in order of time.
        density: ratings over users × rated movies, 0-1.
        ratings_per_user: smallest, median, mean and largest number of ratings a user gave, over users with any.
        histogram: stars as text, such as "3.5" → number of ratings; every half star of the scale in use is there.
        folds: ratings in each cross-validation fold; empty where the data give none.
        top_movies: the most rated movies, ties in catalogue order.
        known: catalogue column → number of movies it is known for.
        bad_rows: kind → number of rows skipped.
        bad_row_examples: the first of them, as "file:line: what; expected what".
        duplicates: ratings dropped because a later one replaced them.
        notes: other things a reader of the figures should know.
        fingerprint: sixteen digits that change whenever an id, a rating or a title does.
    """

    name: str
    layout: str
    simulated: bool
    counts: Counts
    scale: tuple[float, float]
    explicit: bool
    mean: float | None
    first_time: str | None
    last_time: str | None
    times_known: float
    ordered: bool
    density: float
    ratings_per_user: dict[str, float]
    histogram: dict[str, int]
    folds: list[int]
    top_movies: list[RatedMovie]
    known: dict[str, int]
    bad_rows: dict[str, int]
    bad_row_examples: list[str]
    duplicates: int
    notes: list[str]
    fingerprint: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON takes them."""
        return {**asdict(self), "scale": list(self.scale)}


def describe(reading: Reading, n_top: int = 10) -> Description:
    """Describe what was read.

    Args:
        reading: the data set and the report of its reading.
        n_top: length of the list of most rated movies.
    """
    data, report = reading.dataset, reading.report
    per_movie = np.bincount(data.movies, minlength=data.n_movies)
    known_times = data.times[data.times != UNKNOWN_TIME]
    n_rated = int((per_movie > 0).sum())
    known = _known(data)
    return Description(
        name=data.name,
        layout=report.layout,
        simulated=data.simulated,
        counts=Counts(
            ratings=data.n_ratings,
            users=data.n_users,
            movies=data.n_movies,
            rated_movies=n_rated,
            tags=data.tags.height,
            links=known["imdb_id"],
        ),
        scale=data.scale,
        explicit=data.explicit,
        mean=float(data.values.mean(dtype=np.float64)) if data.n_ratings else None,
        first_time=_iso(known_times.min()) if len(known_times) else None,
        last_time=_iso(known_times.max()) if len(known_times) else None,
        times_known=len(known_times) / data.n_ratings if data.n_ratings else 0.0,
        ordered=data.ordered,
        density=data.n_ratings / (data.n_users * n_rated) if n_rated else 0.0,
        ratings_per_user=_per_user(data),
        histogram=_histogram(data),
        folds=[] if data.folds is None else np.bincount(data.folds)[1:].tolist(),
        top_movies=_top_movies(data, n_top),
        known=known,
        bad_rows=dict(report.bad),
        bad_row_examples=[str(row) for row in report.examples],
        duplicates=report.duplicates,
        notes=list(report.notes),
        fingerprint=data.fingerprint,
    )


def _known(data: Dataset) -> dict[str, int]:
    columns = data.catalogue.movies.drop("movie_id", "title").get_columns()
    return {
        column.name: int((column.list.len() > 0).sum())
        if column.dtype.is_nested()
        else len(column) - column.null_count()
        for column in columns
    }


def _per_user(data: Dataset) -> dict[str, float]:
    sizes = np.diff(data.indptr)
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return {}
    return {
        "smallest": int(sizes.min()),
        "median": float(np.median(sizes)),
        "mean": float(sizes.mean()),
        "largest": int(sizes.max()),
    }


def _histogram(data: Dataset) -> dict[str, int]:
    """Count the ratings at each half star, or at each whole one where the scale has no others."""
    if not data.explicit:
        return {}
    halves = np.bincount(np.rint(data.values * 2).astype(np.int64), minlength=11)
    step = 1 if data.scale[0] % 1 else 2
    first, last = (round(bound * 2) for bound in data.scale)
    return {f"{half / 2:g}": int(halves[half]) for half in range(first, last + 1, step)}


def _top_movies(data: Dataset, n: int) -> list[RatedMovie]:
    counts = np.bincount(data.movies, minlength=data.n_movies)
    sums = np.bincount(data.movies, weights=data.values, minlength=data.n_movies)
    top = [int(movie) for movie in np.argsort(-counts, kind="stable")[:n] if counts[movie]]
    years = data.catalogue.movies["year"]
    return [
        RatedMovie(
            movie_id=int(data.catalogue.ids.ids[movie]),
            title=data.catalogue.titles[movie],
            year=years[movie],
            ratings=int(counts[movie]),
            mean=float(sums[movie] / counts[movie]),
        )
        for movie in top
    ]


def _iso(seconds: np.int64) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()

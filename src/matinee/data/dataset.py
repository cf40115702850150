"""Dataset: a catalogue and its ratings in columns, with frozen id maps.

Ratings are sorted by user, then oldest first, so that a user's rows are a chronological profile
and a batch of profiles is a view, not a copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.data.franchises import franchises_from_titles
from matinee.errors import ShapeError, UnknownIdError
from matinee.types import UNKNOWN_TIME, BoolVector, FloatVector, IntVector, LongVector, Profiles

MOVIE_SCHEMA: dict[str, pl.DataType] = {
    "movie_id": pl.Int64(),
    "title": pl.String(),
    "alternative_titles": pl.List(pl.String()),
    "year": pl.Int32(),
    "genres": pl.List(pl.String()),
    "imdb_id": pl.Int64(),
    "tmdb_id": pl.Int64(),
    "overview": pl.String(),
    "directors": pl.List(pl.String()),
    "cast": pl.List(pl.String()),
    "keywords": pl.List(pl.String()),
    "country": pl.String(),
    "language": pl.String(),
    "runtime": pl.Int32(),
    "popularity": pl.Float32(),
    "poster_path": pl.String(),
    "age": pl.Int16(),
    "franchise": pl.String(),
}
"""Columns of a catalogue. `title` is the display form ("The Matrix"); lists are empty, never null; other unknowns are null.
`language` is an ISO 639-1 code, `country` an English name, `runtime` minutes, `age` the youngest age in years that a film is
fit for, `franchise` the name of the series of films it belongs to."""

LATER_COLUMNS = ("age", "franchise")
"""Columns that catalogues written by earlier versions lack; there they are unknown throughout."""

UNKNOWN_AGE = -1
"""Stands in `Catalogue.ages` where nobody knows from which age on a film is fit."""

NO_FRANCHISE = -1
"""Stands in `Catalogue.franchises` for a film that belongs to none."""


class IdMap:
    """A frozen two-way map between external ids and 0-based indices.

    Args:
        ids: (n,) distinct external ids; the position of an id is its index.
        kind: what the ids name, for messages ("movie", "user").
    """

    def __init__(self, ids: LongVector, kind: str) -> None:
        self.ids = np.ascontiguousarray(ids, dtype=np.int64)
        self.ids.setflags(write=False)
        self.kind = kind
        self._order = np.argsort(self.ids, kind="stable")
        self._sorted = self.ids[self._order]
        if len(self.ids) > 1 and (self._sorted[1:] == self._sorted[:-1]).any():
            raise ShapeError(f"The {kind} ids must be distinct.")

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: LongVector | Sequence[int]) -> IntVector:
        """Return the (n,) int32 index of each id, -1 where the id is unknown."""
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(self.ids):
            return np.full(len(wanted), -1, np.int32)
        place = np.minimum(np.searchsorted(self._sorted, wanted), len(self.ids) - 1)
        return np.where(self._sorted[place] == wanted, self._order[place], -1).astype(np.int32)

    def index(self, id_: int) -> int:
        """Return the index of one id.

        Raises:
            UnknownIdError: if nobody has it.
        """
        index = int(self.find([id_])[0])
        if index < 0:
            raise UnknownIdError(f"There is no {self.kind} {id_}.", hint=self._advice())
        return index

    def _advice(self) -> str:
        if not len(self.ids):
            return f"This data set has no {self.kind}s."
        return f"Known {self.kind} ids run from {self._sorted[0]} to {self._sorted[-1]} ({len(self.ids):,} of them)."


@dataclass(frozen=True)
class Catalogue:
    """Movies and what is known of them.

    Attributes:
        movies: one row a movie, columns as in `MOVIE_SCHEMA`; the row number is the movie index. Those of
            `LATER_COLUMNS` may be absent and are then added, unknown throughout.
    """

    movies: pl.DataFrame

    def __post_init__(self) -> None:
        absent = [name for name in LATER_COLUMNS if name not in self.movies.columns]
        if absent and set(self.movies.columns) == set(MOVIE_SCHEMA) - set(absent):
            whole = self.movies.with_columns(pl.lit(None, dtype=MOVIE_SCHEMA[name]).alias(name) for name in absent)
            object.__setattr__(self, "movies", whole.select(list(MOVIE_SCHEMA)))
        if dict(self.movies.schema) != MOVIE_SCHEMA:
            raise ShapeError(f"A catalogue needs the columns {list(MOVIE_SCHEMA)}; got {dict(self.movies.schema)}.")

    @classmethod
    def of(cls, columns: pl.DataFrame) -> Catalogue:
        """Build a catalogue from at least `movie_id` and `title`; absent columns become unknown."""
        frame = columns.select(
            [
                (pl.col(name) if name in columns.columns else pl.lit(None, dtype=kind).alias(name)).cast(kind)
                for name, kind in MOVIE_SCHEMA.items()
            ]
        )
        return cls(
            frame.with_columns(
                pl.col(name).fill_null([]) for name, kind in MOVIE_SCHEMA.items() if isinstance(kind, pl.List)
            )
        )

    def __len__(self) -> int:
        return self.movies.height

    @cached_property
    def ids(self) -> IdMap:
        """Map MovieLens (or other external) ids to movie indices."""
        return IdMap(self.movies["movie_id"].to_numpy(), "movie")

    @cached_property
    def titles(self) -> list[str]:
        """Display titles by movie index."""
        return self.movies["title"].to_list()

    @cached_property
    def years(self) -> IntVector:
        """(n_movies,) int32 release years, 0 where unknown."""
        return self.movies["year"].fill_null(0).to_numpy().astype(np.int32)

    @cached_property
    def ages(self) -> NDArray[np.int16]:
        """(n_movies,) int16 youngest age in years each movie is fit for, `UNKNOWN_AGE` where nobody says."""
        return self.movies["age"].fill_null(UNKNOWN_AGE).to_numpy().astype(np.int16)

    @cached_property
    def runtimes(self) -> NDArray[np.int16]:
        """(n_movies,) int16 minutes, 0 where unknown."""
        longest = np.iinfo(np.int16).max
        return self.movies["runtime"].fill_null(0).clip(0, longest).to_numpy().astype(np.int16)

    @cached_property
    def franchise_names(self) -> list[str]:
        """The franchises that occur, in alphabetical order; read from the titles where the data name none."""
        return sorted({name for name in self._franchise_by_movie if name is not None})

    @cached_property
    def franchises(self) -> IntVector:
        """(n_movies,) int32 place of each movie's franchise in `franchise_names`, `NO_FRANCHISE` where it has none."""
        place: dict[str | None, int] = {name: number for number, name in enumerate(self.franchise_names)}
        return np.array([place.get(name, NO_FRANCHISE) for name in self._franchise_by_movie], dtype=np.int32)

    def with_franchises(self) -> Catalogue:
        """Return the catalogue with its franchises written down, so that they need not be read from titles again."""
        named = pl.Series("franchise", self._franchise_by_movie, dtype=MOVIE_SCHEMA["franchise"])
        return Catalogue(self.movies.with_columns(named))

    @cached_property
    def _franchise_by_movie(self) -> list[str | None]:
        if self.movies["franchise"].is_not_null().any():
            named: list[str | None] = self.movies["franchise"].to_list()
            return named
        return franchises_from_titles(self.movies)

    @cached_property
    def genre_names(self) -> list[str]:
        """The genres that occur, in alphabetical order."""
        return self.movies["genres"].explode().drop_nulls().unique().sort().to_list()

    @cached_property
    def genres(self) -> NDArray[np.bool_]:
        """(n_movies, n_genres) bool: which movie has which genre, columns as `genre_names`."""
        table = np.zeros((len(self), len(self.genre_names)), dtype=np.bool_)
        place = {name: column for column, name in enumerate(self.genre_names)}
        for row, names in enumerate(self.movies["genres"].to_list()):
            for name in names:
                table[row, place[name]] = True
        return table


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A catalogue and ratings in columns, sorted by user, then oldest first.

    Attributes:
        name: how people call it, such as "ml-latest-small".
        catalogue: the movies; `movies` below indexes into it.
        user_ids: external user ids; `users` below indexes into it. Users without ratings are allowed.
        users: (n_ratings,) int32 user indices, ascending.
        movies: (n_ratings,) int32 movie indices; a (user, movie) pair occurs once.
        values: (n_ratings,) float32 stars on `scale`; 1.0 throughout when `explicit` is false.
        times: (n_ratings,) int64 Unix seconds or `UNKNOWN_TIME`.
        rows: (n_ratings,) int32 place of the rating in the file it came from, for protocols that follow file order.
        scale: lowest and highest star.
        explicit: whether values are opinions (stars) or merely "watched".
        ordered: whether a user's rows are known to be chronological (from times or from an order column).
        simulated: whether the ratings were made by a program; shown wherever the data are.
        folds: (n_ratings,) int8 cross-validation fold given by the data, counted from 1; 0 where none.
        tags: columns user_id, movie_id, tag, time as free-text tags people gave; may be empty.
    """

    name: str
    catalogue: Catalogue
    user_ids: IdMap
    users: IntVector
    movies: IntVector
    values: FloatVector
    times: LongVector
    rows: IntVector
    scale: tuple[float, float] = (0.5, 5.0)
    explicit: bool = True
    ordered: bool = True
    simulated: bool = False
    folds: NDArray[np.int8] | None = None
    tags: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TAG_SCHEMA))

    def __post_init__(self) -> None:
        columns: dict[str, NDArray[Any]] = {
            "users": self.users,
            "movies": self.movies,
            "values": self.values,
            "times": self.times,
            "rows": self.rows,
        }
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError(f"The rating columns must have one length; got {lengths}.")
        for name, kind in {
            "users": np.int32,
            "movies": np.int32,
            "values": np.float32,
            "times": np.int64,
            "rows": np.int32,
        }.items():
            if columns[name].dtype != kind:
                raise ShapeError(f"Column {name} must be {np.dtype(kind)}; got {columns[name].dtype}.")
        if len(self.users) and (self.users[1:] < self.users[:-1]).any():
            raise ShapeError("Ratings must be sorted by user.")

    @property
    def n_users(self) -> int:
        """Number of users, those without ratings included."""
        return len(self.user_ids)

    @property
    def n_movies(self) -> int:
        """Number of movies in the catalogue, rated or not."""
        return len(self.catalogue)

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return len(self.values)

    @cached_property
    def indptr(self) -> LongVector:
        """(n_users + 1,) int64: user u owns rows `indptr[u]:indptr[u + 1]`."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.users, minlength=self.n_users))]).astype(np.int64)

    @cached_property
    def times_known(self) -> bool:
        """Whether every rating carries its time."""
        return not (self.times == UNKNOWN_TIME).any()

    def profiles(self) -> Profiles:
        """Return one profile a user, sharing this data set's arrays."""
        return Profiles(self.indptr, self.movies, self.values, self.times, self.n_movies)

    def matrix(self, weights: FloatVector | None = None) -> csr_array:
        """Return the (n_users, n_movies) sparse matrix of `weights`, one per rating (default: the values)."""
        return self.profiles().matrix(weights)

    def select(self, mask: BoolVector) -> Dataset:
        """Return the data set with only the ratings where `mask` is true; users, movies and their indices stay."""
        return replace(
            self,
            users=self.users[mask],
            movies=self.movies[mask],
            values=self.values[mask],
            times=self.times[mask],
            rows=self.rows[mask],
            folds=None if self.folds is None else self.folds[mask],
        )

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change whenever an id, a rating or a title does."""
        digest = hashlib.sha256()
        for column in (self.user_ids.ids, self.catalogue.ids.ids, self.users, self.movies, self.values, self.times):
            digest.update(np.ascontiguousarray(column).data)
        digest.update("\0".join(self.catalogue.titles).encode())
        return digest.hexdigest()[:16]


TAG_SCHEMA: dict[str, pl.DataType] = {
    "user_id": pl.Int64(),
    "movie_id": pl.Int64(),
    "tag": pl.String(),
    "time": pl.Int64(),
}
"""Columns of `Dataset.tags`; `time` is Unix seconds or null."""


def from_columns(
    *,
    name: str,
    catalogue: Catalogue,
    user_ids: LongVector,
    movie_ids: LongVector,
    values: FloatVector,
    times: LongVector | None = None,
) -> Dataset:
    """Build a data set from parallel columns of external ids, in file order; small data and tests use it.

    Of a (user, movie) pair that occurs twice the latest is kept (the last in the file where times tie or are unknown).

    Raises:
        UnknownIdError: if a rating names a movie that is not in the catalogue.
    """
    movies = catalogue.ids.find(movie_ids)
    if (movies < 0).any():
        raise UnknownIdError(
            f"Ratings name movie {int(np.asarray(movie_ids)[movies < 0][0])}, which is not in the catalogue."
        )
    known, users = np.unique(np.asarray(user_ids, np.int64), return_inverse=True)
    when = np.full(len(movies), UNKNOWN_TIME, np.int64) if times is None else np.asarray(times, np.int64)
    order = np.lexsort((np.arange(len(movies)), when, users))
    pair = users[order].astype(np.int64) * max(len(catalogue), 1) + movies[order]
    # The last of each pair in chronological order survives.
    _, last_reversed = np.unique(pair[::-1], return_index=True)
    keep = order[np.sort(len(pair) - 1 - last_reversed)]
    return Dataset(
        name=name,
        catalogue=catalogue,
        user_ids=IdMap(known, "user"),
        users=users[keep].astype(np.int32),
        movies=movies[keep],
        values=np.asarray(values, np.float32)[keep],
        times=when[keep],
        rows=keep.astype(np.int32),
        ordered=times is not None,
    )

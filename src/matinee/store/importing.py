"""From a data set to rows: everything the database holds of a source, written in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from matinee.data import Dataset
from matinee.store import schema
from matinee.types import UNKNOWN_TIME, Progress

Row = dict[str, Any]

CHUNK = 50_000
"""Rows handed to the driver at once."""

# Children before their parents.
_EMPTIED = (
    *schema.OF_A_VIEWER,
    schema.viewer,
    schema.movie_keyword,
    schema.movie_person,
    schema.movie_genre,
    schema.movie_title,
    schema.keyword,
    schema.person,
    schema.genre,
    schema.movie,
    schema.source,
)


def replace_source(connection: Connection, dataset: Dataset, progress: Progress) -> None:
    """Empty the database and fill it with a data set, inside the transaction of `connection`."""
    for table in _EMPTIED:
        connection.execute(delete(table))
    _insert(connection, schema.source, [_source(dataset)])
    _insert_catalogue(connection, dataset)
    _insert(connection, schema.viewer, _viewers(dataset))
    _insert(connection, schema.viewer_tag, _tags(dataset))
    _insert_ratings(connection, dataset, progress)
    _wind_id_counter(connection, dataset)


def complete_catalogue(connection: Connection, dataset: Dataset) -> None:
    """Add what earlier versions did not keep of the films: from which age they are fit, and their series."""
    known = select(func.count()).where(schema.movie.c.age.is_not(None) | schema.movie.c.franchise.is_not(None))
    if connection.execute(known.select_from(schema.movie)).scalar_one():
        return
    told = dataset.catalogue.movies.filter(pl.col("age").is_not_null() | pl.col("franchise").is_not_null())
    rows = told.select(film="movie_id", fit="age", series="franchise").to_dicts()
    if rows:
        movie = schema.movie
        change = update(movie).where(movie.c.id == bindparam("film"))
        connection.execute(change.values(age=bindparam("fit"), franchise=bindparam("series")), rows)


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(table), rows[start : start + CHUNK])


def _insert_tuples(connection: Connection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert plain tuples, which drivers with positional parameters take as they are: half the work of dictionaries."""
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(names))
    if compiled.positional and compiled.positiontup == list(names):
        connection.exec_driver_sql(str(compiled), rows)
    else:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _source(dataset: Dataset) -> Row:
    return {
        "id": 1,
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "simulated": dataset.simulated,
        "explicit": dataset.explicit,
        "ordered": dataset.ordered,
        "scale_low": dataset.scale[0],
        "scale_high": dataset.scale[1],
        "movies": dataset.n_movies,
        "viewers": dataset.n_users,
        "ratings": dataset.n_ratings,
        "imported_at": int(time.time()),
    }


def _insert_catalogue(connection: Connection, dataset: Dataset) -> None:
    movies = dataset.catalogue.movies
    plain = [column.name for column in schema.movie.c if column.name not in ("id", "position")]
    rows = movies.select(pl.col("movie_id").alias("id"), *plain).with_row_index("position").to_dicts()
    _insert(connection, schema.movie, rows)
    titles = [
        {"movie_id": movie, "position": place, "title": name}
        for movie, place, name in _listed(movies, "alternative_titles")
    ]
    _insert(connection, schema.movie_title, titles)
    for column, names, links, key in (
        ("genres", schema.genre, schema.movie_genre, "genre_id"),
        ("keywords", schema.keyword, schema.movie_keyword, "keyword_id"),
    ):
        listed = list(_listed(movies, column))
        ids = _insert_names(connection, names, (name for _, _, name in listed))
        rows = [{"movie_id": movie, "position": place, key: ids[name]} for movie, place, name in listed]
        _insert(connection, links, rows)
    _insert_people(connection, movies)


def _insert_people(connection: Connection, movies: pl.DataFrame) -> None:
    roles = {schema.DIRECTOR: list(_listed(movies, "directors")), schema.CAST: list(_listed(movies, "cast"))}
    ids = _insert_names(connection, schema.person, (name for _, _, name in chain(*roles.values())))
    rows = [
        {"movie_id": movie, "role": role, "position": place, "person_id": ids[name]}
        for role, listed in roles.items()
        for movie, place, name in listed
    ]
    _insert(connection, schema.movie_person, rows)


def _listed(movies: pl.DataFrame, column: str) -> Iterator[tuple[int, int, str]]:
    """Yield (movie id, place in its list, name) for a column of lists."""
    for movie, names in movies.select("movie_id", column).iter_rows():
        for place, name in enumerate(names):
            yield movie, place, name


def _insert_names(connection: Connection, table: Table, names: Iterable[str]) -> dict[str, int]:
    ids = {name: place for place, name in enumerate(dict.fromkeys(names), start=1)}
    _insert(connection, table, [{"id": id_, "name": name} for name, id_ in ids.items()])
    return ids


def _viewers(dataset: Dataset) -> list[Row]:
    """One row a user of the data; people who only left tags follow without a place among the users."""
    now = int(time.time())
    known = dataset.user_ids.ids
    taggers = np.setdiff1d(dataset.tags["user_id"].to_numpy(), known)
    places: list[int | None] = [*range(len(known)), *[None] * len(taggers)]
    return [
        {"id": id_, "position": place, "of_site": False, "created_at": now}
        for id_, place in zip([*known.tolist(), *taggers.tolist()], places, strict=True)
    ]


def _tags(dataset: Dataset) -> list[Row]:
    known = pl.Series(dataset.catalogue.ids.ids)
    tags = dataset.tags.filter(pl.col("movie_id").is_in(known.implode()))
    return tags.select("movie_id", "tag", viewer_id="user_id", tagged_at="time").to_dicts()


def _insert_ratings(connection: Connection, dataset: Dataset, progress: Progress) -> None:
    """Write ratings by viewer and movie, which is the order SQLite keeps them in."""
    order = np.lexsort((dataset.movies, dataset.users))
    places = np.arange(dataset.n_ratings, dtype=np.int64) - dataset.indptr[dataset.users]
    viewer_ids, movie_ids = dataset.user_ids.ids, dataset.catalogue.ids.ids
    names = ("viewer_id", "movie_id", "value", "rated_at", "position")
    total = dataset.n_ratings
    progress("import ratings", 0, total)
    for start in range(0, total, CHUNK):
        rows = order[start : start + CHUNK]
        columns = (
            viewer_ids[dataset.users[rows]].tolist(),
            movie_ids[dataset.movies[rows]].tolist(),
            dataset.values[rows].tolist(),
            [None if when == UNKNOWN_TIME else when for when in dataset.times[rows].tolist()],
            places[rows].tolist(),
        )
        _insert_tuples(connection, schema.rating, names, list(zip(*columns, strict=True)))
        progress("import ratings", min(start + CHUNK, total), total)


def _wind_id_counter(connection: Connection, dataset: Dataset) -> None:
    """Let new viewers get ids above the imported ones where the database does not see to it by itself."""
    if connection.dialect.name == "postgresql" and dataset.n_users:
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('viewer', 'id'), (SELECT MAX(id) FROM viewer))"
        )

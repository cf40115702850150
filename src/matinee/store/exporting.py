"""From rows back to a data set: what was imported, and what people of the site have said since."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, Table, func, select

from matinee.data import MOVIE_SCHEMA, TAG_SCHEMA, Catalogue, Dataset, IdMap
from matinee.store import schema
from matinee.types import UNKNOWN_TIME

FETCHED = 100_000
"""Rows taken from the driver at once."""

NO_SOURCE = "empty"
"""Name of the data set of a database into which nothing was imported."""


def read_dataset(connection: Connection) -> Dataset:
    """Return everything in the database; `rows` numbers the ratings anew."""
    source = connection.execute(select(schema.source)).mappings().first()
    catalogue = _catalogue(connection)
    user_ids = IdMap(_user_ids(connection), "user")
    users, movies, values, times = _ratings(connection, user_ids, catalogue)
    described: dict[str, Any] = (
        {"name": NO_SOURCE}
        if source is None
        else {name: source[name] for name in ("name", "simulated", "explicit", "ordered")}
        | {"scale": (source["scale_low"], source["scale_high"])}
    )
    return Dataset(
        catalogue=catalogue,
        user_ids=user_ids,
        users=users,
        movies=movies,
        values=values,
        times=times,
        rows=np.arange(len(users), dtype=np.int32),
        tags=_tags(connection),
        **described,
    )


_said = schema.viewer_feedback
_may_be_learnt = ~(
    select(_said.c.movie_id)
    .where(
        _said.c.viewer_id == schema.rating.c.viewer_id,
        _said.c.movie_id == schema.rating.c.movie_id,
        _said.c.kind == schema.DONT_LEARN,
    )
    .exists()
)
"""Leaves out ratings that a person asked not to be learnt from."""


def _columns(connection: Connection, query: Select[Any], *kinds: type[np.generic]) -> list[NDArray[Any]]:
    """Return the columns of a query as arrays."""
    parts: list[list[NDArray[Any]]] = [[np.empty(0, kind)] for kind in kinds]
    result = connection.execution_options(yield_per=FETCHED).execute(query)
    for rows in result.partitions(FETCHED):
        for part, kind, column in zip(parts, kinds, zip(*rows, strict=True), strict=True):
            part.append(np.asarray(column, kind))
    return [np.concatenate(part) for part in parts]


def _user_ids(connection: Connection) -> NDArray[np.int64]:
    """Users of the data in their order, then people of the site who rated something."""
    viewer, rating = schema.viewer, schema.rating
    imported = select(viewer.c.id).where(viewer.c.position.is_not(None)).order_by(viewer.c.position)
    rated = select(rating.c.viewer_id).where(_may_be_learnt)
    others = select(viewer.c.id).where(viewer.c.position.is_(None), viewer.c.id.in_(rated)).order_by(viewer.c.id)
    return np.concatenate([_columns(connection, query, np.int64)[0] for query in (imported, others)])


def _ratings(connection: Connection, user_ids: IdMap, catalogue: Catalogue) -> tuple[NDArray[Any], ...]:
    rating = schema.rating
    query = select(
        rating.c.viewer_id,
        rating.c.movie_id,
        rating.c.value,
        func.coalesce(rating.c.rated_at, UNKNOWN_TIME),
        rating.c.position,
    ).where(_may_be_learnt)
    viewers, movie_ids, values, times, places = _columns(
        connection, query, np.int64, np.int64, np.float32, np.int64, np.int64
    )
    users, movies = user_ids.find(viewers), catalogue.ids.find(movie_ids)
    order = np.lexsort((movie_ids, places, users))
    return users[order], movies[order], values[order], times[order]


def _catalogue(connection: Connection) -> Catalogue:
    plain = [column for column in schema.movie.c if column.name != "position"]
    rows = connection.execute(select(*plain).order_by(schema.movie.c.position)).mappings().all()
    frame = pl.DataFrame(
        [dict(row) for row in rows], schema=[column.name for column in plain], infer_schema_length=None
    )
    frame = frame.rename({"id": "movie_id"})
    ids = frame["movie_id"].to_list()
    lists = {
        "alternative_titles": _lists(connection, schema.movie_title, schema.movie_title.c.title),
        "genres": _named(connection, schema.movie_genre, schema.genre),
        "keywords": _named(connection, schema.movie_keyword, schema.keyword),
        "directors": _named(connection, schema.movie_person, schema.person, schema.DIRECTOR),
        "cast": _named(connection, schema.movie_person, schema.person, schema.CAST),
    }
    columns = [
        pl.Series(name, [found.get(id_, []) for id_ in ids], dtype=MOVIE_SCHEMA[name]) for name, found in lists.items()
    ]
    return Catalogue.of(frame.with_columns(columns))


def _named(connection: Connection, links: Table, names: Table, role: str | None = None) -> dict[int, list[str]]:
    return _lists(connection, links.join(names), names.c.name, links, role)


def _lists(
    connection: Connection, tables: Any, name: Any, links: Table | None = None, role: str | None = None
) -> dict[int, list[str]]:
    """Return each movie's names in their order."""
    links = tables if links is None else links
    query = select(links.c.movie_id, name).select_from(tables).order_by(links.c.movie_id, links.c.position)
    if role is not None:
        query = query.where(links.c.role == role)
    found: dict[int, list[str]] = defaultdict(list)
    for movie, text in connection.execute(query):
        found[movie].append(text)
    return found


def _tags(connection: Connection) -> pl.DataFrame:
    tag = schema.viewer_tag
    rows = connection.execute(select(tag.c.viewer_id, tag.c.movie_id, tag.c.tag, tag.c.tagged_at).order_by(tag.c.id))
    return pl.DataFrame([tuple(row) for row in rows], schema=TAG_SCHEMA, orient="row")

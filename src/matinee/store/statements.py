"""Statements about people, ratings and sessions, each inside the transaction of its connection."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from matinee.data import Dataset
from matinee.errors import StoreError, UnknownIdError
from matinee.store import schema
from matinee.store.records import Source, Ticket

TOKEN_BYTES = 32


def source(connection: Connection) -> Source | None:
    """Return what was imported; None before the first import."""
    names = ("name", "fingerprint", "simulated", "movies", "viewers", "ratings", "imported_at")
    row = connection.execute(select(*(schema.source.c[name] for name in names))).first()
    return None if row is None else Source(*row)


def require_importable(connection: Connection, dataset: Dataset, *, replace: bool) -> None:
    """Raise `StoreError` where an import would throw away what people of this site said."""
    former = source(connection)
    if former is None or replace or former.fingerprint == dataset.fingerprint:
        return
    given = sum(
        connection.execute(
            select(func.count()).select_from(table).where(table.c.position >= schema.GIVEN_HERE)
        ).scalar_one()
        for table in (schema.rating, schema.viewer_feedback)
    )
    if given:
        raise StoreError(
            f"The database holds {former.name} and {given:,} ratings and opinions that were given here; "
            f"importing {dataset.name} would delete them.",
            hint="Use another --home, or --replace to delete them.",
        )


def exists(connection: Connection, viewer_id: int) -> bool:
    """Whether somebody has this id."""
    return connection.execute(select(schema.viewer.c.id).where(schema.viewer.c.id == viewer_id)).first() is not None


def require_viewer(connection: Connection, viewer_id: int) -> None:
    """Raise `UnknownIdError`, naming the range of known ids, where nobody has this one."""
    if exists(connection, viewer_id):
        return
    viewer = schema.viewer
    low, high, count = connection.execute(select(func.min(viewer.c.id), func.max(viewer.c.id), func.count())).one()
    known = f"Known user ids run from {low} to {high} ({count:,} of them)." if count else "There are no users yet."
    raise UnknownIdError(f"There is no user {viewer_id}.", hint=known)


def create_viewer(connection: Connection, name: str | None) -> int:
    """Add a person of this site and return their id."""
    made = connection.execute(insert(schema.viewer).values(name=name, of_site=True, created_at=int(time.time())))
    key: Any = made.inserted_primary_key
    return int(key[0])


def set_genres(connection: Connection, viewer_id: int, genres: Collection[str]) -> None:
    """Let these be the genres a person likes; `UnknownIdError` for one that no film has."""
    known = {name: id_ for id_, name in connection.execute(select(schema.genre.c.id, schema.genre.c.name))}
    unknown = [name for name in genres if name not in known]
    if unknown:
        raise UnknownIdError(f"No film has the genre {unknown[0]!r}.", hint=f"Genres: {', '.join(sorted(known))}.")
    connection.execute(delete(schema.viewer_genre).where(schema.viewer_genre.c.viewer_id == viewer_id))
    rows = [{"viewer_id": viewer_id, "genre_id": known[name]} for name in dict.fromkeys(genres)]
    connection.execute(insert(schema.viewer_genre), rows)


def rate(connection: Connection, viewer_id: int, movie_id: int, value: float | None) -> None:
    """Put a rating in place of a former one; None takes it back. `UnknownIdError` for an unknown film."""
    rating = schema.rating
    connection.execute(delete(rating).where(rating.c.viewer_id == viewer_id, rating.c.movie_id == movie_id))
    if connection.execute(select(schema.movie.c.id).where(schema.movie.c.id == movie_id)).first() is None:
        raise UnknownIdError(f"There is no movie {movie_id}.")
    if value is None:
        return
    now = time.time_ns()
    connection.execute(
        insert(rating).values(
            viewer_id=viewer_id, movie_id=movie_id, value=value, rated_at=now // 1_000_000_000, position=now
        )
    )


def open_session(connection: Connection, viewer_id: int, seconds: float) -> Ticket:
    """Open a session of `seconds`, and clear away those that have expired."""
    now = int(time.time())
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(delete(schema.session).where(schema.session.c.expires_at <= now))
    connection.execute(
        insert(schema.session).values(
            token_sha256=digest(token), viewer_id=viewer_id, created_at=now, expires_at=now + int(seconds)
        )
    )
    return Ticket(viewer_id, token, now + int(seconds))


def digest(token: str) -> str:
    """Return what is kept of a session's secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

"""The store: what is known of films and people, and the promise that nothing acknowledged is lost.

Every change is one transaction that is on the disk before the method returns.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from matinee.data import Catalogue, Dataset
from matinee.errors import StoreError, UnknownIdError
from matinee.store import schema
from matinee.store.database import connect, reading, writing
from matinee.store.exporting import read_dataset
from matinee.store.importing import replace_source
from matinee.types import UNKNOWN_TIME, Profile, Progress, silent

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Source:
    """What was imported.

    Attributes:
        name: what people call the data.
        fingerprint: changes whenever the data do.
        simulated: whether a program made the ratings.
        movies: number of films.
        viewers: number of users of the data.
        ratings: number of their ratings on that day.
        imported_at: Unix seconds.
    """

    name: str
    fingerprint: str
    simulated: bool
    movies: int
    viewers: int
    ratings: int
    imported_at: int


@dataclass(frozen=True)
class StoredRating:
    """One rating as it is stored.

    Attributes:
        movie_id: the film.
        value: stars.
        rated_at: Unix seconds, None where nobody knows.
    """

    movie_id: int
    value: float
    rated_at: int | None


@dataclass(frozen=True)
class Counts:
    """How much the database holds.

    Attributes:
        movies: films.
        viewers: people, those of the site included.
        site_viewers: people who introduced themselves on the site.
        ratings: ratings of everybody.
        site_ratings: ratings of people of the site.
    """

    movies: int
    viewers: int
    site_viewers: int
    ratings: int
    site_ratings: int


@dataclass(frozen=True)
class Ticket:
    """A session just opened.

    Attributes:
        viewer_id: whose.
        token: the secret; the database keeps its SHA-256 only.
        expires: Unix seconds.
    """

    viewer_id: int
    token: str = field(repr=False)
    expires: int


class Store:
    """Films, people, ratings and sessions in one database.

    Args:
        engine: as `connect` returns it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url_or_path: str | Path) -> Self:
        """Open a database by URL or SQLite path; its tables are made where there are none.

        Raises:
            StoreError: if it cannot be reached, or holds something else.
            MissingExtraError: if its driver is not installed.
        """
        return cls(connect(url_or_path))

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StoreError: if there is none.
        """
        with reading(self._engine) as connection:
            connection.execute(select(schema.schema_version.c.version)).first()

    # The source

    def source(self) -> Source | None:
        """Return what was imported; None before the first import."""
        with reading(self._engine) as connection:
            return _source(connection)

    def require_importable(self, dataset: Dataset, *, replace: bool = False) -> None:
        """Ask whether `import_dataset` would take a data set, without changing anything.

        Raises:
            StoreError: if people of this site rated films of another source, unless `replace`.
        """
        with reading(self._engine) as connection:
            _require_importable(connection, dataset, replace=replace)

    def import_dataset(self, dataset: Dataset, progress: Progress = silent, *, replace: bool = False) -> bool:
        """Let the database hold this data set in place of the former one, in one transaction.

        Args:
            dataset: what to import.
            progress: told how many ratings are written.
            replace: whether ratings, sessions and names of this site's people may go with the former source.

        Returns:
            False where the database holds exactly this source already and nothing was done.

        Raises:
            StoreError: if people of this site rated films of another source, unless `replace`.
        """
        with writing(self._engine) as connection:
            former = _source(connection)
            if former is not None and former.fingerprint == dataset.fingerprint:
                return False
            _require_importable(connection, dataset, replace=replace)
            replace_source(connection, dataset, progress)
        return True

    def dataset(self) -> Dataset:
        """Return everything to train from: what was imported and what people of the site rated since."""
        with reading(self._engine) as connection:
            return read_dataset(connection)

    def counts(self) -> Counts:
        """Return how much the database holds."""
        viewer, rating = schema.viewer, schema.rating
        of_site = select(viewer.c.id).where(viewer.c.of_site)
        queries = (
            select(func.count()).select_from(schema.movie),
            select(func.count()).select_from(viewer),
            select(func.count()).select_from(viewer).where(viewer.c.of_site),
            select(func.count()).select_from(rating),
            select(func.count()).select_from(rating).where(rating.c.viewer_id.in_(of_site)),
        )
        with reading(self._engine) as connection:
            return Counts(*(int(connection.execute(query).scalar_one()) for query in queries))

    # People

    def create_viewer(self, name: str | None = None) -> int:
        """Add a person of this site; return an id above every id of the data."""
        with writing(self._engine) as connection:
            return _create_viewer(connection, name)

    def viewer_exists(self, viewer_id: int) -> bool:
        """Whether somebody has this id."""
        with reading(self._engine) as connection:
            return _exists(connection, viewer_id)

    def viewer_name(self, viewer_id: int) -> str | None:
        """Return what a person calls themselves, if they said."""
        query = select(schema.viewer.c.name).where(schema.viewer.c.id == viewer_id)
        with reading(self._engine) as connection:
            name: str | None = connection.execute(query).scalar_one_or_none()
            return name

    def favourite_genres(self, viewer_id: int) -> tuple[str, ...]:
        """Return the genres a person named as theirs, in alphabetical order."""
        query = (
            select(schema.genre.c.name)
            .join_from(schema.viewer_genre, schema.genre)
            .where(schema.viewer_genre.c.viewer_id == viewer_id)
            .order_by(schema.genre.c.name)
        )
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def welcome(
        self,
        viewer_id: int | None,
        *,
        name: str | None = None,
        ratings: Mapping[int, float] | None = None,
        genres: Collection[str] = (),
        session_seconds: float,
    ) -> Ticket:
        """Store what a person tells on their first visit and open a session, all in one transaction.

        Args:
            viewer_id: who they are; None makes a new person.
            name: what they call themselves; None keeps what is known.
            ratings: stars by movie id, in the order they were given.
            genres: names of genres they like; replaces the ones named before, if any are given.
            session_seconds: how long the session lasts.

        Raises:
            UnknownIdError: if there is no such person, film or genre; nothing is stored then.
        """
        with writing(self._engine) as connection:
            if viewer_id is None:
                viewer_id = _create_viewer(connection, name)
            else:
                _require_viewer(connection, viewer_id)
                if name is not None:
                    connection.execute(schema.viewer.update().where(schema.viewer.c.id == viewer_id).values(name=name))
            if genres:
                _set_genres(connection, viewer_id, genres)
            for movie_id, value in (ratings or {}).items():
                _rate(connection, viewer_id, movie_id, value)
            return _open_session(connection, viewer_id, session_seconds)

    # Ratings

    def rate(self, viewer_id: int, movie_id: int, value: float | None) -> int:
        """Store a rating in place of a former one; None takes it back. It is on the disk when this returns.

        Returns:
            How many ratings the person has now.

        Raises:
            UnknownIdError: if there is no such person or film.
        """
        try:
            return self._rate_once(viewer_id, movie_id, value)
        except StoreError as error:
            # Two ratings of one film at the same moment: the later one replaces the other.
            if not isinstance(error.__cause__, IntegrityError):
                raise
            return self._rate_once(viewer_id, movie_id, value)

    def _rate_once(self, viewer_id: int, movie_id: int, value: float | None) -> int:
        with writing(self._engine) as connection:
            _require_viewer(connection, viewer_id)
            _rate(connection, viewer_id, movie_id, value)
            query = select(func.count()).where(schema.rating.c.viewer_id == viewer_id)
            return int(connection.execute(query).scalar_one())

    def profile(self, viewer_id: int, catalogue: Catalogue) -> Profile:
        """Return what one person told us, oldest first, as indices of a catalogue; films it lacks are left out.

        Raises:
            UnknownIdError: if there is no such person.
        """
        stored = self.ratings(viewer_id)[::-1]
        movies = catalogue.ids.find(np.array([each.movie_id for each in stored], np.int64))
        known = movies >= 0
        values = np.array([each.value for each in stored], np.float32)
        times = np.array([UNKNOWN_TIME if each.rated_at is None else each.rated_at for each in stored], np.int64)
        return Profile(movies[known], values[known], times[known])

    def ratings(self, viewer_id: int) -> list[StoredRating]:
        """Return one person's ratings, newest first.

        Raises:
            UnknownIdError: if there is no such person.
        """
        rating = schema.rating
        query = (
            select(rating.c.movie_id, rating.c.value, rating.c.rated_at)
            .where(rating.c.viewer_id == viewer_id)
            .order_by(rating.c.position.desc(), rating.c.movie_id.desc())
        )
        with reading(self._engine) as connection:
            found = [StoredRating(*row) for row in connection.execute(query)]
            if not found:
                _require_viewer(connection, viewer_id)
            return found

    # Sessions

    def open_session(self, viewer_id: int, seconds: float) -> Ticket:
        """Open a session of `seconds`.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with writing(self._engine) as connection:
            _require_viewer(connection, viewer_id)
            return _open_session(connection, viewer_id, seconds)

    def viewer_of(self, token: str) -> int | None:
        """Return whose session a token opens; None where it is unknown or has expired."""
        session = schema.session
        query = select(session.c.viewer_id).where(
            session.c.token_sha256 == _digest(token), session.c.expires_at > int(time.time())
        )
        with reading(self._engine) as connection:
            viewer_id: int | None = connection.execute(query).scalar_one_or_none()
            return viewer_id

    def close_session(self, token: str) -> None:
        """End a session; an unknown one is no mistake."""
        with writing(self._engine) as connection:
            connection.execute(delete(schema.session).where(schema.session.c.token_sha256 == _digest(token)))


def _source(connection: Connection) -> Source | None:
    names = ("name", "fingerprint", "simulated", "movies", "viewers", "ratings", "imported_at")
    row = connection.execute(select(*(schema.source.c[name] for name in names))).first()
    return None if row is None else Source(*row)


def _require_importable(connection: Connection, dataset: Dataset, *, replace: bool) -> None:
    former = _source(connection)
    if former is None or replace or former.fingerprint == dataset.fingerprint:
        return
    of_site = select(schema.viewer.c.id).where(schema.viewer.c.of_site)
    query = select(func.count()).select_from(schema.rating).where(schema.rating.c.viewer_id.in_(of_site))
    given = connection.execute(query).scalar_one()
    if given:
        raise StoreError(
            f"The database holds {former.name} and {given:,} ratings that people of this site gave its films; "
            f"importing {dataset.name} would delete them.",
            hint="Use another --home, or --replace to delete them.",
        )


def _exists(connection: Connection, viewer_id: int) -> bool:
    return connection.execute(select(schema.viewer.c.id).where(schema.viewer.c.id == viewer_id)).first() is not None


def _require_viewer(connection: Connection, viewer_id: int) -> None:
    if _exists(connection, viewer_id):
        return
    viewer = schema.viewer
    low, high, count = connection.execute(select(func.min(viewer.c.id), func.max(viewer.c.id), func.count())).one()
    known = f"Known user ids run from {low} to {high} ({count:,} of them)." if count else "There are no users yet."
    raise UnknownIdError(f"There is no user {viewer_id}.", hint=known)


def _create_viewer(connection: Connection, name: str | None) -> int:
    made = connection.execute(insert(schema.viewer).values(name=name, of_site=True, created_at=int(time.time())))
    key: Any = made.inserted_primary_key
    return int(key[0])


def _set_genres(connection: Connection, viewer_id: int, genres: Collection[str]) -> None:
    known = {name: id_ for id_, name in connection.execute(select(schema.genre.c.id, schema.genre.c.name))}
    unknown = [name for name in genres if name not in known]
    if unknown:
        raise UnknownIdError(f"No film has the genre {unknown[0]!r}.", hint=f"Genres: {', '.join(sorted(known))}.")
    connection.execute(delete(schema.viewer_genre).where(schema.viewer_genre.c.viewer_id == viewer_id))
    rows = [{"viewer_id": viewer_id, "genre_id": known[name]} for name in dict.fromkeys(genres)]
    connection.execute(insert(schema.viewer_genre), rows)


def _rate(connection: Connection, viewer_id: int, movie_id: int, value: float | None) -> None:
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


def _open_session(connection: Connection, viewer_id: int, seconds: float) -> Ticket:
    now = int(time.time())
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(delete(schema.session).where(schema.session.c.expires_at <= now))
    connection.execute(
        insert(schema.session).values(
            token_sha256=_digest(token), viewer_id=viewer_id, created_at=now, expires_at=now + int(seconds)
        )
    )
    return Ticket(viewer_id, token, now + int(seconds))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

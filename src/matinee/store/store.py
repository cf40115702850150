"""The store: what is known of films and people, and the promise that nothing acknowledged is lost.

Every change is one transaction that is on the disk before the method returns.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import IntegrityError

from matinee.data import Dataset
from matinee.errors import StoreError
from matinee.store import schema, statements
from matinee.store.database import connect, reading, writing
from matinee.store.exporting import read_dataset
from matinee.store.importing import complete_catalogue, replace_source
from matinee.store.impressions import Impressions
from matinee.store.records import Counts, Source, StoredRating, Ticket
from matinee.store.wishes import Wishes
from matinee.types import Progress, silent


class Store(Wishes, Impressions):
    """Films, people, ratings, wishes and sessions in one database.

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
            return statements.source(connection)

    def require_importable(self, dataset: Dataset, *, replace: bool = False) -> None:
        """Ask whether `import_dataset` would take a data set, without changing anything.

        Raises:
            StoreError: if ratings of another source were given here, unless `replace`.
        """
        with reading(self._engine) as connection:
            statements.require_importable(connection, dataset, replace=replace)

    def import_dataset(self, dataset: Dataset, progress: Progress = silent, *, replace: bool = False) -> bool:
        """Let the database hold this data set in place of the former one, in one transaction.

        Args:
            dataset: what to import.
            progress: told how many ratings are written.
            replace: whether ratings, sessions and names of this site's people may go with the former source.

        Returns:
            False where the database holds exactly this source already and nothing was done.

        Raises:
            StoreError: if ratings of another source were given here, unless `replace`.
        """
        with writing(self._engine) as connection:
            former = statements.source(connection)
            if former is not None and former.fingerprint == dataset.fingerprint:
                complete_catalogue(connection, dataset)
                return False
            statements.require_importable(connection, dataset, replace=replace)
            replace_source(connection, dataset, progress)
        return True

    def dataset(self) -> Dataset:
        """Return everything to train from: what was imported and what people of the site rated since."""
        with reading(self._engine) as connection:
            return read_dataset(connection)

    def counts(self) -> Counts:
        """Return how much the database holds."""
        viewer, rating = schema.viewer, schema.rating
        queries = (
            select(func.count()).select_from(schema.movie),
            select(func.count()).select_from(viewer),
            select(func.count()).select_from(viewer).where(viewer.c.of_site),
            select(func.count()).select_from(rating),
            select(func.count()).select_from(rating).where(rating.c.position >= schema.GIVEN_HERE),
        )
        with reading(self._engine) as connection:
            return Counts(*(int(connection.execute(query).scalar_one()) for query in queries))

    # People

    def create_viewer(self, name: str | None = None) -> int:
        """Add a person of this site; return an id above every id of the data."""
        with writing(self._engine) as connection:
            return statements.create_viewer(connection, name)

    def viewer_exists(self, viewer_id: int) -> bool:
        """Whether somebody has this id."""
        with reading(self._engine) as connection:
            return statements.exists(connection, viewer_id)

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
                viewer_id = statements.create_viewer(connection, name)
            else:
                statements.require_viewer(connection, viewer_id)
                if name is not None:
                    connection.execute(schema.viewer.update().where(schema.viewer.c.id == viewer_id).values(name=name))
            if genres:
                statements.set_genres(connection, viewer_id, genres)
            for movie_id, value in (ratings or {}).items():
                statements.rate(connection, viewer_id, movie_id, value)
            return statements.open_session(connection, viewer_id, session_seconds)

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
            statements.require_viewer(connection, viewer_id)
            statements.rate(connection, viewer_id, movie_id, value)
            query = select(func.count()).where(schema.rating.c.viewer_id == viewer_id)
            return int(connection.execute(query).scalar_one())

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
                statements.require_viewer(connection, viewer_id)
            return found

    # Sessions

    def open_session(self, viewer_id: int, seconds: float) -> Ticket:
        """Open a session of `seconds`.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with writing(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            return statements.open_session(connection, viewer_id, seconds)

    def viewer_of(self, token: str) -> int | None:
        """Return whose session a token opens; None where it is unknown or has expired."""
        session = schema.session
        query = select(session.c.viewer_id).where(
            session.c.token_sha256 == statements.digest(token), session.c.expires_at > int(time.time())
        )
        with reading(self._engine) as connection:
            viewer_id: int | None = connection.execute(query).scalar_one_or_none()
            return viewer_id

    def close_session(self, token: str) -> None:
        """End a session; an unknown one is no mistake."""
        with writing(self._engine) as connection:
            connection.execute(delete(schema.session).where(schema.session.c.token_sha256 == statements.digest(token)))

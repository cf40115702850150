"""Opening a database: drivers, durability, and the check that it is one of ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from matinee.errors import MissingExtraError, StoreError
from matinee.store.migrations import migrate
from matinee.store.schema import VERSION, metadata, schema_version

BUSY_SECONDS = 10
"""How long a writer waits for another before it gives up."""

# Enough for every worker thread of the server and a few commands beside it.
_POOL = {"pool_size": 16, "max_overflow": 48, "pool_timeout": BUSY_SECONDS}
_WRITES = "matinee_writes"


def connect(url_or_path: str | Path) -> Engine:
    """Return an engine for a database URL or the path of an SQLite file, creating the tables where there are none.

    SQLite runs with a write-ahead log, `synchronous=FULL` (a commit survives a loss of power) and foreign keys.

    Raises:
        StoreError: if the database cannot be reached, or holds something else.
        MissingExtraError: if its driver is not installed.
    """
    url = _url(url_or_path)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError(
            "A database in memory would be lost with the process; give a file.", hint="sqlite:////folder/matinee.db"
        )
    try:
        engine = create_engine(url, **_POOL)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise MissingExtraError(
            f"The database {url.render_as_string()}", extra=url.get_backend_name().replace("mariadb", "mysql")
        ) from error
    if url.get_backend_name() == "sqlite":
        _tame_sqlite(engine)
    try:
        with translated(url), writing(engine) as connection:
            _prepare(connection, url)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open one transaction that sees one state of the database."""
    with translated(engine.url), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open one transaction that is wholly stored when the block ends, or not at all."""
    with (
        translated(engine.url),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn a database's complaint into a `StoreError`; the cause stays attached."""
    try:
        yield
    except SQLAlchemyError as error:
        said = str(error.orig) if isinstance(error, DBAPIError) and error.orig else str(error).splitlines()[0]
        raise StoreError(f"The database {url.render_as_string()} refused: {said}.", hint=_advice(said)) from error


def _url(url_or_path: str | Path) -> URL:
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return URL.create("sqlite", database=str(Path(url_or_path).expanduser()))
    try:
        return make_url(url_or_path)
    except ArgumentError as error:
        raise StoreError(
            "The database URL cannot be read.", hint="It looks like sqlite:///path or mysql+driver://user@host/name."
        ) from error


def _tame_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin too late; ours are begun below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {BUSY_SECONDS * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns writer half-way can only fail; whoever means to write says so at the start.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(connection: Connection, url: URL) -> None:
    tables = set(inspect(connection).get_table_names())
    if schema_version.name not in tables:
        if tables:
            raise StoreError(
                f"The database {url.render_as_string()} holds something else: {', '.join(sorted(tables)[:5])}.",
                hint="Name an empty one: MATINEE_DATABASE_URL.",
            )
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version=VERSION, applied_at=int(time.time())))
        return
    found = max(connection.execute(select(schema_version.c.version)).scalars().all(), default=0)
    if not 1 <= found <= VERSION:
        raise StoreError(
            f"The database {url.render_as_string()} has schema {found}; this Matinee reads schema {VERSION}.",
            hint="Upgrade Matinee, or name another database: MATINEE_DATABASE_URL.",
        )
    migrate(connection, found)


def _advice(said: str) -> str:
    if "not a database" in said or "malformed" in said:
        return "The file is damaged or something else; move it away, or name another: MATINEE_DATABASE_URL."
    if "locked" in said:
        return "Another program is writing; try again in a moment."
    return "Check that the folder exists and may be written, and MATINEE_DATABASE_URL."

"""From a schema of an earlier version to the present one, step by step, inside one transaction with its record.

A step may find itself half done where a database cannot take back changes of tables (MySQL); it does what is left.
A step works on the tables as they were at its version: when a later version changes one of them, its former shape
moves here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Column, Connection, Table, insert, inspect

from matinee.store import schema
from matinee.store.schema import schema_version


def migrate(connection: Connection, found: int) -> None:
    """Bring a database from version `found` to `schema.VERSION`; nothing is done where it is there already."""
    for version in range(found + 1, schema.VERSION + 1):
        STEPS[version](connection)
        connection.execute(insert(schema_version).values(version=version, applied_at=int(time.time())))


def _to_2(connection: Connection) -> None:
    """Films get an age and a series; people say more than stars, set limits, move sliders, and undo; pages are remembered."""
    _add_column(connection, schema.movie, schema.movie.c.age)
    _add_column(connection, schema.movie, schema.movie.c.franchise)
    new = (
        schema.viewer_feedback,
        schema.viewer_taste,
        schema.viewer_limits,
        schema.viewer_language,
        schema.viewer_available,
        schema.viewer_action,
        schema.viewer_impression,
        schema.viewer_slot,
    )
    schema.metadata.create_all(connection, tables=list(new), checkfirst=True)


def _add_column(connection: Connection, table: Table, column: Column[object]) -> None:
    """Add a column that may be null."""
    if column.name in {each["name"] for each in inspect(connection).get_columns(table.name)}:
        return
    dialect = connection.dialect
    quote = dialect.identifier_preparer
    kind = column.type.compile(dialect=dialect)
    connection.exec_driver_sql(
        f"ALTER TABLE {quote.format_table(table)} ADD COLUMN {quote.format_column(column)} {kind}"
    )


STEPS: dict[int, Callable[[Connection], None]] = {2: _to_2}
"""What brings a database to each version from the one before."""

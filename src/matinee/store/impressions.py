"""What was shown to whom, day by day: for pages that differ tomorrow, and for learning from the place given away to learn.

An impression is one film in one kind of row on one day; a page that is loaded again the same day adds nothing. That a film
was rated is asked of the ratings, so nothing is kept twice. Days older than `KEPT_DAYS` are forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from matinee.store import schema, statements
from matinee.store.database import reading, writing
from matinee.store.records import Memory, Shown, Slot, SlotOutcome

KEPT_DAYS = 60
"""How long impressions are kept."""
TIRED_DAYS = 30
"""How long a film that was shown in vain is remembered for it."""
ANSWERED_DAYS = 2
"""A rating is an answer to an impression of the same day or the one before."""

NANOSECONDS_A_DAY = 86_400 * 10**9


class Impressions:
    """The part of a store that remembers pages."""

    if TYPE_CHECKING:
        _engine: Engine

    def remember(self, viewer_id: int, day: int, shown: Collection[Shown], slot: Slot | None = None) -> int:
        """Store what a page showed, in one transaction; forget what is too old. Nothing is written where all is known.

        Args:
            viewer_id: whose page.
            day: days since 1970 (UTC).
            shown: its films.
            slot: to whom the place to learn was given; the first of a day stays.

        Returns:
            How many impressions were new.

        Raises:
            UnknownIdError: if there is no such person.
            StoreError: if the database refuses, as for a film it does not know.
        """
        with reading(self._engine) as connection:
            fresh, unknown_slot = _news(connection, viewer_id, day, shown, slot)
        if not fresh and unknown_slot is None:
            return 0
        with writing(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            fresh, unknown_slot = _news(connection, viewer_id, day, shown, slot)
            owner = {"viewer_id": viewer_id, "day": day}
            if fresh:
                connection.execute(insert(schema.viewer_impression), [owner | each._asdict() for each in fresh])
            if unknown_slot is not None:
                connection.execute(insert(schema.viewer_slot).values(**owner, **vars(unknown_slot)))
            for table in (schema.viewer_impression, schema.viewer_slot):
                connection.execute(delete(table).where(table.c.day < day - KEPT_DAYS))
        return len(fresh)

    def mark_opened(self, viewer_id: int, movie_id: int, at: int) -> bool:
        """Store that a person opened a film from the latest page that showed it; the first time counts.

        Args:
            viewer_id: who.
            movie_id: the film.
            at: Unix seconds.

        Returns:
            Whether there is such a page, of the same day or the one before.
        """
        table, today = schema.viewer_impression, at // 86_400
        of_film = (table.c.viewer_id == viewer_id, table.c.movie_id == movie_id)
        latest = select(func.max(table.c.day)).where(
            *of_film, table.c.day > today - ANSWERED_DAYS, table.c.day <= today
        )
        with reading(self._engine) as connection:
            day = connection.execute(latest).scalar_one()
        if day is None:
            return False
        opening = update(table).where(*of_film, table.c.day == day, table.c.opened_at.is_(None)).values(opened_at=at)
        with writing(self._engine) as connection:
            connection.execute(opening)
        return True

    def memory(self, viewer_id: int, day: int) -> Memory:
        """Return what we remember of a person's pages, for the page of one day."""
        table, slot = schema.viewer_impression, schema.viewer_slot
        mine = table.c.viewer_id == viewer_id
        in_vain = (
            select(table.c.movie_id, func.count(table.c.day.distinct()))
            .where(
                mine,
                table.c.day >= day - TIRED_DAYS,
                table.c.day < day,
                table.c.shelf != schema.QUESTION,
                table.c.opened_at.is_(None),
            )
            .group_by(table.c.movie_id)
        )
        asked = (
            select(table.c.movie_id)
            .where(mine, table.c.day < day, table.c.shelf == schema.QUESTION)
            .order_by(table.c.movie_id)
            .distinct()
        )
        today = select(slot.c.strategy, slot.c.propensity).where(slot.c.viewer_id == viewer_id, slot.c.day == day)
        with reading(self._engine) as connection:
            given = connection.execute(today).first()
            return Memory(
                in_vain={row[0]: int(row[1]) for row in connection.execute(in_vain)},
                asked=tuple(connection.execute(asked).scalars()),
                slot=None if given is None else Slot(*given),
            )

    def slot_counts(self, before: int) -> dict[str, tuple[int, int]]:
        """Return how often what a strategy showed in the place to learn was wanted and was not, before a day."""
        slot = schema.viewer_slot
        wanted = func.sum(_as_number(_wanted()))
        query = (
            select(slot.c.strategy, wanted, func.count())
            .where(slot.c.day < before, _was_seen())
            .group_by(slot.c.strategy)
            .order_by(slot.c.strategy)
        )
        with reading(self._engine) as connection:
            return {row[0]: (int(row[1]), int(row[2] - row[1])) for row in connection.execute(query)}

    def slot_outcomes(self, before: int) -> list[SlotOutcome]:
        """Return every place to learn before a day and what came of it, oldest first."""
        slot = schema.viewer_slot
        query = (
            select(slot.c.viewer_id, slot.c.day, slot.c.strategy, slot.c.propensity, _as_number(_wanted()))
            .where(slot.c.day < before, _was_seen())
            .order_by(slot.c.day, slot.c.viewer_id)
        )
        with reading(self._engine) as connection:
            return [SlotOutcome(*row[:4], bool(row[4])) for row in connection.execute(query)]


def _news(
    connection: Connection, viewer_id: int, day: int, shown: Collection[Shown], slot: Slot | None
) -> tuple[list[Shown], Slot | None]:
    """Return the impressions that are not stored yet, each once, and the slot unless this day has one."""
    table, given = schema.viewer_impression, schema.viewer_slot
    query = select(table.c.shelf, table.c.movie_id).where(table.c.viewer_id == viewer_id, table.c.day == day)
    known = {tuple(row) for row in connection.execute(query)}
    fresh = {each[:2]: each for each in shown if each[:2] not in known}
    if slot is not None:
        query = select(given.c.day).where(given.c.viewer_id == viewer_id, given.c.day == day)
        slot = slot if connection.execute(query).first() is None else None
    return list(fresh.values()), slot


def _explored() -> tuple[ColumnElement[bool], ...]:
    """Return what ties an impression to the slot it was shown in."""
    table, slot = schema.viewer_impression, schema.viewer_slot
    return table.c.viewer_id == slot.c.viewer_id, table.c.day == slot.c.day, table.c.shelf == schema.EXPLORE


def _was_seen() -> ColumnElement[bool]:
    return exists().where(*_explored()).correlate(schema.viewer_slot)


def _wanted() -> ColumnElement[bool]:
    """Return whether a film of a slot was opened, or rated that day or the next."""
    table, rating = schema.viewer_impression, schema.rating
    rated = (
        exists()
        .where(
            rating.c.viewer_id == table.c.viewer_id,
            rating.c.movie_id == table.c.movie_id,
            rating.c.position >= cast(table.c.day, BigInteger) * NANOSECONDS_A_DAY,
            rating.c.position < (cast(table.c.day, BigInteger) + ANSWERED_DAYS) * NANOSECONDS_A_DAY,
        )
        .correlate(table)
    )
    return exists().where(*_explored(), table.c.opened_at.is_not(None) | rated).correlate(schema.viewer_slot)


def _as_number(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return case((condition, 1), else_=0)

"""What people say beside stars: feedback on films, sliders of taste, limits of the household; each action can be undone."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import Engine, func, select

from matinee.store import schema, statements, wish_statements
from matinee.store.database import reading, writing
from matinee.store.records import Account, Feedback, Limits, Undone


class Wishes:
    """The part of a store that keeps wishes. Every change is one transaction with the log entry that undoes it."""

    if TYPE_CHECKING:
        _engine: Engine

    def account(self, viewer_id: int) -> Account:
        """Return everything one person told us that bears on their lists, as of one moment.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with reading(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            return wish_statements.account(connection, viewer_id)

    def feedback(self, viewer_id: int) -> list[Feedback]:
        """Return what a person said of films beside stars, newest first.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with reading(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            return wish_statements.feedback(connection, viewer_id)[::-1]

    def set_feedback(self, viewer_id: int, movie_id: int, kind: str, *, given: bool = True) -> None:
        """Store that a person says one thing of a film (`schema.FEEDBACK_KINDS`), or no longer says it.

        Thumbs exclude each other. Saying again what was said changes nothing, and leaves nothing to undo.

        Raises:
            InputError: if there is no such kind.
            UnknownIdError: if there is no such person or film.
        """
        with writing(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            wish_statements.set_feedback(connection, viewer_id, movie_id, kind, given=given)

    def set_sliders(self, viewer_id: int, sliders: Collection[tuple[str, str, int]]) -> None:
        """Let these (kind, name, level) be a person's sliders, in place of the former ones.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with writing(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            wish_statements.set_sliders(connection, viewer_id, sliders)

    def limits(self, viewer_id: int) -> tuple[Limits, tuple[int, ...]]:
        """Return the limits of a person's household, and the ids of the films they can watch.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with reading(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            available = wish_statements.available(connection, viewer_id)
            return wish_statements.limits(connection, viewer_id), tuple(available)

    def set_limits(self, viewer_id: int, limits: Limits, available: Collection[int] | None = None) -> None:
        """Let these be the limits of a person's household.

        Args:
            viewer_id: whose.
            limits: all of them.
            available: ids of the films they can watch, in place of the former ones; None leaves those alone.

        Raises:
            UnknownIdError: if there is no such person or film; nothing is changed then.
        """
        with writing(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            wish_statements.set_limits(connection, viewer_id, limits, available)

    def undo(self, viewer_id: int) -> Undone | None:
        """Take back a person's latest feedback, change of taste or change of limits; again takes back the one before.

        Returns:
            What was taken back; None where there was nothing.

        Raises:
            UnknownIdError: if there is no such person.
        """
        with writing(self._engine) as connection:
            statements.require_viewer(connection, viewer_id)
            return wish_statements.undo(connection, viewer_id)

    def n_actions(self, viewer_id: int) -> int:
        """Return how many actions of a person can be taken back."""
        action = schema.viewer_action
        query = select(func.count()).select_from(action).where(action.c.viewer_id == viewer_id)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

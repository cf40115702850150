"""Statements about feedback, tastes and limits, and about undoing them, each inside the transaction of its connection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from matinee.errors import InputError, UnknownIdError
from matinee.store import schema
from matinee.store.records import Account, Feedback, Limits, Opinion, Undone

ACTIONS_KEPT = 50
"""How many actions of one person can be undone; older ones are forgotten."""

FEEDBACK, TASTE, SETTINGS = "feedback", "taste", "settings"

OPPOSITES = {schema.LIKE: schema.DISLIKE, schema.DISLIKE: schema.LIKE}
"""Thumbs: saying one takes the other back."""

Slider = tuple[str, str, int]


def account(connection: Connection, viewer_id: int) -> Account:
    """Return everything of one person that bears on their lists."""
    rating = schema.rating
    query = (
        select(rating.c.movie_id, rating.c.value, rating.c.rated_at, rating.c.position)
        .where(rating.c.viewer_id == viewer_id)
        .order_by(rating.c.position, rating.c.movie_id)
    )
    kept = limits(connection, viewer_id)
    return Account(
        ratings=tuple(map(Opinion._make, connection.execute(query))),
        feedback=tuple(feedback(connection, viewer_id)),
        sliders=tuple(sliders(connection, viewer_id)),
        limits=kept,
        available=tuple(available(connection, viewer_id)) if kept.only_available else None,
    )


def feedback(connection: Connection, viewer_id: int) -> list[Feedback]:
    """Return what a person said of films beside stars, oldest first."""
    said = schema.viewer_feedback
    query = (
        select(said.c.movie_id, said.c.kind, said.c.given_at, said.c.position)
        .where(said.c.viewer_id == viewer_id)
        .order_by(said.c.position, said.c.movie_id, said.c.kind)
    )
    return [Feedback._make(row) for row in connection.execute(query)]


def set_feedback(connection: Connection, viewer_id: int, movie_id: int, kind: str, *, given: bool) -> None:
    """Let a person say one thing of a film, or no longer; saying again what was said changes nothing."""
    if kind not in schema.FEEDBACK_KINDS:
        raise InputError(f"There is no feedback {kind!r}.", hint=f"Feedback: {', '.join(schema.FEEDBACK_KINDS)}.")
    if connection.execute(select(schema.movie.c.id).where(schema.movie.c.id == movie_id)).first() is None:
        raise UnknownIdError(f"There is no movie {movie_id}.")
    said = schema.viewer_feedback
    of_film = (said.c.viewer_id == viewer_id, said.c.movie_id == movie_id)
    rows = connection.execute(select(said.c.kind, said.c.given_at, said.c.position).where(*of_film)).all()
    if (kind in {row.kind for row in rows}) == given:
        return
    _log(connection, viewer_id, FEEDBACK, {"movie_id": movie_id, "rows": [list(row) for row in rows]})
    gone = {kind, OPPOSITES.get(kind, kind)} if given else {kind}
    connection.execute(delete(said).where(*of_film, said.c.kind.in_(gone)))
    if given:
        now = time.time_ns()
        connection.execute(
            insert(said).values(
                viewer_id=viewer_id, movie_id=movie_id, kind=kind, given_at=now // 1_000_000_000, position=now
            )
        )


def sliders(connection: Connection, viewer_id: int) -> list[Slider]:
    """Return a person's sliders, sorted by kind and name."""
    taste = schema.viewer_taste
    query = select(taste.c.kind, taste.c.name, taste.c.level).where(taste.c.viewer_id == viewer_id)
    return sorted((row.kind, row.name, row.level) for row in connection.execute(query))


def set_sliders(connection: Connection, viewer_id: int, wanted: Collection[Slider]) -> None:
    """Let these be a person's sliders, in place of the former ones."""
    former = sliders(connection, viewer_id)
    if former == sorted(wanted):
        return
    _log(connection, viewer_id, TASTE, {"sliders": former})
    _replace(connection, schema.viewer_taste, viewer_id, [_slider_row(each) for each in wanted])


def limits(connection: Connection, viewer_id: int) -> Limits:
    """Return the limits of a person's household; none before any were set."""
    held, spoken = schema.viewer_limits, schema.viewer_language
    row = connection.execute(select(held).where(held.c.viewer_id == viewer_id)).first()
    if row is None:
        return Limits()
    codes = connection.execute(select(spoken.c.language).where(spoken.c.viewer_id == viewer_id)).scalars().all()
    return Limits(
        max_age=row.max_age,
        max_runtime=row.max_runtime,
        min_year=row.min_year,
        max_year=row.max_year,
        languages=tuple(sorted(codes)) if row.by_language else None,
        only_available=bool(row.only_available),
        discovery=row.discovery,
    )


def available(connection: Connection, viewer_id: int) -> list[int]:
    """Return the ids of the films a person can watch, ascending, whether or not only those are shown."""
    held = schema.viewer_available
    query = select(held.c.movie_id).where(held.c.viewer_id == viewer_id).order_by(held.c.movie_id)
    return list(connection.execute(query).scalars())


def set_limits(connection: Connection, viewer_id: int, wanted: Limits, films: Collection[int] | None) -> None:
    """Let these be the limits of a person's household, and these the films they can watch; None leaves those alone."""
    former, watchable = limits(connection, viewer_id), available(connection, viewer_id)
    listed = watchable if films is None else sorted(set(films))
    if former == wanted and watchable == listed:
        return
    if listed != watchable:
        _require_films(connection, listed)
    _log(connection, viewer_id, SETTINGS, {"limits": vars(former), "available": watchable})
    _write_limits(connection, viewer_id, wanted, listed)


def undo(connection: Connection, viewer_id: int) -> Undone | None:
    """Take back a person's latest action; None where there is none to take back."""
    action = schema.viewer_action
    mine = action.c.viewer_id == viewer_id
    latest = connection.execute(select(action).where(mine).order_by(action.c.id.desc()).limit(1)).first()
    if latest is None:
        return None
    before = json.loads(latest.before)
    _UNDO[latest.what](connection, viewer_id, before)
    connection.execute(delete(action).where(action.c.id == latest.id))
    left = connection.execute(select(func.count()).select_from(action).where(mine)).scalar_one()
    return Undone(latest.what, before.get("movie_id"), int(left))


def _undo_feedback(connection: Connection, viewer_id: int, before: dict[str, Any]) -> None:
    said, movie_id = schema.viewer_feedback, before["movie_id"]
    connection.execute(delete(said).where(said.c.viewer_id == viewer_id, said.c.movie_id == movie_id))
    rows = [
        {"viewer_id": viewer_id, "movie_id": movie_id, "kind": kind, "given_at": given_at, "position": position}
        for kind, given_at, position in before["rows"]
    ]
    if rows:
        connection.execute(insert(said), rows)


def _undo_taste(connection: Connection, viewer_id: int, before: dict[str, Any]) -> None:
    rows = [_slider_row(each) for each in before["sliders"]]
    _replace(connection, schema.viewer_taste, viewer_id, rows)


def _undo_settings(connection: Connection, viewer_id: int, before: dict[str, Any]) -> None:
    plain = dict(before["limits"])
    plain["languages"] = None if plain["languages"] is None else tuple(plain["languages"])
    _write_limits(connection, viewer_id, Limits(**plain), before["available"])


_UNDO: dict[str, Callable[[Connection, int, dict[str, Any]], None]] = {
    FEEDBACK: _undo_feedback,
    TASTE: _undo_taste,
    SETTINGS: _undo_settings,
}


def _log(connection: Connection, viewer_id: int, what: str, before: dict[str, Any]) -> None:
    """Remember how things stood before an action, and forget what is too old to be undone."""
    action = schema.viewer_action
    text = json.dumps(before, ensure_ascii=False, separators=(",", ":"))
    connection.execute(insert(action).values(viewer_id=viewer_id, what=what, done_at=int(time.time()), before=text))
    mine = select(action.c.id).where(action.c.viewer_id == viewer_id).order_by(action.c.id.desc())
    oldest = connection.execute(mine.offset(ACTIONS_KEPT).limit(1)).scalar_one_or_none()
    if oldest is not None:
        connection.execute(delete(action).where(action.c.viewer_id == viewer_id, action.c.id <= oldest))


def _write_limits(connection: Connection, viewer_id: int, wanted: Limits, films: Sequence[int]) -> None:
    held = schema.viewer_limits
    connection.execute(delete(schema.viewer_language).where(schema.viewer_language.c.viewer_id == viewer_id))
    plain = {
        name: getattr(wanted, name)
        for name in ("max_age", "max_runtime", "min_year", "max_year", "only_available", "discovery")
    }
    _replace(connection, held, viewer_id, [plain | {"by_language": wanted.languages is not None}])
    _replace(connection, schema.viewer_language, viewer_id, [{"language": code} for code in wanted.languages or ()])
    _replace(connection, schema.viewer_available, viewer_id, [{"movie_id": movie_id} for movie_id in films])


def _replace(connection: Connection, table: Table, viewer_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Let these be all rows of one person."""
    connection.execute(delete(table).where(table.c.viewer_id == viewer_id))
    if rows:
        connection.execute(insert(table), [{"viewer_id": viewer_id, **row} for row in rows])


def _slider_row(slider: Sequence[Any]) -> dict[str, Any]:
    kind, name, level = slider
    return {"kind": kind, "name": name, "level": level}


def _require_films(connection: Connection, movie_ids: Sequence[int]) -> None:
    known = set(connection.execute(select(schema.movie.c.id)).scalars())
    if unknown := [movie_id for movie_id in movie_ids if movie_id not in known]:
        raise UnknownIdError(
            f"There is no movie {unknown[0]}.", hint=f"{len(unknown):,} of {len(movie_ids):,} films are unknown."
        )

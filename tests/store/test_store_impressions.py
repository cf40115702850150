"""What was shown, day by day: counted once, opened, tired of, learnt from, and forgotten."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select, update

from matinee.errors import StoreError, UnknownIdError
from matinee.store import Memory, Shown, Slot, SlotOutcome, Store, schema
from matinee.store.database import reading, writing
from matinee.store.impressions import KEPT_DAYS, TIRED_DAYS

TODAY = int(time.time() // 86_400)
PAGE = [Shown("for-you", 10, 0), Shown("for-you", 20, 1), Shown("question", 30, 0)]


def n_rows(store: Store) -> int:
    with reading(store._engine) as connection:
        return int(connection.execute(select(func.count()).select_from(schema.viewer_impression)).scalar_one())


@pytest.fixture
def viewer(full: Store) -> int:
    return full.create_viewer("Ada")


def test_a_page_counts_once_a_day(full: Store, viewer: int) -> None:
    assert full.remember(viewer, TODAY, PAGE) == 3
    assert full.remember(viewer, TODAY, PAGE) == 0
    assert full.remember(viewer, TODAY, [*PAGE, Shown("gems", 40, 0), Shown("gems", 40, 0)]) == 1
    assert full.remember(viewer, TODAY + 1, PAGE[:1]) == 1
    assert n_rows(full) == 5


def test_films_shown_in_vain_are_remembered_by_day(full: Store, viewer: int) -> None:
    for back in (3, 2, 1):
        full.remember(viewer, TODAY - back, [*PAGE, Shown("gems", 10, 4)])
    full.remember(viewer, TODAY, PAGE)
    full.remember(viewer, TODAY - TIRED_DAYS - 1, [Shown("gems", 20, 0)])
    memory = full.memory(viewer, TODAY)
    assert memory == Memory(in_vain={10: 3, 20: 3}, asked=(30,), slot=None), "today's page is still in sight"
    assert full.memory(full.create_viewer("Bo"), TODAY) == Memory()


def test_opening_counts_for_the_latest_page(full: Store, viewer: int) -> None:
    at = TODAY * 86_400 + 5
    assert not full.mark_opened(viewer, 10, at), "no page had shown it"
    for back in (2, 1):
        full.remember(viewer, TODAY - back, PAGE)
    assert full.mark_opened(viewer, 10, at)
    assert full.memory(viewer, TODAY).in_vain == {10: 1, 20: 2}
    assert not full.mark_opened(viewer, 10, at + 86_400), "the page of the day before yesterday is too long ago"
    assert not full.mark_opened(full.create_viewer("Bo"), 10, at)


def test_places_to_learn_are_counted_from_the_log(full: Store, viewer: int) -> None:
    yesterday = TODAY - 1
    others = [full.create_viewer(name) for name in ("Bo", "Cy", "Di")]
    for who, strategy, film in zip(
        [viewer, *others], ["content", "content", "next", "next"], [10, 20, 30, 40], strict=True
    ):
        full.remember(who, yesterday, [Shown("explore", film, 0)], Slot(strategy, 0.25))
    full.mark_opened(viewer, 10, yesterday * 86_400)
    full.rate(others[1], 30, 1.0)
    full.rate(others[2], 10, 5.0)
    assert full.slot_counts(TODAY) == {"content": (1, 1), "next": (1, 1)}
    assert full.slot_counts(yesterday) == {}, "a day that is not over teaches nothing"
    assert full.slot_outcomes(TODAY) == [
        SlotOutcome(viewer, yesterday, "content", 0.25, True),
        SlotOutcome(others[0], yesterday, "content", 0.25, False),
        SlotOutcome(others[1], yesterday, "next", 0.25, True),
        SlotOutcome(others[2], yesterday, "next", 0.25, False),
    ]
    full.rate(others[1], 30, None)
    assert full.slot_counts(TODAY)["next"] == (0, 2), "a rating that was taken back counts no more"


def test_a_rating_long_after_is_no_answer(full: Store, viewer: int) -> None:
    full.remember(viewer, TODAY - 5, [Shown("explore", 10, 0)], Slot("content", 0.5))
    full.rate(viewer, 10, 5.0)
    assert full.slot_counts(TODAY) == {"content": (0, 1)}


def test_the_first_slot_of_a_day_stays(full: Store, viewer: int) -> None:
    full.remember(viewer, TODAY, [Shown("explore", 10, 0)], Slot("content", 0.4))
    full.remember(viewer, TODAY, [Shown("explore", 20, 0)], Slot("next", 0.6))
    assert full.memory(viewer, TODAY).slot == Slot("content", 0.4)


def test_old_days_are_forgotten(full: Store, viewer: int) -> None:
    other = full.create_viewer("Bo")
    full.remember(other, TODAY - KEPT_DAYS - 1, PAGE, Slot("content", 0.5))
    full.remember(viewer, TODAY - KEPT_DAYS, PAGE)
    assert n_rows(full) == 6
    full.remember(viewer, TODAY, PAGE)
    assert n_rows(full) == 6
    assert full.memory(other, TODAY - KEPT_DAYS - 1).slot is None


def test_what_cannot_be_stored_is_refused_whole(full: Store, viewer: int) -> None:
    with pytest.raises(UnknownIdError, match="no user 4040"):
        full.remember(4040, TODAY, PAGE)
    with pytest.raises(StoreError):
        full.remember(viewer, TODAY, [*PAGE, Shown("gems", 999, 0)], Slot("content", 0.5))
    with pytest.raises(StoreError):
        full.remember(viewer, TODAY, PAGE, Slot("content", 0.0))
    assert n_rows(full) == 0
    assert full.memory(viewer, TODAY) == Memory()


def test_every_fact_stands_once(full: Store, viewer: int) -> None:
    """That a film was rated is in the ratings alone: no column of the log repeats it."""
    columns = {table.name: set(table.c.keys()) for table in (schema.viewer_impression, schema.viewer_slot)}
    assert columns == {
        "viewer_impression": {"viewer_id", "day", "shelf", "movie_id", "place", "opened_at"},
        "viewer_slot": {"viewer_id", "day", "strategy", "propensity"},
    }
    full.remember(viewer, TODAY, PAGE)
    with pytest.raises(StoreError), writing(full._engine) as connection:
        connection.execute(update(schema.viewer_impression).values(movie_id=999))

"""Feedback, tastes, limits: what is kept, and that every action can be taken back in order."""

from __future__ import annotations

import random
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from matinee.data import Catalogue, Dataset
from matinee.errors import InputError, StoreError, UnknownIdError
from matinee.store import Account, Limits, Store, Undone
from matinee.store.schema import FEEDBACK_KINDS, OF_A_VIEWER, metadata
from matinee.store.wish_statements import ACTIONS_KEPT


def said(store: Store, viewer: int = 7) -> list[tuple[int, str]]:
    return [(each.movie_id, each.kind) for each in store.feedback(viewer)]


def undone(store: Store, viewer: int = 7) -> Undone:
    done = store.undo(viewer)
    assert done is not None
    return done


def test_feedback_is_kept_newest_first_and_can_be_taken_back(full: Store) -> None:
    full.set_feedback(7, 20, "watchlist")
    full.set_feedback(7, 60, "like")
    full.set_feedback(7, 20, "hidden")
    assert said(full) == [(20, "hidden"), (60, "like"), (20, "watchlist")]
    assert said(full, 3) == []
    full.set_feedback(7, 20, "watchlist", given=False)
    full.set_feedback(7, 20, "watchlist", given=False)
    assert said(full) == [(20, "hidden"), (60, "like")]


def test_one_thumb_takes_back_the_other(full: Store) -> None:
    full.set_feedback(7, 60, "like")
    full.set_feedback(7, 60, "watched")
    full.set_feedback(7, 60, "dislike")
    assert said(full) == [(60, "dislike"), (60, "watched")]
    assert undone(full).what == "feedback"
    assert said(full) == [(60, "watched"), (60, "like")]


def test_an_account_is_everything_at_once(full: Store) -> None:
    assert full.account(9) == replace(full.account(9), feedback=(), sliders=(), limits=Limits(), available=None)
    full.set_feedback(7, 60, "dislike")
    full.set_sliders(7, [("genre", "War", -2), ("franchise", "Ana", 1)])
    full.set_limits(7, Limits(max_age=12, languages=("de", "fr"), only_available=True), [60, 20, 60])
    account = full.account(7)
    assert [(each.movie_id, each.value, each.rated_at) for each in account.ratings] == [
        (10, 0.5, 100), (30, 5.0, 200), (20, 4.5, 300),
    ]  # fmt: skip
    assert [(each.movie_id, each.kind) for each in account.feedback] == [(60, "dislike")]
    assert account.sliders == (("franchise", "Ana", 1), ("genre", "War", -2))
    assert account.limits == Limits(max_age=12, languages=("de", "fr"), only_available=True)
    assert account.available == (20, 60)
    assert full.account(3).sliders == ()


def test_films_that_can_be_watched_stay_listed_while_the_switch_is_off(full: Store) -> None:
    full.set_limits(7, Limits(only_available=True), [10])
    full.set_limits(7, Limits(languages=()))
    assert full.limits(7) == (Limits(languages=()), (10,))
    assert full.account(7).available is None
    full.set_limits(7, Limits(), [])
    assert full.limits(7) == (Limits(), ())
    assert full.limits(3) == (Limits(), ())


def test_mistakes_change_nothing(full: Store) -> None:
    full.set_limits(7, Limits(max_age=6), [10])
    before = full.account(7), full.limits(7)
    with pytest.raises(UnknownIdError, match="no movie 11"):
        full.set_feedback(7, 11, "like")
    with pytest.raises(InputError, match="no feedback 'love'"):
        full.set_feedback(7, 10, "love")
    with pytest.raises(UnknownIdError, match="no movie 11") as caught:
        full.set_limits(7, Limits(max_age=18), [10, 11])
    assert "1 of 2" in str(caught.value.hint)
    for call in (
        lambda: full.set_feedback(999, 10, "like"),
        lambda: full.set_sliders(999, []),
        lambda: full.set_limits(999, Limits()),
        lambda: full.account(999),
        lambda: full.limits(999),
        lambda: full.feedback(999),
        lambda: full.undo(999),
    ):
        with pytest.raises(UnknownIdError, match="no user 999"):
            call()
    with pytest.raises(StoreError):
        full.set_sliders(7, [("genre", "War", 3)])
    assert (full.account(7), full.limits(7)) == before
    assert undone(full).left == 0


def test_every_action_is_taken_back_in_order(full: Store) -> None:
    """Random actions, then undone one by one: each state comes back exactly, times and places included."""
    chance = random.Random(5)

    def state() -> tuple[Account, tuple[Limits, tuple[int, ...]]]:
        return full.account(7), full.limits(7)

    states = [state()]
    for _ in range(40):
        match chance.randrange(4):
            case 0 | 1:
                film, kind = chance.choice([10, 20, 30, 60]), chance.choice(FEEDBACK_KINDS)
                full.set_feedback(7, film, kind, given=chance.random() < 0.7)
            case 2:
                names = chance.sample(["War", "Drama", "Noir"], chance.randrange(4))
                full.set_sliders(7, [("genre", name, chance.choice([-2, -1, 1, 2])) for name in names])
            case 3:
                languages = chance.choice([None, (), ("fr",), ("de", "fr")])
                limits = Limits(
                    max_age=chance.choice([None, 0, 12]), min_year=chance.choice([None, 1950]), languages=languages
                )
                films = chance.choice([None, [], [10], [10, 60]])
                full.set_limits(7, replace(limits, only_available=chance.random() < 0.5), films)
        # What changes nothing leaves nothing to undo.
        if state() != states[-1]:
            states.append(state())
    assert len(states) > 20
    for left in range(len(states) - 2, -1, -1):
        assert undone(full).left == left
        assert state() == states[left]
    assert full.undo(7) is None


def test_the_actions_of_one_person_are_theirs_and_not_kept_for_ever(full: Store) -> None:
    full.set_feedback(3, 10, "like")
    for number in range(ACTIONS_KEPT + 10):
        full.set_sliders(7, [("genre", f"G{number}", 1)])
    assert undone(full).left == ACTIONS_KEPT - 1
    assert undone(full, 3).left == 0
    assert said(full, 3) == []
    for _ in range(ACTIONS_KEPT - 1):
        full.undo(7)
    assert full.account(7).sliders == (("genre", "G9", 1),)


def test_thumbs_given_at_once_exclude_each_other_still(full: Store) -> None:
    def press(kind: str) -> None:
        for _ in range(10):
            full.set_feedback(7, 60, kind)

    threads = [threading.Thread(target=press, args=(kind,)) for kind in ("like", "dislike") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said(full)) == 1


def test_training_leaves_out_what_it_was_asked_not_to_learn_from(full: Store, dataset: Dataset) -> None:
    full.set_feedback(7, 30, "dont_learn")
    learnt = full.dataset()
    assert learnt.n_ratings == dataset.n_ratings - 1
    ada = full.create_viewer("Ada")
    full.rate(ada, 10, 4)
    full.set_feedback(ada, 10, "dont_learn")
    assert full.dataset().n_users == dataset.n_users
    full.undo(ada)
    full.undo(7)
    assert full.dataset().n_ratings == dataset.n_ratings + 1


def test_opinions_given_here_are_not_thrown_away_by_an_import(full: Store, dataset: Dataset) -> None:
    full.set_feedback(7, 30, "like")
    other = replace(dataset.select(dataset.values > 2), name="other")
    with pytest.raises(StoreError, match="1 ratings and opinions"):
        full.import_dataset(other)
    full.set_limits(7, Limits(languages=("fr",)), [10])
    full.set_sliders(7, [("genre", "War", 1)])
    assert full.import_dataset(other, replace=True)
    assert full.account(7).feedback == ()


def test_the_same_data_read_anew_complete_a_catalogue_of_an_earlier_version(store: Store, dataset: Dataset) -> None:
    without = Catalogue(
        dataset.catalogue.movies.with_columns(pl.lit(None).alias("age"), pl.lit(None).alias("franchise")).cast(
            {"age": pl.Int16, "franchise": pl.String}
        )
    )
    store.import_dataset(replace(dataset, catalogue=without))
    assert not store.import_dataset(dataset)
    assert store.dataset().catalogue.movies.equals(dataset.catalogue.movies)


def test_every_table_about_a_person_is_on_the_list() -> None:
    about = {table.name for table in metadata.tables.values() if "viewer_id" in table.c}
    assert {table.name for table in OF_A_VIEWER} == about
    places = {table.name: place for place, table in enumerate(OF_A_VIEWER)}
    for table in OF_A_VIEWER:
        for key in table.foreign_keys:
            parent = key.column.table.name
            assert parent not in places or places[parent] > places[table.name]


def test_the_database_itself_refuses_what_cannot_be(tmp_path: Path, dataset: Dataset) -> None:
    store = Store.open(tmp_path / "matinee.db")
    store.import_dataset(dataset)
    store.close()
    raw = sqlite3.connect(tmp_path / "matinee.db")
    raw.execute("PRAGMA foreign_keys = ON")
    for statement in (
        "INSERT INTO viewer_feedback VALUES (7, 10, 'love', 0, 0)",
        "INSERT INTO viewer_feedback VALUES (7, 11, 'like', 0, 0)",
        "INSERT INTO viewer_taste VALUES (7, 'genre', 'War', 0)",
        "INSERT INTO viewer_taste VALUES (7, 'colour', 'red', 1)",
        "INSERT INTO viewer_language VALUES (7, 'de')",
        "INSERT INTO viewer_available VALUES (7, 11)",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)
    raw.close()

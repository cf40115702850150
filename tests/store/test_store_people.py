"""Ratings, people and sessions."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.errors import UnknownIdError
from matinee.store import Store
from matinee.types import UNKNOWN_TIME


def rated(store: Store, viewer: int) -> list[tuple[int, float]]:
    return [(each.movie_id, each.value) for each in store.ratings(viewer)]


def values(store: Store, viewer: int) -> list[float]:
    return [each.value for each in store.account(viewer).ratings]


def test_an_account_is_chronological(full: Store) -> None:
    told = full.account(7).ratings
    assert [(each.movie_id, each.value, each.rated_at) for each in told] == [
        (10, 0.5, 100),
        (30, 5.0, 200),
        (20, 4.5, 300),
    ]


def test_ratings_come_newest_first(full: Store) -> None:
    before = int(time.time())
    full.rate(7, 60, 2)
    assert rated(full, 7) == [(60, 2.0), (20, 4.5), (30, 5.0), (10, 0.5)]
    stamp = full.ratings(7)[0].rated_at
    assert stamp is not None
    assert before <= stamp <= int(time.time())


def test_a_new_opinion_takes_the_place_of_the_old_and_is_the_newest(full: Store) -> None:
    assert full.rate(7, 10, 4) == 3
    assert rated(full, 7) == [(10, 4.0), (20, 4.5), (30, 5.0)]
    assert values(full, 7) == [5.0, 4.5, 4.0]


def test_a_rating_can_be_taken_back(full: Store) -> None:
    assert full.rate(7, 30, None) == 2
    assert rated(full, 7) == [(20, 4.5), (10, 0.5)]
    assert full.rate(7, 30, None) == 2


def test_an_unknown_user_is_told_who_is_known(full: Store) -> None:
    for ask in (
        lambda: full.account(8),
        lambda: full.ratings(8),
        lambda: full.rate(8, 10, 3),
        lambda: full.open_session(8, 60),
        lambda: full.welcome(8, session_seconds=60),
    ):
        with pytest.raises(UnknownIdError, match="There is no user 8") as caught:
            ask()
        assert "run from 3 to 88" in str(caught.value.hint)


def test_an_unknown_film_cannot_be_rated(full: Store) -> None:
    with pytest.raises(UnknownIdError, match="no movie 11"):
        full.rate(7, 11, 3)
    with pytest.raises(UnknownIdError, match="no movie 11"):
        full.rate(7, 11, None)
    assert len(full.ratings(7)) == 3


def test_a_person_without_ratings_has_an_empty_account(full: Store) -> None:
    assert full.account(full.create_viewer()).ratings == ()


def test_unknown_times_stay_unknown(full: Store, dataset: Dataset) -> None:
    full.import_dataset(replace(dataset, times=np.full(dataset.n_ratings, UNKNOWN_TIME, np.int64)))
    assert {each.rated_at for each in full.account(7).ratings} == {None}
    assert {each.rated_at for each in full.ratings(7)} == {None}


def test_new_people_get_ids_above_all_others_and_never_an_old_one(full: Store) -> None:
    first = full.create_viewer("Ada")
    second = full.create_viewer(None)
    assert 88 < first < second
    assert full.viewer_name(first) == "Ada"
    assert full.viewer_name(second) is None
    assert full.viewer_exists(first)
    assert not full.viewer_exists(second + 1)


def test_the_id_of_somebody_who_left_is_not_given_again(tmp_path: Path, dataset: Dataset) -> None:
    store = Store.open(tmp_path / "matinee.db")
    store.import_dataset(dataset)
    gone = store.create_viewer()
    with sqlite3.connect(tmp_path / "matinee.db") as raw:
        raw.execute("DELETE FROM viewer WHERE id = ?", (gone,))
    raw.close()
    assert store.create_viewer() > gone
    store.close()


def test_a_welcome_is_all_or_nothing(full: Store) -> None:
    before = full.counts()
    with pytest.raises(UnknownIdError):
        full.welcome(None, name="Ada", ratings={10: 4, 11: 3}, session_seconds=60)
    with pytest.raises(UnknownIdError, match="genre 'Opera'"):
        full.welcome(None, genres=["Drama", "Opera"], session_seconds=60)
    assert full.counts() == before


def test_a_welcome_keeps_the_order_of_ratings(full: Store) -> None:
    ticket = full.welcome(None, name="Ada", ratings={60: 4, 10: 3, 50: 5}, genres=["War", "Drama"], session_seconds=60)
    assert rated(full, ticket.viewer_id) == [(50, 5.0), (10, 3.0), (60, 4.0)]
    assert full.favourite_genres(ticket.viewer_id) == ("Drama", "War")
    assert full.viewer_of(ticket.token) == ticket.viewer_id


def test_a_second_welcome_adds(full: Store) -> None:
    first = full.welcome(None, name="Ada", ratings={60: 4}, genres=["War"], session_seconds=60)
    again = full.welcome(first.viewer_id, ratings={10: 3}, session_seconds=60)
    assert again.viewer_id == first.viewer_id
    assert again.token != first.token
    assert rated(full, first.viewer_id) == [(10, 3.0), (60, 4.0)]
    assert full.viewer_name(first.viewer_id) == "Ada"
    assert full.favourite_genres(first.viewer_id) == ("War",)


def test_sessions_open_expire_and_end(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, other = full.open_session(7, 100), full.open_session(3, 1000)
    assert full.viewer_of(ticket.token) == 7
    assert full.viewer_of(ticket.token + "x") is None
    assert full.viewer_of("") is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 101)
    assert full.viewer_of(ticket.token) is None
    assert full.viewer_of(other.token) == 3
    full.close_session(other.token)
    full.close_session(other.token)
    assert full.viewer_of(other.token) is None


def test_the_secret_of_a_session_is_not_in_the_database(tmp_path: Path, dataset: Dataset) -> None:
    store = Store.open(tmp_path / "matinee.db")
    store.import_dataset(dataset)
    ticket = store.open_session(7, 100)
    store.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert ticket.token.encode() not in everything
    assert hashlib.sha256(ticket.token.encode()).hexdigest().encode() in everything
    assert ticket.token not in repr(ticket)


def test_many_people_rate_at_once(full: Store) -> None:
    """Eight threads, each as another person and all as one: no rating is lost, none is refused."""
    people = [full.create_viewer() for _ in range(8)]
    shared = full.create_viewer()
    failures: list[BaseException] = []

    def rate_all(viewer: int) -> None:
        try:
            for movie in (10, 20, 30, 40, 50, 60):
                full.rate(viewer, movie, 3)
                full.rate(shared, movie, 0.5 + people.index(viewer) / 2)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=rate_all, args=(viewer,)) for viewer in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(len(full.ratings(viewer)) == 6 for viewer in [*people, shared])

"""The first page: rows with true titles, no film twice, more of each row, and one question for newcomers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.errors import InputError
from matinee.ranking import Recommender
from matinee.ranking.shelves import StalePageError
from matinee.ranking.taste import Slider
from matinee.service import Cinema, Home
from matinee.store import Store

NOON = 20_413.5 * 86_400


@pytest.fixture
def cinema(recommender: Recommender, store: Store) -> Cinema:
    """A cinema on one known day."""
    return Cinema(recommender, store, clock=lambda: NOON)


def shown(home: Home) -> list[int]:
    return [card.film.id for shelf in home.shelves for card in shelf.cards]


def check_home(cinema: Cinema, viewer: int | None, n: int = 12) -> Home:
    home = cinema.home(viewer, n)
    assert len(shown(home)) == len(set(shown(home)))
    stars = {} if viewer is None else {own.film.id: own.film.your_rating for own in cinema.ratings(viewer)}
    fresh = [card.film.id for shelf in home.shelves if shelf.kind != "again" for card in shelf.cards]
    assert not stars.keys() & set(fresh)
    assert set(shown(home)) - set(fresh) <= {film for film, value in stars.items() if value >= 4}
    assert home.n_ratings == len(stars)
    assert home.known == (len(stars) >= 5)
    assert home.n_needed == max(0, 5 - len(stars))
    assert home.day == 20_413
    assert all(shelf.cards and shelf.title and shelf.note for shelf in home.shelves)
    assert all(1 <= len(shelf.cards) <= n for shelf in home.shelves)
    assert all(len(shelf.cards) >= min(5, n) for shelf in home.shelves[1:]), "short rows are left out"
    assert all(card.reason for shelf in home.shelves for card in shelf.cards)
    assert len({shelf.key for shelf in home.shelves}) == len(home.shelves)
    return home


def row(home: Home, kind: str) -> str:
    """Return the title of the one row of a kind."""
    (title,) = [shelf.title for shelf in home.shelves if shelf.kind == kind]
    return title


def test_a_stranger_sees_honest_shelves(cinema: Cinema) -> None:
    home = check_home(cinema, None)
    assert [shelf.key for shelf in home.shelves[:2]] == ["for-you/popular", "trending"]
    assert [shelf.title for shelf in home.shelves[:2]] == ["Popular with everybody", "Trending this month"]
    assert "do not know you" in home.shelves[0].note
    assert not {shelf.kind for shelf in home.shelves} & {"because", "different", "again", "series"}
    assert (home.known, home.n_ratings, home.n_needed, home.simulated) == (False, 0, 5, True)
    assert "simulated viewers" in home.data_label


def test_a_newcomer_sees_how_far_they_have_come(cinema: Cinema, newcomer: int) -> None:
    cinema.rate(newcomer, 103, 5)
    home = check_home(cinema, newcomer)
    assert (home.known, home.n_needed) == (False, 4)
    assert home.shelves[0].title == "Popular with everybody"
    assert "1 of the 5 ratings" in home.shelves[0].note
    assert row(home, "because") == "Because you gave Horror A 5 stars"
    assert "because/103" in {shelf.key for shelf in home.shelves}, "keys speak of ids, never of indices"


def test_a_known_viewer_sees_their_own_shelves(cinema: Cinema, fan: int) -> None:
    home = check_home(cinema, fan)
    assert home.known
    assert (home.shelves[0].key, home.shelves[0].title) == ("for-you", "For you")
    assert home.shelves[0].note == "Made from your 7 ratings."
    because = [shelf.title for shelf in cinema.home(fan, 4).shelves if shelf.kind == "because"]
    assert because
    assert set(because) <= {
        "Because you gave Horror A 4.5 stars",
        "Because you gave Horror B 5 stars",
        "Because you gave Horror C 4.5 stars",
        "Because you gave Horror D 4.5 stars",
    }
    assert any(shelf.title.startswith("Trending in ") for shelf in cinema.home(fan, 4).shelves)


def test_nobody_is_told_that_they_liked_what_they_did_not(cinema: Cinema, newcomer: int) -> None:
    for movie in (100, 101, 102):
        cinema.rate(newcomer, movie, 2)
    assert not {shelf.kind for shelf in cinema.home(newcomer).shelves} & {"because", "again"}


def test_a_thumb_is_not_called_stars(cinema: Cinema, newcomer: int) -> None:
    cinema.say(newcomer, 103, "like")
    assert row(cinema.home(newcomer), "because") == "Because you liked Horror A"


def test_a_chosen_genre_counts_while_ratings_are_few(cinema: Cinema) -> None:
    viewer = cinema.onboard(None, {}, ["Musical"]).viewer_id
    titles = [shelf.title for shelf in cinema.home(viewer, 5).shelves]
    assert "Trending in musical this month" in titles


def test_without_times_nothing_is_said_to_trend(
    store: Store, dataset: Dataset, fan: int, build: Callable[[Dataset], Recommender]
) -> None:
    timeless = replace(dataset, times=np.full(dataset.n_ratings, np.iinfo(np.int64).min))
    cinema = Cinema(build(timeless), store, clock=lambda: NOON)
    for viewer in (None, fan):
        home = check_home(cinema, viewer)
        assert len(home.shelves) > 1
        assert not any("rend" in shelf.title for shelf in home.shelves)
    assert cinema.trending() == ()


def test_somebody_who_has_seen_everything_sees_no_empty_shelf(cinema: Cinema, newcomer: int) -> None:
    for movie in range(100, 161):
        cinema.rate(newcomer, movie, 3)
    assert cinema.home(newcomer).shelves == ()
    assert cinema.recommendations(newcomer).cards == ()
    assert cinema.onboarding(newcomer) == ()
    cinema.rate(newcomer, 103, 5)
    for movie in range(104, 115):
        cinema.rate(newcomer, movie, 4)
    (again,) = check_home(cinema, newcomer).shelves
    assert (again.key, again.next_cursor) == ("again", None)


def test_sliders_rule_the_page(cinema: Cinema, fan: int) -> None:
    def musicals() -> int:
        return [card.film.genres for card in cinema.home(fan, 5).shelves[0].cards].count(("Musical",))

    before = musicals()
    cinema.set_taste(fan, [Slider("genre", "Musical", 2), Slider("genre", "War", -2)])
    home = check_home(cinema, fan)
    assert musicals() > before
    assert ("War",) not in [card.film.genres for shelf in home.shelves for card in shelf.cards]


# More of a row


def test_more_of_a_row_never_repeats_and_ends(cinema: Cinema, fan: int) -> None:
    home = check_home(cinema, fan, 5)
    page = set(shown(home))
    for shelf in home.shelves:
        seen, cursor = set(page), shelf.next_cursor
        while cursor is not None:
            onward = cinema.more(cursor, 4, fan)
            if onward is None:  # rows further down have taken the rest
                break
            assert (onward.key, onward.title) == (shelf.key, shelf.title)
            ids = [card.film.id for card in onward.cards]
            assert ids
            assert len(set(ids)) == len(ids) <= 4
            assert not seen & set(ids)
            assert not {101, 102, 103, 109, 115, 104, 121} & set(ids) or shelf.kind == "again"
            seen |= set(ids)
            cursor = onward.next_cursor
    cursor = home.shelves[0].next_cursor
    assert cursor is not None
    first = cinema.more(cursor, 4, fan)
    assert first is not None
    others = cinema.more(cursor, 4, fan, exclude=[*(card.film.id for card in first.cards), 999_999])
    assert others is None or not {card.film.id for card in first.cards} & {card.film.id for card in others.cards}


def test_a_rating_on_the_way_repeats_nothing(cinema: Cinema, fan: int) -> None:
    home = cinema.home(fan, 5)
    cursor = home.shelves[0].next_cursor
    assert cursor is not None
    rated = home.shelves[0].cards[0].film.id
    cinema.rate(fan, rated, 0.5)
    onward = cinema.more(cursor, 12, fan)
    assert onward is not None
    assert not set(shown(home)) & {card.film.id for card in onward.cards}


def test_a_cursor_of_another_release_is_stale(
    cinema: Cinema, dataset: Dataset, build: Callable[[Dataset], Recommender]
) -> None:
    cursor = cinema.home(n=5).shelves[0].next_cursor
    assert cursor is not None
    same = build(dataset).release
    later = replace(same.manifest, version="20990101-000000-000000")
    cinema.recommender = Recommender(replace(same, manifest=later))
    with pytest.raises(StalePageError, match="20990101-000000-000000 is live now"):
        cinema.more(cursor)


@pytest.mark.parametrize("cursor", ["", "nonsense", "AAAA", "é"])
def test_cursors_that_are_none_are_refused(cinema: Cinema, cursor: str) -> None:
    with pytest.raises(InputError, match="cursor cannot be read"):
        cinema.more(cursor)


@pytest.mark.parametrize("n", [0, -1, 51])
def test_rows_have_a_sensible_length(cinema: Cinema, n: int) -> None:
    with pytest.raises(InputError, match="1 to 50 films"):
        cinema.home(n=n)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ratings=st.dictionaries(st.integers(100, 160), st.integers(1, 10).map(lambda half: half / 2), max_size=40),
    n=st.integers(1, 30),
)
def test_no_page_shows_a_film_twice_or_one_that_is_known(cinema: Cinema, ratings: dict[int, float], n: int) -> None:
    check_home(cinema, cinema.onboard(None, ratings).viewer_id, n)

"""What people can do here, without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.errors import InputError, UnknownIdError
from matinee.ranking import Recommender
from matinee.service import Cinema
from matinee.service.films import SORTS
from matinee.service.paging import Cursor, StaleCursorError
from matinee.store import Store


def test_a_film_carries_what_is_known(cinema: Cinema, fan: int) -> None:
    film = cinema.movie(103, fan)
    assert (film.id, film.title, film.alternative_titles, film.year) == (103, "Horror A", ("Le Film",), 1963)
    assert (film.genres, film.directors, film.cast) == (("Horror",), ("Ida Lupino",), ("Ann", "Bob"))
    assert (film.language, film.country, film.runtime) == ("de", "Germany", 80)
    assert (film.imdb_id, film.tmdb_id) == (42, 43)
    assert film.your_rating == 4.5
    assert cinema.movie(103).your_rating is None
    assert cinema.movie(105).year is None


def test_a_film_carries_everybodys_average(cinema: Cinema, dataset: Dataset) -> None:
    film = cinema.movie(103)
    mine = dataset.values[dataset.movies == 3]
    assert film.rating_count == len(mine)
    assert film.rating_mean == pytest.approx(mine.mean(), abs=1e-3)
    unrated = cinema.movie(160)
    assert (unrated.rating_count, unrated.rating_mean) == (0, None)


def test_unknown_films_viewers_and_genres_are_named(cinema: Cinema, fan: int) -> None:
    with pytest.raises(UnknownIdError, match="no movie 99"):
        cinema.movie(99)
    with pytest.raises(UnknownIdError, match="no movie 99"):
        cinema.similar(99)
    with pytest.raises(UnknownIdError, match="no user 4040"):
        cinema.recommendations(4040)
    with pytest.raises(UnknownIdError, match="strategy 'luck'"):
        cinema.recommendations(fan, strategy="luck")
    for ask in (lambda: cinema.trending(genre="Opera"), lambda: cinema.movies(genre="Opera")):
        with pytest.raises(UnknownIdError, match="'Opera'") as caught:
            ask()
        assert "Comedy, Crime" in str(caught.value)


def test_recommendations_are_unseen_personal_and_explained(cinema: Cinema, fan: int) -> None:
    answer = cinema.recommendations(fan, 8, discovery=0.0)
    seen = {101, 102, 103, 109, 115, 104, 121}
    assert len(answer.cards) == 8
    assert not seen & {card.film.id for card in answer.cards}
    assert [card.score for card in answer.cards] == sorted((card.score for card in answer.cards), reverse=True)
    assert sum(card.film.genres == ("Horror",) for card in answer.cards[:4]) >= 3
    assert (answer.strategy, answer.n_ratings, answer.viewer_id) == ("hybrid", 7, fan)
    assert answer.data_label == "planted (simulated viewers)"
    best = answer.cards[0]
    assert best.reason
    assert best.because
    for evidence in best.because:
        assert evidence.movie_id in seen
        assert evidence.your_rating == cinema.movie(evidence.movie_id, fan).your_rating
        assert evidence.title == cinema.movie(evidence.movie_id).title


def test_a_rating_changes_the_next_list(cinema: Cinema, fan: int) -> None:
    def listed() -> list[tuple[int, float]]:
        return [(card.film.id, card.score) for card in cinema.recommendations(fan, 10).cards]

    before = listed()
    for war in (105, 111, 117):
        cinema.rate(fan, war, 5)
    after = listed()
    assert not {105, 111, 117} & {film for film, _ in after}
    assert sum(film % 6 == 105 % 6 for film, _ in after) > sum(film % 6 == 105 % 6 for film, _ in before)
    for war in (105, 111, 117):
        cinema.rate(fan, war, None)
    assert listed() == before


def test_a_strategy_can_be_asked_for(cinema: Cinema, fan: int, newcomer: int) -> None:
    assert cinema.recommendations(fan, strategy="popular").strategy == "popular"
    cold = cinema.recommendations(newcomer)
    assert cold.strategy == "statistical"
    assert "0 of the 5 ratings" in cold.because


def test_similar_films_are_close_and_unseen(cinema: Cinema, fan: int) -> None:
    cards = cinema.similar(103, 6, fan)
    ids = {card.film.id for card in cards}
    assert 103 not in ids
    assert not ids & {101, 102, 109, 115, 104, 121}
    assert cards[0].film.genres == ("Horror",)
    assert {109, 115} & {card.film.id for card in cinema.similar(103, 9)}


def test_trending_is_what_was_rated_most_lately(cinema: Cinema, dataset: Dataset) -> None:
    cards = cinema.trending(5)
    recent = dataset.times > dataset.times.max() - 90 * 86_400
    counts = np.bincount(dataset.movies[recent], minlength=61)
    assert counts[cards[0].film.id - 100] >= np.sort(counts)[-6]
    assert {card.film.genres for card in cinema.trending(5, "horror")} == {("Horror",)}


def test_search_finds_by_title_and_people(cinema: Cinema) -> None:
    assert cinema.search("war b")[0].title == "War B"
    assert [film.id for film in cinema.search("lupino")] == [103]
    assert cinema.search("?!") == ()


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("genre", [None, "WAR"])
def test_paging_shows_every_film_once_in_one_order(cinema: Cinema, sort: str, genre: str | None) -> None:
    whole = cinema.movies(n=100, sort=sort, genre=genre)
    assert whole.next_cursor is None
    seen, cursor = [], None
    while True:
        page = cinema.movies(cursor, 7, genre, sort)
        assert page.total == whole.total == (61 if genre is None else 10)
        seen += page.films
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(seen) == whole.films
    assert len({film.id for film in seen}) == whole.total


def test_orders_are_what_they_say(cinema: Cinema) -> None:
    counts = [film.rating_count for film in cinema.movies(n=100).films]
    assert counts == sorted(counts, reverse=True)
    titles = [film.title for film in cinema.movies(n=100, sort="title").films]
    assert titles == sorted(titles, key=str.casefold)
    years = [film.year or 0 for film in cinema.movies(n=100, sort="newest").films]
    assert years == sorted(years, reverse=True)
    assert cinema.movies(n=1, sort="rating").films[0].rating_count > 10
    with pytest.raises(InputError, match="order 'luck'"):
        cinema.movies(sort="luck")


def test_a_cursor_holds_while_people_rate_and_until_the_order_changes(
    cinema: Cinema, fan: int, dataset: Dataset, build: Callable[[Dataset], Recommender]
) -> None:
    first = cinema.movies(n=10, sort="rating")
    for film in cinema.movies(n=30).films:
        cinema.rate(fan, film.id, 5)
    second = cinema.movies(first.next_cursor, 10, sort="rating")
    assert not {film.id for film in first.films} & {film.id for film in second.films}
    by_title = cinema.movies(n=10, sort="title").next_cursor
    cinema.recommender = build(dataset.select(dataset.users > 60))
    with pytest.raises(StaleCursorError, match="order of the films has changed"):
        cinema.movies(first.next_cursor, 10, sort="rating")
    assert len(cinema.movies(by_title, 10, sort="title").films) == 10


def test_a_cursor_belongs_to_its_list(cinema: Cinema) -> None:
    cursor = cinema.movies(n=10).next_cursor
    with pytest.raises(InputError, match="another order or genre"):
        cinema.movies(cursor, 10, sort="title")
    with pytest.raises(InputError, match="another order or genre"):
        cinema.movies(cursor, 10, genre="War")


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except InputError:
        return
    assert cursor.start >= 0


@given(st.text(), st.none() | st.text(), st.text(), st.integers(0, 10**9))
def test_cursors_travel(sort: str, genre: str | None, mark: str, start: int) -> None:
    assert Cursor.parse(Cursor(sort, genre, mark, start).text()) == Cursor(sort, genre, mark, start)


@pytest.mark.parametrize("n", [0, -1, 101])
def test_lists_have_a_sensible_length(cinema: Cinema, fan: int, n: int) -> None:
    for ask in (
        lambda: cinema.recommendations(fan, n),
        lambda: cinema.movies(n=n),
        lambda: cinema.search("a", n),
        lambda: cinema.onboarding(n=n),
    ):
        with pytest.raises(InputError, match="1 to 100 films"):
            ask()


@pytest.mark.parametrize("value", [0, 0.4, 3.25, 5.5, -1, float("nan"), float("inf")])
def test_only_stars_of_the_scale_are_ratings(cinema: Cinema, fan: int, value: float) -> None:
    with pytest.raises(InputError, match=r"0\.5 to 5 in half steps"):
        cinema.rate(fan, 110, value)
    with pytest.raises(InputError, match="half steps"):
        cinema.onboard(ratings={110: value})
    assert cinema.movie(110, fan).your_rating is None


def test_the_scale_is_that_of_the_data(store: Store, dataset: Dataset, build: Callable[[Dataset], Recommender]) -> None:
    whole = Cinema(build(replace(dataset, scale=(1.0, 5.0))), store)
    assert whole.star_values == (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
    watched = replace(dataset, explicit=False, values=np.ones_like(dataset.values))
    assert Cinema(build(watched), store).star_values == (1.0,)


def test_rating_says_what_is_on_record(cinema: Cinema, newcomer: int) -> None:
    rated = cinema.rate(newcomer, 110, 3.5)
    assert (rated.movie_id, rated.value, rated.n_ratings) == (110, 3.5, 1)
    assert [(own.film.id, own.film.your_rating) for own in cinema.ratings(newcomer)] == [(110, 3.5)]
    assert cinema.rate(newcomer, 110, None).n_ratings == 0
    assert cinema.ratings(newcomer) == ()


def test_newcomers_are_asked_about_known_and_divisive_films_of_many_genres(cinema: Cinema, fan: int) -> None:
    films = cinema.onboarding()
    assert len(films) == len({film.id for film in films}) == 12
    assert len({film.genres for film in films[:6]}) == 6
    counts = [film.rating_count for film in cinema.movies(n=100).films]
    assert np.mean([film.rating_count for film in films]) > np.mean(counts)
    assert min(film.rating_count for film in films) > np.quantile(counts, 0.25)
    more = cinema.onboarding(exclude=[*(film.id for film in films), 999])
    assert not {film.id for film in films} & {film.id for film in more}
    assert not {film.id for film in cinema.onboarding(fan, n=60)} & {101, 102, 103, 109, 115, 104, 121}
    assert 160 not in {film.id for film in cinema.onboarding(n=100)}


def test_divisive_films_come_before_films_that_all_agree_on(
    store: Store, dataset: Dataset, build: Callable[[Dataset], Recommender]
) -> None:
    """Of two films with the same number of ratings the one that splits opinions is asked about first."""
    values = dataset.values.copy()
    values[dataset.movies == 0] = 3.0
    halves = np.flatnonzero(dataset.movies == 6)
    values[halves] = np.where(np.arange(len(halves)) % 2, 0.5, 5.0)
    asked = [film.id for film in Cinema(build(replace(dataset, values=values)), store).onboarding(n=60)]
    assert asked.index(106) < asked.index(100)


def test_onboarding_makes_a_viewer_with_a_session(cinema: Cinema) -> None:
    session = cinema.onboard("  Ada   Lovelace ", {103: 5, 109: 4.5}, ["horror", "War"])
    assert session.name == "Ada Lovelace"
    assert session.viewer_id > 120
    assert cinema.viewer_of(session.token) == session.viewer_id
    assert session.token not in repr(session)
    assert cinema.store.favourite_genres(session.viewer_id) == ("Horror", "War")
    assert [own.film.id for own in cinema.ratings(session.viewer_id)] == [109, 103]
    cinema.sign_out(session.token)
    assert cinema.viewer_of(session.token) is None
    assert cinema.viewer_of(cinema.sign_in(session.viewer_id).token) == session.viewer_id


@pytest.mark.parametrize("name", ["x" * 81, "a\x00b", "a\u202eb", "\ud800"])
def test_names_are_short_and_visible(cinema: Cinema, name: str) -> None:
    with pytest.raises(InputError, match="name has"):
        cinema.onboard(name)


@pytest.mark.parametrize("name", [None, "", "   "])
def test_a_name_is_not_needed(cinema: Cinema, name: str | None) -> None:
    assert cinema.onboard(name).name is None


def test_a_new_release_goes_live_at_once(
    cinema: Cinema, fan: int, dataset: Dataset, build: Callable[[Dataset], Recommender]
) -> None:
    assert cinema.movie(100).rating_count > 0
    cinema.recommender = build(replace(dataset.select(dataset.movies != 0), name="next"))
    assert cinema.movie(100).rating_count == 0
    assert cinema.recommendations(fan).data_label == "next (simulated viewers)"

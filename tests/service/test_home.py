"""The first page: rows with true titles, no film twice, more of each row, and one question for newcomers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.errors import InputError, StoreError
from matinee.ranking import Hybrid, HybridConfig, Recommender
from matinee.ranking.shelves import StalePageError
from matinee.ranking.taste import Slider
from matinee.releases import assemble
from matinee.service import Card, Cinema, Home
from matinee.service.slots import draw
from matinee.store import Limits, Slot, Store

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


# What was shown


class Calendar:
    """A clock that is set by hand, near the real day: ratings carry the time at which they are given."""

    def __init__(self) -> None:
        self.now = (time.time() // 86_400 + 0.5) * 86_400

    def __call__(self) -> float:
        return self.now

    def sleep(self, days: int = 1) -> None:
        self.now += days * 86_400


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def days(recommender: Recommender, store: Store, calendar: Calendar) -> Cinema:
    """A cinema that is visited day by day."""
    return Cinema(recommender, store, clock=calendar)


def visit(cinema: Cinema, viewer: int, n: int = 5) -> Home:
    home = cinema.home(viewer, n)
    cinema.remember_page(viewer, home)
    return home


def test_the_same_day_shows_the_same_page_and_tomorrow_another(days: Cinema, calendar: Calendar, fan: int) -> None:
    today = visit(days, fan)
    assert visit(days, fan) == today
    calendar.now += 3600
    assert days.home(fan, 5) == today
    calendar.sleep()
    tomorrow = days.home(fan, 5)
    assert tomorrow.day == today.day + 1
    assert shown(tomorrow) != shown(today)


def test_films_shown_in_vain_give_way_and_opened_ones_do_not(
    days: Cinema, calendar: Calendar, fan: int, store: Store
) -> None:
    first = visit(days, fan, 3)
    stale, opened = (card.film.id for card in first.shelves[0].cards[:2])
    for _ in range(8):
        assert days.opened(fan, opened)
        calendar.sleep()
        with_both = [card.film.id for card in days.home(fan, 3).shelves[0].cards]
        days.remember_page(fan, replace(first, day=days.home(fan, 3).day))
    assert opened in with_both
    assert stale not in with_both or with_both.index(stale) > with_both.index(opened), "they have changed places"
    assert store.memory(fan, days.home(fan).day).in_vain[stale] == 8


def test_more_of_a_row_is_remembered_with_its_places(days: Cinema, fan: int, store: Store, calendar: Calendar) -> None:
    home = visit(days, fan)
    cursor = home.shelves[0].next_cursor
    assert cursor is not None
    onward = days.more(cursor, 4, fan)
    assert onward is not None
    assert onward.start == 5
    days.remember_row(fan, onward)
    calendar.sleep()
    assert {card.film.id for card in onward.cards} <= store.memory(fan, days.home(fan).day).in_vain.keys()


def test_nothing_is_remembered_of_strangers(days: Cinema, store: Store) -> None:
    home = days.home()
    days.remember_page(None, home)
    assert home.tried is None
    assert not days.opened(None, home.shelves[0].cards[0].film.id)


def test_a_log_that_fails_breaks_no_page(
    days: Cinema, fan: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    home = days.home(fan, 5)
    for name in ("remember", "mark_opened", "memory", "slot_counts"):
        monkeypatch.setattr(days.store, name, fail)
    days.remember_page(fan, home)
    days.remember_row(fan, home.shelves[0])
    assert not days.opened(fan, 110)
    without = days.home(fan, 5)
    assert shown(without)
    assert without.tried is None
    assert caplog.text.count("the disk is full") >= 4


def test_a_newcomer_is_asked_one_question_and_not_the_same_again(
    dataset: Dataset, store: Store, calendar: Calendar, newcomer: int
) -> None:
    hybrid = Hybrid.unfitted(HybridConfig(weights={"svd": 0.8, "popular": 0.2})).fit(dataset)
    cinema = Cinema(
        Recommender(assemble(dataset, hybrid.engines, ranking=hybrid.config.settings())), store, clock=calendar
    )
    first = visit(cinema, newcomer).question
    assert first is not None
    assert first.film.your_rating is None
    assert 0 < first.learned < 1
    skipped = cinema.home(newcomer, skipped=[first.film.id, 999_999]).question
    assert skipped is not None
    assert skipped.film != first.film
    assert skipped.learned <= first.learned
    assert visit(cinema, newcomer).question == first, "the question of the day"
    calendar.sleep()
    later = cinema.home(newcomer).question
    assert later is not None
    assert later.film != first.film
    for film in (103, 109, 115, 121, 127):
        cinema.rate(newcomer, film, 4)
    assert cinema.home(newcomer).question is None


# The place that is given away to learn


@pytest.fixture
def explored(dataset: Dataset, store: Store, calendar: Calendar) -> Cinema:
    hybrid = Hybrid.unfitted(HybridConfig(weights={"ease": 0.8, "popular": 0.2})).fit(dataset)
    release = assemble(dataset, hybrid.engines, ranking=hybrid.config.settings())
    return Cinema(Recommender(release), store, clock=calendar)


def test_the_place_is_drawn_once_a_day_and_logged(explored: Cinema, calendar: Calendar, fan: int, store: Store) -> None:
    assert explored._programme.explorers == ("collaborative", "statistical")
    home = visit(explored, fan)
    assert home.tried is not None
    (different,) = [shelf for shelf in home.shelves if shelf.kind == "different"]
    assert different.cards[0].film.id == home.tried.movie_id
    assert home.tried.propensity == pytest.approx(0.5, abs=1e-3), "nothing is known yet"
    assert store.memory(fan, home.day).slot == Slot(home.tried.strategy, home.tried.propensity)
    assert visit(explored, fan) == home
    calendar.sleep()
    wanted = (1, 0) if explored.opened(fan, home.tried.movie_id) else None
    assert store.slot_counts(home.day + 1) == {home.tried.strategy: wanted}
    assert store.slot_counts(home.day) == {}


def test_what_is_wanted_is_tried_more_often(explored: Cinema, store: Store) -> None:
    strategies = explored._programme.explorers
    day = explored.home().day
    counts = {strategies[0]: (30, 70), strategies[1]: (3, 97)}
    drawn = [draw(strategies, counts, viewer, day) for viewer in range(400)]
    often = sum(choice.strategy == strategies[0] for choice in drawn) / 400
    chances = {choice.strategy: choice.propensity for choice in drawn}
    assert often == pytest.approx(chances[strategies[0]], abs=0.03)
    assert chances[strategies[0]] > 0.9
    assert sum(chances.values()) == pytest.approx(1)
    assert draw(strategies, counts, 7, day) == draw(strategies, counts, 7, day)
    assert draw(strategies, {"gone": (9, 1)}, 7, day).propensity == pytest.approx(0.5, abs=1e-3)


def test_where_nobody_competes_nobody_explores(dataset: Dataset, store: Store, calendar: Calendar, fan: int) -> None:
    hybrid = Hybrid.unfitted(HybridConfig(weights={"popular": 1.0})).fit(dataset)
    release = assemble(dataset, hybrid.engines, ranking=hybrid.config.settings())
    cinema = Cinema(Recommender(release), store, clock=calendar)
    assert cinema.home(fan).tried is None


# The dial


def test_the_dial_reaches_the_page_and_the_lists(cinema: Cinema, fan: int) -> None:
    def fame(found: Iterable[Card]) -> float:
        return float(np.mean([card.film.rating_count for card in found]))

    usual = cinema.home(fan, 5)
    counts, lists = [], []
    for dial in (0.0, 1.0):
        cinema.set_settings(fan, Limits(discovery=dial))
        counts.append(fame(check_home(cinema, fan, 5).shelves[0].cards))
        lists.append(cinema.recommendations(fan, 5).cards)
    assert counts[1] < counts[0], "discovery looks past the famous"
    assert fame(lists[1]) < fame(lists[0])
    assert cinema.recommendations(fan, 5, discovery=0.0).cards == lists[0], "a list may have a dial of its own"
    cinema.undo(fan)
    cinema.undo(fan)
    assert cinema.settings(fan).discovery is None
    assert cinema.home(fan, 5) == usual


@pytest.mark.parametrize("dial", [-0.1, 1.1, float("nan")])
def test_the_dial_has_ends(cinema: Cinema, fan: int, dial: float) -> None:
    with pytest.raises(InputError, match="0 to 1"):
        cinema.set_settings(fan, Limits(discovery=dial))

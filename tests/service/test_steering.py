"""How people steer: what each thing they say does to the next list, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.errors import InputError, SettingsError, UnknownIdError
from matinee.ranking import Recommender
from matinee.ranking.taste import Slider
from matinee.service import Cinema
from matinee.service.person import person_of, thumb_values
from matinee.service.steering import NothingToUndoError
from matinee.store import Limits, Opinion, Store


def listed(cinema: Cinema, viewer: int, n: int = 40) -> list[int]:
    return [card.film.id for card in cinema.recommendations(viewer, n, discovery=0.0).cards]


def profile(cinema: Cinema, viewer: int) -> dict[int, float]:
    catalogue, data = cinema.recommender.catalogue, cinema.recommender.info.data
    person = person_of(cinema.store.account(viewer), catalogue, data)
    ids = catalogue.ids.ids[person.profile.movies].tolist()
    return dict(zip(ids, person.profile.values.tolist(), strict=True))


@pytest.mark.parametrize("kind", ["not_for_me", "hidden", "dislike", "watched", "like"])
def test_what_is_not_wanted_or_seen_is_gone_at_once_and_comes_back(cinema: Cinema, fan: int, kind: str) -> None:
    before = listed(cinema, fan)
    said = cinema.say(fan, before[0], kind)
    assert (said.kinds, said.can_undo) == ((kind,), True)
    assert before[0] not in listed(cinema, fan)
    assert before[0] not in [film.id for film in cinema.search("horror", 60, fan)]
    assert before[0] in [film.id for film in cinema.search("horror", 60, fan, seen=True)]
    assert before[0] in [film.id for film in cinema.movies(n=100, viewer_id=fan).films]
    assert cinema.undo(fan).movie_id == before[0]
    assert listed(cinema, fan) == before


def test_films_that_a_release_lacks_are_left_out(cinema: Cinema, fan: int) -> None:
    account = cinema.store.account(fan)
    stranger = Opinion(movie_id=10**9, value=5.0, rated_at=None, position=0)
    catalogue, data = cinema.recommender.catalogue, cinema.recommender.info.data
    known = person_of(account, catalogue, data).profile
    more = person_of(replace(account, ratings=(stranger, *account.ratings)), catalogue, data).profile
    assert more.movies.tolist() == known.movies.tolist()
    assert more.times.tolist() == known.times.tolist()


def test_a_watchlist_changes_no_list(cinema: Cinema, fan: int) -> None:
    before = listed(cinema, fan)
    cinema.say(fan, before[0], "watchlist")
    assert listed(cinema, fan) == before
    assert [(each.film.id, each.kind) for each in cinema.said(fan, "watchlist")] == [(before[0], "watchlist")]
    assert cinema.movie(before[0], fan).your_feedback == ("watchlist",)
    assert cinema.said(fan, "hidden") == ()


def test_thumbs_count_like_stars_where_there_are_none(cinema: Cinema, newcomer: int) -> None:
    cinema.say(newcomer, 103, "like")
    cinema.say(newcomer, 101, "dislike")
    cinema.say(newcomer, 104, "like")
    cinema.rate(newcomer, 104, 2.0)
    assert profile(cinema, newcomer) == {103: 4.5, 101: 1.0, 104: 2.0}
    assert cinema.movie(103, newcomer).your_rating is None
    assert cinema.movie(104, newcomer).your_rating == 2.0


def test_cards_speak_of_a_thumb_and_not_of_stars(cinema: Cinema, newcomer: int) -> None:
    for film in (103, 109, 115, 121, 127, 133):
        cinema.say(newcomer, film, "like")
    answer = cinema.recommendations(newcomer, 10)
    spoken = [card for card in answer.cards if card.because]
    assert spoken
    for card in spoken:
        assert "stars" not in card.reason
        assert all(each.your_rating == 4.5 for each in card.because)
    assert any("you liked Horror" in card.reason for card in spoken)
    assert not any("gave" in shelf.title for shelf in cinema.home(newcomer).shelves)


def test_dont_learn_takes_a_film_out_of_the_profile_and_leaves_it_seen(cinema: Cinema, fan: int) -> None:
    before = listed(cinema, fan)
    cinema.say(fan, 109, "dont_learn")
    assert 109 not in profile(cinema, fan)
    assert len(profile(cinema, fan)) == 6
    after = cinema.recommendations(fan, 40, discovery=0.0)
    assert after.n_ratings == 6
    assert 109 not in [card.film.id for card in after.cards]
    assert all(each.movie_id != 109 for card in after.cards for each in card.because)
    assert cinema.movie(109, fan).your_rating == 5.0
    cinema.undo(fan)
    assert listed(cinema, fan) == before


def test_a_list_without_learning_is_that_of_somebody_who_never_said_it(cinema: Cinema, fan: int) -> None:
    twin = cinema.onboard(ratings={101: 1.0, 102: 1.5, 103: 4.5, 115: 4.5, 104: 1.0, 121: 4.5}).viewer_id
    cinema.say(fan, 109, "dont_learn")
    cinema.say(twin, 109, "watched")
    assert listed(cinema, fan) == listed(cinema, twin)


def test_sliders_lift_lower_and_bar(cinema: Cinema, fan: int) -> None:
    def wars(n: int = 10) -> int:
        return sum(film % 6 == 105 % 6 for film in listed(cinema, fan, n))

    plain = wars()
    cinema.set_taste(fan, [Slider("genre", "War", 2)])
    assert wars() > plain
    cinema.set_taste(fan, [Slider("genre", "war", -2), Slider("decade", "1960s", -2)])
    assert wars(60) == 0
    assert all((cinema.movie(film).year or 0) >= 1970 or film == 105 for film in listed(cinema, fan, 60))
    state = cinema.taste(fan)
    assert [(each.kind, each.name, each.level, each.films) for each in state.sliders] == [
        ("decade", "1960s", -2, 9),
        ("genre", "war", -2, 10),
    ]
    assert state.genres == tuple(cinema.genres)
    assert state.decades[-1] == "1960s"
    cinema.undo(fan)
    assert [each.level for each in cinema.taste(fan).sliders] == [2]
    cinema.undo(fan)
    assert cinema.taste(fan).sliders == ()
    assert wars() == plain


def test_limits_hold_in_every_list_and_unknown_values_keep_none(cinema: Cinema, fan: int) -> None:
    stored = cinema.set_settings(fan, Limits(min_year=1990, max_year=2010))
    assert (stored.min_year, stored.max_year, stored.available) == (1990, 2010, ())
    years = [cinema.movie(film).year for film in listed(cinema, fan, 60)]
    assert years
    assert all(year is not None and 1990 <= year <= 2010 for year in years)
    page = cinema.movies(n=100, viewer_id=fan)
    assert page.total == len(page.films) == 21
    # Of the small catalogue nobody knows an age.
    cinema.set_settings(fan, Limits(max_age=18))
    assert listed(cinema, fan) == []
    assert cinema.trending(10, None, fan) == cinema.search("war", 10, fan) == cinema.onboarding(fan) == ()
    assert cinema.home(fan).shelves == ()
    cinema.undo(fan)
    assert cinema.settings(fan) == stored


def test_a_list_of_available_films_counts_while_its_switch_is_on(cinema: Cinema, fan: int) -> None:
    cinema.set_settings(fan, Limits(only_available=True), [103, 110, 111, 112])
    assert set(listed(cinema, fan)) == {110, 111, 112}
    off = cinema.set_settings(fan, Limits())
    assert off.available == (103, 110, 111, 112)
    assert len(listed(cinema, fan)) == 40


def test_impossible_settings_and_unknown_names_are_refused(cinema: Cinema, fan: int) -> None:
    with pytest.raises(SettingsError, match="between 2000 and 1990"):
        cinema.set_settings(fan, Limits(min_year=2000, max_year=1990))
    with pytest.raises(UnknownIdError, match="no movie 7"):
        cinema.set_settings(fan, Limits(), [103, 7])
    with pytest.raises(UnknownIdError, match="no movie 7"):
        cinema.say(fan, 7, "like")
    with pytest.raises(UnknownIdError, match="no movie 7"):
        cinema.why_not(fan, 7)
    with pytest.raises(InputError, match="no feedback 'love'"):
        cinema.said(fan, "love")
    with pytest.raises(InputError, match="up to 500"):
        cinema.set_taste(fan, [Slider("person", f"P{number}", 1) for number in range(501)])
    with pytest.raises(InputError, match="cursor cannot be read"):
        cinema.history(fan, 5, "²")
    with pytest.raises(NothingToUndoError):
        cinema.undo(fan)


def test_why_not_names_every_rule_or_the_place(cinema: Cinema, fan: int) -> None:
    order = listed(cinema, fan, 60)
    for place in (0, 5, len(order) - 1):
        audit = cinema.why_not(fan, order[place])
        assert (audit.shown, audit.place, audit.n_allowed, audit.bars) == (True, place + 1, len(order), ())
        assert audit.answer == f"Nothing bars it: it stands at place {place + 1} of {len(order)}."
    cinema.say(fan, 103, "hidden")
    cinema.set_taste(fan, [Slider("person", "Ida Lupino", -2)])
    cinema.set_settings(fan, Limits(max_runtime=60))
    audit = cinema.why_not(fan, 103)
    assert [each.rule for each in audit.bars] == ["seen", "hidden", "person", "runtime"]
    assert (audit.shown, audit.place) == (False, None)
    assert audit.answer.endswith("It takes 80 minutes, and your limit is 60.")


def test_history_tells_everything_newest_first_in_parts(cinema: Cinema, fan: int) -> None:
    cinema.say(fan, 110, "watchlist")
    cinema.rate(fan, 112, 3.0)
    cinema.say(fan, 112, "dont_learn")
    told, cursor = [], None
    while True:
        part = cinema.history(fan, 2, cursor)
        told += [(each.film.id, each.what, each.value) for each in part.items]
        cursor = part.next_cursor
        if cursor is None:
            break
    assert told[:3] == [(112, "dont_learn", None), (112, "rating", 3.0), (110, "watchlist", None)]
    assert len(told) == 10
    assert len(set(told)) == 10
    assert told[-1] == (101, "rating", 1.0)


def test_preferences_are_the_averages_of_the_stars(cinema: Cinema, fan: int) -> None:
    cinema.set_taste(fan, [Slider("genre", "horror", 1)])
    found = cinema.preferences(fan)
    assert (found.n_ratings, found.mean) == (7, pytest.approx(np.mean([1, 1.5, 4.5, 5, 4.5, 1, 4.5]), abs=1e-3))
    horror = found.genres[0]
    assert (horror.name, horror.count, horror.mean, horror.level) == ("Horror", 4, 4.625, 1)
    assert {each.name for each in found.decades} == {"1960s", "1970s", "1980s"}
    assert sum(each.count for each in found.decades) == 7
    # Everybody is in one of their films only.
    assert found.people == ()
    empty = cinema.preferences(cinema.onboard().viewer_id)
    assert (empty.n_ratings, empty.mean, empty.genres) == (0, None, ())


def test_where_people_only_watched_a_thumb_up_counts_as_that(
    recommender: Recommender, store: Store, build: Callable[[Dataset], Recommender], dataset: Dataset
) -> None:
    data = recommender.info.data
    assert thumb_values(data) == {"like": 4.5, "dislike": 1.0}
    assert thumb_values(replace(data, scale=(1.0, 5.0))) == {"like": 4.5, "dislike": 1.5}
    assert thumb_values(replace(data, explicit=False)) == {"like": 1.0, "watched": 1.0}
    watched = replace(dataset, values=np.ones_like(dataset.values), explicit=False, scale=(1.0, 1.0))
    cinema = Cinema(build(watched), store)
    viewer = cinema.onboard().viewer_id
    for film, kind in ((103, "like"), (109, "watched"), (101, "dislike")):
        cinema.say(viewer, film, kind)
    assert profile(cinema, viewer) == {103: 1.0, 109: 1.0}
    assert not {101, 103, 109} & set(listed(cinema, viewer, 60))


def test_somebody_unknown_steers_nothing(cinema: Cinema) -> None:
    for ask in (
        lambda: cinema.say(999, 103, "like"),
        lambda: cinema.said(999),
        lambda: cinema.undo(999),
        lambda: cinema.taste(999),
        lambda: cinema.set_taste(999, []),
        lambda: cinema.settings(999),
        lambda: cinema.set_settings(999, Limits()),
        lambda: cinema.why_not(999, 103),
        lambda: cinema.history(999),
        lambda: cinema.preferences(999),
    ):
        with pytest.raises(UnknownIdError, match="no user 999"):
            ask()

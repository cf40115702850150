"""The page: no film twice, nothing barred, true titles, and cursors that never repeat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Catalogue, Dataset
from matinee.errors import InputError, SettingsError
from matinee.ranking import Hybrid, Policy, Recommender
from matinee.ranking.shelves import Page, PageConfig, Person, Screen, ShelfCursor, StalePageError, build_page, more
from matinee.ranking.shelves.rotation import RotationConfig, chance, rotated
from matinee.ranking.shelves.series import Series
from matinee.releases import assemble
from matinee.testing.worlds import latent
from matinee.types import Profile

N = 120
SMALL = PageConfig(n=6, smallest=3)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Films with runtimes and ages; every tenth film and the two after it are one series; film 8 is film 7 again."""
    made = latent(n_users=150, n_movies=N, per_user=25)
    movies = made.catalogue.movies.with_columns(
        runtime=pl.Series([80 + i % 50 for i in range(N)], dtype=pl.Int32),
        age=pl.Series([(0, 6, 12, 16, 18, None)[i % 6] for i in range(N)], dtype=pl.Int16),
        franchise=pl.Series([f"Saga {i // 10}" if i % 10 < 3 else None for i in range(N)]),
        title=pl.Series(["Film 8" if i == 8 else f"Film {i + 1}" for i in range(N)]),
        year=pl.Series([1957 if i in (7, 8) else 1950 + i % 70 for i in range(N)], dtype=pl.Int32),
        tmdb_id=pl.Series([5 if i in (7, 8) else 1000 + i for i in range(N)], dtype=pl.Int64),
    )
    return replace(made, catalogue=Catalogue(movies))


@pytest.fixture(scope="module")
def screen(dataset: Dataset) -> Screen:
    hybrid = Hybrid.unfitted().fit(dataset)
    return Screen(Recommender(assemble(dataset, hybrid.engines, ranking=hybrid.config.settings())))


def movies_of(page: Page) -> list[int]:
    return [item.movie for row in page.rows for item in row.items]


people = st.builds(
    lambda rated, hidden, age, runtime, shown, day, genres: Person(
        profile=Profile.of([movie for movie, _ in rated], [value for _, value in rated]),
        policy=Policy(hidden=frozenset(hidden), max_age=age, max_runtime=runtime),
        shown=shown,
        day=day,
        genres=genres,
    ),
    st.lists(
        st.tuples(st.integers(0, N - 1), st.sampled_from([0.5, 3.0, 4.5, 5.0])), max_size=50, unique_by=lambda p: p[0]
    ),
    st.sets(st.integers(0, N - 1), max_size=5),
    st.sampled_from([None, 6, 16]),
    st.sampled_from([None, 100]),
    st.dictionaries(st.integers(0, N - 1), st.integers(0, 9), max_size=20),
    st.integers(0, 30_000),
    st.sampled_from([(), ("Horror",), ("Drama", "Nothing")]),
)


@settings(max_examples=15, deadline=None)
@given(person=people)
def test_no_film_twice_nothing_barred_and_cursors_never_repeat(screen: Screen, person: Person) -> None:
    page = build_page(screen, person, SMALL)
    shown = movies_of(page)
    assert len(shown) == len(set(shown))
    assert len({row.key for row in page.rows}) == len(page.rows) <= SMALL.rows
    open_to = screen.recommender.filters.allowed(person.policy, person.profile)
    lenient = screen.recommender.filters.allowed(replace(person.policy, seen=False), person.profile)
    assert page.known == (len(person.profile) >= 5)
    for place, row in enumerate(page.rows):
        assert row.title
        assert row.note
        assert all(item.reason for item in row.items)
        assert len(row.items) >= (3 if place else 1)
        assert len(row.items) <= 6
    # Every row is followed to its end, knowing what the others showed; the way there goes through text.
    for row in page.rows:
        cursor = row.cursor
        while cursor is not None:
            assert ShelfCursor.parse(cursor.text(), N) == cursor
            further = more(screen, person, cursor, 20, exclude=shown)
            if further is None:
                break
            assert further.key == row.key
            assert further.title == row.title
            shown += [item.movie for item in further.items]
            cursor = further.cursor
        allowed = lenient if row.kind == "again" else open_to
        assert all(allowed[item.movie] for item in row.items)
    assert len(shown) == len(set(shown))
    fresh = [movie for movie in shown if movie not in person.profile.movies]
    assert open_to[fresh].all()
    works = screen.works.representative[fresh]
    assert len(set(works.tolist())) == len(fresh)
    # One film of each series, and no later one than the next.
    done = np.zeros(N, np.bool_)
    done[person.profile.movies] = True
    done[list(person.policy.hidden)] = True
    waiting = screen.series.not_yet(done)
    assert not waiting[fresh].any()


@settings(max_examples=8, deadline=None)
@given(person=people, strangers=st.sets(st.integers(0, N - 1), max_size=10))
def test_a_rating_on_the_way_repeats_nothing(screen: Screen, person: Person, strangers: set[int]) -> None:
    page = build_page(screen, person, SMALL)
    for row in page.rows[:2]:
        if row.cursor is not None:
            new = [movie for movie in sorted(strangers) if movie not in person.profile.movies]
            later = Profile.of(
                [*person.profile.movies.tolist(), *new], [*person.profile.values.tolist(), *[5.0] * len(new)]
            )
            further = more(screen, replace(person, profile=later), row.cursor)
            if further is not None:
                assert not {item.movie for item in further.items} & set(movies_of(page))


FAN = Person(profile=Profile.of(range(3, 50, 3), [5.0, 4.5, 2.0, 4.0] * 4), day=7)


def test_the_same_day_is_the_same_page_and_tomorrow_differs(screen: Screen) -> None:
    today = build_page(screen, FAN, SMALL)
    again = build_page(screen, FAN, SMALL)
    assert [(row.key, row.title, row.cursor) for row in again.rows] == [
        (row.key, row.title, row.cursor) for row in today.rows
    ]
    assert movies_of(again) == movies_of(today)
    tomorrow = build_page(screen, replace(FAN, day=8), SMALL)
    assert movies_of(tomorrow) != movies_of(today)
    first = {item.movie for item in today.rows[0].items}
    # What was shown on ten days in vain makes room.
    tired = replace(FAN, day=8, shown=dict.fromkeys(first, 10))
    second = {item.movie for item in build_page(screen, tired, SMALL).rows[0].items}
    assert len(first & second) < len(first & {item.movie for item in tomorrow.rows[0].items})


def test_titles_are_facts(screen: Screen, dataset: Dataset) -> None:
    page = build_page(screen, FAN, PageConfig(n=6, smallest=1, rows=20))
    rows = {row.key: row for row in page.rows}
    own = dict(zip(FAN.profile.movies.tolist(), FAN.profile.values.tolist(), strict=True))
    assert page.rows[0].key == "for-you"
    assert str(len(own)) in page.rows[0].note
    for row in page.rows:
        subject = row.key.partition("/")[2]
        if row.kind == "because":
            assert own[int(subject)] >= 4
            assert row.title.startswith(f"Because you gave {dataset.catalogue.titles[int(subject)]} ")
        if row.kind == "trending":
            place = dataset.catalogue.genre_names.index(subject)
            assert all(dataset.catalogue.genres[item.movie, place] for item in row.items)
    assert all(dataset.catalogue.runtimes[item.movie] <= 95 for item in rows["short"].items)
    assert all(own[item.movie] >= 4.5 for item in rows["again"].items)
    counts = screen.counts
    assert max(counts[item.movie] for item in rows["gems"].items) <= np.median(counts[counts > 0])
    of_movie = dataset.catalogue.franchises
    begun = {int(of_movie[movie]) for movie in own} - {-1}
    only = PageConfig(n=6, smallest=1, kinds=("series",))
    (row,) = build_page(screen, FAN, only).rows
    assert row.title == "Next in your series"
    assert {int(of_movie[item.movie]) for item in row.items} <= begun
    assert not {item.movie for item in row.items} & set(own)


def test_a_stranger_is_told_so(screen: Screen) -> None:
    page = build_page(screen, Person(), SMALL)
    assert not page.known
    assert page.rows[0].title == "Popular with everybody"
    assert "do not know you" in page.rows[0].note
    assert not {"because", "again", "different", "series"} & {row.kind for row in page.rows}
    assert page.question is not None
    asked = build_page(screen, Person(asked=frozenset({page.question.movie})), SMALL).question
    assert asked is not None
    assert asked.movie != page.question.movie
    children = Policy(max_age=6)
    fit = build_page(screen, Person(policy=children), SMALL).question
    assert fit is not None
    assert 0 <= screen.catalogue.ages[fit.movie] <= 6
    assert build_page(screen, FAN, SMALL).question is None
    hello = build_page(screen, Person(profile=Profile.of([4], [5.0])), SMALL)
    assert "1 of the 5 ratings" in hello.rows[0].note


def test_who_has_seen_everything_gets_no_filler(screen: Screen) -> None:
    full = Person(profile=Profile.of(range(N), [3.0] * N))
    assert build_page(screen, full, SMALL).rows == ()


def test_a_double_of_a_film_that_was_seen_is_not_shown(screen: Screen) -> None:
    assert screen.works.representative[7] == screen.works.representative[8]
    evening = screen.evening(Person(profile=Profile.of([8], [5.0])))
    assert not evening.open[7]
    assert screen.evening(Person()).open[[7, 8]].sum() == 1


def test_cursors_of_another_release_or_kind_are_refused(screen: Screen) -> None:
    cursor = build_page(screen, FAN, SMALL).rows[0].cursor
    assert cursor is not None
    with pytest.raises(StalePageError, match="is live now"):
        more(screen, FAN, replace(cursor, release="another"))
    with pytest.raises(InputError, match="no row"):
        more(screen, FAN, replace(cursor, key="nonsense"))
    assert more(screen, FAN, replace(cursor, key="because/x")) is None
    assert more(screen, FAN, replace(cursor, key="trending/Nothing")) is None
    text = cursor.text()
    for broken in ("", "%%", text[:-3], text[1:], text[:8] + ("A" if text[8] != "A" else "B") + text[9:]):
        with pytest.raises(InputError, match="cannot be read"):
            ShelfCursor.parse(broken, N)
    with pytest.raises(InputError, match="cannot be read"):
        ShelfCursor.parse(text, 1)
    with pytest.raises(SettingsError, match="no kind of row"):
        PageConfig(kinds=("best",))


@settings(max_examples=50, deadline=None)
@given(
    films=st.frozensets(st.integers(0, 10**6), max_size=60),
    key=st.text(max_size=20),
    seed=st.integers(-5, 10**9),
    start=st.integers(0, 999),
)
def test_a_cursor_comes_back_as_it_went(films: frozenset[int], key: str, seed: int, start: int) -> None:
    cursor = ShelfCursor(key, seed, "r1", start, films)
    assert ShelfCursor.parse(cursor.text(), 10**6 + 1) == cursor


def test_a_series_goes_on_after_what_was_watched(dataset: Dataset) -> None:
    series = Series.of(dataset.catalogue)
    done = np.zeros(N, np.bool_)
    assert series.upcoming(done).tolist()[:2] == [0, 10]
    done[[0, 10, 11, 12]] = True
    assert set(series.upcoming(done).tolist()) & set(range(20)) == {1}
    waiting = series.not_yet(done)
    assert waiting[2]
    assert not waiting[[0, 1, 3]].any()


def test_rotation_sinks_what_was_shown_in_vain() -> None:
    movies = np.arange(5, dtype=np.int32)
    scores = np.array([4, 3, 2, 1, 0], np.float32)
    config = RotationConfig(shuffle=0)
    assert np.allclose(rotated(scores, movies, {}, 0, config), [1, 0.75, 0.5, 0.25, 0])
    assert np.allclose(rotated(scores, movies, {0: 3, 1: 999}, 0, config), [0.75, 0.25, 0.5, 0.25, 0])
    with pytest.raises(SettingsError, match="must not be below 0"):
        RotationConfig(half=0)


def test_chance_is_even_and_independent_of_the_others() -> None:
    movies = np.arange(20_000, dtype=np.int32)
    numbers = chance(movies, 3)
    assert np.histogram(numbers, 10, (0, 1))[0].min() > 1800
    assert np.array_equal(chance(movies[5:9], 3), numbers[5:9])
    assert abs(np.corrcoef(numbers, chance(movies, 4))[0, 1]) < 0.03

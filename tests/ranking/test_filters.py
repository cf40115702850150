"""What a policy allows, why a film is not shown, and that the two agree."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Catalogue
from matinee.errors import SettingsError, ShapeError
from matinee.ranking.filters import Filters
from matinee.ranking.policy import EVERYTHING, Policy, strictest
from matinee.types import Profile

GENRES = ["Comedy", "Drama", "Horror"]
PEOPLE = ["Ann", "Bob", "Cid"]
SERIES = ["Alien", "Saw"]
THEMES = ["sea", "war"]
LANGUAGES = ["de", "en", "fr"]


def catalogue_of(films: list[dict[str, Any]]) -> Catalogue:
    base: dict[str, Any] = {"year": None, "genres": [], "directors": [], "cast": [], "keywords": []}
    base |= {"language": None, "runtime": None, "age": None, "franchise": None}
    rows = [base | film | {"movie_id": 10 + place, "title": f"Film {place}"} for place, film in enumerate(films)]
    lists = {name: pl.List(pl.String()) for name in ("genres", "directors", "cast", "keywords")}
    plain = {"year": pl.Int32(), "runtime": pl.Int32(), "age": pl.Int16(), "language": pl.String()}
    return Catalogue.of(pl.DataFrame(rows, schema_overrides={**lists, **plain, "franchise": pl.String()}))


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2)


FILM = st.fixed_dictionaries(
    {
        "year": st.none() | st.integers(1970, 1999),
        "genres": some(GENRES),
        "directors": some(PEOPLE),
        "cast": some(PEOPLE),
        "keywords": some(THEMES),
        "language": st.none() | st.sampled_from(LANGUAGES),
        "runtime": st.none() | st.integers(60, 200),
        "age": st.none() | st.integers(0, 18),
        "franchise": st.none() | st.sampled_from(SERIES),
    }
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Catalogue, Policy, Profile]:
    films = draw(st.lists(FILM, min_size=1, max_size=12))
    movies = st.frozensets(st.integers(0, len(films) - 1), max_size=3)
    names = st.sampled_from([*PEOPLE, "ANN", "nobody"])
    years = sorted(draw(st.tuples(st.integers(1970, 1999), st.integers(1970, 1999))))
    policy = Policy(
        seen=draw(st.booleans()),
        also_seen=draw(movies),
        hidden=draw(movies),
        hidden_people=draw(st.frozensets(names, max_size=1)),
        hidden_genres=draw(st.frozensets(st.sampled_from([*GENRES, "horror"]), max_size=1)),
        hidden_franchises=draw(st.frozensets(st.sampled_from(SERIES), max_size=1)),
        hidden_themes=draw(st.frozensets(st.sampled_from(THEMES), max_size=1)),
        hidden_decades=draw(st.frozensets(st.sampled_from([1970, 1980]), max_size=1)),
        max_age=draw(st.none() | st.integers(0, 18)),
        max_runtime=draw(st.none() | st.integers(60, 200)),
        min_year=draw(st.sampled_from([None, years[0]])),
        max_year=draw(st.sampled_from([None, years[1]])),
        languages=draw(st.none() | st.frozensets(st.sampled_from(LANGUAGES))),
        available=draw(st.none() | st.frozensets(st.integers(0, len(films) - 1))),
        excluded=draw(movies),
    )
    profile = sorted(draw(movies))
    return catalogue_of(films), policy, Profile.of(profile, [4.0] * len(profile))


def objections_by_hand(catalogue: Catalogue, policy: Policy, profile: Profile, movie: int) -> set[str]:
    """The slow obvious reference: one film at a time, straight from the columns."""
    film = catalogue.movies.row(movie, named=True)
    people = {name.casefold() for name in [*film["directors"], *film["cast"]]}
    found = set()
    if policy.seen and (movie in profile.movies.tolist() or movie in policy.also_seen):
        found.add("seen")
    if movie in policy.hidden:
        found.add("hidden")
    if people & {name.casefold() for name in policy.hidden_people}:
        found.add("person")
    if {name.casefold() for name in film["genres"]} & {name.casefold() for name in policy.hidden_genres}:
        found.add("genre")
    if catalogue.franchises[movie] >= 0:
        series = catalogue.franchise_names[int(catalogue.franchises[movie])]
        if series.casefold() in {name.casefold() for name in policy.hidden_franchises}:
            found.add("franchise")
    if set(film["keywords"]) & policy.hidden_themes:
        found.add("theme")
    if film["year"] is not None and film["year"] // 10 * 10 in policy.hidden_decades:
        found.add("decade")
    if policy.max_age is not None and (film["age"] is None or film["age"] > policy.max_age):
        found.add("age")
    if policy.max_runtime is not None and (film["runtime"] is None or film["runtime"] > policy.max_runtime):
        found.add("runtime")
    if policy.min_year is not None and (film["year"] is None or film["year"] < policy.min_year):
        found.add("year")
    if policy.max_year is not None and (film["year"] is None or film["year"] > policy.max_year):
        found.add("year")
    if policy.languages is not None and film["language"] not in policy.languages:
        found.add("language")
    if policy.available is not None and movie not in policy.available:
        found.add("unavailable")
    if movie in policy.excluded:
        found.add("excluded")
    return found


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_a_film_is_allowed_exactly_when_nothing_objects(world: tuple[Catalogue, Policy, Profile]) -> None:
    catalogue, policy, profile = world
    filters = Filters(catalogue)
    allowed = filters.allowed(policy, profile)
    for movie in range(len(catalogue)):
        objections = filters.objections(policy, profile, movie)
        assert bool(allowed[movie]) == (not objections)
        assert {each.rule for each in objections} == objections_by_hand(catalogue, policy, profile, movie)
        assert all(re.fullmatch(r"[A-Z].*\.", each.text) for each in objections)


@settings(max_examples=50, deadline=None)
@given(worlds(), worlds())
def test_two_people_are_shown_what_both_may_see(
    one: tuple[Catalogue, Policy, Profile], other: tuple[Catalogue, Policy, Profile]
) -> None:
    catalogue, mine, profile = one
    theirs = Policy(
        seen=other[1].seen,
        hidden_people=other[1].hidden_people,
        hidden_genres=other[1].hidden_genres,
        max_age=other[1].max_age,
        max_runtime=other[1].max_runtime,
        languages=other[1].languages,
    )
    filters = Filters(catalogue)
    both = filters.allowed(strictest([mine, theirs]), Profile.empty())
    apart = filters.allowed(mine, Profile.empty()) & filters.allowed(theirs, Profile.empty())
    assert both.tolist() == apart.tolist()
    assert strictest([]) == EVERYTHING
    assert strictest([mine]).hidden == mine.hidden
    assert not (filters.allowed(strictest([mine, theirs]), profile) & ~both).any()


@lru_cache
def small() -> Filters:
    return Filters(
        catalogue_of(
            [
                {"age": 16, "runtime": 117, "year": 1979, "language": "en", "franchise": "Alien", "cast": ["Ann"]},
                {"genres": ["Horror"], "keywords": ["war"], "directors": ["Ann"]},
                {"age": 0, "runtime": 80, "year": 1985, "language": "de", "genres": ["Comedy"]},
            ]
        )
    )


def texts(policy: Policy, movie: int, profile: Profile | None = None) -> list[str]:
    return [each.text for each in small().objections(policy, profile or Profile.empty(), movie)]


def test_the_reasons_are_plain_sentences() -> None:
    child = Policy(max_age=12, max_runtime=90, min_year=1980, max_year=1989, languages=frozenset({"de", "fr"}))
    assert texts(child, 0) == [
        "It is for people of 16 and over, and your limit is 12.",
        "It takes 117 minutes, and your limit is 90.",
        "It is of 1979, and you asked for films from 1980 on.",
        "Its language is en, and yours are: de, fr.",
    ]
    assert texts(child, 1) == [
        "Nobody says from which age it is fit, and your limit is 12.",
        "Nobody says how long it is, and your limit is 90 minutes.",
        "Nobody says of which year it is, and you asked for films from 1980 on.",
        "Nobody says of which year it is, and you asked for films up to 1989.",
        "Nobody says in which language it is, and yours are: de, fr.",
    ]
    assert texts(child, 2) == []
    wishes = Policy(hidden_people=frozenset({"ann"}), hidden_genres=frozenset({"Horror"}), available=frozenset({0}))
    assert texts(wishes, 0) == ["You hid films with ann."]
    assert texts(wishes, 1) == [
        "You hid films with ann.",
        "You hid the genre Horror.",
        "It is not among the films you can watch.",
    ]
    assert texts(Policy(hidden_franchises=frozenset({"Alien"})), 0) == ["You hid the series Alien."]
    seen = Profile.of([2], [4.0])
    assert texts(Policy(also_seen=frozenset({2})), 2, seen) == ["You have seen it."]
    assert texts(Policy(seen=False, also_seen=frozenset({2})), 2, seen) == []


def test_what_does_not_belong_to_the_catalogue_is_refused() -> None:
    for policy in (Policy(hidden=frozenset({3})), Policy(excluded=frozenset({-1})), Policy(available=frozenset({9}))):
        with pytest.raises(ShapeError, match=r"\[0, 3\)"):
            small().allowed(policy, Profile.empty())
    with pytest.raises(ShapeError):
        small().objections(Policy(), Profile.empty(), 3)
    with pytest.raises(ShapeError):
        small().allowed(Policy(), Profile.of([5], [1.0]))


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(SettingsError, match="max_age must be at least 0; got -1"):
        Policy(max_age=-1)
    with pytest.raises(SettingsError, match="max_runtime"):
        Policy(max_runtime=0)
    with pytest.raises(SettingsError, match="between 2000 and 1990"):
        Policy(min_year=2000, max_year=1990)
    with pytest.raises(SettingsError):
        Policy(min_year=2000) & Policy(max_year=1990)


def test_a_mask_may_be_changed_without_harm() -> None:
    policy = Policy(max_age=12)
    first = small().allowed(policy, Profile.empty())
    first[:] = True
    assert small().allowed(policy, Profile.empty()).tolist() == [False, False, True]


def test_an_empty_catalogue_allows_nothing_and_fails_at_nothing() -> None:
    empty = Filters(catalogue_of([{}]))
    none = Filters(
        Catalogue.of(pl.DataFrame({"movie_id": [], "title": []}, schema={"movie_id": pl.Int64, "title": pl.String}))
    )
    assert none.allowed(Policy(max_age=1, languages=frozenset()), Profile.empty()).tolist() == []
    assert empty.allowed(Policy(languages=frozenset()), Profile.empty()).tolist() == [False]
    assert empty.allowed(Policy(), Profile.empty()).dtype == np.bool_

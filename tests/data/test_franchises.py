"""Which films are parts of one series, read from their titles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matinee.data import MOVIE_SCHEMA, Catalogue, read_catalogue
from matinee.data.franchises import franchises_from_titles
from matinee.errors import ShapeError

Film = tuple[str, int | None] | tuple[str, int | None, str]


def catalogue(*films: Film) -> Catalogue:
    """Films by title, year and genre (Drama unless given)."""
    return Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": range(1, len(films) + 1),
                "title": [film[0] for film in films],
                "year": [film[1] for film in films],
                "genres": [[film[2] if len(film) > 2 else "Drama"] for film in films],
            },
            schema_overrides={"year": pl.Int32(), "title": pl.String(), "genres": pl.List(pl.String())},
        )
    )


def franchises(*films: Film) -> list[str | None]:
    return franchises_from_titles(catalogue(*films).movies)


SERIES = [
    ("Alien", ["Alien", "Alien: Resurrection"], [1979, 1997]),
    ("Alien", ["Alien", "Alien 3"], [1979, 1992]),
    ("Rocky", ["Rocky", "Rocky II", "Rocky III", "Rocky IV", "Rocky V"], [1976, 1979, 1982, 1985, 1990]),
    ("Toy Story", ["Toy Story", "Toy Story 2", "Toy Story 3"], [1995, 1999, 2010]),
    ("The Godfather", ["The Godfather", "The Godfather: Part II", "The Godfather: Part III"], [1972, 1974, 1990]),
    (
        "Star Wars",
        ["Star Wars: Episode IV - A New Hope", "Star Wars: Episode V - The Empire Strikes Back"],
        [1977, 1980],
    ),
    ("The Lord of the Rings", ["The Lord of the Rings: The Two Towers", "The Lord of the Rings: The Return of the King"], [2002, 2003]),
    ("Kill Bill", ["Kill Bill: Vol. 1", "Kill Bill: Vol. 2"], [2003, 2004]),
    ("Mission: Impossible", ["Mission: Impossible", "Mission: Impossible II", "Mission: Impossible - Ghost Protocol"], [1996, 2000, 2011]),
    ("Hot Shots!", ["Hot Shots!", "Hot Shots! Part Deux"], [1991, 1993]),
    ("John Wick", ["John Wick", "John Wick: Chapter Two"], [2014, 2017]),
    ("The Terminator", ["The Terminator", "Terminator 2: Judgment Day"], [1984, 1991]),
    ("Friday the 13th", ["Friday the 13th", "Friday the 13th Part VIII: Jason Takes Manhattan"], [1980, 1989]),
    ("Police Academy", ["Police Academy", "Police Academy 2: Their First Assignment"], [1984, 1985]),
    ("Back to the Future", ["Back to the Future", "Back to the Future Part II"], [1985, 1989]),
    (
        "Indiana Jones",
        ["Indiana Jones and the Temple of Doom", "Indiana Jones and the Last Crusade", "Indiana Jones and the Kingdom of the Crystal Skull"],
        [1984, 1989, 2008],
    ),
    ("Babe", ["Babe", "Babe: Pig in the City"], [1995, 1998]),
    ("The Karate Kid", ["The Karate Kid", "The Karate Kid, Part II"], [1984, 1986]),
    ("Che", ["Che: Part One", "Che: Part Two"], [2008, 2008]),
    ("Pokémon", ["Pokémon: The First Movie", "Pokemon 2: The Power of One", "Pokémon 3: The Movie"], [1998, 1999, 2001]),
    ("The Human Condition", ["The Human Condition I", "The Human Condition II"], [1959, 1959]),
    ("Ice Age", ["Ice Age", "Ice Age 4: Continental Drift"], [2002, 2012]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "titles", "years"), SERIES, ids=[f"{each[1][0]} +{len(each[1]) - 1}" for each in SERIES]
)
def test_parts_of_a_series_are_found(name: str, titles: list[str], years: list[int]) -> None:
    assert franchises(*zip(titles, years, strict=True), ("Casablanca", 1942)) == [name] * len(titles) + [None]


FALSE_FRIENDS: list[list[Film]] = [
    [("Se7en", 1995), ("Seven", 1979)],
    [("12 Angry Men", 1957), ("12 Angry Men", 1997)],
    [("2001: A Space Odyssey", 1968), ("2001: Making Myths", 2001)],
    [("Frozen", 2013), ("Frozen River", 2008)],
    [("Apollo 13", 1995), ("Apollo 18", 2011)],
    [("Super", 2010), ("Super 8", 2011)],
    [("District", 2004), ("District 9", 2009)],
    [("Henry", 1998), ("Henry V", 1989), ("Henry IV", 1984)],
    [("Richard II", 1997), ("Richard III", 1995)],
    [("Malcolm", 1986), ("Malcolm X", 1992)],
    [("The Mission", 1986), ("Mission to Mars", 2000)],
    [("King Kong", 1933), ("King Kong", 2005)],
    [("Stalag 17", 1953), ("Area 51", 2015)],
    [("The Thing", 1982), ("The Thing from Another World", 1951)],
    [("Love", 2015, "Drama"), ("Love: A Documentary", 2016, "Documentary")],
    [("Cosmos: Stars", 1980, "Documentary"), ("Cosmos: Planets", 1981, "Documentary")],
    [("Snow White and the Three Stooges", 1961), ("Snow White and the Seven Dwarfs", 1937), ("Snow White and the Huntsman", 2012)],
    [("Crash", 1996, "Drama"), ("Crash: Mystery of a Flight", 2003, "Thriller")],
    [("Nixon: An Evening", 1960), ("Nixon", 1995)],
    [("Withnail & I", 1987), ("The King and I", 1956)],
    [("Toy Story 2", 1999), ("Antz", 1998)],
    [("Movie 1", None), ("Movie 2", None), ("Movie 3", None)],
    [("Fahrenheit 451", 1966), ("Fahrenheit 9/11", 2004)],
]  # fmt: skip


@pytest.mark.parametrize("films", FALSE_FRIENDS, ids=[each[-1][0] for each in FALSE_FRIENDS])
def test_films_that_only_sound_alike_are_not_joined(films: list[Film]) -> None:
    assert franchises(*films) == [None] * len(films)


def test_a_series_has_one_original_the_last_before_its_first_sequel() -> None:
    films: list[Film] = [("Halloween", 1978), ("Halloween II", 1981), ("Halloween", 2007), ("Halloween", 2018)]
    assert franchises(*films) == ["Halloween", "Halloween", None, None]


def test_the_longest_name_wins_and_two_halves_stay_in_their_series() -> None:
    films: list[Film] = [("The Mission", 1986), ("Mission: Impossible", 1996), ("Mission: Impossible II", 2000)]
    assert franchises(*films) == [None, "Mission: Impossible", "Mission: Impossible"]
    films = [
        ("The Hunger Games", 2012),
        ("The Hunger Games: Catching Fire", 2013),
        ("The Hunger Games: Mockingjay - Part 1", 2014),
        ("The Hunger Games: Mockingjay - Part 2", 2015),
    ]
    assert franchises(*films) == ["The Hunger Games"] * 4


def test_other_titles_count_and_the_main_title_names_the_series() -> None:
    movies = catalogue(("Battle Royale", 2000), ("Battle Royale 2: Requiem", 2003)).movies
    movies = movies.with_columns(
        pl.Series("alternative_titles", [["Batoru rowaiaru"], ["Batoru rowaiaru II"]], dtype=pl.List(pl.String()))
    )
    assert franchises_from_titles(movies) == ["Battle Royale"] * 2


def test_a_column_of_the_data_is_believed_alone() -> None:
    films = catalogue(("Rocky", 1976), ("Rocky II", 1979), ("The Dark Knight", 2008), ("Batman Begins", 2005))
    named = Catalogue(films.movies.with_columns(franchise=pl.Series([None, None, "Batman", "Batman"])))
    assert named.franchise_names == ["Batman"]
    assert named.franchises.tolist() == [-1, -1, 0, 0]
    assert named.franchises.dtype == np.int32
    assert films.franchise_names == ["Rocky"]
    assert films.franchises.tolist() == [0, 0, -1, -1]


def test_franchises_can_be_written_down() -> None:
    films = catalogue(("Rocky", 1976), ("Rocky II", 1979), ("Casablanca", 1942))
    written = films.with_franchises()
    assert written.movies["franchise"].to_list() == ["Rocky", "Rocky", None]
    assert films.movies["franchise"].null_count() == 3
    alone = catalogue(("Casablanca", 1942)).with_franchises()
    assert alone.franchise_names == []


def test_a_catalogue_of_an_earlier_version_lacks_two_columns_and_nothing_else() -> None:
    films = Catalogue.of(pl.DataFrame({"movie_id": [1], "title": ["A"], "age": [12], "runtime": [40_000]}))
    assert (films.ages.tolist(), films.runtimes.tolist()) == ([12], [32_767])
    assert films.ages.dtype == films.runtimes.dtype == np.int16
    old = Catalogue(films.movies.drop("age", "franchise"))
    assert dict(old.movies.schema) == MOVIE_SCHEMA
    assert (old.ages.tolist(), old.franchises.tolist()) == ([-1], [-1])
    with pytest.raises(ShapeError):
        Catalogue(films.movies.drop("age", "year"))


def test_an_empty_catalogue_has_no_franchises() -> None:
    empty = catalogue()
    assert (empty.franchise_names, empty.franchises.tolist(), empty.ages.tolist()) == ([], [], [])


@pytest.mark.real_data
def test_of_a_real_catalogue_a_tenth_belongs_to_a_series(real_data: Callable[[str], Path]) -> None:
    films = read_catalogue(real_data("ml-latest-small.zip"))
    share = float((films.franchises >= 0).mean())
    assert 0.08 < share < 0.13
    parts = np.bincount(films.franchises[films.franchises >= 0])
    assert parts.min() >= 2
    found = dict(zip(films.franchise_names, parts.tolist(), strict=True))
    assert found["Harry Potter"] == 8
    assert found["Mission: Impossible"] == 6
    assert found["Star Wars"] >= 8

"""Search and the resolution of titles."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from matinee.data import Catalogue
from matinee.errors import UnknownIdError
from matinee.ranking.search import Search, plain

FILMS = [
    # id, title, alternative, year, genres, directors, cast, overview
    (10, "The Matrix", [], 1999, ["Sci-Fi"], ["Lana Wachowski"], ["Keanu Reeves"], "A hacker wakes up."),
    (11, "The Matrix Reloaded", [], 2003, ["Sci-Fi"], ["Lana Wachowski"], ["Keanu Reeves"], None),
    (12, "Solaris", [], 1972, ["Sci-Fi"], ["Andrei Tarkovsky"], [], "A planet answers."),
    (13, "Solaris", [], 2002, ["Sci-Fi"], ["Steven Soderbergh"], ["George Clooney"], None),
    (
        14,
        "Amélie",
        ["Le Fabuleux Destin d'Amélie Poulain"],
        2001,
        ["Comedy"],
        ["Jean-Pierre Jeunet"],
        ["Audrey Tautou"],
        None,
    ),
    (15, "2001: A Space Odyssey", [], 1968, ["Sci-Fi"], ["Stanley Kubrick"], [], None),
    (16, "Matilda", [], None, ["Children"], [], [], None),
]


@pytest.fixture
def search() -> Search:
    keys = ("movie_id", "title", "alternative_titles", "year", "genres", "directors", "cast", "overview")
    frame = pl.DataFrame([dict(zip(keys, film, strict=True)) for film in FILMS])
    return Search(Catalogue.of(frame), np.array([9, 5, 4, 3, 6, 5, 1], np.float32))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("matrix", [0, 1]),
        ("the matrix", [0, 1]),
        ("THE  MATRIX!", [0, 1]),
        ("amelie", [4]),
        ("fabuleux poulain", [4]),
        ("keanu", [0, 1]),
        ("tarkovsky solaris", [2]),
        ("solaris 2002", [3]),
        ("mat", [0, 1, 6]),
        ("atrix", []),
        ("planet", [2]),
        ("2001", [5, 4]),
        ("", []),
        ("?!", []),
        ("matrix tarkovsky", []),
        ("(*[", []),
    ],
)
def test_finds_films_by_words(search: Search, query: str, expected: list[int]) -> None:
    assert search(query, 10) == expected


def test_returns_no_more_than_asked(search: Search) -> None:
    assert search("matrix", 1) == [0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12", 2), ("the matrix", 0), ("Matrix Reloaded", 1), ("Solaris (1972)", 2), ("AMELIE", 4), ("matilda", 6)],
)
def test_resolves_ids_and_titles(search: Search, text: str, expected: int) -> None:
    assert search.resolve(text) == expected


def test_ambiguous_titles_are_answered_with_ids(search: Search) -> None:
    with pytest.raises(UnknownIdError, match="Several films") as caught:
        search.resolve("Solaris")
    assert "12 Solaris (1972)" in str(caught.value)
    assert "13 Solaris (2002)" in str(caught.value)


def test_unknown_titles_say_so(search: Search) -> None:
    with pytest.raises(UnknownIdError, match="No film is called 'zzz'"):
        search.resolve("zzz")
    with pytest.raises(UnknownIdError, match="No film is called exactly 'mat'"):
        search.resolve("mat")


def test_plain_words() -> None:
    assert plain("  L'Été  meurtrier (1983) — ÆON_Flux") == "l ete meurtrier 1983 æon flux"


def test_an_empty_catalogue_finds_nothing() -> None:
    empty = Search(
        Catalogue.of(pl.DataFrame(schema={"movie_id": pl.Int64, "title": pl.String})), np.empty(0, np.float32)
    )
    assert empty("anything", 5) == []


def test_what_a_query_means_follows_what_it_says(search: Search) -> None:
    asked = []

    def by_meaning(query: str, n: int) -> list[tuple[int, float]]:
        asked.append(query)
        return [(3, 0.9), (2, 0.8), (0, 0.7)][:n]

    clever = Search(search.catalogue, search.fame, by_meaning)
    assert clever("planet answers", 10) == [2, 3, 0]
    assert clever("mind-bending planets", 2) == [3, 2]
    assert clever("matrix", 10) == [0, 1], "one word is a name, not a description"
    assert clever("matrix reloaded", 1) == [1]
    assert asked == ["planet answers", "mind-bending planets"]
    with pytest.raises(UnknownIdError, match="No film is called"):
        clever.resolve("mind-bending planets")

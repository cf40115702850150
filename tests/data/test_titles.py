"""Titles as people say them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.data.titles import article_first, parse_title, split_genres


@pytest.mark.parametrize(
    ("raw", "title", "alternatives", "year"),
    [
        ("Toy Story (1995)", "Toy Story", [], 1995),
        ("Matrix, The (1999)", "The Matrix", [], 1999),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind", [], 2001),
        ("American in Paris, An (1951)", "An American in Paris", [], 1951),
        ("Haine, La (1995)", "La Haine", [], 1995),
        ("Avventura, L' (1960)", "L'Avventura", [], 1960),
        ("Bambini ci guardano, I (1944)", "I Bambini ci guardano", [], 1944),
        ("Boot, Das (1981)", "Das Boot", [], 1981),
        ("Secrets, The (Sodot, Ha-) (2007)", "The Secrets", ["Ha-Sodot"], 2007),
        ("Dinner, The (Diner, Het) (2013)", "The Dinner", ["Het Diner"], 2013),
        (
            "Science of Sleep, The (Science des rêves, la) (2006)",
            "The Science of Sleep",
            ["La Science des rêves"],
            2006,
        ),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", ["Se7en"], 1995),
        ("Food Boy, The (aka High School Superhero) (2008)", "The Food Boy", ["High School Superhero"], 2008),
        ("Asterix (a.k.a Asterix Conquers) (1994)", "Asterix", ["Asterix Conquers"], 1994),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children",
            ["La Cité des enfants perdus"],
            1995,
        ),
        (
            "Prowler, The (a.k.a. Rosemary's Killer) (a.k.a. Graduation, The) (1981)",
            "The Prowler",
            ["Rosemary's Killer", "The Graduation"],
            1981,
        ),
        ("Babies (Bébé(s)) (2010)", "Babies", ["Bébé(s)"], 2010),
        ("Spy(ies) (Espion(s)) (2009)", "Spy(ies)", ["Espion(s)"], 2009),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", [], 2009),
        ("(Untitled) (2009)", "(Untitled)", [], 2009),
        ("Death Note: Desu nôto (2006–2007)", "Death Note: Desu nôto", [], 2006),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", [], 1975),
        ("Still Running (2011-)", "Still Running", [], 2011),
        ("96 Minutes (2011) ", "96 Minutes", [], 2011),
        ("Deadly Advice(1994)", "Deadly Advice", [], 1994),
        ("Associate, The (L'Associe)(1982)", "The Associate", ["L'Associe"], 1982),
        ("Mona (Mona ja aika) (1983))", "Mona", ["Mona ja aika"], 1983),
        ("Land Before Time III (1995) (V)", "Land Before Time III", [], 1995),
        ("Don Quixote (1973) (1973)", "Don Quixote", [], 1973),
        ("Naked Truth, The (1957) (Your Past Is Showing)", "The Naked Truth", ["Your Past Is Showing"], 1957),
        ("Babylon 5", "Babylon 5", [], None),
        ("Millions Game, The (Das Millionenspiel)", "The Millions Game", ["Das Millionenspiel"], None),
        ("Irwin & Fran 2013", "Irwin & Fran 2013", [], None),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", [], 1968),
        ("1984 (Nineteen Eighty-Four) (1984)", "1984", ["Nineteen Eighty-Four"], 1984),
        ("Ah Boys (Part 1) (2012)", "Ah Boys (Part 1)", [], 2012),
        ("Survivors (a.k.a. The Killer Cut) (2001)", "Survivors", ["The Killer Cut"], 2001),
        ("Centipede II (Full Sequence), The (2011)", "The Centipede II (Full Sequence)", [], 2011),
        ('"Great Performances" Cats (1998)', '"Great Performances" Cats', [], 1998),
        ("'burbs, The (1989)", "The 'burbs", [], 1989),
        ("Bye Bye, Love (1995)", "Bye Bye, Love", [], 1995),
        ("Die, Monster, Die! (1965)", "Die, Monster, Die!", [], 1965),
        ("unknown", "unknown", [], None),
        ("Same (Same) (2000)", "Same", [], 2000),
        ("", "", [], None),
        (" (2019)", "(2019)", [], None),
    ],
)
def test_examples(raw: str, title: str, alternatives: list[str], year: int | None) -> None:
    assert parse_title(raw) == (title, alternatives, year)


words = st.from_regex(r"\A[A-Z][a-z]{2,8}( [a-z]{3,8}){0,3}\Z")
articles = st.sampled_from(["The", "A", "An", "La", "Le", "Les", "Der", "Die", "Das", "El", "Il", "Los", "Une", "Den"])
years = st.integers(1890, 2099)


@given(words, articles, years)
def test_an_article_moves_to_the_front(rest: str, article: str, year: int) -> None:
    assert parse_title(f"{rest}, {article} ({year})") == (f"{article} {rest}", [], year)


@given(words, st.lists(words.map("Le {} film".format), unique=True, max_size=3), st.none() | years)
def test_brackets_hold_other_titles(title: str, others: list[str], year: int | None) -> None:
    raw = title + "".join(f" ({other})" for other in others) + (f" ({year})" if year else "")
    assert parse_title(raw) == (title, others, year)


@given(st.text(max_size=60))
def test_any_text_gives_a_title(raw: str) -> None:
    parsed = parse_title(raw)
    assert bool(parsed.title) == bool(raw.strip())
    assert parsed.title == parsed.title.strip()
    assert parsed.title not in parsed.alternatives


@given(st.text(alphabet="ab ,()'", max_size=20))
def test_moving_articles_loses_no_letter(title: str) -> None:
    assert sorted(re.sub(r"[ ,]", "", article_first(title).lower())) == sorted(re.sub(r"[ ,]", "", title.lower()))


@pytest.mark.parametrize(
    ("raw", "genres"),
    [
        ("Adventure|Children|Fantasy", ["Adventure", "Children", "Fantasy"]),
        ("Animation|Children's", ["Animation", "Children"]),
        ("(no genres listed)", []),
        ("unknown", []),
        ("", []),
        ("Sci-Fi", ["Sci-Fi"]),
    ],
)
def test_genres(raw: str, genres: list[str]) -> None:
    assert split_genres(raw) == genres

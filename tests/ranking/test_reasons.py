"""One sentence a card: from the strongest parts only, and true of the profile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from matinee.data import Catalogue
from matinee.ranking.explanation import Column, Explained, Explanation
from matinee.ranking.named import NamedFilms
from matinee.ranking.reasons import because
from matinee.types import Profile

TITLES = ["Alien", "Solaris", "Stalker", "Heat", "Sunshine"]
CATALOGUE = Catalogue.of(
    pl.DataFrame(
        {
            "movie_id": [1, 2, 3, 4, 5],
            "title": TITLES,
            "genres": [
                ["Science Fiction"],
                ["Science Fiction"],
                ["Science Fiction", "IMAX"],
                ["Crime"],
                ["Science Fiction"],
            ],
            "cast": [["Ann Lee"], ["Ann Lee"], [], [], ["Ann Lee"]],
        }
    )
)
NAMED = NamedFilms(CATALOGUE)


def explained(rated: Sequence[float], named: Sequence[tuple[str, str, float]] = ()) -> Explanation:
    [one] = Explained(
        movies=[4],
        scores=[0.0],
        rated=np.arange(len(rated), dtype=np.int32),
        rating_amounts=np.array([rated], np.float32),
        titles=TITLES,
        rating_exact=True,
        rating_method="exact",
        named=[[Column(kind, label) for kind, label, _ in named]],  # type: ignore[arg-type]
        named_amounts=[np.array([amount for *_, amount in named], np.float64)],
        own=[sum(rated) + sum(amount for *_, amount in named)],
        columns=[Column("baseline", "")],
        others=np.zeros((1, 1)),
    )
    return one


FOND = Profile.of([0, 1, 2], [5.0, 4.0, 3.5])
SCEPTICAL = Profile.of([0, 1, 2], [5.0, 4.0, 1.0])


@pytest.mark.parametrize(
    ("rated", "named", "profile", "explicit", "sentence"),
    [
        ([0.5, 0.1, 0], [], FOND, True, "Because you gave Alien 5 stars"),
        (
            [0.5, 0.1, 0],
            [("genre", "Science Fiction", 0.4)],
            FOND,
            True,
            "Because you gave Alien 5 stars and often like science fiction",
        ),
        ([0.5, 0.1, 0], [("genre", "Science Fiction", 0.2)], FOND, True, "Because you gave Alien 5 stars"),
        ([0.5, 0.1, 0], [("genre", "Science Fiction", 0.4)], SCEPTICAL, True, "Because you gave Alien 5 stars"),
        (
            [0.1, 0.5, 0],
            [("genre", "Crime", 0.6), ("person", "Ann Lee", 0.4)],
            FOND,
            True,
            "Because you gave Solaris 4 stars and like films with Ann Lee",
        ),
        (
            [0.5, 0.1, 0],
            [("genre", "Science Fiction", 0.4)],
            SCEPTICAL,
            False,
            "Because you watched Alien and often watch science fiction",
        ),
        (
            [0.1, 0, 0],
            [("taste", "1980s", 0.3)],
            FOND,
            True,
            "Because you gave Alien 5 stars and asked for more of 1980s",
        ),
        ([-0.1, 0, 0], [("genre", "Science Fiction", 0.3)], FOND, True, "Because you often like science fiction"),
        ([-0.1, 0, 0], [("genre", "Crime", 0.3)], FOND, True, None),
        ([], [], Profile.empty(), True, None),
    ],
)
def test_the_sentence_names_what_matters_and_holds(
    rated: list[float], named: list[tuple[str, str, float]], profile: Profile, explicit: bool, sentence: str | None
) -> None:
    assert because(explained(rated, named), profile, NAMED, explicit=explicit) == sentence

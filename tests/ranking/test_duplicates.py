"""One work under two ids is shown once; remakes are named, chance meetings of titles are not called so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Catalogue, read_dataset
from matinee.data.sample import load_sample
from matinee.errors import ShapeError
from matinee.ranking.duplicates import Works, plain_title

FILMS: list[dict[str, Any]] = [
    {"title": "Heat", "year": 1995, "genres": ["Crime", "Drama"], "directors": ["Michael Mann"]},  # 0
    {"title": "HEAT", "year": 1996, "genres": ["Crime"], "directors": ["Michael Mann"]},  # 1: the same
    {"title": "Heat", "year": 1986, "genres": ["Action"], "directors": ["Dick Richards"]},  # 2: another
    {"title": "War of the Worlds", "year": 2005, "genres": ["Action", "Sci-Fi"], "tmdb_id": 74},  # 3
    {"title": "War of the Worlds", "year": 2005, "genres": ["Action"], "tmdb_id": 34812},  # 4: an imitation
    {"title": "The War of the Worlds", "year": 1953, "genres": ["Action", "Sci-Fi"]},  # 5: the original
    {"title": "Eros", "year": 2004, "genres": ["Drama"]},  # 6
    {"title": "Eros", "year": 2004, "genres": ["Drama", "Romance"]},  # 7: the same
    {
        "title": "Amélie",
        "year": 2001,
        "genres": ["Comedy"],
        "tmdb_id": 194,
        "alternative_titles": ["The Fabulous Destiny"],
    },  # 8
    {
        "title": "The Fabulous Destiny",
        "year": 2001,
        "genres": ["Romance"],
        "tmdb_id": 194,
    },  # 9: the same by id and name
    {"title": "Something Else", "year": 2001, "genres": ["Romance"], "tmdb_id": 194},  # 10: a wrong id
    {"title": "Eros", "year": None, "genres": ["Drama"]},  # 11: nobody knows
]
COUNTS = np.array([9, 90, 5, 50, 2, 7, 1, 0, 60, 2, 1, 3])


def made(counts: np.ndarray = COUNTS, stories: np.ndarray | None = None, **columns: Any) -> Works:
    frame = pl.DataFrame([{"movie_id": place, **film} for place, film in enumerate(FILMS)], infer_schema_length=None)
    return Works(Catalogue.of(frame.with_columns(**columns)), counts, stories)


def test_a_work_under_two_ids_is_one_and_others_stay_apart() -> None:
    works = made()
    assert works.representative.tolist() == [1, 1, 2, 3, 4, 5, 6, 6, 8, 8, 10, 11]


def test_the_better_known_entry_stands_for_the_work() -> None:
    turned = made(COUNTS[::-1].copy())
    assert turned.representative[0] == turned.representative[1] == 0
    assert turned.representative[6] == 6
    assert made(np.where(np.arange(12) == 7, 99, COUNTS)).representative[6] == 7


def test_lists_hold_a_work_once_and_what_was_seen_is_seen_under_either_id() -> None:
    works = made()
    everything = np.ones(len(FILMS), np.bool_)
    open_to = works.without_doubles(everything, np.array([], np.int32))
    assert np.flatnonzero(~open_to).tolist() == [0, 7, 9]
    assert np.flatnonzero(~works.without_doubles(everything, np.array([0], np.int32))).tolist() == [0, 1, 7, 9]
    barred = everything.copy()
    barred[1] = False
    # Where the better known entry may not be shown the other may.
    assert works.without_doubles(barred, np.array([], np.int32))[0]
    assert everything.all()


@settings(max_examples=100, deadline=None)
@given(
    order=st.permutations(range(len(FILMS))),
    n=st.integers(0, len(FILMS)),
)
def test_collapsing_keeps_first_places_and_no_work_twice(order: list[int], n: int) -> None:
    works = made()
    listed = np.array(order[:n], np.int32)
    found = works.collapse(listed)
    of_work = works.representative[found].tolist()
    assert of_work == list(dict.fromkeys(works.representative[listed].tolist()))
    assert set(found.tolist()) <= set(listed.tolist())
    assert works.collapse(found).tolist() == found.tolist()


def test_remakes_are_named_and_other_namesakes_only_told_apart() -> None:
    works = made()
    assert works.label(3) == "Remake of The War of the Worlds (1953)"
    assert works.namesakes[3].kind == "remake"
    assert works.label(0) == "Not Heat (1986)"
    assert works.namesakes[0].kind == "title"
    assert works.label(2) is None
    assert works.label(5) is None


def test_stories_decide_where_they_are_told() -> None:
    told = pl.Series([f"A story {place}" for place in range(len(FILMS))])
    apart = np.eye(len(FILMS), dtype=np.float32)
    works = made(stories=apart, overview=told)
    assert works.namesakes[3].kind == "title"
    assert works.representative[7] == 7
    same = apart.copy()
    same[[3, 5]] = same[3]
    same *= 0.3  # only directions count
    same[7] = same[6]
    works = made(stories=same, overview=told)
    assert works.namesakes[3].kind == "remake"
    assert works.representative[7] == 6
    with pytest.raises(ShapeError, match="one entry a film"):
        made(COUNTS[:-1])


def test_titles_are_compared_by_their_words() -> None:
    assert plain_title("The Postman Always Rings Twice!") == "postman always rings twice"
    assert plain_title("Amélie") == plain_title("AMELIE")
    assert plain_title("Don't Look Now") == "dont look now"
    assert plain_title("A") == "a"


def test_the_sample_has_no_doubles() -> None:
    dataset = load_sample()
    works = Works(dataset.catalogue, np.bincount(dataset.movies, minlength=dataset.n_movies))
    assert np.array_equal(works.representative, np.arange(dataset.n_movies))


@pytest.mark.real_data
def test_the_known_doubles_of_latest_small(real_data: Callable[[str], Path]) -> None:
    dataset = read_dataset(real_data("ml-latest-small.zip")).dataset
    works = Works(dataset.catalogue, np.bincount(dataset.movies, minlength=dataset.n_movies))
    ids = dataset.catalogue.ids
    doubled = np.flatnonzero(works.representative != np.arange(dataset.n_movies))
    pairs = {(int(ids.ids[works.representative[movie]]), int(ids.ids[movie])) for movie in doubled}
    # Confessions of a Dangerous Mind, Eros, Saturn 3; but neither Emma nor War of the Worlds, which are two films each.
    assert pairs == {(6003, 144606), (32600, 147002), (2851, 168358)}
    # Psycho, King Kong, True Grit (too different in genre), Gladiator.
    assert works.label(ids.index(1219)) is None
    assert works.label(ids.index(2389)) == "Remake of Psycho (1960)"
    assert works.label(ids.index(3578)) == "Not Gladiator (1992)"

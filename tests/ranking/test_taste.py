"""Sliders: what they add, what they bar, and how they travel."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Catalogue
from matinee.errors import InputError
from matinee.ranking.filters import Filters
from matinee.ranking.named import NamedFilms
from matinee.ranking.policy import Policy
from matinee.ranking.select import best
from matinee.ranking.taste import LEVELS, STEP, Slider, SliderKind, Taste, TasteIndex, reach_of
from matinee.types import Profile

CATALOGUE = Catalogue.of(
    pl.DataFrame(
        {
            "movie_id": [1, 2, 3, 4],
            "title": ["A", "B", "C", "D"],
            "year": [1984, 1989, None, 1991],
            "genres": [["Horror", "Comedy"], ["Comedy"], ["Horror"], []],
            "directors": [["Ann"], [], ["Bob"], []],
            "cast": [["Ann", "Bob"], ["Cid"], [], []],
            "keywords": [["sea"], [], ["sea", "war"], []],
            "franchise": [None, "Saw", "Saw", None],
        }
    )
)

SLIDERS: st.SearchStrategy[Slider] = st.one_of(
    st.builds(Slider, st.just("genre"), st.sampled_from(["Horror", "horror", "Comedy", "Western"]), st.sampled_from(LEVELS)),
    st.builds(Slider, st.just("person"), st.sampled_from(["Ann", "Bob", "Zoe"]), st.sampled_from(LEVELS)),
    st.builds(Slider, st.just("decade"), st.sampled_from(["1980s", "1990s", "1920s"]), st.sampled_from(LEVELS)),
    st.builds(Slider, st.just("franchise"), st.sampled_from(["Saw", "saw"]), st.sampled_from(LEVELS)),
    st.builds(Slider, st.just("theme"), st.sampled_from(["sea", "war"]), st.sampled_from(LEVELS)),
)  # fmt: skip
TASTES = st.lists(SLIDERS, max_size=8).map(Taste.of)


@settings(max_examples=80, deadline=None)
@given(TASTES, st.floats(0.01, 100))
def test_the_parts_add_up_to_the_total(taste: Taste, reach: float) -> None:
    boost = TasteIndex(CATALOGUE).boost(taste, reach)
    for movie in range(len(CATALOGUE)):
        assert sum(boost.of(movie).values()) == pytest.approx(float(boost.total[movie]), abs=1e-5 * reach)
    assert all(slider.level != -2 for slider in boost.parts)
    assert boost.total.dtype == np.float32


@settings(max_examples=80, deadline=None)
@given(TASTES)
def test_never_bars_every_film_it_is_about_and_no_other(taste: Taste) -> None:
    allowed = Filters(CATALOGUE).allowed(taste.barring(Policy()), Profile.empty())
    named = NamedFilms(CATALOGUE)
    barred = {int(movie) for each in taste.sliders if each.level == -2 for movie in named.of(each.kind, each.name)}
    assert set(np.flatnonzero(~allowed).tolist()) == barred


@settings(max_examples=50, deadline=None)
@given(TASTES)
def test_a_taste_travels_as_plain_json(taste: Taste) -> None:
    assert Taste.from_plain(json.loads(json.dumps(taste.to_plain()))) == taste
    assert all(taste.level(each.kind, each.name) == each.level for each in taste.sliders)
    assert len({each.key for each in taste.sliders}) == len(taste.sliders)


def test_each_kind_of_slider_finds_its_films() -> None:
    named = NamedFilms(CATALOGUE)
    assert named.of("genre", "HORROR").tolist() == [0, 2]
    assert named.of("person", "bob").tolist() == [0, 2]
    assert named.of("person", "Ann").tolist() == [0]
    assert named.of("decade", "1980s").tolist() == [0, 1]
    assert named.of("decade", "1980").tolist() == [0, 1]
    assert named.of("theme", "sea").tolist() == [0, 2]
    assert named.of("franchise", "SAW").tolist() == [1, 2]
    assert named.of("theme", "nothing").tolist() == []
    assert named.names("genre") == ["Comedy", "Horror"]
    assert named.names("person") == ["Bob", "Ann", "Cid"]


def test_amounts_are_levels_times_the_step_in_reaches() -> None:
    taste = Taste.of([Slider("genre", "Horror", 2), Slider("person", "Ann", -1), Slider("decade", "1990s", 1)])
    boost = TasteIndex(CATALOGUE).boost(taste, 4.0)
    assert boost.total.tolist() == [2 * STEP * 4 - STEP * 4, 0.0, 2 * STEP * 4, STEP * 4]
    assert {slider.name: amount for slider, amount in boost.of(0).items()} == {"Horror": 4.0, "Ann": -2.0}


def test_a_moved_slider_replaces_the_former_and_zero_takes_it_away() -> None:
    taste = Taste().moved(Slider("genre", "Horror", 1)).moved(Slider("genre", "horror", -2))
    assert [(each.name, each.level) for each in taste.sliders] == [("horror", -2)]
    assert taste.level("genre", "HORROR") == -2
    assert taste.moved(Slider("genre", "Horror", 0)) == Taste()
    assert Taste.of([Slider("person", "Ann", 0)]).sliders == ()


def test_much_more_lifts_the_two_hundredth_film_level_with_the_tenth() -> None:
    """And more lifts it half way: what the unit of a slider means."""
    scores = np.linspace(1, 0, 500, dtype=np.float32) ** 2
    everything = np.ones(500, np.bool_)
    reach = reach_of(scores, everything)
    assert reach == pytest.approx(float(scores[9] - scores[199]))
    lifted = scores.copy()
    lifted[199] += 2 * STEP * reach + 1e-6
    assert best(lifted, everything, 10).tolist()[-1] == 199


@pytest.mark.parametrize(
    ("scores", "expected"), [([], 1.0), ([3.0], 1.0), ([2.0, 2.0, 2.0], 1.0), ([5.0, 1.0, 2.0], 4.0), ([np.nan, 1.0], 1.0)]
)  # fmt: skip
def test_the_reach_of_short_or_flat_lists(scores: list[float], expected: float) -> None:
    values = np.array(scores, np.float32)
    assert reach_of(values, np.ones(len(values), np.bool_)) == expected


def test_barred_films_have_no_say_in_the_reach() -> None:
    scores = np.array([100, 5, 4, 1], np.float32)
    assert reach_of(scores, np.array([False, True, True, True])) == 4.0


@pytest.mark.parametrize(
    ("kind", "name", "level"),
    [("colour", "red", 1), ("genre", "Drama", 3), ("genre", "Drama", True), ("genre", " ", 1), ("decade", "1985", 1),
     ("decade", "eighties", 1), ("person", "x" * 201, 1), ("person", "a\nb", 1), ("genre", "Drama", 0.5)],
)  # fmt: skip
def test_what_is_no_slider_is_refused(kind: SliderKind, name: str, level: int) -> None:
    with pytest.raises(InputError):
        Slider(kind, name, level)


@pytest.mark.parametrize("plain", [{}, {"sliders": 3}, {"sliders": [{"kind": "genre"}]}, {"sliders": ["genre"]}])
def test_what_is_no_taste_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Taste.from_plain(plain)

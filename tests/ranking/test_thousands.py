"""Thousands of random people, policies, sliders and catalogues: what must never happen does not, in any list there is.

Plain draws from a seed, so that thousands take seconds; the slow reference looks at one film at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

from matinee.data import Catalogue
from matinee.data.dataset import from_columns
from matinee.ranking import Hybrid, HybridConfig, Policy, Recommender, Slider, Taste
from matinee.ranking.group import Member, tonight
from matinee.ranking.without import removed
from matinee.releases import assemble
from matinee.types import Profile

CATALOGUES, PEOPLE = 4, 500
GENRES, CAST, SERIES, LANGUAGES = (
    ["Comedy", "Drama", "Horror", "War"],
    ["Ann", "Bob", "Cid"],
    ["Saw", "Alien"],
    ["de", "en"],
)
N = 50


@dataclass(frozen=True)
class World:
    recommender: Recommender
    films: list[dict[str, Any]]
    draws: np.random.Generator


def world(seed: int) -> World:
    draws = np.random.default_rng(seed)

    def maybe(values: list[Any], share: float = 0.8) -> Any:
        return values[draws.integers(len(values))] if draws.random() < share else None

    films = [
        {
            "movie_id": 100 + place,
            "title": f"Film {place // 2 if place > 44 else place}",  # the last ones share titles
            "year": maybe(list(range(1970, 2000))),
            "genres": [name for name in GENRES if draws.random() < 0.4],
            "directors": [name for name in CAST if draws.random() < 0.2],
            "cast": [name for name in CAST if draws.random() < 0.3],
            "runtime": maybe(list(range(60, 200, 10))),
            "age": maybe([0, 6, 12, 16, 18]),
            "language": maybe(LANGUAGES),
            "franchise": maybe(SERIES, 0.2),
        }
        for place in range(N)
    ]
    users = np.repeat(np.arange(80), 14)
    movies = np.concatenate([draws.choice(N, 14, replace=False) for _ in range(80)])
    data = from_columns(
        name="random",
        catalogue=Catalogue.of(pl.DataFrame(films, schema_overrides={"age": pl.Int16, "franchise": pl.String})),
        user_ids=users,
        movie_ids=movies + 100,
        values=draws.integers(1, 11, len(users)).astype(np.float32) / 2,
        times=1_500_000_000 + draws.integers(0, 10**7, len(users)),
    )
    hybrid = Hybrid.unfitted(HybridConfig(weights={"ease": 0.5, "svd": 0.3, "popular": 0.2})).fit(data)
    return World(Recommender(assemble(data, hybrid.engines, ranking=hybrid.config.settings())), films, draws)


@pytest.fixture(scope="module", params=range(CATALOGUES))
def here(request: pytest.FixtureRequest) -> World:
    return world(request.param)


def profile_of(draws: np.random.Generator) -> Profile:
    size = int(draws.integers(0, 20))
    return Profile.of(draws.choice(N, size, replace=False), draws.integers(1, 11, size) / 2, np.arange(size))


def policy_of(draws: np.random.Generator) -> Policy:
    def films(share: float) -> frozenset[int]:
        return frozenset(np.flatnonzero(draws.random(N) < share).tolist())

    def names(values: list[str]) -> frozenset[str]:
        return frozenset(name for name in values if draws.random() < 0.15)

    def limit(values: range) -> int | None:
        return int(draws.choice(values)) if draws.random() < 0.2 else None

    return Policy(
        also_seen=films(0.05),
        hidden=films(0.05),
        hidden_people=names(CAST),
        hidden_genres=names(GENRES),
        hidden_franchises=names(SERIES),
        hidden_decades=frozenset({1980}) if draws.random() < 0.1 else frozenset(),
        max_age=limit(range(0, 19, 3)),
        max_runtime=limit(range(60, 220, 20)),
        min_year=limit(range(1970, 1985)),
        max_year=limit(range(1985, 2000)),
        languages=frozenset({"en"}) if draws.random() < 0.15 else None,
        available=films(0.7) if draws.random() < 0.2 else None,
        excluded=films(0.03),
    )


def taste_of(draws: np.random.Generator) -> Taste:
    sliders = [Slider("genre", name, int(draws.integers(-2, 3))) for name in GENRES if draws.random() < 0.3]
    return Taste.of(
        [*sliders, *([Slider("person", "Ann", int(draws.integers(-2, 3)))] if draws.random() < 0.3 else [])]
    )


def barred(film: dict[str, Any], movie: int, policy: Policy, profile: Profile, taste: Taste) -> bool:
    """Whether a film must not be shown, one rule after another."""
    people = {*film["directors"], *film["cast"]}
    never = {(each.kind, each.name) for each in taste.sliders if each.level == -2}
    return (
        (policy.seen and (movie in profile.movies or movie in policy.also_seen))
        or movie in policy.hidden | policy.excluded
        or bool(people & policy.hidden_people)
        or bool({*film["genres"]} & policy.hidden_genres)
        or film["franchise"] in policy.hidden_franchises
        or (film["year"] is not None and film["year"] // 10 * 10 in policy.hidden_decades)
        or (policy.max_age is not None and (film["age"] is None or film["age"] > policy.max_age))
        or (policy.max_runtime is not None and (film["runtime"] is None or film["runtime"] > policy.max_runtime))
        or (policy.min_year is not None and (film["year"] is None or film["year"] < policy.min_year))
        or (policy.max_year is not None and (film["year"] is None or film["year"] > policy.max_year))
        or (policy.languages is not None and film["language"] not in policy.languages)
        or (policy.available is not None and movie not in policy.available)
        or any(("genre", name) in never for name in film["genres"])
        or any(("person", name) in never for name in people)
    )


def wishes(here: World) -> Iterator[tuple[Profile, Policy, Taste]]:
    for _ in range(PEOPLE):
        yield profile_of(here.draws), policy_of(here.draws), taste_of(here.draws)


def test_lists_keep_every_rule_and_add_up(here: World) -> None:
    for turn, (profile, policy, taste) in enumerate(wishes(here)):
        dial = float(here.draws.choice([0.0, 0.2, 0.7, 1.0]))
        strategy = str(here.draws.choice(["hybrid", "statistical", "ease", "svd", "collaborative"]))
        ask = {"strategy": strategy, "policy": policy, "taste": taste, "discovery": dial}
        items = here.recommender.recommend(profile, 12, **ask).items
        movies = [item.movie for item in items]
        wrong = [movie for movie in movies if barred(here.films[movie], movie, policy, profile, taste)]
        assert not wrong, (turn, wrong, policy)
        assert len(set(movies)) == len(movies)
        works = here.recommender.works.representative
        assert len({int(works[movie]) for movie in movies}) == len(movies), "no work under two ids"
        for item in items:
            assert np.isfinite(item.score)
            assert item.explanation is not None
            assert abs(sum(part.amount for part in item.explanation.parts) - item.score) < 1e-5
        if dial == 0:
            assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
        if turn % 10 == 0:
            assert [item.movie for item in here.recommender.recommend(profile, 12, **ask).items] == movies
            short = here.recommender.recommend(profile, 4, **ask).items
            assert [item.movie for item in short] == movies[:4], "a short list heads the long one"
            assert [item.score for item in short] == [item.score for item in items[:4]]


def test_similar_search_trending_and_audit_keep_every_rule(here: World) -> None:
    for turn, (profile, policy, taste) in enumerate(wishes(here)):
        if turn % 5:
            continue
        rules, movie = taste.barring(policy), int(here.draws.integers(N))
        near = [item.movie for item in here.recommender.similar(movie, 12, policy=rules)]
        near += [item.movie for item in here.recommender.trending(12, policy=rules)]
        near += here.recommender.search("film", 12, policy=rules)
        nobody = Profile.empty()
        assert not [each for each in near if barred(here.films[each], each, policy, nobody, taste)]
        told = here.recommender.why_not(profile, movie, policy=policy, taste=taste)
        if barred(here.films[movie], movie, policy, profile, taste):
            assert told.objections
        else:
            assert told.place is not None or [each.rule for each in told.objections] == ["double"]


def test_without_a_rating_is_the_list_of_somebody_who_never_gave_it(here: World) -> None:
    for turn, (profile, policy, taste) in enumerate(wishes(here)):
        if turn % 5 or not len(profile):
            continue
        movie = int(here.draws.choice(profile.movies))
        found = here.recommender.without(profile, movie, 8, policy=policy, taste=taste)
        scratch = here.recommender.recommend(removed(profile, movie), 9, policy=policy, taste=taste).items
        assert list(found.after) == [item.movie for item in scratch if item.movie != movie][:8]


def test_groups_keep_the_rules_of_every_member(here: World) -> None:
    people = list(wishes(here))
    for start in range(0, len(people) - 3, 4):
        group = people[start : start + 3]
        members = [
            Member(name=f"M{place}", profile=profile, policy=taste.barring(policy))
            for place, (profile, policy, taste) in enumerate(group)
        ]
        found = tonight(here.recommender.hybrid.score, here.recommender.filters, members)
        for pick in found.picks:
            assert not any(
                barred(here.films[pick.movie], pick.movie, policy, profile, taste) for profile, policy, taste in group
            )

"""What the live release makes of one film for one viewer, taken apart, and what one of their ratings does to their list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matinee.ranking import Recommender
from matinee.ranking.explanation import Explanation
from matinee.ranking.without import removed
from matinee.service.answers import Film
from matinee.types import Profile, Profiles

if TYPE_CHECKING:
    from matinee.service.person import Person
    from matinee.service.programme import Programme

LISTED = 10
"""Films of the list that a rating is taken out of."""


@dataclass(frozen=True, kw_only=True)
class ScorePart:
    """One amount of a score.

    Attributes:
        kind: "rating", "genre", "person", "popularity", "taste", "model" or "baseline".
        label: what to call it: a title, a name.
        amount: what it adds to the score; below 0 it speaks against the film.
        movie_id: the rated film, for ratings.
        your_rating: what the viewer gave that film.
        exact: whether the amount follows from the engines' equations; an estimate otherwise.
        method: how it was worked out.
    """

    kind: str
    label: str
    amount: float
    movie_id: int | None = None
    your_rating: float | None = None
    exact: bool = True
    method: str = "exact"


@dataclass(frozen=True, kw_only=True)
class Insight:
    """One film as one viewer's list sees it; a rating of the film itself is left out.

    Attributes:
        film: the film.
        strategy: how it was ranked.
        score: what it is ranked by; None where the viewer told us nothing.
        parts: amounts that add up to the score, the largest first, whichever their sign.
        predicted: stars we expect; None where the other ratings say too little.
        n_ratings: how many films the viewer has rated.
    """

    film: Film
    strategy: str
    score: float | None
    parts: tuple[ScorePart, ...]
    predicted: float | None
    n_ratings: int


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """What one rating does to the top of a viewer's list; the list was really made anew without it.

    Attributes:
        film: the film whose rating was taken out.
        n: length of the list.
        leaving: films that are on the list because of it, best first.
        coming: films that would be there without it, best first.
    """

    film: Film
    n: int
    leaving: tuple[Film, ...]
    coming: tuple[Film, ...]


class Insights:
    """The use cases of explanation, for a viewer whose identity the caller has proven."""

    if TYPE_CHECKING:

        def _ask(self, viewer_id: int | None) -> tuple[Programme, Person]: ...

    def insight(self, viewer_id: int | None, movie_id: int) -> Insight:
        """Take a film's score for a viewer apart.

        Raises:
            UnknownIdError: if there is no such viewer or film.
        """
        now, person = self._ask(viewer_id)
        recommender, movie = now.recommender, now.films.index(movie_id)
        profile = person.profile
        rest = removed(profile, movie) if (profile.movies == movie).any() else profile
        film = now.films.film(movie, person)
        route = recommender.hybrid.route(len(rest))
        if recommender.hybrid.is_cold(len(rest)):
            return Insight(
                film=film, strategy=route.strategy, score=None, parts=(), predicted=None, n_ratings=len(person.stars)
            )
        explanation = recommender.explain(rest, movie, policy=person.policy, taste=person.taste)
        return Insight(
            film=film,
            strategy=route.strategy,
            score=explanation.score,
            parts=_parts(explanation, recommender, person),
            predicted=_predicted(recommender, rest, movie),
            n_ratings=len(person.stars),
        )

    def without(self, viewer_id: int, movie_id: int, n: int = LISTED) -> ListChange:
        """Say what one of a viewer's ratings does to their list.

        Raises:
            UnknownIdError: if there is no such viewer or film, or nothing is learnt from it.
        """
        now, person = self._ask(viewer_id)
        movie = now.films.index(movie_id)
        found = now.recommender.without(
            person.profile, movie, n, policy=person.policy, taste=person.taste, discovery=person.dial
        )
        return ListChange(
            film=now.films.film(movie, person),
            n=n,
            leaving=now.films.films(found.leaving, person),
            coming=now.films.films(found.coming, person),
        )


def _parts(explanation: Explanation, recommender: Recommender, person: Person) -> tuple[ScorePart, ...]:
    ids = recommender.catalogue.ids.ids
    return tuple(
        ScorePart(
            kind=part.kind,
            label=part.label,
            amount=part.amount,
            movie_id=None if part.movie is None else int(ids[part.movie]),
            your_rating=None if part.movie is None else person.values.get(part.movie),
            exact=part.exact,
            method=part.method,
        )
        for part in explanation.parts
    )


def _predicted(recommender: Recommender, profile: Profile, movie: int) -> float | None:
    if not recommender.info.data.explicit:
        return None
    low, high = recommender.info.data.scale
    for engine in recommender.hybrid.engines.values():
        if engine.predicts_stars:
            score = float(engine.score(Profiles.stack([profile], len(recommender.catalogue)))[0, movie])
            return min(max(score, low), high)
    return None

"""The recommender: a live release asked for lists, for one profile at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from matinee.data import Catalogue
from matinee.engines.matrices import is_here
from matinee.engines.memory import keep_freed_memory
from matinee.engines.popular import Popular
from matinee.errors import ReleaseError, UnknownIdError
from matinee.ranking.answers import Answer, MovieStatistics, Recommendation
from matinee.ranking.diversity import DEFAULT_DIAL, diversify
from matinee.ranking.duplicates import Works
from matinee.ranking.explain import Explainer
from matinee.ranking.explanation import Explanation
from matinee.ranking.features import MovieFeatures
from matinee.ranking.filters import Filters, Objection
from matinee.ranking.hybrid import COLD, Blended, Hybrid, HybridConfig
from matinee.ranking.named import NamedFilms
from matinee.ranking.policy import EVERYTHING, Policy
from matinee.ranking.presets import HYBRID
from matinee.ranking.reasons import Sentences, because_popular
from matinee.ranking.search import Search
from matinee.ranking.select import best
from matinee.ranking.taste import Boost, Taste, TasteIndex, reach_of
from matinee.ranking.without import Without, without
from matinee.releases import Manifest, Release
from matinee.types import BoolVector, FloatVector, IntVector, Profile, Profiles

DEFAULT_POLICY = Policy()
"""Everything may be shown but what the profile holds."""

NEUTRAL_TASTE = Taste()
"""No slider was moved."""

TRIAL = 8
"""Films in the profile a release is rehearsed with."""

SIMILAR_ENGINES = ("ease", "als", "svd")
"""Who is asked for similar films, in this order."""


@dataclass(frozen=True)
class WhyNot:
    """Why a film is not shown.

    Attributes:
        objections: the rules that bar it; empty where it may be shown.
        place: its place in the whole list, from 1; None where it is barred.
        n_allowed: films that may be shown.
    """

    objections: tuple[Objection, ...]
    place: int | None
    n_allowed: int


@dataclass(frozen=True)
class _Ranked:
    """One profile's scores over the catalogue: (n_movies,) what is ranked by, what may be shown, and where it is from."""

    scores: FloatVector
    allowed: BoolVector
    blended: Blended
    boost: Boost | None


class Recommender:
    """Answers for any profile from one release; keeps nothing about anybody.

    Args:
        release: the live release; must hold the engine `popular`.
    """

    def __init__(self, release: Release) -> None:
        popular = release.engines.get(COLD)
        if not isinstance(popular, Popular):
            raise ReleaseError(
                f"Release {release.version} lacks the engine {COLD!r}.", hint="Train again: matinee train --data PATH."
            )
        keep_freed_memory()
        self.release = release
        data = release.manifest.data
        self.hybrid = Hybrid(
            release.engines,
            HybridConfig.of(release.manifest.ranking),
            catalogue=release.catalogue,
            scale=data.scale if data.explicit else None,
        )
        self._popular = popular
        self._popular_reasons: dict[int, str] = {}
        self._named = NamedFilms(release.catalogue)
        self.filters = Filters(release.catalogue, self._named)
        self.sliders = TasteIndex(release.catalogue, self._named)
        self.explainer = Explainer(self.hybrid, release.catalogue, data.scale if data.explicit else None)

    @property
    def catalogue(self) -> Catalogue:
        """The films it knows."""
        return self.release.catalogue

    @property
    def info(self) -> Manifest:
        """What the release is: version, data, settings, metrics."""
        return self.release.manifest

    @property
    def viewers(self) -> str:
        """What to call the people behind the averages, honestly."""
        return "simulated viewers" if self.info.data.simulated else "viewers"

    def recommend(
        self,
        profile: Profile,
        n: int,
        *,
        strategy: str = HYBRID,
        policy: Policy = DEFAULT_POLICY,
        taste: Taste = NEUTRAL_TASTE,
        discovery: float = DEFAULT_DIAL,
        exclude: Collection[int] = (),
    ) -> Answer:
        """Return the best films that a person may be shown.

        Args:
            profile: the person's history; may be empty.
            n: how many films at most.
            strategy: one of `hybrid.strategies()`.
            policy: what may be shown; by default everything but what the profile holds.
            taste: the sliders the person has moved.
            discovery: the dial from 0, the order of the scores, to 1; see `diversify`.
            exclude: further movie indices to leave out.

        Raises:
            UnknownIdError: if there is no such strategy.
            SettingsError: if the dial is not within 0…1.
        """
        ranked = self._rank(profile, strategy, policy, taste, exclude)
        movies = diversify(ranked.scores, ranked.allowed, n, discovery, self.features, profile)
        explained = self.explainer.explain(profile, movies, ranked.blended, ranked.boost, estimate=False)
        sentences, label = self._sentences(profile), self.works.label
        told = zip(explained, movies.tolist(), ranked.scores[movies].tolist(), strict=True)
        items = [
            Recommendation(movie, score, self._reason(each, sentences), each.leading, each, label(movie))
            for each, movie, score in told
        ]
        route = self.hybrid.route(len(profile), strategy)
        failed = "".join(f" The engine {name} failed and takes no part." for name in ranked.blended.failed)
        return Answer(route.strategy, route.because + failed, items)

    def why_not(
        self,
        profile: Profile,
        movie: int,
        *,
        strategy: str = HYBRID,
        policy: Policy = DEFAULT_POLICY,
        taste: Taste = NEUTRAL_TASTE,
    ) -> WhyNot:
        """Say why a film is not shown to a person: what bars it, or the place at which its score stands.

        Raises:
            UnknownIdError: if there is no such film or strategy.
        """
        self._check(movie)
        ranked = self._rank(profile, strategy, policy, taste, ())
        objections = self.filters.objections(taste.barring(policy), profile, movie)
        if not objections and not ranked.allowed[movie]:
            objections = (self._double(movie),)
        if objections:
            return WhyNot(objections, None, int(ranked.allowed.sum()))
        above = ranked.allowed & (ranked.scores > ranked.scores[movie])
        level = ranked.allowed & (ranked.scores == ranked.scores[movie])
        place = int(above.sum()) + int(level[: movie + 1].sum())
        return WhyNot((), place, int(ranked.allowed.sum()))

    def explain(
        self,
        profile: Profile,
        movie: int,
        *,
        strategy: str = HYBRID,
        policy: Policy = DEFAULT_POLICY,
        taste: Taste = NEUTRAL_TASTE,
    ) -> Explanation:
        """Take the score of any film apart, barred or not.

        Raises:
            UnknownIdError: if there is no such film or strategy.
        """
        self._check(movie)
        ranked = self._rank(profile, strategy, policy, taste, ())
        return self.explainer.explain(profile, np.array([movie], np.int32), ranked.blended, ranked.boost)[0]

    def explain_all(
        self, profile: Profile, movies: IntVector, *, blended: Blended | None = None, boost: Boost | None = None
    ) -> list[tuple[str, Explanation]]:
        """Return a sentence and the parts of the score for each of some films, whatever a policy says of them.

        Args:
            profile: the person's history.
            movies: which films.
            blended: what the profile was scored, where that is known already.
            boost: what the person's sliders add to it.
        """
        if blended is None:
            blended = self.hybrid.explained(Profiles.stack([profile], len(self.catalogue)))
        explained = self.explainer.explain(profile, movies, blended, boost, estimate=False)
        sentences = self._sentences(profile)
        return [(self._reason(each, sentences), each) for each in explained]

    def without(
        self,
        profile: Profile,
        movie: int,
        n: int = 10,
        *,
        strategy: str = HYBRID,
        policy: Policy = DEFAULT_POLICY,
        taste: Taste = NEUTRAL_TASTE,
        discovery: float = DEFAULT_DIAL,
    ) -> Without:
        """Say which films would leave a person's list, and which would come, without one of their ratings.

        Raises:
            UnknownIdError: if there is no such strategy, or the profile does not hold the film.
        """

        def listed(person: Profile, n: int) -> IntVector:
            ranked = self._rank(person, strategy, policy, taste, ())
            return diversify(ranked.scores, ranked.allowed, n, discovery, self.features, person)

        return without(listed, profile, movie, n)

    def rehearse(self) -> None:
        """Answer once for nobody and once for somebody, which also builds what the first requests would wait for.

        Raises:
            Exception: whatever is wrong with the release.
        """
        n = min(TRIAL, len(self.catalogue))
        low, high = self.info.data.scale
        somebody = Profile.of(np.arange(n, dtype=np.int32), np.linspace(low, high, n, dtype=np.float32))
        for profile in (Profile.empty(), somebody):
            self.recommend(profile, 1)
        self.search("a", 1)
        for kind in ("genre", "person"):  # what a sentence may name
            self._named.of(kind, "")

    def _rank(self, profile: Profile, strategy: str, policy: Policy, taste: Taste, exclude: Collection[int]) -> _Ranked:
        blended = self.hybrid.explained(Profiles.stack([profile], len(self.catalogue)), strategy)
        allowed = self.once(self._allowed(profile, taste.barring(policy), exclude), profile, policy)
        scores = blended.scores[0]
        boost = self.sliders.boost(taste, reach_of(scores, allowed)) if taste.sliders else None
        return _Ranked(scores if boost is None else scores + boost.total, allowed, blended, boost)

    def similar(
        self, movie: int, n: int, exclude: Collection[int] = (), *, policy: Policy = EVERYTHING
    ) -> list[Recommendation]:
        """Return the films most like one film, as the people who watched them see it.

        Args:
            movie: the film.
            n: how many films at most.
            exclude: movie indices to leave out.
            policy: what may be shown.
        """
        self._check(movie)
        for name in SIMILAR_ENGINES:
            engine = self.hybrid.engines.get(name)
            likeness = None if engine is None else engine.similar(movie)
            if likeness is not None and np.any(np.delete(likeness, movie) > 0):
                allowed = self._allowed(Profile.empty(), policy, [*exclude, movie]) & (likeness > 0)
                reason = f"People who liked {self.catalogue.titles[movie]} liked it too"
                return [Recommendation(int(near), float(likeness[near]), reason) for near in best(likeness, allowed, n)]
        return self._same_genres(movie, n, policy, exclude)

    def trending(
        self, n: int, genre: str | None = None, exclude: Collection[int] = (), *, policy: Policy = EVERYTHING
    ) -> list[Recommendation]:
        """Return what people rated most lately, by the end of the data.

        Args:
            n: how many films at most.
            genre: keep one genre only.
            exclude: movie indices to leave out.
            policy: what may be shown.

        Raises:
            UnknownIdError: if no film has that genre.
        """
        allowed = self._allowed(Profile.empty(), policy, exclude)
        if genre is not None:
            allowed &= self._of_genre(genre)
        scores = self._popular.trending_scores()
        allowed &= scores > 0
        return [
            Recommendation(int(movie), float(scores[movie]), self._popular_reason(int(movie)))
            for movie in best(scores, allowed, n)
        ]

    def search(self, query: str, n: int, *, policy: Policy = EVERYTHING) -> list[int]:
        """Return up to `n` movie indices for a query that may be shown, best first."""
        if policy == EVERYTHING:
            return self._search(query, n)
        allowed = self._allowed(Profile.empty(), policy, ())
        return [movie for movie in self._search(query, len(self.catalogue)) if allowed[movie]][:n]

    def resolve(self, text: str) -> int:
        """Return the one film a person means by an id or a title.

        Raises:
            UnknownIdError: if there is none, or several.
        """
        return self._search.resolve(text)

    def statistics(self, movie: int) -> MovieStatistics:
        """Return what everybody's ratings say of one film."""
        arrays = self._popular.arrays
        return MovieStatistics(
            int(arrays["count"].item(movie)), arrays["mean"].item(movie), arrays["weighted"].item(movie)
        )

    @cached_property
    def features(self) -> MovieFeatures:
        """What the films are like."""
        return MovieFeatures.of(self.catalogue, self.hybrid.engines, self._popular.arrays["count"])

    @cached_property
    def works(self) -> Works:
        """Which entries are the same work, and which have a namesake."""
        content = self.hybrid.engines.get("content")
        stories = None if content is None or not is_here(content.arrays, "text") else content.matrix("text").dense()
        return Works(self.catalogue, self._popular.arrays["count"], stories)

    def once(self, allowed: BoolVector, profile: Profile, policy: Policy = DEFAULT_POLICY) -> BoolVector:
        """Return which films may be shown once every work is shown once, and none that is known under another id."""
        known = np.concatenate(
            [
                profile.movies if policy.seen else profile.movies[:0],
                np.fromiter(policy.also_seen | policy.hidden, np.int32),
            ]
        )
        return self.works.without_doubles(allowed, known)

    @cached_property
    def _search(self) -> Search:
        by_meaning = getattr(self.hybrid.engines.get("content"), "search", None)
        return Search(self.catalogue, np.log1p(self._popular.arrays["count"]).astype(np.float32), by_meaning)

    def _allowed(self, profile: Profile, policy: Policy, exclude: Collection[int]) -> BoolVector:
        if exclude:
            policy = replace(policy, excluded=policy.excluded | frozenset(exclude))
        return self.filters.allowed(policy, profile)

    def _of_genre(self, genre: str) -> BoolVector:
        names = {name.casefold(): column for column, name in enumerate(self.catalogue.genre_names)}
        if genre.casefold() not in names:
            raise UnknownIdError(
                f"No film has the genre {genre!r}.", hint=f"Genres: {', '.join(self.catalogue.genre_names) or 'none'}."
            )
        column: BoolVector = self.catalogue.genres[:, names[genre.casefold()]]
        return column

    def _same_genres(self, movie: int, n: int, policy: Policy, exclude: Collection[int]) -> list[Recommendation]:
        genres = self.catalogue.genres.astype(np.float32)
        shared = genres @ genres[movie]
        either = genres.sum(axis=1) + genres[movie].sum() - shared
        likeness = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
        # Among equals the better known film; the tie-breaker stays below the smallest step of the likeness.
        likeness += (
            1e-3
            * self._popular.arrays["weighted"]
            / max(float(np.max(self._popular.arrays["weighted"], initial=1)), 1.0)
        )
        allowed = self._allowed(Profile.empty(), policy, [*exclude, movie]) & (shared > 0)
        names = ", ".join(self.catalogue.movies["genres"][movie].to_list())
        return [
            Recommendation(int(near), float(likeness[near]), f"Shares genres: {names}")
            for near in best(likeness, allowed, n)
        ]

    def _sentences(self, profile: Profile) -> Sentences:
        return Sentences(profile, self._named, explicit=self.info.data.explicit)

    def _reason(self, explanation: Explanation, sentences: Sentences) -> str:
        """Say what speaks for a film: the person's own ratings and tastes, or everybody's where those weigh more."""
        said = sentences.because(explanation) if explanation.own >= explanation.popularity else None
        return self._popular_reason(explanation.movie) if said is None else said

    def _popular_reason(self, movie: int) -> str:
        told = self._popular_reasons.get(movie)
        if told is None:
            told = because_popular(self.statistics(movie), viewers=self.viewers, explicit=self.info.data.explicit)
            self._popular_reasons[movie] = told
        return told

    def _double(self, movie: int) -> Objection:
        shown = int(self.works.representative[movie])
        title = self.catalogue.titles[shown]
        return Objection("double", f"It is the same work as {title} (id {self.catalogue.ids.ids[shown]}).")

    def _check(self, movie: int) -> None:
        if not 0 <= movie < len(self.catalogue):
            raise UnknownIdError(
                f"There is no movie index {movie}.", hint=f"Indices run from 0 to {len(self.catalogue) - 1}."
            )

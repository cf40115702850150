"""Explanations that add up: every score of a list taken apart into ratings, genres, people, fame, sliders and a baseline.

The blend gives an engine's score s the share weight · (s − low) / span. With s = Σ its parts, the share of each part is
weight / span times it, and −weight · low / span, where the scale begins, goes to the baseline together with rounding.

Genres and people come from `content`, whose film vectors are sums over them, and, where popularity was lifted by hints,
from the genres that lifted it. What a genre hint adds to popularity is its integrated gradient (Sundararajan, Taly and
Yan, ICML 2017), exact for the exponential of a sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Self

import numpy as np

from matinee.data import Catalogue
from matinee.engines.content import Content
from matinee.engines.content_parts import KEPT, ContentParts
from matinee.ranking.attribution import METHODS, SOLVED, WALKED, EngineParts, parts_of
from matinee.ranking.explanation import EXACT, Amounts, Column, Digest, Explanation
from matinee.ranking.hints import GenreHints
from matinee.ranking.hybrid import COLD, Blended, Hybrid, hints_of
from matinee.ranking.taste import Boost
from matinee.types import FloatVector, IntVector, LongVector, Profile, Profiles

FAME = Column("popularity", "How popular it is")
USUAL = Column("popularity", "What people in general make of it")
BASELINE = Column("baseline", "Where the scale begins")
HINTED = "exact: integrated along the genres' lift"

SPEAKING = 3
"""So many of the strongest ratings are found for a whole list at once: what a card names."""

_NOTHING: Amounts = np.zeros(0)


@dataclass
class _Sums:
    """What has been added up so far for m films and a profile of n."""

    ratings: Amounts
    fame: Amounts
    usual: Amounts
    named: list[tuple[Column, ...]]
    named_amounts: list[Amounts]
    left: list[tuple[Column, Amounts]] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls, n_movies: int, n_ratings: int) -> Self:
        """Return sums of which nothing is known yet."""
        return cls(
            np.zeros((n_movies, n_ratings)),
            np.zeros(n_movies),
            np.zeros(n_movies),
            [()] * n_movies,
            [_NOTHING] * n_movies,
        )

    def name(self, place: int, columns: tuple[Column, ...], amounts: Amounts) -> None:
        """Add what genres, people or sliders give one film."""
        if self.named[place]:
            columns, amounts = self.named[place] + columns, np.concatenate([self.named_amounts[place], amounts])
        self.named[place], self.named_amounts[place] = columns, amounts

    def named_total(self) -> Amounts:
        """Return (m,) what genres, people and sliders add to each film."""
        films = np.repeat(np.arange(len(self.named)), [len(columns) for columns in self.named])
        total = np.bincount(films, np.concatenate([_NOTHING, *self.named_amounts]), len(self.named))
        return total.astype(np.float64, copy=False)


class Explainer:
    """Explains scores over one catalogue; built once, keeps nothing about anybody.

    Args:
        hybrid: whose scores.
        catalogue: the films.
        scale: lowest and highest stars; None where people only watched.
    """

    def __init__(self, hybrid: Hybrid, catalogue: Catalogue, scale: tuple[float, float] | None = (0.5, 5.0)) -> None:
        self.hybrid = hybrid
        self.catalogue = catalogue
        self._scale = scale

    def explain(
        self,
        profile: Profile,
        movies: IntVector,
        blended: Blended,
        boost: Boost | None = None,
        *,
        row: int = 0,
        estimate: bool = True,
    ) -> list[Explanation]:
        """Take the scores of some films apart.

        Args:
            profile: the person whose scores these are.
            movies: (m,) films.
            blended: what `Hybrid.explained` returned.
            boost: what the sliders added to it.
            row: the person's row in `blended`.
            estimate: whether the ratings behind engines that do not add (networks) are estimated, which takes about a
                hundred scored profiles; otherwise such an engine is one part.

        Returns:
            One explanation a film; its parts add up to the blended score and the boost.
        """
        movies = np.asarray(movies, np.int32)
        if not len(movies):
            return []
        sums = _Sums.nothing(len(movies), len(profile))
        for name in blended.raw:
            weight, scale = float(blended.weights[name][row]), blended.scales[name]
            if weight > 0:
                factor = weight / float(scale.span[row])
                self._add(sums, name, factor, profile, movies, blended, row, estimate=estimate)
        score = blended.scores[row, movies].astype(np.float64)
        if boost is not None:
            score = score + boost.total[movies]
            for place, movie in enumerate(movies):
                given = boost.of(int(movie))
                columns = tuple(_column("taste", slider.name) for slider in given)
                sums.name(place, columns, np.array(list(given.values()), np.float64))
        return list(self._explanations(sums, profile, movies, score))

    def _add(
        self,
        sums: _Sums,
        name: str,
        factor: float,
        profile: Profile,
        movies: IntVector,
        blended: Blended,
        row: int,
        *,
        estimate: bool,
    ) -> None:
        engine, raw = self.hybrid.engines[name], blended.raw[name][row, movies]
        if name == COLD:
            lift = None if blended.lift is None else blended.lift[row, movies]
            self._add_popularity(sums, factor, profile, movies, raw, lift)
        elif isinstance(engine, Content) and self._named_parts is not None:
            self._add_content(sums, factor, profile, movies, engine, self._named_parts)
        else:
            parts = parts_of(engine, profile, movies, raw, estimate=estimate)
            self._add_parts(sums, factor, engine.name, parts)

    def _add_parts(self, sums: _Sums, factor: float, name: str, parts: EngineParts) -> None:
        sums.ratings += factor * parts.ratings
        sums.usual += factor * parts.usual
        if parts.left_label is not None:
            sums.left.append((_column("model", parts.left_label), factor * parts.left))
        sums.methods[name] = parts.method

    def _add_content(
        self,
        sums: _Sums,
        factor: float,
        profile: Profile,
        movies: IntVector,
        engine: Content,
        named: ContentParts,
    ) -> None:
        """Add what genres and people of a film meet in the taste; what remains of its vector belongs to the ratings."""
        films = named.of(movies)
        vectors = engine.matrix("vectors").rows(movies)
        # Joined end to end: `np.stack` looks at every row by itself.
        vectors -= np.concatenate([vectors[0, :0], *(film.total for film in films)]).reshape(vectors.shape)
        stacked = np.concatenate([film.vectors for film in films])
        ratings, felt = engine.parts_of_vectors(profile, vectors, stacked)
        sums.ratings += factor * ratings.astype(np.float64)
        sums.methods[engine.name] = METHODS[engine.name]
        amounts, first = felt.astype(np.float64) * factor, 0
        for place, film in enumerate(films):
            last = first + len(film.names)
            sums.name(place, _columns(film.names), amounts[first:last])
            first = last

    def _add_popularity(
        self,
        sums: _Sums,
        factor: float,
        profile: Profile,
        movies: IntVector,
        raw: FloatVector,
        lift: FloatVector | None,
    ) -> None:
        if lift is None:
            sums.fame += factor * raw.astype(np.float64)
            return
        plain = raw.astype(np.float64) / lift
        sums.fame += factor * plain
        pulls = self._hints.pulls(Profiles.stack([profile], len(self.catalogue)), movies)[0].astype(np.float64)
        whole = pulls.sum(axis=1)
        slope = np.divide(lift - 1, whole, out=np.ones(len(whole)), where=np.abs(whole) > 1e-6)
        amounts = (factor * plain * slope)[:, None] * pulls
        names = self.catalogue.genre_names
        for place, row in enumerate(amounts):
            lifted = np.flatnonzero(row)
            columns = tuple(_column("genre", names[genre], HINTED) for genre in lifted.tolist())
            sums.name(place, columns, row[lifted])

    def _explanations(self, sums: _Sums, profile: Profile, movies: IntVector, score: Amounts) -> Iterator[Explanation]:
        columns, others = [FAME, USUAL], [sums.fame, sums.usual]
        popularity = (sums.fame + sums.usual).tolist()
        for column, amounts in sums.left:
            columns.append(column)
            others.append(amounts)
        own = sums.ratings.sum(axis=1) + sums.named_total()
        rest = score - own - np.sum(others, axis=0)
        table = np.stack([*others, rest], axis=1)
        columns.append(BASELINE)
        exact = WALKED not in sums.methods.values()
        method = _method(sums.methods)
        leading = strongest(sums.ratings, SPEAKING)
        told = np.take_along_axis(sums.ratings, leading, axis=1)
        digests = map(Digest, own.tolist(), popularity, leading.tolist(), told.tolist())
        films = zip(
            movies.tolist(),
            score.tolist(),
            sums.ratings,
            sums.named,
            sums.named_amounts,
            table,
            digests,
            strict=True,
        )
        rated, titles = profile.movies, self.catalogue.titles
        for movie, whole, ratings, named, named_amounts, rest_of, digest in films:
            yield Explanation(
                movie, whole, rated, ratings, titles, exact, method, named, named_amounts, columns, rest_of, digest
            )

    @cached_property
    def _named_parts(self) -> ContentParts | None:
        """Genres and people of `content`; None where a release was made before their lengths were kept."""
        engine = self.hybrid.engines.get("content")
        if not isinstance(engine, Content) or "lengths" not in engine.arrays:
            return None
        return ContentParts(engine.arrays, self.catalogue)

    @cached_property
    def _hints(self) -> GenreHints:
        return hints_of(self.catalogue, self._scale)


def explain(
    hybrid: Hybrid,
    catalogue: Catalogue,
    profile: Profile,
    movies: IntVector,
    blended: Blended,
    boost: Boost | None = None,
) -> list[Explanation]:
    """Take the scores of some films apart once; who explains often keeps an `Explainer`."""
    return Explainer(hybrid, catalogue).explain(profile, movies, blended, boost)


def strongest(amounts: Amounts, n: int) -> LongVector:
    """Return (m, min(n, k)) the places of the largest amounts in each of m rows of k, largest first, ties by the later place."""
    left = amounts[:, ::-1].copy()
    n, last = min(n, left.shape[1]), left.shape[1] - 1
    found, rows = np.empty((len(left), n), np.int64), np.arange(len(left))
    for rank in range(n):
        top = left.argmax(axis=1)
        found[:, rank] = last - top
        left[rows, top] = -np.inf
    return found


@lru_cache(KEPT)
def _columns(names: tuple[tuple[str, str], ...]) -> tuple[Column, ...]:
    return tuple(_column(kind, name) for kind, name in names)


@lru_cache(65_536)
def _column(kind: str, label: str, method: str = EXACT) -> Column:
    return Column(kind, label, method=method)  # type: ignore[arg-type]  # callers pass a Kind; str keeps the cache's key plain


def _method(methods: dict[str, str]) -> str:
    """Say how the amounts of ratings were worked out, naming the engines that need a proviso."""
    special = {name: method for name, method in methods.items() if method != EXACT}
    if not special:
        return EXACT
    if len(set(methods.values())) == 1:
        return next(iter(special.values()))
    solved = [name for name, method in special.items() if method == SOLVED]
    rest = [f"{name}: {method}" for name, method in special.items() if method != SOLVED]
    return "; ".join([*rest, *([f"{', '.join(solved)}: {SOLVED}"] if solved else []), f"else {EXACT}"])

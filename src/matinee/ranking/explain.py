"""Explanations that add up: every score of a list taken apart into ratings, genres, people, fame, sliders and a baseline.

The blend gives an engine's score s the share weight · (s − low) / span. With s = Σ its parts, the share of each part is
weight / span times it. What an engine makes of anybody is told from where its scale begins, weight · (usual − low) / span:
3.5 stars say nothing where every film gets three. Of engines that make nothing of them, −weight · low / span goes to the
baseline together with rounding.

Genres and people come from `content`, whose film vectors are sums over them, and, where popularity was lifted by hints,
from the genres that lifted it. What a genre hint adds to popularity is its integrated gradient (Sundararajan, Taly and
Yan, ICML 2017), exact for the exponential of a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Self

import numpy as np

from matinee.data import Catalogue
from matinee.engines.content import Content
from matinee.engines.content_parts import KEPT, ContentParts, FilmParts
from matinee.ranking.attribution import METHODS, SOLVED, WALKED, EngineParts, parts_of
from matinee.ranking.explanation import EXACT, Amounts, Column, Explained, Explanation
from matinee.ranking.hints import GenreHints
from matinee.ranking.hybrid import COLD, Blended, Hybrid, hints_of
from matinee.ranking.taste import Boost
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles

FAME = Column("popularity", "How popular it is")
USUAL = Column("popularity", "What people in general make of it")
BASELINE = Column("baseline", "Where the scale begins")
HINTED = "exact: integrated along the genres' lift"

_NOTHING: Amounts = np.zeros(0)


@dataclass
class _Sums:
    """What has been added up so far for m films and a profile of n."""

    ratings: FloatMatrix
    fame: Amounts
    usual: Amounts
    named: list[tuple[Column, ...]]
    named_amounts: list[Amounts]
    named_total: Amounts
    left: list[tuple[Column, Amounts]] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls, n_movies: int, n_ratings: int) -> Self:
        """Return sums of which nothing is known yet."""
        return cls(
            np.zeros((n_movies, n_ratings), np.float32),
            np.zeros(n_movies),
            np.zeros(n_movies),
            [()] * n_movies,
            [_NOTHING] * n_movies,
            np.zeros(n_movies),
        )

    def name(self, columns: Sequence[tuple[Column, ...]], given: Sequence[Amounts], totals: Amounts) -> None:
        """Add what genres, people or sliders give each of m films, and (m,) what they give together."""
        self.named_total += totals
        if not any(self.named):
            self.named, self.named_amounts = list(columns), list(given)
            return
        self.named = [known + new for known, new in zip(self.named, columns, strict=True)]
        self.named_amounts = [np.concatenate(pair) for pair in zip(self.named_amounts, given, strict=True)]


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
        self._columns_of: dict[int, tuple[Column, ...]] = {}

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
                self._add(sums, name, factor, float(scale.low[row]), profile, movies, blended, row, estimate=estimate)
        score = blended.scores[row, movies].astype(np.float64)
        if boost is not None:
            score = score + boost.total[movies]
            moved = [boost.of(int(movie)) for movie in movies]
            columns = [tuple(_column("taste", slider.name) for slider in given) for given in moved]
            amounts = [np.array(list(given.values()), np.float64) for given in moved]
            sums.name(columns, amounts, np.array([each.sum() for each in amounts]))
        return list(self._explained(sums, profile, movies, score))

    def _add(
        self,
        sums: _Sums,
        name: str,
        factor: float,
        low: float,
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
            self._add_popularity(sums, factor, low, profile, movies, raw, lift)
        elif isinstance(engine, Content) and self._named_parts is not None:
            self._add_content(sums, factor, profile, movies, engine, self._named_parts)
        else:
            parts = parts_of(engine, profile, movies, raw, estimate=estimate)
            self._add_parts(sums, factor, low, engine.name, parts)

    def _add_parts(self, sums: _Sums, factor: float, low: float, name: str, parts: EngineParts) -> None:
        sums.ratings += factor * parts.ratings
        if parts.usual.any():
            sums.usual += factor * (parts.usual - low)
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
        # Every film's total, and its genres and people after it, lie one film after the other.
        stacked = np.concatenate([film.total_first for film in films])
        lasts = list(accumulate(len(film.total_first) for film in films))
        totals = [0, *lasts[:-1]]
        vectors = engine.matrix("vectors").rows(movies)
        vectors -= stacked[totals]
        ratings, felt = engine.parts_of_vectors(profile, vectors, stacked)
        sums.ratings += factor * ratings
        sums.methods[engine.name] = METHODS[engine.name]
        amounts = felt.astype(np.float64) * factor
        sums.name(
            [self._columns(movie, film) for movie, film in zip(movies.tolist(), films, strict=True)],
            [amounts[start + 1 : last] for start, last in zip(totals, lasts, strict=True)],
            amounts[totals],
        )

    def _columns(self, movie: int, film: FilmParts) -> tuple[Column, ...]:
        known = self._columns_of.get(movie)
        if known is None:
            if len(self._columns_of) >= KEPT:
                self._columns_of.clear()
            known = self._columns_of[movie] = tuple(_column(kind, name) for kind, name in film.names)
        return known

    def _add_popularity(
        self,
        sums: _Sums,
        factor: float,
        low: float,
        profile: Profile,
        movies: IntVector,
        raw: FloatVector,
        lift: FloatVector | None,
    ) -> None:
        if lift is None:
            sums.fame += factor * (raw.astype(np.float64) - low)
            return
        plain = raw.astype(np.float64) / lift
        sums.fame += factor * (plain - low)
        pulls = self._hints.pulls(Profiles.stack([profile], len(self.catalogue)), movies)[0].astype(np.float64)
        whole = pulls.sum(axis=1)
        slope = np.divide(lift - 1, whole, out=np.ones(len(whole)), where=np.abs(whole) > 1e-6)
        amounts = (factor * plain * slope)[:, None] * pulls
        names = self.catalogue.genre_names
        lifted = [np.flatnonzero(row).tolist() for row in amounts]
        columns = [tuple(_column("genre", names[genre], HINTED) for genre in genres) for genres in lifted]
        sums.name(columns, [row[row != 0] for row in amounts], amounts.sum(axis=1))

    def _explained(self, sums: _Sums, profile: Profile, movies: IntVector, score: Amounts) -> Explained:
        columns, others = [FAME, USUAL], [sums.fame, sums.usual]
        for column, amounts in sums.left:
            columns.append(column)
            others.append(amounts)
        own = sums.ratings.sum(axis=1, dtype=np.float64) + sums.named_total
        rest = score - own - np.sum(others, axis=0)
        columns.append(BASELINE)
        return Explained(
            movies=movies.tolist(),
            scores=score.tolist(),
            rated=profile.movies,
            rating_amounts=sums.ratings,
            titles=self.catalogue.titles,
            rating_exact=WALKED not in sums.methods.values(),
            rating_method=_method(sums.methods),
            named=sums.named,
            named_amounts=sums.named_amounts,
            own=own.tolist(),
            columns=columns,
            others=np.stack([*others, rest], axis=1),
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

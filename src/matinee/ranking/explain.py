"""Explanations that add up: every score of a list taken apart into ratings, genres, people, fame, sliders and a baseline.

The blend gives an engine's score s the share weight · (s − low) / span. With s = Σ its parts, the share of each part is
weight / span times it, and −weight · low / span, where the scale begins, goes to the baseline together with rounding.

Genres and people come from `content`, whose film vectors are sums over them, and, where popularity was lifted by hints,
from the genres that lifted it. What a genre hint adds to popularity is its integrated gradient (Sundararajan, Taly and
Yan, ICML 2017), exact for the exponential of a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from matinee.data import Catalogue
from matinee.engines.content import Content
from matinee.engines.content_parts import ContentParts, FilmParts
from matinee.ranking.attribution import METHODS, SOLVED, WALKED, EngineParts, parts_of
from matinee.ranking.explanation import EXACT, Amounts, Column, Explanation
from matinee.ranking.hints import GenreHints
from matinee.ranking.hybrid import COLD, Blended, Hybrid, hints_of
from matinee.ranking.taste import Boost
from matinee.types import FloatVector, IntVector, Profile, Profiles

FAME = Column("popularity", "How popular it is")
USUAL = Column("popularity", "What people in general make of it")
BASELINE = Column("baseline", "Where the scale begins")
HINTED = "exact: integrated along the genres' lift"


@dataclass
class _Sums:
    """What has been added up so far for m films and a profile of n."""

    ratings: Amounts
    fame: Amounts
    usual: Amounts
    named: list[list[tuple[Column, float]]]
    left: list[tuple[Column, Amounts]] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)


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
        n = len(profile)
        sums = _Sums(
            np.zeros((len(movies), n)), np.zeros(len(movies)), np.zeros(len(movies)), [[] for _ in range(len(movies))]
        )
        for name in blended.raw:
            weight, scale = float(blended.weights[name][row]), blended.scales[name]
            if weight > 0:
                factor = weight / float(scale.span[row])
                self._add(sums, name, factor, profile, movies, blended, row, estimate=estimate)
        score = blended.scores[row, movies].astype(np.float64)
        if boost is not None:
            score = score + boost.total[movies]
            for place, movie in enumerate(movies):
                sums.named[place] += [
                    (_column("taste", slider.name), amount) for slider, amount in boost.of(int(movie)).items()
                ]
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
        vectors = engine.matrix("vectors").rows(movies) - np.stack([film.total for film in films])
        sums.ratings += factor * engine.contributions_to(profile, vectors).astype(np.float64)
        sums.methods[engine.name] = METHODS[engine.name]
        stacked = np.concatenate([film.vectors for film in films])
        felt = engine.score_vectors(Profiles.stack([profile], engine.n_movies), stacked)[0].astype(np.float64) * factor
        _spread(sums.named, films, felt.tolist())

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
        for place, row in enumerate(amounts):
            sums.named[place] += [
                (_column("genre", self.catalogue.genre_names[genre], HINTED), float(row[genre]))
                for genre in np.flatnonzero(row)
            ]

    def _explanations(self, sums: _Sums, profile: Profile, movies: IntVector, score: Amounts) -> Iterator[Explanation]:
        columns, others = [FAME, USUAL], [sums.fame, sums.usual]
        for column, amounts in sums.left:
            columns.append(column)
            others.append(amounts)
        named = [[amount for _, amount in pairs] for pairs in sums.named]
        rest = score - sums.ratings.sum(axis=1) - np.sum(others, axis=0) - [sum(amounts) for amounts in named]
        table = np.stack([*others, rest], axis=1)
        columns.append(BASELINE)
        exact = WALKED not in sums.methods.values()
        method = _method(sums.methods)
        for place, movie in enumerate(movies):
            yield Explanation(
                movie=int(movie),
                score=float(score[place]),
                rated=profile.movies,
                rating_amounts=sums.ratings[place],
                titles=self.catalogue.titles,
                rating_exact=exact,
                rating_method=method,
                named=tuple(column for column, _ in sums.named[place]),
                named_amounts=np.array(named[place], np.float64),
                columns=columns,
                others=table[place],
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


def _spread(named: list[list[tuple[Column, float]]], films: Sequence[FilmParts], amounts: list[float]) -> None:
    """Give each film's own names their amounts, which lie one after the other."""
    at = 0
    for pairs, film in zip(named, films, strict=True):
        for kind, name in film.names:
            pairs.append((_column(kind, name), amounts[at]))
            at += 1


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

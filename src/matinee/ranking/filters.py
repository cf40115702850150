"""Filters: which films a policy allows, and why one is not shown.

Both answers come from one table of rules, each of which says which films it bars: a film is allowed exactly when no rule
bars it. What a rule says of the whole catalogue (an age limit, a hidden genre) is worked out once and kept; nothing is
kept about a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from matinee.data import Catalogue
from matinee.data.dataset import UNKNOWN_AGE
from matinee.errors import ShapeError
from matinee.ranking.named import Kind, NamedFilms
from matinee.ranking.policy import Policy
from matinee.types import BoolVector, IntVector, Profile

MASKS_KEPT = 256
"""Rules whose mask over the catalogue stays in memory: 15 MB at 60,000 films."""

Barred = BoolVector | IntVector
"""Films that a rule bars: a mask over the catalogue, or their indices where they are few."""


@dataclass(frozen=True)
class Objection:
    """One rule that keeps a film out.

    Attributes:
        rule: "seen", "hidden", "person", "genre", "franchise", "theme", "decade", "age", "runtime", "year",
            "language", "unavailable" or "excluded".
        text: a plain sentence to the person.
    """

    rule: str
    text: str


class Filters:
    """Policies applied to one catalogue.

    Args:
        catalogue: the films.
        named: who is in which film, where that is known already.
    """

    def __init__(self, catalogue: Catalogue, named: NamedFilms | None = None) -> None:
        self.catalogue = catalogue
        self.named = named or NamedFilms(catalogue)
        self._mask = lru_cache(MASKS_KEPT)(self._rule_mask)

    def allowed(self, policy: Policy, profile: Profile) -> BoolVector:
        """Return (n_movies,) bool: which films may be shown; the caller may change it.

        Raises:
            ShapeError: if the policy or the profile names an index beyond the catalogue.
        """
        allowed: BoolVector = np.ones(len(self.catalogue), np.bool_)
        for _, barred, _ in self._barred(policy, profile):
            if barred.dtype == np.bool_:
                allowed &= ~barred.astype(np.bool_, copy=False)
            else:
                allowed[barred] = False
        return allowed

    def objections(self, policy: Policy, profile: Profile, movie: int) -> tuple[Objection, ...]:
        """Return every rule that bars one film; empty exactly where `allowed` says that it may be shown.

        Raises:
            ShapeError: if the film, or what the policy or the profile names, lies beyond the catalogue.
        """
        self._check(np.array([movie]))
        found = []
        for rule, barred, sentence in self._barred(policy, profile):
            if bool(barred[movie]) if barred.dtype == np.bool_ else bool((barred == movie).any()):
                found.append(Objection(rule, sentence(movie)))
        return tuple(found)

    def _barred(self, policy: Policy, profile: Profile) -> Iterator[tuple[str, Barred, Callable[[int], str]]]:
        """Yield each rule that is in force: its name, what it bars, and what it says of a film."""
        if policy.seen:
            seen = np.concatenate([self._listed(profile.movies), self._listed(policy.also_seen)])
            yield "seen", seen, lambda _: "You have seen it."
        yield "hidden", self._listed(policy.hidden), lambda _: "You said that it is not for you."
        yield "excluded", self._listed(policy.excluded), lambda _: "It was left out of this list on request."
        yield from self._barred_by_name(policy)
        yield from self._barred_by_limit(policy)
        if policy.available is not None:
            barred: BoolVector = np.ones(len(self.catalogue), np.bool_)
            barred[self._listed(policy.available)] = False
            yield "unavailable", barred, lambda _: "It is not among the films you can watch."

    def _barred_by_name(self, policy: Policy) -> Iterator[tuple[str, Barred, Callable[[int], str]]]:
        hidden: tuple[tuple[Kind, frozenset[str], str], ...] = (
            ("person", policy.hidden_people, "You hid films with {}."),
            ("genre", policy.hidden_genres, "You hid the genre {}."),
            ("franchise", policy.hidden_franchises, "You hid the series {}."),
            ("theme", policy.hidden_themes, "You hid films about {}."),
            ("decade", frozenset(f"{year}s" for year in policy.hidden_decades), "You hid films of the {}."),
        )
        for kind, names, sentence in hidden:
            for name in sorted(names):
                yield kind, self.named.of(kind, name), _saying(sentence.format(name))

    def _barred_by_limit(self, policy: Policy) -> Iterator[tuple[str, Barred, Callable[[int], str]]]:
        movies = self.catalogue
        if (age := policy.max_age) is not None:
            yield "age", self._mask("age", age), lambda movie: _of_age(int(movies.ages[movie]), age)
        if (longest := policy.max_runtime) is not None:
            mask = self._mask("runtime", longest)
            yield "runtime", mask, lambda movie: _of_runtime(int(movies.runtimes[movie]), longest)
        if (first := policy.min_year) is not None:
            yield (
                "year",
                self._mask("from", first),
                lambda movie: _of_year(int(movies.years[movie]), f"from {first} on"),
            )
        if (last := policy.max_year) is not None:
            yield "year", self._mask("to", last), lambda movie: _of_year(int(movies.years[movie]), f"up to {last}")
        if (spoken := policy.languages) is not None:
            mask = self._mask("language", spoken)
            yield "language", mask, lambda movie: _of_language(movies.movies["language"][movie], spoken)

    def _rule_mask(self, rule: str, limit: object) -> BoolVector:
        """Return (n_movies,) bool, read-only: the films that one limit bars."""
        ages, runtimes, years = self.catalogue.ages, self.catalogue.runtimes, self.catalogue.years
        barred: BoolVector
        match rule, limit:
            case "age", int():
                barred = (ages == UNKNOWN_AGE) | (ages > limit)
            case "runtime", int():
                barred = (runtimes == 0) | (runtimes > limit)
            case "from", int():
                barred = (years == 0) | (years < limit)
            case "to", int():
                barred = (years == 0) | (years > limit)
            case "language", frozenset():
                spoken = {str(code).casefold() for code in limit}
                barred = np.array([code is None or code not in spoken for code in self.catalogue.movies["language"]])
            case _:
                raise AssertionError(f"no rule {rule!r} with {limit!r}")
        barred = barred.astype(np.bool_)
        barred.setflags(write=False)
        return barred

    def _listed(self, films: frozenset[int] | IntVector) -> IntVector:
        indices = films if isinstance(films, np.ndarray) else np.fromiter(films, np.int32, len(films))
        self._check(indices)
        return indices

    def _check(self, indices: IntVector) -> None:
        if len(indices) and not (indices.min() >= 0 and indices.max() < len(self.catalogue)):
            raise ShapeError(
                f"Movie indices must lie in [0, {len(self.catalogue)}); got {indices.min()}…{indices.max()}."
            )


def _saying(text: str) -> Callable[[int], str]:
    return lambda _: text


def _of_age(age: int, limit: int) -> str:
    if age == UNKNOWN_AGE:
        return f"Nobody says from which age it is fit, and your limit is {limit}."
    return f"It is for people of {age} and over, and your limit is {limit}."


def _of_runtime(minutes: int, limit: int) -> str:
    if not minutes:
        return f"Nobody says how long it is, and your limit is {limit} minutes."
    return f"It takes {minutes} minutes, and your limit is {limit}."


def _of_year(year: int, limit: str) -> str:
    if not year:
        return f"Nobody says of which year it is, and you asked for films {limit}."
    return f"It is of {year}, and you asked for films {limit}."


def _of_language(code: str | None, spoken: frozenset[str]) -> str:
    wanted = ", ".join(sorted(spoken)) or "none"
    if code is None:
        return f"Nobody says in which language it is, and yours are: {wanted}."
    return f"Its language is {code}, and yours are: {wanted}."

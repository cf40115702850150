"""The policy: what may be shown to one person, in one object that every list obeys.

A policy speaks of one catalogue: films are movie indices, everything else is a name or a number. An unknown age, runtime,
year or language never passes a limit on it: a child must not see a film because nobody wrote down from which age it is fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

from matinee.errors import SettingsError

_T = TypeVar("_T", int, str)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What one person does not want to see, or must not.

    Names are compared without regard to case; one that no film of the catalogue bears changes nothing.
    """

    seen: bool = True
    """Whether to leave out what the person has seen: the films of their profile and of `also_seen`."""

    also_seen: frozenset[int] = frozenset()
    """Movie indices that were seen although the profile does not hold them ("watched", "don't learn from this")."""

    hidden: frozenset[int] = frozenset()
    """Movie indices that are not for this person."""

    hidden_people: frozenset[str] = frozenset()
    """Directors and actors whose films are left out."""

    hidden_genres: frozenset[str] = frozenset()
    """Genres that are left out; a film of several is left out for one."""

    hidden_franchises: frozenset[str] = frozenset()
    """Series of films, as `Catalogue.franchise_names` has them, that are left out."""

    hidden_themes: frozenset[str] = frozenset()
    """Keywords whose films are left out."""

    hidden_decades: frozenset[int] = frozenset()
    """First years of decades that are left out (1980)."""

    max_age: int | None = None
    """Years: only films known to be fit for people of this age."""

    max_runtime: int | None = None
    """Minutes: only films known to be no longer."""

    min_year: int | None = None
    """Only films known to be of this year or later."""

    max_year: int | None = None
    """Only films known to be of this year or earlier."""

    languages: frozenset[str] | None = None
    """ISO 639-1 codes: only films known to be in one of them; None allows all."""

    available: frozenset[int] | None = None
    """Movie indices that can be watched here; None means everything."""

    excluded: frozenset[int] = frozenset()
    """Movie indices to leave out of this one list, such as those on the page already."""

    def __post_init__(self) -> None:
        for name, limit, least in (("max_age", self.max_age, 0), ("max_runtime", self.max_runtime, 1)):
            if limit is not None and limit < least:
                raise SettingsError(f"{name} must be at least {least}; got {limit}.")
        if self.min_year is not None and self.max_year is not None and self.min_year > self.max_year:
            raise SettingsError(f"No year lies between {self.min_year} and {self.max_year}.")

    def __and__(self, other: Policy) -> Policy:
        """Return the policy that allows what both allow, as two people who watch together need it.

        Raises:
            SettingsError: if their years leave none.
        """
        return Policy(
            seen=self.seen or other.seen,
            also_seen=(self.also_seen if self.seen else frozenset()) | (other.also_seen if other.seen else frozenset()),
            hidden=self.hidden | other.hidden,
            hidden_people=self.hidden_people | other.hidden_people,
            hidden_genres=self.hidden_genres | other.hidden_genres,
            hidden_franchises=self.hidden_franchises | other.hidden_franchises,
            hidden_themes=self.hidden_themes | other.hidden_themes,
            hidden_decades=self.hidden_decades | other.hidden_decades,
            max_age=_least(self.max_age, other.max_age),
            max_runtime=_least(self.max_runtime, other.max_runtime),
            min_year=_most(self.min_year, other.min_year),
            max_year=_least(self.max_year, other.max_year),
            languages=_common(self.languages, other.languages),
            available=_common(self.available, other.available),
            excluded=self.excluded | other.excluded,
        )


EVERYTHING = Policy(seen=False)
"""The policy that bars nothing."""


def strictest(policies: Iterable[Policy]) -> Policy:
    """Return the policy that allows what all of them allow; `EVERYTHING` for none."""
    return reduce(Policy.__and__, policies, EVERYTHING)


def _least(one: int | None, other: int | None) -> int | None:
    known = [limit for limit in (one, other) if limit is not None]
    return min(known) if known else None


def _most(one: int | None, other: int | None) -> int | None:
    known = [limit for limit in (one, other) if limit is not None]
    return max(known) if known else None


def _common(one: frozenset[_T] | None, other: frozenset[_T] | None) -> frozenset[_T] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other

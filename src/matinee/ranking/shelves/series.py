"""Of a series of films only the next one that was not watched may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from matinee.data import Catalogue
from matinee.data.dataset import NO_FRANCHISE
from matinee.types import BoolVector, IntVector


@dataclass(frozen=True)
class Series:
    """The series of one catalogue, in the order in which their films came out.

    Attributes:
        movies: (n,) int32 films that belong to a series: series by series, by year (unknown last), then by index.
        series: (n,) int32 which series each belongs to.
        n_movies: size of the catalogue.
    """

    movies: IntVector
    series: IntVector
    n_movies: int

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Sort a catalogue's franchises."""
        of_movie, years = catalogue.franchises, catalogue.years
        members = np.flatnonzero(of_movie != NO_FRANCHISE)
        when = np.where(years[members] > 0, years[members], np.iinfo(np.int32).max)
        order = members[np.lexsort((members, when, of_movie[members]))].astype(np.int32)
        return cls(order, of_movie[order].astype(np.int32), len(catalogue))

    def upcoming(self, done: BoolVector) -> IntVector:
        """Return the next film of each series that has one left, ascending by series.

        Args:
            done: (n_movies,) films that were watched, or that the person never wants to see: the series goes on after them.
        """
        left = ~done[self.movies]
        movies, series = self.movies[left], self.series[left]
        first = np.ones(len(series), np.bool_)
        first[1:] = series[1:] != series[:-1]
        next_ones: IntVector = movies[first]
        return next_ones

    def not_yet(self, done: BoolVector) -> BoolVector:
        """Return (n_movies,) bool: films whose turn has not come, since an earlier one of their series is left."""
        waiting = np.zeros(self.n_movies, np.bool_)
        waiting[self.movies] = True
        waiting[self.upcoming(done)] = False
        waiting &= ~done
        return waiting

"""What of a film's place in the space of `content` comes from each of its genres and people.

A film's vector is v = Σ_t (x_t − mean_t) C_t / length over all terms t, with C_t the term's row of the components. The part
of a genre or person that the film has is its term of the sum: what having it, more than the average film does, adds. The
rest of v (words, language, numbers, and the genres and people it lacks) is left to whoever asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matinee.data import Catalogue
from matinee.engines.text.terms import GENRES, PEOPLE, fold, number
from matinee.types import FloatMatrix, FloatVector, IntVector

Kind = Literal["genre", "person"]

KEPT = 8192
"""Films whose parts stay in memory: about 3 kB each."""

_BILLED = 10
"""Actors of a film that count, and how much: the first three fully."""


@dataclass(frozen=True)
class FilmParts:
    """The named parts of one film's vector.

    Attributes:
        names: (kind, name) of each, a name once.
        vectors: (k, features) float32, which add up to what genres and people make of the film's vector.
    """

    names: tuple[tuple[Kind, str], ...]
    vectors: FloatMatrix

    @cached_property
    def total(self) -> FloatVector:
        """(features,) the sum of the vectors."""
        total: FloatVector = self.vectors.sum(axis=0)
        return total


class ContentParts:
    """Parts of films' vectors, worked out when a film is first asked for.

    Args:
        arrays: what the engine `content` learnt, `lengths` included.
        catalogue: the films, as they were at the fit.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], catalogue: Catalogue) -> None:
        self._arrays, self._catalogue = arrays, catalogue
        self._kept: OrderedDict[int, FilmParts] = OrderedDict()

    def of(self, movies: IntVector) -> list[FilmParts]:
        """Return the named parts of each film."""
        return [self._film(int(movie)) for movie in movies]

    def _film(self, movie: int) -> FilmParts:
        found = self._kept.get(movie)
        if found is None:
            found = self._kept[movie] = self._work_out(movie)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _work_out(self, movie: int) -> FilmParts:
        arrays, length = self._arrays, float(self._arrays["lengths"][movie])
        terms = self._terms(movie)
        known, places = arrays["terms"], {}
        for term in terms:
            place = int(np.searchsorted(known, np.uint64(term)))
            if place < len(known) and int(known[place]) == term:
                places[term] = place
        vectors = np.zeros((len(places), arrays["components"].shape[1]), np.float32)
        genre_rows = [self._genre_row[place] for place in places.values() if place in self._genre_row]
        factors = (
            arrays["genre_weights"][genre_rows].mean(axis=0) if genre_rows else np.ones(len(arrays["block_weights"]))
        )
        factors = factors * arrays["block_weights"]
        for block in (GENRES, PEOPLE):
            mine = [(row, term) for row, term in enumerate(places) if terms[term][0] == block]
            total = np.sqrt(sum(terms[term][1] ** 2 for _, term in mine))
            for row, term in mine:
                has = terms[term][1] / total * factors[block]
                vectors[row] = (has - arrays["mean"][places[term]]) * arrays["components"][places[term]]
        if length > 0:
            vectors /= length
        return _named([terms[term][2] for term in places], vectors)

    def _terms(self, movie: int) -> dict[int, tuple[int, float, tuple[Kind, str]]]:
        """Return block, weight and name of each term, as `terms_of` counts them."""
        found: dict[int, tuple[int, float, tuple[Kind, str]]] = {}

        def add(term: int, block: int, weight: float, kind: Kind, name: str) -> None:
            found[term] = (block, weight + (found[term][1] if term in found else 0.0), (kind, name))

        genres, directors, cast = self._columns
        for name in genres[movie]:
            add(number("genre", name), GENRES, 1.0, "genre", name)
        for name in directors[movie]:
            add(number("director", fold(name)), PEOPLE, 1.5, "person", name)
        for place, name in enumerate(cast[movie][:_BILLED]):
            add(number("cast", fold(name)), PEOPLE, 1.0 if place < 3 else 0.5, "person", name)
        return found

    @cached_property
    def _columns(self) -> tuple[Sequence[list[str]], Sequence[list[str]], Sequence[list[str]]]:
        movies = self._catalogue.movies
        return movies["genres"].to_list(), movies["directors"].to_list(), movies["cast"].to_list()

    @cached_property
    def _genre_row(self) -> dict[int, int]:
        """The row of `genre_weights` of each genre's column."""
        columns = np.flatnonzero(self._arrays["term_blocks"] == GENRES)
        return {int(column): row for row, column in enumerate(columns)}


def _named(names: Sequence[tuple[Kind, str]], vectors: FloatMatrix) -> FilmParts:
    """Join the parts that bear one name: who directs and plays is one person."""
    places: dict[tuple[Kind, str], int] = {}
    row = np.array([places.setdefault(name, len(places)) for name in names], np.int64)
    joined = np.zeros((len(places), vectors.shape[1]), np.float32)
    np.add.at(joined, row, vectors)
    return FilmParts(tuple(places), joined)

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
import polars as pl
from numpy.typing import NDArray

from matinee.data import Catalogue
from matinee.engines.text.terms import GENRES, PEOPLE, fold, number
from matinee.types import FloatMatrix, IntVector, LongVector

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
        total_first: (1 + k, features) float32, what genres and people together make of the film's vector, and below it
            what each does.
    """

    names: tuple[tuple[Kind, str], ...]
    total_first: FloatMatrix

    @property
    def vectors(self) -> FloatMatrix:
        """(k, features) the part of each name."""
        return self.total_first[1:]


class _Names:
    """A column of lists of names, as one list: a list a film is a heap of objects that Python's collector walks through.

    Args:
        column: lists of strings, none of them null.
    """

    def __init__(self, column: pl.Series) -> None:
        self._starts: list[int] = [0, *column.list.len().cum_sum().to_list()]
        self._names: list[str] = column.explode().drop_nulls().to_list()

    def of(self, movie: int) -> list[str]:
        """Return the names of one film."""
        return self._names[self._starts[movie] : self._starts[movie + 1]]


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
        wanted = movies.tolist()
        found = {movie: self._kept.get(movie) for movie in wanted}
        missing = [movie for movie, parts in found.items() if parts is None]
        if missing:
            for movie, film in zip(missing, self._work_out(missing), strict=True):
                found[movie] = self._kept[movie] = film
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return [parts for movie in wanted if (parts := found[movie]) is not None]

    def _work_out(self, movies: Sequence[int]) -> list[FilmParts]:
        """Return the parts of some films, worked out side by side: one after the other they take several times as long."""
        told = [(film, term, *what) for film, movie in enumerate(movies) for term, what in self._terms(movie).items()]
        known = self._arrays["terms"]
        numbers = np.array([term for _, term, *_ in told], np.uint64)
        places = np.searchsorted(known, numbers)
        heard = np.flatnonzero(places < len(known))
        heard = heard[known[places[heard]] == numbers[heard]]
        terms = [told[place] for place in heard.tolist()]
        vectors = self._vectors(
            np.array(movies, np.int64),
            np.array([film for film, *_ in terms], np.int64),
            np.array([block for _, _, block, *_ in terms], np.int64),
            np.array([weight for *_, weight, _ in terms], np.float64),
            places[heard],
        )
        names: list[list[tuple[Kind, str]]] = [[] for _ in movies]
        for film, *_, name in terms:
            names[film].append(name)
        ends = np.cumsum([len(each) for each in names], dtype=np.int64).tolist()
        return [_named(each, vectors[end - len(each) : end]) for each, end in zip(names, ends, strict=True)]

    def _vectors(
        self,
        movies: LongVector,
        film: LongVector,
        block: LongVector,
        weight: NDArray[np.float64],
        column: NDArray[np.int64],
    ) -> FloatMatrix:
        """Return (n, features) the part of each of n terms: of the film in that place of `movies`, and its column."""
        arrays, n_blocks = self._arrays, len(self._arrays["block_weights"])
        cell = film * n_blocks + block
        totals = np.sqrt(np.bincount(cell, weight**2, len(movies) * n_blocks))
        row = self._genre_row[column]
        of_genre = row >= 0
        counts = np.bincount(film[of_genre], minlength=len(movies))
        factors = np.zeros((len(movies), n_blocks))
        np.add.at(factors, film[of_genre], arrays["genre_weights"][row[of_genre]])
        factors = np.where(counts[:, None] > 0, factors / np.maximum(counts, 1)[:, None], 1) * arrays["block_weights"]
        has = weight / totals[cell] * factors.ravel()[cell]
        lengths = arrays["lengths"][movies]
        amounts = (has - arrays["mean"][column]) / np.where(lengths > 0, lengths, 1)[film]
        vectors: FloatMatrix = (amounts[:, None] * arrays["components"][column]).astype(np.float32)
        return vectors

    def _terms(self, movie: int) -> dict[int, tuple[int, float, tuple[Kind, str]]]:
        """Return block, weight and name of each term, as `terms_of` counts them."""
        found: dict[int, tuple[int, float, tuple[Kind, str]]] = {}

        def add(term: int, block: int, weight: float, kind: Kind, name: str) -> None:
            found[term] = (block, weight + (found[term][1] if term in found else 0.0), (kind, name))

        genres, directors, cast = (names.of(movie) for names in self._columns)
        for name in genres:
            add(number("genre", name), GENRES, 1.0, "genre", name)
        for name in directors:
            add(number("director", fold(name)), PEOPLE, 1.5, "person", name)
        for place, name in enumerate(cast[:_BILLED]):
            add(number("cast", fold(name)), PEOPLE, 1.0 if place < 3 else 0.5, "person", name)
        return found

    @cached_property
    def _columns(self) -> list[_Names]:
        return [_Names(self._catalogue.movies[column]) for column in ("genres", "directors", "cast")]

    @cached_property
    def _genre_row(self) -> LongVector:
        """(n_terms,) the row of `genre_weights` of each term that is a genre, −1 for the others."""
        columns = np.flatnonzero(self._arrays["term_blocks"] == GENRES)
        rows = np.full(len(self._arrays["terms"]), -1, np.int64)
        rows[columns] = np.arange(len(columns))
        return rows


def _named(names: Sequence[tuple[Kind, str]], vectors: FloatMatrix) -> FilmParts:
    """Join the parts that bear one name: who directs and plays is one person."""
    places: dict[tuple[Kind, str], int] = {}
    row = np.array([places.setdefault(name, len(places)) for name in names], np.int64)
    joined = np.zeros((1 + len(places), vectors.shape[1]), np.float32)
    np.add.at(joined, 1 + row, vectors)
    joined[0] = joined[1:].sum(axis=0)
    return FilmParts(tuple(places), joined)

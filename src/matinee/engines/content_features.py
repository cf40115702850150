"""What is known of films as blocks of numbers, each film's part of a block at length 1.

Sparse blocks (keywords, genres, language, people) share one vocabulary of hashed terms; the text block and the three
numbers (year, runtime, how many people rated the film) are dense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.engines.engine import Arrays
from matinee.engines.text.terms import KEYWORDS, terms_of
from matinee.types import FloatMatrix, FloatVector

SPARSE_BLOCKS = ("keywords", "genres", "language", "people")
BLOCKS = (*SPARSE_BLOCKS, "text", "numbers")
TEXT, NUMBERS = 4, 5

_TIMES = 2
"""Films a term must occur in: what only one film has connects it to nothing."""


@dataclass(frozen=True)
class Terms:
    """Terms of films, one entry a (film, term).

    Attributes:
        films: (n,) int64 rows of the catalogue.
        numbers: (n,) uint64 hashes of the terms.
        blocks: (n,) uint8 places in `SPARSE_BLOCKS`.
        weights: (n,) float32, above 0.
        n_films: rows of the catalogue.
    """

    films: NDArray[np.int64]
    numbers: NDArray[np.uint64]
    blocks: NDArray[np.uint8]
    weights: FloatVector
    n_films: int


def gather(movies: pl.DataFrame, tags: Sequence[Mapping[str, int]]) -> Terms:
    """Return the terms of films.

    Args:
        movies: rows of a catalogue.
        tags: for each row, how many people gave each tag.
    """
    found: dict[tuple[int, int, int], float] = {}
    for row, film in enumerate(movies.iter_rows(named=True)):
        for block, number, weight in terms_of(film, tags[row]):
            key = (row, number, block)
            found[key] = found.get(key, 0.0) + weight
    keys = list(found)
    return Terms(
        np.array([key[0] for key in keys], np.int64),
        np.array([key[1] for key in keys], np.uint64),
        np.array([key[2] for key in keys], np.uint8),
        np.array(list(found.values()), np.float32),
        movies.height,
    )


def learn_vocabulary(terms: Terms, most: int) -> Arrays:
    """Return the terms that occur in two films or more, at most the `most` commonest, in order of their numbers.

    Returns:
        `terms` (n,) uint64; `term_blocks` (n,) uint8; `term_weights` (n,) float32: the logarithm of how rare a keyword
        is, 1 for other terms.
    """
    numbers, first, films = np.unique(terms.numbers, return_index=True, return_counts=True)
    common = np.argsort(-films, kind="stable")[:most]
    keep = np.sort(common[films[common] >= _TIMES])
    blocks = terms.blocks[first[keep]]
    rarity = np.log((1 + terms.n_films) / (1 + films[keep])) + 1
    return {
        "terms": numbers[keep],
        "term_blocks": blocks,
        "term_weights": np.where(blocks == KEYWORDS, rarity, 1).astype(np.float32),
    }


def sparse_features(terms: Terms, vocabulary: Arrays) -> csr_array:
    """Return (n_films, n_terms) float32, each film's part of each block at length 1."""
    known = vocabulary["terms"]
    place = np.minimum(np.searchsorted(known, terms.numbers), max(len(known) - 1, 0))
    keep = known[place] == terms.numbers if len(known) else np.zeros(len(place), np.bool_)
    films, columns, blocks = terms.films[keep], place[keep], terms.blocks[keep]
    weights = terms.weights[keep] * vocabulary["term_weights"][columns]
    keyword = blocks == KEYWORDS
    weights[keyword] = (1 + np.log(terms.weights[keep][keyword])) * vocabulary["term_weights"][columns[keyword]]
    part = films * len(SPARSE_BLOCKS) + blocks
    lengths = np.sqrt(np.bincount(part, weights.astype(np.float64) ** 2, terms.n_films * len(SPARSE_BLOCKS)))
    weights = (weights / lengths[part]).astype(np.float32)
    return csr_array((weights, (films, columns)), shape=(terms.n_films, len(known)))


def numbers_of(movies: pl.DataFrame, ratings: NDArray[Any] | None) -> NDArray[np.float64]:
    """Return (n, 3): year, runtime in minutes and log(1 + ratings); nan where unknown."""
    columns = [movies[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("year", "runtime")]
    fame = np.full(movies.height, np.nan) if ratings is None else np.log1p(ratings.astype(np.float64))
    return np.column_stack([*columns, fame])


def learn_scale(numbers: NDArray[np.float64]) -> FloatMatrix:
    """Return (2, 3): mean and spread of what is known of each number; 0 and 1 where nothing is."""
    scale = np.tile(np.array([[0.0], [1.0]], np.float32), (1, numbers.shape[1]))
    for column, values in enumerate(numbers.T):
        known = values[~np.isnan(values)]
        if len(known):
            scale[:, column] = known.mean(), max(known.std(), 1e-6)
    return scale


def standardised(numbers: NDArray[np.float64], scale: FloatMatrix) -> FloatMatrix:
    """Return (n, 3) float32 of mean 0 and length about 1, at most three spreads out; 0 where unknown."""
    steps = np.clip((numbers - scale[0]) / scale[1], -3, 3) / np.sqrt(numbers.shape[1])
    known: FloatMatrix = np.nan_to_num(steps, nan=0.0).astype(np.float32)
    return known

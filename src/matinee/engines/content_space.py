"""The space of films: blocks of features, weighted by block and genre, then their principal components.

Everything learnt is a dictionary of arrays, and the same functions place the films of the fit and films added later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.engines.content_features import (
    BLOCKS,
    NUMBERS,
    SPARSE_BLOCKS,
    TEXT,
    gather,
    learn_scale,
    learn_vocabulary,
    numbers_of,
    sparse_features,
    standardised,
)
from matinee.engines.content_genres import genre_weights, most_liked
from matinee.engines.engine import Arrays
from matinee.engines.text.principal import Rows, principal, unit_rows
from matinee.engines.text.terms import GENRES, KEYWORDS
from matinee.types import FloatMatrix, FloatVector

_LSA_SHARE = np.float32(0.5)
"""Of the text block's length: LSA sees the same words as the keywords and adds less than sentences do."""


@dataclass(frozen=True)
class Facts:
    """What is known of some films.

    Attributes:
        movies: rows of a catalogue.
        tags: for each row, how many people gave each tag.
        ratings: (n,) how many people rated each, None where nobody knows.
        sentences: (n, width) embeddings of their texts, None where there is no sentence model.
    """

    movies: pl.DataFrame
    tags: Sequence[Mapping[str, int]]
    ratings: NDArray[np.int64] | None
    sentences: FloatMatrix | None


@dataclass(frozen=True)
class Features:
    """Facts in numbers, each film's part of each block at length 1 (numbers: about 1)."""

    sparse: csr_array
    text: FloatMatrix
    numbers: FloatMatrix


def learn_space(
    facts: Facts, likes_UM: csr_array, weights: FloatVector, *, features: int, lsa: int, terms: int, seed: int
) -> Arrays:
    """Learn the space of films and place them in it.

    Args:
        facts: what is known of the catalogue.
        likes_UM: (n_users, n_movies) 1 where somebody likes a film; tells what matters within a genre.
        weights: (n_blocks,) lengths of the blocks, in the order of `BLOCKS`.
        features: principal components, at most.
        lsa: dimensions of the text block where there are no sentences.
        terms: size of the vocabulary, at most.
        seed: of the principal components.

    Returns:
        What `place` needs, `vectors` (n, ≤ features) of length 1, their `lengths` (n,) before that, and `text` (n, width).
    """
    found = gather(facts.movies, facts.tags)
    arrays = learn_vocabulary(found, terms)
    sparse = sparse_features(found, arrays)
    if facts.sentences is None:
        words = csr_array(sparse[:, arrays["term_blocks"] == KEYWORDS])
        plain = Rows(words, np.zeros((len(facts.tags), 0), np.float32), np.zeros(words.shape[1], np.float32))
        # One column at least: an array of nothing cannot be kept in a release.
        arrays["lsa"] = _padded(principal(plain, lsa, seed))
    numbers = numbers_of(facts.movies, facts.ratings)
    arrays["scale"] = learn_scale(numbers)
    known = Features(sparse, _text(sparse, facts.sentences, arrays), standardised(numbers, arrays["scale"]))
    arrays["text_mean"] = known.text.mean(axis=0) if len(known.text) else np.zeros(known.text.shape[1], np.float32)
    arrays["block_weights"] = weights.copy()
    if facts.sentences is None:
        arrays["block_weights"][TEXT] *= _LSA_SHARE
    arrays["genre_weights"] = _genres_learnt(known, likes_UM, arrays["term_blocks"])
    rows = Rows.centred(*_weighted(known, arrays))
    arrays["components"] = _padded(principal(rows, features, seed))
    arrays["mean"] = rows.mean
    placed = rows.times(arrays["components"])
    arrays["lengths"] = np.linalg.norm(placed, axis=1).astype(np.float32)
    arrays["vectors"] = unit_rows(placed)
    arrays["text"] = known.text
    return arrays


def place(facts: Facts, arrays: Arrays) -> FloatMatrix:
    """Return (n, features) vectors, of length 1, of films that may be new.

    Films without sentences, where the fit had them, count as having average text.
    """
    sparse = sparse_features(gather(facts.movies, facts.tags), arrays)
    numbers = standardised(numbers_of(facts.movies, facts.ratings), arrays["scale"])
    known = Features(sparse, _text(sparse, facts.sentences, arrays), numbers)
    vectors: FloatMatrix = unit_rows(Rows(*_weighted(known, arrays), arrays["mean"]).times(arrays["components"]))
    return vectors


def lsa_text(facts: Facts, arrays: Arrays) -> FloatMatrix:
    """Return (n, width) texts of films in the space of LSA."""
    return _text(sparse_features(gather(facts.movies, facts.tags), arrays), None, arrays)


def _text(sparse: csr_array, sentences: FloatMatrix | None, arrays: Arrays) -> FloatMatrix:
    if sentences is not None:
        return sentences
    if "lsa" not in arrays:
        return np.tile(arrays["text_mean"], (sparse.shape[0], 1))
    return unit_rows(sparse[:, arrays["term_blocks"] == KEYWORDS] @ arrays["lsa"])


def _genres_learnt(known: Features, likes_UM: csr_array, term_blocks: NDArray[np.uint8]) -> FloatMatrix:
    films = most_liked(likes_UM)
    own = csr_array(known.sparse[films])
    blocks = [csr_array(own[:, term_blocks == block]) for block in range(len(SPARSE_BLOCKS))]
    genres = blocks[GENRES].toarray() > 0
    return genre_weights([*blocks, known.text[films], known.numbers[films]], genres, likes_UM, films)


def _weighted(known: Features, arrays: Arrays) -> tuple[csr_array, FloatMatrix]:
    """Return sparse and dense features, each film's blocks scaled by their weight and the mean factor of its genres."""
    blocks = arrays["term_blocks"]
    has = (known.sparse[:, blocks == GENRES] > 0).astype(np.float32)
    count = np.asarray(has.sum(axis=1))[:, None]
    factors = np.ones((known.sparse.shape[0], len(BLOCKS)), np.float32)
    np.divide(has @ arrays["genre_weights"], count, out=factors, where=count > 0)
    factors *= arrays["block_weights"]
    sparse = known.sparse.copy()
    rows = np.repeat(np.arange(sparse.shape[0]), np.diff(sparse.indptr))
    sparse.data = sparse.data * factors[rows, blocks[sparse.indices]]
    return sparse, np.concatenate([known.text * factors[:, [TEXT]], known.numbers * factors[:, [NUMBERS]]], axis=1)


def _padded(directions: FloatMatrix) -> FloatMatrix:
    """Return the directions, or a single one of zeros where there are none."""
    return directions if directions.shape[1] else np.zeros((directions.shape[0], 1), np.float32)

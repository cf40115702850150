"""What films are like, as far as ranking a whole list needs it: unit vectors, genres and how well known each is.

The vectors are those of the engine `content` where a release has it. Elsewhere genres, people and decade are projected
at random onto few dimensions, which keeps cosines up to noise of about 1/√width (Achlioptas, JCSS 2003).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.data import Catalogue
from matinee.engines.engine import Engine
from matinee.errors import ShapeError
from matinee.types import BoolVector, FloatMatrix, FloatVector, IntVector

PROJECTED = 64
"""Dimensions of vectors made from genres, people and decade."""
LEADS = 4
"""So many of the cast describe a film."""


@dataclass(frozen=True)
class MovieFeatures:
    """Films of one catalogue.

    Attributes:
        vectors: (n_movies, F) float32 rows of length 1, or 0 where nothing is known.
        genres: (n_movies, G) bool.
        fame: (n_movies,) float32 how well known each is: 0 without ratings, 1 for the film with the most.
    """

    vectors: FloatMatrix
    genres: NDArray[np.bool_]
    fame: FloatVector

    def __post_init__(self) -> None:
        lengths = {len(self.vectors), len(self.genres), len(self.fame)}
        if len(lengths) > 1:
            raise ShapeError(f"Vectors, genres and fame must speak of the same films; got lengths {sorted(lengths)}.")

    @classmethod
    def of(cls, catalogue: Catalogue, engines: Mapping[str, Engine], counts: NDArray[Any]) -> Self:
        """Describe a catalogue.

        Args:
            catalogue: the films.
            engines: those of a release; `content` is used where it is there and knows these films.
            counts: (n_movies,) number of ratings.
        """
        content = engines.get("content")
        if content is not None and content.arrays and content.n_movies == len(catalogue):
            vectors = unit(content.matrix("vectors").dense())
        else:
            vectors = projected(catalogue)
        return cls(vectors, catalogue.genres, fame_of(counts))

    def __len__(self) -> int:
        return len(self.fame)

    @cached_property
    def described(self) -> BoolVector:
        """(n_movies,) whether a film has a vector."""
        known: BoolVector = np.any(self.vectors, axis=1)
        return known

    @cached_property
    def genre_shares(self) -> FloatMatrix:
        """(n_movies, G) p(g|i): 1 / (genres of i) for each genre of i; rows of zeros for films without."""
        sizes = np.maximum(self.genre_counts, 1).astype(np.float32)[:, None]
        return (self.genres / sizes).astype(np.float32, copy=False)

    @cached_property
    def genre_counts(self) -> IntVector:
        """(n_movies,) how many genres each film has."""
        counts: IntVector = self.genres.sum(axis=1, dtype=np.int32)
        return counts


def projected(catalogue: Catalogue, width: int = PROJECTED, seed: int = 0) -> FloatMatrix:
    """Return (n_movies, width) float32: genres, directors, leads and decade, each kind at length 1, projected at random.

    The projection of a film depends on what it is made of and on the terms of the catalogue, not on its place in it.
    """
    movies = catalogue.movies.with_row_index("movie").select(
        "movie",
        g=pl.col("genres"),
        d=pl.col("directors"),
        c=pl.col("cast").list.head(LEADS),
        y=pl.concat_list((pl.col("year") // 10).cast(pl.String)).list.drop_nulls(),
    )
    kinds = [
        movies.select("movie", term=pl.col(kind), weight=1 / pl.col(kind).list.len().cast(pl.Float64).sqrt())
        .explode("term")
        .drop_nulls("term")
        .with_columns(term=pl.lit(f"{kind}\x1f") + pl.col("term"))
        for kind in "gdcy"
    ]
    long = pl.concat(kinds).with_columns(place=pl.col("term").rank("dense").cast(pl.Int64) - 1)
    n_terms = max(long["place"].to_numpy().max(initial=-1) + 1, 1)
    where = (long["movie"].to_numpy(), long["place"].to_numpy())
    table = csr_array((long["weight"].cast(pl.Float32).to_numpy(), where), shape=(len(catalogue), n_terms))
    directions = np.random.default_rng(seed).standard_normal((n_terms, width), np.float32)
    return unit(table @ directions, in_place=True)


def unit(vectors: FloatMatrix, *, in_place: bool = False) -> FloatMatrix:
    """Return the rows at length 1; rows of zeros stay.

    Args:
        vectors: (n, F) float32.
        in_place: whether to write over them, which spares a large catalogue a copy.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows: FloatMatrix = vectors if in_place else vectors.copy()
    np.divide(rows, lengths, out=rows, where=lengths > 0)
    return rows


def fame_of(counts: NDArray[Any]) -> FloatVector:
    """Return (n,) float32 log(1 + count) over its maximum: the head of a long tail stays told apart.

    >>> fame_of(np.array([0, 9, 99])).tolist()
    [0.0, 0.5, 1.0]
    """
    known = np.log1p(counts.astype(np.float64))
    return (known / max(float(known.max(initial=0.0)), 1e-9)).astype(np.float32)

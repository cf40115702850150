"""The network of `neural` before it has learnt: from chance, or with movies as `als` knows them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matinee.data import Catalogue, Dataset
from matinee.data.dataset import IdMap
from matinee.engines.draws import normal_by_id
from matinee.engines.engine import Arrays
from matinee.engines.neural_config import NeuralConfig
from matinee.engines.neural_network import AGES, STARS
from matinee.engines.neural_people import Histories
from matinee.types import UNKNOWN_TIME, FloatMatrix, LongVector

MOVIE_STD = 0.2
"""Standard deviation of a movie's numbers at the start."""
_NOISE = 0.02
"""Of matrices that start as the identity."""


def first_arrays(ids: LongVector, config: NeuralConfig, generator: np.random.Generator) -> Arrays:
    """Return an untrained network that answers with the plain sum of the movies rated.

    Values and outputs of the attention start near the identity, inner layers small: with movies as `als` knows them
    the first answers are already sensible.

    Returns:
        films and gmf (M, d), nobody (d,), star_gates and star_shifts (STARS, d), ages (AGES, d), queries (S, d); by
        layer ask, key, value and out (d, d), scale and shift (2, d), widen (d, 2d), narrow (2d, d) and their biases;
        taste (S · d, d) and its bias; gmf_bias (M,).
    """
    size, layers, n_queries = config.embedding_size, config.layers, config.queries

    def even(*shape: int, spread: float = 1.0) -> NDArray[np.float32]:
        bound = spread * np.sqrt(3 / shape[-2])
        return generator.uniform(-bound, bound, shape).astype(np.float32)

    def identity(*shape: int, share: float = 1.0) -> NDArray[np.float32]:
        noise = _NOISE * generator.standard_normal((*shape, size))
        return (share * np.eye(size) + noise).astype(np.float32)

    def normal(*shape: int, spread: float) -> NDArray[np.float32]:
        return (spread * generator.standard_normal(shape)).astype(np.float32)

    zeros = np.zeros((layers, size), np.float32)
    further = np.full((layers, 1, 1), 0.1)
    further[0] = 1.0
    return {
        "films": np.float32(MOVIE_STD) * normal_by_id(ids, size, config.seed),
        "nobody": normal(size, spread=MOVIE_STD),
        "star_gates": np.ones((STARS, size), np.float32),
        "star_shifts": np.zeros((STARS, size), np.float32),
        "ages": np.zeros((AGES, size), np.float32),
        "queries": normal(n_queries, size, spread=0.3),
        "ask": even(layers, size, size, spread=0.3),
        "key": even(layers, size, size),
        "value": identity(layers, size),
        "out": identity(layers, size) * further.astype(np.float32),
        "scale": np.ones((layers, 2, size), np.float32),
        "shift": np.zeros((layers, 2, size), np.float32),
        "widen": even(layers, size, 2 * size),
        "widen_bias": np.zeros((layers, 2 * size), np.float32),
        "narrow": even(layers, 2 * size, size, spread=0.1),
        "narrow_bias": zeros.copy(),
        "taste": np.concatenate([identity(share=1 / n_queries) for _ in range(n_queries)]),
        "taste_bias": np.zeros(size, np.float32),
        "gmf": np.float32(MOVIE_STD) * normal_by_id(ids, size, config.seed + 1),
        "gmf_bias": np.zeros(len(ids), np.float32),
    }


def tower_arrays(network: Arrays, config: NeuralConfig, generator: np.random.Generator) -> Arrays:
    """Return a tower that adds nothing yet; its movies start as GMF's, its tastes as GMF's taste."""
    size, first = config.embedding_size, config.hidden_size
    second, third = first // 2, first // 4

    def even(rows: int, columns: int) -> NDArray[np.float32]:
        bound = np.sqrt(6 / rows)
        return generator.uniform(-bound, bound, (rows, columns)).astype(np.float32)

    return {
        "tower_taste": network["taste"].copy(),
        "tower_movies": network["gmf"].copy(),
        "tower_person": even(2 * size, first)[:size],
        "tower_first": even(2 * size, first)[:size],
        "tower_first_bias": np.zeros(first, np.float32),
        "tower_second": even(first, second),
        "tower_second_bias": np.zeros(second, np.float32),
        "tower_third": even(second, third),
        "tower_third_bias": np.zeros(third, np.float32),
        "tower_out": np.zeros(third, np.float32),
    }


def folded(arrays: Arrays) -> Arrays:
    """Return the tower as it serves: what movies add to its first layer is worked out for each (`tower_films`)."""
    served = dict(arrays)
    if "tower_movies" not in served:
        return served
    movies = served.pop("tower_movies")
    served["tower_films"] = movies @ served.pop("tower_first") + served.pop("tower_first_bias")
    return served


def warm(people: Histories, catalogue: Catalogue, config: NeuralConfig) -> tuple[FloatMatrix, FloatMatrix]:
    """Return (M, d) what a liked movie says of its viewer, and (M, d) movies to be scored.

    `als` solves (a G + Σ y yᵀ + λ I) u = Σ y for each person, the sums over the movies liked. With the sum in the system
    replaced by its mean over people, u is a plain sum of (a G + S + λ I)⁻¹ y: a first guess that attention improves on.

    Args:
        people: their likes; nobody who is set aside.
        catalogue: the movies that take part, by column of the network.
        config: sizes and seed.
    """
    from matinee.engines.als import Als, AlsConfig

    dataset = Dataset(
        name="likes",
        catalogue=catalogue,
        user_ids=IdMap(np.arange(len(people)), "user"),
        users=people.people().astype(np.int32),
        movies=people.movies.astype(np.int32),
        values=np.ones(len(people.movies), np.float32),
        times=np.full(len(people.movies), UNKNOWN_TIME, np.int64),
        rows=np.arange(len(people.movies), dtype=np.int32),
        explicit=False,
        ordered=False,
    )
    als = AlsConfig(embedding_size=config.embedding_size, seed=config.seed)
    factors = np.asarray(Als(als).fit(dataset).arrays["factors"], np.float64)
    shares = np.bincount(people.movies, minlength=len(catalogue)) / max(1, len(people))
    system = als.unobserved_weight * (factors.T @ factors) + (factors * shares[:, None]).T @ factors
    ridge = als.l2 * (shares.sum() + als.unobserved_weight * len(catalogue))
    said = np.linalg.solve(system + ridge * np.eye(len(system)), factors.T).T
    return _scaled(said), _scaled(factors)


def _scaled(movies: NDArray[np.float64]) -> FloatMatrix:
    """Return movies whose numbers have the standard deviation of a start."""
    return (MOVIE_STD * movies / max(float(movies.std()), 1e-12)).astype(np.float32)

"""What simulated viewers like: genres, eras, cinemas, directors, and tastes no catalogue has a word for.

Legend: U viewers, M films, A attributes (genres, countries …), F hidden factors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

WEIGHTS = {"genres": 1.0, "era": 0.55, "cinema": 0.6, "directors": 0.45, "hidden": 1.6}
"""How much each part counts; every part is standardised first."""

N_FACTORS = 6
"""Hidden factors."""

N_CIRCLES = 10
"""Circles of viewers with similar hidden taste."""


def affinity(films: pl.DataFrame, n_viewers: int, rng: np.random.Generator) -> Matrix:
    """Return a_UM, how well each film suits each viewer: mean 0 and variance 1 over a viewer's row.

    a_ui = standardise( Σ_k w_k · standardise_k(part_k(u, i)) )
    """
    genres_MA = indicators(films["genres"].to_list())
    countries_MA = indicators(films["country"].to_list())
    directors_MA = indicators(films["director"].to_list())
    parts = {
        "genres": _correlated(genres_MA, n_viewers, rng) @ _unit_rows(genres_MA).T,
        "era": _era(films["year"].to_numpy().astype(np.float64), n_viewers, rng),
        "cinema": _cinema(countries_MA, (films["language"] != "en").to_numpy(), n_viewers, rng),
        "directors": rng.standard_normal((n_viewers, directors_MA.shape[1])) @ _unit_rows(directors_MA).T,
        "hidden": hidden(np.hstack([genres_MA, countries_MA]), n_viewers, rng),
    }
    total_UM = np.zeros((n_viewers, films.height))
    for name, part_UM in parts.items():
        total_UM += WEIGHTS[name] * _standard_rows(part_UM)
    return _standard_rows(total_UM)


def hidden(attributes_MA: Matrix, n_viewers: int, rng: np.random.Generator) -> Matrix:
    """Return p_U · q_M: film factors half explained by attributes, half their own; viewers scattered around circles."""
    explained_MF = _unit_rows(attributes_MA) @ rng.standard_normal((attributes_MA.shape[1], N_FACTORS))
    films_MF = explained_MF + rng.standard_normal(explained_MF.shape)
    circles_CF = rng.standard_normal((N_CIRCLES, N_FACTORS))
    viewers_UF = circles_CF[rng.integers(N_CIRCLES, size=n_viewers)] + 0.6 * rng.standard_normal((n_viewers, N_FACTORS))
    product_UM: Matrix = viewers_UF @ films_MF.T
    return product_UM


def verdict(films: pl.DataFrame, n_viewers: int, rng: np.random.Generator) -> Matrix:
    """Return what viewers only find out while watching, standardised like `affinity` but without a part in choosing."""
    return _standard_rows(hidden(indicators(films["genres"].to_list()), n_viewers, rng))


def indicators(names: Sequence[Sequence[str]]) -> Matrix:
    """Return one row a film, one column a name in alphabetical order, 1 where the film carries the name."""
    vocabulary = {name: column for column, name in enumerate(sorted({name for row in names for name in row}))}
    table_MA = np.zeros((len(names), len(vocabulary)))
    for row, given in enumerate(names):
        table_MA[row, [vocabulary[name] for name in given]] = 1.0
    return table_MA


def _correlated(table_MA: Matrix, n_viewers: int, rng: np.random.Generator) -> Matrix:
    """Draw preferences over attributes so that attributes which share films are liked together.

    Each viewer gets N(0, C) with C the correlation of the attributes' co-occurrence, half shrunk to the identity.
    """
    shared_AA = table_MA.T @ table_MA
    scale_A = np.sqrt(np.diag(shared_AA))
    covariance_AA = 0.5 * shared_AA / np.outer(scale_A, scale_A) + 0.5 * np.eye(len(scale_A))
    drawn_UA: Matrix = rng.standard_normal((n_viewers, len(scale_A))) @ np.linalg.cholesky(covariance_AA).T
    return drawn_UA


def _era(years_M: Matrix, n_viewers: int, rng: np.random.Generator) -> Matrix:
    """Return how near each film is to the years a viewer feels at home in: a bell around a centre of their own."""
    centre_U = np.clip(rng.normal(1999.0, 18.0, n_viewers), 1930.0, 2022.0)
    width_U = rng.uniform(10.0, 35.0, n_viewers)
    bell_UM: Matrix = np.exp(-0.5 * ((years_M - centre_U[:, None]) / width_U[:, None]) ** 2)
    return bell_UM


def _cinema(countries_MA: Matrix, foreign_M: NDArray[np.bool_], n_viewers: int, rng: np.random.Generator) -> Matrix:
    """Return liking by country, plus one openness per viewer to films not in English."""
    by_country_UM = rng.standard_normal((n_viewers, countries_MA.shape[1])) @ _unit_rows(countries_MA).T
    openness_U = rng.normal(-0.6, 1.2, n_viewers)
    liking_UM: Matrix = 0.7 * by_country_UM + openness_U[:, None] * foreign_M
    return liking_UM


def _unit_rows(table_MA: Matrix) -> Matrix:
    length_M = np.linalg.norm(table_MA, axis=1, keepdims=True)
    unit_MA: Matrix = np.divide(table_MA, length_M, out=np.zeros_like(table_MA), where=length_M > 0)
    return unit_MA


def _standard_rows(values_UM: Matrix) -> Matrix:
    centred_UM = values_UM - values_UM.mean(axis=1, keepdims=True)
    deviation_U = centred_UM.std(axis=1, keepdims=True)
    standard_UM: Matrix = np.divide(centred_UM, deviation_U, out=np.zeros_like(centred_UM), where=deviation_U > 0)
    return standard_UM

"""Gibbs sampling for matrix factorisation with implicit feedback of both sides ("SVD++ flipped").

Salakhutdinov and Mnih (ICML 2008) with the sets of Rendle, Zhang and Koren (arXiv:1905.01395). A rating is normal around
μ + α_u + β_i + a_u · b_i with precision τ. Write A_u = (α_u, a_u) and B_i = (β_i, b_i), both of length D. Then

    A_u ~ N(m + Σ_{j rated by u} X_j / √n_u, Λ⁻¹)    X_j ~ N(0, Λ_X⁻¹)

and the same for B with the users who rated i. Given B, all X and A are drawn at once and exactly: a draw from a linear
model is the ridge solution for targets and prior means to which noise has been added (Papandreou and Yuille, NIPS 2010).
A is eliminated, which leaves one system in X for conjugate gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from matinee.engines.bayes_rows import Pool, Rows
from matinee.engines.draws import normal_by_id
from matinee.types import FloatMatrix, FloatVector, LongVector

Matrix = NDArray[np.floating[Any]]
Vector = NDArray[np.floating[Any]]

STEPS = 40
"""Conjugate gradient steps at most."""

TOLERANCE = 0.05
"""Steps end when the residual is this share of the right side; it disappears beside the noise of a draw."""


@dataclass(frozen=True)
class Side:
    """What is known of one side at one moment of the chain.

    Attributes:
        vectors: (n_rows, D) A, or B: bias first.
        pulls: (n_others, D) X: how having met one of the others moves a row.
        mean: (D,) m.
        precision: (D, D) Λ.
        pull_precision: (D, D) Λ_X.
    """

    vectors: FloatMatrix
    pulls: FloatMatrix
    mean: Vector
    precision: Matrix
    pull_precision: Matrix


@dataclass(frozen=True)
class State:
    """A draw from the posterior: people, films, and the precision τ of a rating."""

    people: Side
    films: Side
    noise_precision: float


def chain(people: Rows, films: Rows, width: int, seed: int, *, implicit: bool, pool: Pool) -> Iterator[State]:
    """Yield one state after another, without end; the first ones still remember where the chain began.

    Args:
        people: the ratings by person.
        films: the same ratings by film.
        width: D, one more than the number of factors.
        seed: of everything drawn.
        implicit: whether the sets of rated films and of raters have a say.
        pool: threads to work with; the draws do not depend on how many there are.
    """
    rng = np.random.default_rng(seed)
    vectors = (0.1 * normal_by_id(films.keys, width, _seed(rng))).astype(np.float32)
    state = State(
        _start(len(people), len(films), width), replace(_start(len(films), len(people), width), vectors=vectors), 1.0
    )
    while True:
        who = draw_side(people, films, state.people, state.films.vectors, state.noise_precision, rng, pool, implicit)
        who = draw_priors(people, who, rng, pool, implicit)
        what = draw_side(films, people, state.films, who.vectors, state.noise_precision, rng, pool, implicit)
        what = draw_priors(films, what, rng, pool, implicit)
        state = State(who, what, draw_noise(people, who, what, rng, pool))
        yield state


def _start(n_rows: int, n_others: int, width: int) -> Side:
    return Side(
        np.zeros((n_rows, width), np.float32),
        np.zeros((n_others, width), np.float32),
        np.zeros(width),
        10 * np.eye(width),
        100 * np.eye(width),
    )


def draw_side(
    mine: Rows,
    other: Rows,
    side: Side,
    theirs: FloatMatrix,
    noise_precision: float,
    rng: np.random.Generator,
    pool: Pool,
    implicit: bool,
) -> Side:
    """Draw the pulls and vectors of one side given the other side's vectors and all precisions."""
    from matinee.engines.bayes_kernels import regress_span

    width = theirs.shape[1]
    # With Λ = C Cᵀ and z = Cᵀ A the prior is N(·, I), and ratings are z · C⁻¹ (1, b).
    root = np.linalg.cholesky(side.precision)
    features = whiten(theirs, root, noise_precision)
    scale = np.float32(np.sqrt(noise_precision))
    noise = normal_by_id(mine.keys, width, _seed(rng))
    weights = np.empty((len(mine), width, width), np.float32)
    solved = np.empty((len(mine), width), np.float32)
    entry_keys = _entry_keys(mine.keys, _seed(rng)), _entry_keys(other.keys, _seed(rng))
    pool.run(
        mine.indptr, width**2, regress_span,
        mine.indptr, mine.others, mine.targets * scale, theirs[:, 0] * scale, features, noise, *entry_keys, weights, solved,
    )  # fmt: skip
    mean = (side.mean @ root).astype(np.float32)
    pulls = side.pulls @ root.astype(np.float32)
    expected = np.repeat(mean[None], len(mine), axis=0)
    if implicit:
        within = solve_triangular(root, solve_triangular(root, side.pull_precision, lower=True).T, lower=True)
        prior = normal_by_id(other.keys, width, _seed(rng)) @ np.linalg.cholesky(within).T.astype(np.float32)
        pulls = _solve_pulls(mine, other, weights, solved - noise, mean, within, prior, pulls, pool)
        expected += mine.shrink() * pool.sums(mine, pulls)
    whitened: FloatMatrix = expected + solved - pool.weigh(weights, expected)
    back: FloatMatrix = np.linalg.inv(root).astype(np.float32)
    vectors: FloatMatrix = whitened @ back
    return replace(side, vectors=vectors, pulls=pulls @ back)


def whiten(theirs: FloatMatrix, root: Matrix, noise_precision: float) -> FloatMatrix:
    """Return (n, D) √τ C⁻¹ (1, b) for each row (β, b) of `theirs`."""
    features = theirs.astype(np.float64)
    features[:, 0] = 1
    return np.ascontiguousarray(np.sqrt(noise_precision) * solve_triangular(root, features.T, lower=True).T, np.float32)


def _solve_pulls(
    mine: Rows,
    other: Rows,
    weights: NDArray[np.float32],
    evidence: FloatMatrix,
    mean: FloatVector,
    within: Matrix,
    prior: FloatMatrix,
    start: FloatMatrix,
    pool: Pool,
) -> FloatMatrix:
    """Solve T X_j + Σ_u s_u W_u (m + s_u Σ_k X_k) = Σ_u s_u evidence_u + prior_j with s_u = 1/√n_u."""
    shrink, precision = mine.shrink(), within.astype(np.float32)

    def times(pulls: FloatMatrix) -> FloatMatrix:
        through = shrink * pool.weigh(weights, shrink * pool.sums(mine, pulls))
        product: FloatMatrix = pool.sums(other, through) + pulls @ precision
        return product

    constant = pool.weigh(weights, np.repeat(mean[None], len(mine), axis=0))
    right = pool.sums(other, shrink * (evidence - constant)) + prior
    diagonal = pool.sums(other, shrink**2 * np.diagonal(weights, axis1=1, axis2=2)) + np.diagonal(precision)
    return conjugate_gradients(times, right, diagonal, start)


def conjugate_gradients(
    times: Callable[[FloatMatrix], FloatMatrix], right: FloatMatrix, diagonal: FloatMatrix, start: FloatMatrix
) -> FloatMatrix:
    """Solve one positive definite system whose unknowns fill a matrix; preconditioned by its diagonal."""
    solution = start.copy()
    residual = right - times(solution)
    adjusted = residual / diagonal
    direction = adjusted
    energy = _dot(residual, adjusted)
    enough = TOLERANCE**2 * _dot(right, right / diagonal)
    for _ in range(STEPS):
        if energy <= enough:
            break
        product = times(direction)
        length = np.float32(energy / _dot(direction, product))
        solution += length * direction
        residual -= length * product
        adjusted = residual / diagonal
        renewed = _dot(residual, adjusted)
        direction = adjusted + np.float32(renewed / energy) * direction
        energy = renewed
    return solution


def _dot(one: FloatMatrix, two: FloatMatrix) -> float:
    return float(np.einsum("nd,nd->", one, two, dtype=np.float64))


def draw_priors(mine: Rows, side: Side, rng: np.random.Generator, pool: Pool, implicit: bool) -> Side:
    """Draw m, Λ and Λ_X of one side given its vectors and pulls."""
    own = side.vectors.astype(np.float64)
    if implicit:
        own -= mine.shrink() * pool.sums(mine, side.pulls)
    mean, precision = normal_wishart(own, rng, guess=0.1)
    if not implicit:
        return replace(side, mean=mean, precision=precision)
    pulls = side.pulls.astype(np.float64)
    return replace(
        side, mean=mean, precision=precision, pull_precision=wishart(pulls.T @ pulls, len(pulls), rng, guess=0.01)
    )


def normal_wishart(rows: Matrix, rng: np.random.Generator, guess: float) -> tuple[Vector, Matrix]:
    """Draw the mean and precision of the normal distribution that `rows` come from; they count against one made-up row of zeros."""
    count, width = rows.shape
    centre = rows.sum(axis=0) / (count + 1)
    scatter = rows.T @ rows - (count + 1) * np.outer(centre, centre)
    precision = wishart(scatter, count, rng, guess)
    spread = np.linalg.cholesky(precision * (count + 1))
    return centre + np.linalg.solve(spread.T, rng.standard_normal(width)), precision


def wishart(scatter: Matrix, count: int, rng: np.random.Generator, guess: float) -> Matrix:
    """Draw the precision of `count` rows with this scatter; a priori variances are about `guess`, at the weight of two rows."""
    width = len(scatter)
    freedom = count + width + 1
    inverse = np.linalg.inv(scatter + guess * np.eye(width))
    root = np.linalg.cholesky((inverse + inverse.T) / 2)
    # Bartlett's decomposition.
    triangle = np.tril(rng.standard_normal((width, width)), -1)
    triangle[np.diag_indices(width)] = np.sqrt(rng.chisquare(freedom - np.arange(width)))
    half = root @ triangle
    drawn: Matrix = half @ half.T
    return drawn


def draw_noise(people: Rows, who: Side, what: Side, rng: np.random.Generator, pool: Pool) -> float:
    """Draw τ given everything else; a priori as if one rating had been off by one star."""
    from matinee.engines.bayes_kernels import error_span

    errors = np.zeros(len(people))
    pool.run(
        people.indptr, who.vectors.shape[1], error_span,
        people.indptr, people.others, people.targets, who.vectors, what.vectors, errors,
    )  # fmt: skip
    return float(rng.gamma((1 + len(people.targets)) / 2) / ((1 + errors.sum()) / 2))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**63))


def _entry_keys(keys: LongVector, seed: int) -> NDArray[np.uint64]:
    """Return (n,) 64 random bits a row; the sum of a person's and a film's makes the noise of their rating."""
    return normal_by_id(keys, 2, seed).view(np.uint64)[:, 0]

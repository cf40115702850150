"""The network of `neural` as arrays, and its forward pass in numpy: all that serving needs.

A rating of movie m with star class s, the r-th newest of its profile, is the vector x = P_m ∘ G_s + V_s + A_⌊log₂(1+r)⌋;
one more vector, `nobody`, stands in every profile, so that an empty one can be read. Each of S queries z starts as a
learnt vector and asks the profile in every layer,

    z ← z + Σ_h (α̂_h X) V_h O_h,  α_h = softmax(norm(z) Q_h (X K_h)ᵀ / √d_h),  α̂ = α / |α|₂
    z ← z + f(norm(z) W₁ + c₁) W₂ + c₂,                                         f(a) = a · sigmoid(a)

(multi-head attention with residuals, Vaswani et al. 2017, pooled by learnt queries as in Lee et al., "Set Transformer",
2019). Weights of length 1 instead of sum 1 let the answer grow with the root of what agrees, so that a long profile
speaks louder than a short one. With z the queries side by side, u = z T + t is the taste, and

    GMF_m = u · q_m + b_m,   tower_m = w · relu(relu(relu([z T′, p_m] W₁) W₂) W₃),   score = GMF + tower

which is NeuMF (He et al., WWW 2017) with GMF's output weights inside q and a profile in the place of a user row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matinee.engines.engine import Arrays
from matinee.engines.vae_network import sigmoid
from matinee.types import FloatMatrix, FloatVector

EPSILON = np.float32(1e-5)
"""Added to the variance in layer norms."""
STARS = 11
"""Star classes: half stars, 0 where people only watched."""
AGES = 12
"""Age classes of ratings in a profile."""
_TOWER_CELLS = 4_000_000
"""Numbers in the widest table that the tower builds at once."""


@dataclass(frozen=True)
class Padded:
    """Profiles as one table, newest rating first.

    Attributes:
        movies: (P, L) int64 columns of the network; 0 where a profile has ended.
        stars: (P, L) int64 star classes.
        valid: (P, L) which places hold a rating.
    """

    movies: NDArray[np.int64]
    stars: NDArray[np.int64]
    valid: NDArray[np.bool_]


def ages(length: int) -> NDArray[np.int64]:
    """Return (length,) the age class of each place, newest first: ⌊log₂(1 + place)⌋."""
    return np.minimum(np.log2(1 + np.arange(length)), AGES - 1).astype(np.int64)


def queries_of(network: Arrays, profiles: Padded, heads: int) -> FloatMatrix:
    """Read profiles.

    Args:
        network: arrays as `neural_start.first_arrays` names them.
        profiles: whose movies are columns of the network.
        heads: of the attention.

    Returns:
        (P, S · d) float32: the answers to all queries side by side.
    """
    given = _vectors(network, profiles)
    n, size = len(given), given.shape[2]
    closed = np.zeros((n, 1, given.shape[1]), np.float32)
    closed[:, 0, 1:][~profiles.valid] = -np.inf
    queries = np.broadcast_to(network["queries"], (n, *network["queries"].shape)).astype(np.float32)
    for layer in range(len(network["ask"])):
        queries = queries + _attended(network, layer, queries, given, closed, heads)
        hidden = _normed(queries, network["scale"][layer, 1], network["shift"][layer, 1]) @ network["widen"][layer]
        hidden += network["widen_bias"][layer]
        queries += (hidden * sigmoid(hidden)) @ network["narrow"][layer] + network["narrow_bias"][layer]
    return queries.reshape(n, network["queries"].shape[0] * size)


def _vectors(network: Arrays, profiles: Padded) -> NDArray[np.float32]:
    """Return (P, 1 + L, d) the vector of each rating after that of `nobody`."""
    n, length = profiles.movies.shape
    vectors = np.empty((n, 1 + length, network["films"].shape[1]), np.float32)
    vectors[:, 0] = network["nobody"]
    vectors[:, 1:] = network["films"][profiles.movies]
    if network["explicit"][0]:
        vectors[:, 1:] *= network["star_gates"][profiles.stars]
        vectors[:, 1:] += network["star_shifts"][profiles.stars]
    if network["ordered"][0]:
        vectors[:, 1:] += network["ages"][ages(length)]
    return vectors


def _attended(
    network: Arrays,
    layer: int,
    queries: NDArray[np.float32],
    given: NDArray[np.float32],
    closed: NDArray[np.float32],
    heads: int,
) -> NDArray[np.float32]:
    """Return (P, S, d) what the queries find; keys are moved to the queries' side, so that no rating is multiplied."""
    n, n_queries, size = queries.shape
    width = size // heads
    asked = _normed(queries, network["scale"][layer, 0], network["shift"][layer, 0]) @ network["ask"][layer]
    keys = network["key"][layer].reshape(size, heads, width).transpose(1, 2, 0)
    wanted = asked.reshape(n, n_queries, heads, width).transpose(0, 2, 1, 3) @ keys / np.float32(np.sqrt(width))
    logits = wanted.reshape(n, heads * n_queries, size) @ given.transpose(0, 2, 1) + closed
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    weights /= np.sqrt(np.sum(weights * weights, axis=2, keepdims=True))
    pooled = (weights @ given).reshape(n, heads, n_queries, size)
    values = network["value"][layer].reshape(size, heads, width).transpose(1, 0, 2)
    found = (pooled @ values).transpose(0, 2, 1, 3).reshape(n, n_queries, size)
    attended: NDArray[np.float32] = found @ network["out"][layer]
    return attended


def gmf(network: Arrays, queries: FloatMatrix) -> FloatMatrix:
    """Return (P, M) float32 u · q + b for every movie of the network."""
    scores: FloatMatrix = taste(network, queries) @ network["gmf"].T + network["gmf_bias"]
    return scores


def taste(network: Arrays, queries: FloatMatrix) -> FloatMatrix:
    """Return (P, d) u."""
    found: FloatMatrix = queries @ network["taste"] + network["taste_bias"]
    return found


def tower(network: Arrays, queries: FloatMatrix, movies: NDArray[np.int64]) -> FloatMatrix:
    """Return (P, C) what the tower adds for the movies of each person.

    The first layer is a sum of a person's part, worked out once, and a movie's part, which the arrays hold.
    """
    n, n_movies = movies.shape
    person = queries @ network["tower_taste"] @ network["tower_person"]
    added = np.empty((n, n_movies), np.float32)
    step = max(1, _TOWER_CELLS // max(1, n_movies * person.shape[1]))
    for first in range(0, n, step):
        rows = slice(first, first + step)
        hidden = network["tower_films"][movies[rows]]
        hidden += person[rows, None]
        np.maximum(hidden, 0, out=hidden)
        hidden = np.maximum(hidden @ network["tower_second"] + network["tower_second_bias"], 0)
        hidden = np.maximum(hidden @ network["tower_third"] + network["tower_third_bias"], 0)
        added[rows] = hidden @ network["tower_out"]
    return added


def refined(network: Arrays, queries: FloatMatrix, scores: FloatMatrix, seen: NDArray[np.bool_], n: int) -> FloatMatrix:
    """Let the tower order the best movies by GMF; the others stay in GMF's order below them.

    Args:
        network: the arrays.
        queries: (P, S · d) from `queries_of`.
        scores: (P, M) from `gmf`; changed and returned.
        seen: (P, M) what each profile holds; it is never a candidate, and keeps its place among the others.
        n: candidates a person.
    """
    open_ = np.where(seen, -np.inf, scores)
    n = min(n, scores.shape[1])
    best = np.argpartition(-open_, n - 1, axis=1)[:, :n]
    added = tower(network, queries, best)
    unseen = np.isfinite(np.take_along_axis(open_, best, axis=1))
    counts = np.maximum(unseen.sum(axis=1, keepdims=True), 1)
    # The tower orders; centred, it moves nobody's level against the films that it did not see.
    added -= np.sum(added, axis=1, keepdims=True, where=unseen) / counts
    found = np.take_along_axis(scores, best, axis=1)
    found = np.where(unseen, found + added, found)
    np.put_along_axis(open_, best, -np.inf, axis=1)
    lowest = np.min(found, axis=1, keepdims=True, where=unseen, initial=np.inf)
    highest = open_.max(axis=1, keepdims=True, initial=-np.inf)
    drop = np.where(np.isfinite(highest) & np.isfinite(lowest), np.maximum(highest - lowest, 0), 0).astype(np.float32)
    scores -= drop
    np.put_along_axis(scores, best, np.where(unseen, found, found - drop), axis=1)
    return scores


def _normed(values: NDArray[np.float32], scale: FloatVector, shift: FloatVector) -> NDArray[np.float32]:
    """Return each last axis with mean 0 and variance 1, then scaled and shifted."""
    centred = values - values.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    normed: NDArray[np.float32] = centred / np.sqrt(variance + EPSILON) * scale + shift
    return normed

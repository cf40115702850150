"""The network of `vae` as arrays, and its forward pass in numpy: all that serving needs.

With x the likes of a profile scaled to length 1, and f(a) = a · sigmoid(a),
h₁ = norm₁(f(x A + b₁)), h_l = norm_l(f(h_{l−1} H_l + b_l + h₁ + … + h_{l−1})) for the further layers, and
μ = h_last M + b_M. Movie j then scores μ · D_j + b_j.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.engines.engine import Arrays
from matinee.types import FloatMatrix, FloatVector

LAYERS = 5
"""Layers of the encoder before its heads."""

EPSILON = np.float32(0.1)
"""Added to the variance in layer norms; large, because a layer may hardly vary for a short profile."""


def first_arrays(n_movies: int, hidden: int, latent: int, generator: np.random.Generator) -> Arrays:
    """Return an untrained network, each matrix uniform within ±1/√fan-in.

    Returns:
        input (M, H), hidden (LAYERS − 1, H, H), bias, scale and shift (LAYERS, H), mean and spread (H, L) with their
        biases (L,), decoder (M, L) and decoder_bias (M,); float32. `spread` gives the logarithm of the variance and
        is needed for training alone.
    """

    def uniform(fan_in: int, *shape: int) -> NDArray[np.float32]:
        bound = 1 / np.sqrt(max(fan_in, 1))
        return generator.uniform(-bound, bound, shape).astype(np.float32)

    return {
        "input": uniform(n_movies, n_movies, hidden),
        "hidden": uniform(hidden, LAYERS - 1, hidden, hidden),
        "bias": uniform(hidden, LAYERS, hidden),
        "scale": np.ones((LAYERS, hidden), np.float32),
        "shift": np.zeros((LAYERS, hidden), np.float32),
        "mean": uniform(hidden, hidden, latent),
        "mean_bias": uniform(hidden, latent),
        "spread": uniform(hidden, hidden, latent),
        "spread_bias": uniform(hidden, latent),
        "decoder": uniform(latent, n_movies, latent),
        "decoder_bias": uniform(latent, n_movies),
    }


def posterior_mean(network: Arrays, likes: csr_array) -> FloatMatrix:
    """Encode people.

    Args:
        network: arrays as `first_arrays` names them.
        likes: (P, M) ones at the movies each person likes.

    Returns:
        (P, L) float32 μ, the mean of the posterior over tastes.
    """
    return encoded(network, unit_rows(likes) @ network["input"])


def encoded(network: Arrays, sums: FloatMatrix) -> FloatMatrix:
    """Do the rest of it, from the (P, H) product of scaled likes and the input matrix."""
    layer = _normalised(sums + network["bias"][0], network, 0)
    total = layer.copy()
    for index in range(1, LAYERS):
        layer = _normalised(layer @ network["hidden"][index - 1] + network["bias"][index] + total, network, index)
        total += layer
    mean: FloatMatrix = layer @ network["mean"] + network["mean_bias"]
    return mean


def decoded(network: Arrays, tastes: FloatMatrix) -> FloatMatrix:
    """Return (P, M) float32 scores: the log-probability of each movie up to a constant of the person."""
    scores: FloatMatrix = tastes @ network["decoder"].T + network["decoder_bias"]
    return scores


def unit_rows(likes: csr_array) -> csr_array:
    """Return each row scaled to length 1; empty rows stay empty."""
    lengths = np.diff(likes.indptr)
    scaled = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
    return csr_array((scaled, likes.indices, likes.indptr), shape=likes.shape)


def _normalised(activations: FloatMatrix, network: Arrays, index: int) -> FloatMatrix:
    """Return norm(f(a)): swish, then each row shifted and scaled to mean 0 and variance 1."""
    swish = activations * sigmoid(activations)
    centred = swish - swish.mean(axis=1, keepdims=True)
    variance = np.mean(centred * centred, axis=1, keepdims=True)
    normed: FloatMatrix = centred / np.sqrt(variance + EPSILON) * network["scale"][index] + network["shift"][index]
    return normed


def sigmoid(values: FloatMatrix | FloatVector) -> FloatMatrix:
    """Return 1 / (1 + e⁻ˣ), written so that no exponential overflows."""
    half: FloatMatrix = np.float32(0.5) * (np.tanh(np.float32(0.5) * values) + np.float32(1))
    return half

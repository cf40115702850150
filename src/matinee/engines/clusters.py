"""K-means without chance: clusters are split along their longest axis, then settled by Lloyd's rounds.

The number of clusters is the one with the highest simplified silhouette (Hruschka, de Castro, Campello 2004): with a
the distance of a point to its own centre and b to the next one, the mean of (b − a) / max(a, b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatMatrix, FloatVector, IntVector

ROUNDS = 50
"""Most rounds of Lloyd's algorithm; it stops when nobody moves."""


@dataclass(frozen=True)
class Clusters:
    """A division of points.

    Attributes:
        centres: (k, width) float32.
        labels: (n,) int32, the cluster of each point.
        tried: (n_tried,) int32 numbers of clusters that were compared.
        silhouettes: (n_tried,) float32, what they scored.
    """

    centres: FloatMatrix
    labels: IntVector
    tried: IntVector
    silhouettes: FloatVector


def divide(points: FloatMatrix, fewest: int, most: int, *, smallest: int = 1) -> Clusters:
    """Divide points into the number of clusters from `fewest` to `most` with the highest silhouette.

    Args:
        points: (n, width).
        fewest: the lowest number compared; at least 1.
        most: the highest number compared.
        smallest: a division with a smaller cluster is not taken.

    Returns:
        The division; the finest coarser one where no number qualifies, such as for few or coinciding points.
    """
    centres = points.mean(axis=0, keepdims=True) if len(points) else np.zeros((1, points.shape[1]), np.float32)
    best = fallback = (centres, np.zeros(len(points), np.int32))
    current = best
    table: dict[int, float] = {}
    for k in range(2, most + 1):
        start = split_widest(points, *current)
        if start is None:
            break
        current = settle(points, start)
        if np.bincount(current[1], minlength=k).min() < smallest:
            continue
        if k < fewest:
            fallback = current
            continue
        table[k] = simplified_silhouette(points, current[0])
        if table[k] == max(table.values()):
            best = current
    tried, silhouettes = np.array(list(table), np.int32), np.array(list(table.values()), np.float32)
    return Clusters(*(best if table else fallback), tried, silhouettes)


def nearest(points: FloatMatrix, centres: FloatMatrix) -> IntVector:
    """Return (n,) the centre nearest to each point."""
    labels: IntVector = np.argmin(squared_distances(points, centres), axis=1).astype(np.int32)
    return labels


def squared_distances(points: FloatMatrix, centres: FloatMatrix) -> NDArray[np.float64]:
    """Return (n, k) squared distances."""
    p, c = points.astype(np.float64), centres.astype(np.float64)
    squares: NDArray[np.float64] = (p**2).sum(axis=1)[:, None] - 2 * p @ c.T + (c**2).sum(axis=1)
    return np.maximum(squares, 0)


def membership(labels: IntVector, k: int) -> csr_array:
    """Return the (k, n) sparse matrix that sums the points of each cluster."""
    n = len(labels)
    rows = csr_array((np.ones(n), labels, np.arange(n + 1)), shape=(n, k))
    return rows.T.tocsr()


def settle(points: FloatMatrix, centres: FloatMatrix) -> tuple[FloatMatrix, IntVector]:
    """Run Lloyd's rounds: every point to its nearest centre, every centre to the mean of its points."""
    labels = nearest(points, centres)
    for _ in range(ROUNDS):
        size = np.bincount(labels, minlength=len(centres))
        total = membership(labels, len(centres)) @ points.astype(np.float64)
        centres = np.where(size[:, None] > 0, total / np.maximum(size, 1)[:, None], centres).astype(np.float32)
        moved = nearest(points, centres)
        if (moved == labels).all():
            break
        labels = moved
    return centres, labels


def split_widest(points: FloatMatrix, centres: FloatMatrix, labels: IntVector) -> FloatMatrix | None:
    """Return one more centre: the cluster with the largest spread is cut across its longest axis.

    None where every cluster is a single place.
    """
    spread = membership(labels, len(centres)) @ ((points - centres[labels]) ** 2).sum(axis=1, dtype=np.float64)
    widest = int(spread.argmax())
    if spread[widest] <= 1e-9 * max(len(points), 1):
        return None
    inside = (points[labels == widest] - centres[widest]).astype(np.float64)
    axis = np.linalg.eigh(inside.T @ inside)[1][:, -1]
    side = inside @ axis > 0
    halves = [points[labels == widest][half].mean(axis=0) for half in (side, ~side)]
    return np.vstack([np.delete(centres, widest, axis=0), *halves]).astype(np.float32)


def simplified_silhouette(points: FloatMatrix, centres: FloatMatrix) -> float:
    """Return the mean over points of (b − a) / max(a, b), between 0 and 1; higher means clearer clusters."""
    two = np.sqrt(np.partition(squared_distances(points, centres), 1, axis=1)[:, :2])
    own, other = two[:, 0], two[:, 1]
    return float(np.mean(np.divide(other - own, other, out=np.zeros_like(other), where=other > 0)))

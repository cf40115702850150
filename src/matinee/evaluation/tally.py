"""From per-user figures to one figure, its error, and paired differences.

Ranking metrics are means over users of one value each. RMSE and MAE are over all hidden ratings; their per-user figures are
totals (`squared_error`, `absolute_error`, `ratings`), so that users can be resampled whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from matinee.evaluation.intervals import Difference, estimate, paired_interval, paired_total_interval
from matinee.evaluation.metrics import PerUser

Values = Mapping[str, PerUser]
"""Per-user figures by name."""


def _itself(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    return mean


TOTALS: dict[str, tuple[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "rmse": ("squared_error", np.sqrt),
    "mae": ("absolute_error", _itself),
}
"""Metrics made of totals: which total, and what is done to its mean over ratings."""


def standing(values: Values, key: str, seed: int) -> tuple[float, float, int]:
    """Return a metric's value, its standard error (NaN where there is none), and the number of users behind it."""
    if key not in TOTALS:
        found = estimate(values[key])
        return found.mean, found.error, found.n_users
    total, figure = TOTALS[key]
    # Against a predictor without error: the difference is the figure itself.
    itself = paired_total_interval(values[total], np.zeros_like(values[total]), values["ratings"], figure, seed=seed)
    return itself.difference, itself.error, itself.n_users


def paired(candidate: Values, baseline: Values, key: str, *, confidence: float, seed: int) -> Difference | None:
    """Return a metric's difference on the same users; None where no user is scored in both."""
    if key in TOTALS:
        total, figure = TOTALS[key]
        counts = candidate["ratings"]
        return paired_total_interval(
            candidate[total], baseline[total], counts, figure, confidence=confidence, seed=seed
        )
    if np.isnan(candidate[key] - baseline[key]).all():
        return None
    return paired_interval(candidate[key], baseline[key], confidence=confidence, seed=seed)


def has(values: Values, key: str) -> bool:
    """Whether the per-user figures behind a metric are there."""
    return (TOTALS[key][0] if key in TOTALS else key) in values

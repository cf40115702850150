"""Rows beside a baseline: every metric with its error and its paired interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from matinee.errors import SettingsError
from matinee.evaluation.intervals import paired_intervals
from matinee.evaluation.result import Gap, Measure, Row
from matinee.evaluation.tally import TOTALS, has, paired, standing


def compare(
    rows: Sequence[Row], baseline: str, measures: Sequence[str], *, confidence: float, seed: int
) -> tuple[Row, ...]:
    """Return the rows with their measures filled in.

    Args:
        rows: with per-user values and figures of the whole.
        baseline: name of the row to compare with.
        measures: metric keys, in the order wanted.
        confidence: of the intervals.
        seed: of the bootstrap.

    Raises:
        SettingsError: if there is no such row, or it was refused.
    """
    found = [row for row in rows if row.name == baseline]
    if not found or found[0].refused is not None:
        why = f"it {found[0].refused}" if found else "there is none"
        raise SettingsError(
            f"{baseline!r} cannot be the row to compare with: {why}.",
            hint=f"Rows: {', '.join(row.name for row in rows if row.refused is None)}.",
        )
    gaps = _gaps(rows, found[0], measures, confidence=confidence, seed=seed)
    return tuple(
        row if row.refused is not None else replace(row, measures=_measures(row, measures, gaps, seed)) for row in rows
    )


def _gaps(
    rows: Sequence[Row], base: Row, keys: Sequence[str], *, confidence: float, seed: int
) -> dict[tuple[str, str], Gap]:
    """Return the differences from the baseline by row and metric; means over users all from the same samples."""
    wanted = [
        (row, key)
        for row in rows
        for key in keys
        if row is not base and row.refused is None and has(row.values, key) and has(base.values, key)
    ]
    means = [(row, key) for row, key in wanted if key not in TOTALS]
    gaps = {}
    if means:
        differences = np.stack([row.values[key] - base.values[key] for row, key in means], axis=1)
        found = paired_intervals(differences, confidence=confidence, seed=seed)
        gaps = {(row.name, key): Gap.of(one) for (row, key), one in zip(means, found, strict=True) if one is not None}
    for row, key in wanted:
        if key in TOTALS:
            one = paired(row.values, base.values, key, confidence=confidence, seed=seed)
            if one is not None:
                gaps[row.name, key] = Gap.of(one)
    return gaps


def _measures(row: Row, keys: Sequence[str], gaps: Mapping[tuple[str, str], Gap], seed: int) -> dict[str, Measure]:
    measures = {}
    for key in keys:
        if key in row.system:
            measures[key] = Measure(value=_finite(row.system[key]), standard_error=None, n=0)
        elif has(row.values, key):
            value, error, n = standing(row.values, key, seed)
            gap = gaps.get((row.name, key))
            measures[key] = Measure(value=_finite(value), standard_error=_finite(error), n=n, against_baseline=gap)
    return measures


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

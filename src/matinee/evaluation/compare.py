"""Rows beside a baseline: every metric with its error and its paired interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from matinee.errors import SettingsError
from matinee.evaluation.result import Gap, Measure, Row
from matinee.evaluation.tally import has, paired, standing


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
    return tuple(
        row
        if row.refused is not None
        else replace(row, measures=_measures(row, found[0], measures, confidence=confidence, seed=seed))
        for row in rows
    )


def _measures(row: Row, base: Row, keys: Sequence[str], *, confidence: float, seed: int) -> dict[str, Measure]:
    measures = {}
    for key in keys:
        if key in row.system:
            measures[key] = Measure(value=_finite(row.system[key]), standard_error=None, n=0)
        elif has(row.values, key):
            value, error, n = standing(row.values, key, seed)
            gap = None
            if row is not base and has(base.values, key):
                difference = paired(row.values, base.values, key, confidence=confidence, seed=seed)
                gap = None if difference is None else Gap.of(difference)
            measures[key] = Measure(value=_finite(value), standard_error=_finite(error), n=n, against_baseline=gap)
    return measures


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

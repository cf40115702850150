"""Receipts: what compressing a release cost and saved, measured on people it has not learned from.

Each ranking that a release offers (the blend, and every engine whose matrices were encoded, alone) lists ten films for each
person of a panel from float32 and from the encoded matrices; the two are compared person by person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from matinee.engines import Engine
from matinee.errors import SettingsError
from matinee.evaluation.intervals import paired_interval, paired_total_interval
from matinee.evaluation.metrics import Hits, PerUser, measure
from matinee.evaluation.topn import Lists, top_n
from matinee.ranking import Hybrid, HybridConfig
from matinee.releases.compress import Recipe, compressed
from matinee.training.panel import Panel
from matinee.types import FloatMatrix, Profiles, Progress, silent

N = 10
METRICS = (f"ndcg@{N}", f"hit_rate@{N}")
_CELLS = 24_000_000
"""Scores held at once."""
_NEXT_TO_NOTHING = 1e-12

Score = Callable[[Profiles], FloatMatrix]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One metric before and after, on the same people.

    Attributes:
        before: mean in float32.
        after: mean from the encoded matrices.
        difference: after minus before.
        low: lower end of the 95 % paired bootstrap interval of the difference.
        high: upper end.
        kept: after / before; 1 where nothing was found before.
        kept_low: lower end of its interval.
        kept_high: upper end.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    kept: float
    kept_low: float
    kept_high: float

    @classmethod
    def of(cls, after: PerUser, before: PerUser) -> Self:
        """Compare one value a person."""
        gap = paired_interval(after, before)
        if not before.any():
            return cls(
                before=0.0,
                after=float(after.mean()),
                difference=gap.difference,
                low=gap.low,
                high=gap.high,
                kept=1.0,
                kept_low=1.0,
                kept_high=1.0,
            )
        # The ratio of the sums; an addend next to nothing keeps the people whose value was 0 before.
        base = before + _NEXT_TO_NOTHING
        ratio = paired_total_interval(after, base, base)
        return cls(
            before=float(before.mean()),
            after=float(after.mean()),
            difference=gap.difference,
            low=gap.low,
            high=gap.high,
            kept=float(after.mean() / before.mean()),
            kept_low=1 + ratio.low,
            kept_high=1 + ratio.high,
        )


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """One ranking of a release before and after.

    Attributes:
        name: "hybrid", or an engine alone.
        metrics: by key.
        overlap: mean share of the ten films before that are among the ten after.
        overlap_low: lower end of its 95 % bootstrap interval.
        overlap_high: upper end.
    """

    name: str
    metrics: dict[str, Kept]
    overlap: float
    overlap_low: float
    overlap_high: float


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the panel saw.

    Attributes:
        how: how the panel was chosen.
        counts: its size.
        rankings: the blend first.
    """

    how: str
    counts: dict[str, int]
    rankings: tuple[Ranking, ...]

    @property
    def worst(self) -> float:
        """The largest share that any metric of any ranking lost; below 0 where all gained."""
        return max(1 - kept.kept for ranking in self.rankings for kept in ranking.metrics.values())


def quality(
    panel: Panel, engines: Mapping[str, Engine], ranking: Mapping[str, Any], progress: Progress = silent
) -> Quality:
    """Compare engines in an encoding with those of the panel in float32.

    Args:
        panel: people, and the engines in float32.
        engines: the same engines, encoded.
        ranking: settings of the blend.
        progress: told after each ranking.
    """
    encoded = [name for name, engine in engines.items() if engine.arrays.keys() != panel.engines[name].arrays.keys()]
    before, after = (_hybrid(each, ranking, panel) for each in (panel.engines, engines))
    contests: list[tuple[str, Score, Score]] = [("hybrid", before.score, after.score)]
    contests += [(name, panel.engines[name].score, engines[name].score) for name in encoded]
    found = []
    for place, (name, first, second) in enumerate(contests, start=1):
        found.append(_ranking(name, panel, _lists(first, panel), _lists(second, panel)))
        progress("compare", place, len(contests))
    return Quality(how=panel.how, counts=dict(panel.counts), rankings=tuple(found))


def choose(
    panel: Panel, ladder: Iterable[Recipe], max_loss: float, ranking: Mapping[str, Any], progress: Progress = silent
) -> Recipe:
    """Return the smallest recipe that loses no more than a share of any metric of any ranking.

    Args:
        panel: for choosing; not the one a claim is made on.
        ladder: recipes from the gentlest to the smallest.
        max_loss: largest loss, such as 0.01.
        ranking: settings of the blend.
        progress: told about every step.

    Raises:
        SettingsError: if none does, with what came closest.
    """
    tried: list[tuple[float, str]] = []
    for how in reversed(list(ladder)):
        engines, _ = compressed(panel.engines, how, progress)
        loss = quality(panel, engines, ranking, progress).worst
        if loss <= max_loss:
            return how
        tried.append((loss, how.name))
    loss, name = min(tried)
    raise SettingsError(
        f"No recipe keeps the loss at {max_loss:.2%} or below on {len(panel):,} held-out people.",
        hint=f"The closest is {name}, which loses {loss:.2%}: allow that with --max-loss {np.ceil(loss * 1e4) / 1e4:.4f}.",
    )


def _hybrid(engines: Mapping[str, Engine], ranking: Mapping[str, Any], panel: Panel) -> Hybrid:
    return Hybrid(engines, HybridConfig.of(ranking), catalogue=panel.catalogue, scale=panel.scale)


def _lists(score: Score, panel: Panel) -> Lists:
    step = max(1, _CELLS // panel.profiles.n_movies)
    parts = [panel.profiles.slice(first, min(first + step, len(panel))) for first in range(0, len(panel), step)]
    return np.concatenate([top_n(score(part), N, exclude=part, allowed=panel.allowed) for part in parts])


def _ranking(name: str, panel: Panel, before: Lists, after: Lists) -> Ranking:
    values = [measure(Hits.of(lists, panel.truth), METRICS) for lists in (before, after)]
    same = (before[:, :, None] == after[:, None, :]) & (before >= 0)[:, :, None]
    shared = same.any(axis=2).sum(axis=1) / np.maximum((before >= 0).sum(axis=1), 1)
    overlap = paired_interval(shared, np.zeros(len(shared)))
    return Ranking(
        name=name,
        metrics={key: Kept.of(values[1][key], values[0][key]) for key in METRICS},
        overlap=overlap.difference,
        overlap_low=overlap.low,
        overlap_high=overlap.high,
    )

"""Learning the weights of the blend: what held-out ratings say each engine deserves, for everybody and by profile size.

Engines are fitted once on the training part of a split and their scores brought to one scale once; trying a set of weights
then takes milliseconds (`pools`). Three guards keep chance out: the search averages its best points (`simplex`); weights of
a profile size are drawn towards those of everybody, the more the fewer viewers stand behind them; and they are used only
where, learned from one half of the viewers, they rank the other half better by more than a standard error.

People with fewer than ten ratings are rare in films data, so newcomers are made: viewers shown to the engines with their
last few ratings only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines import Engine
from matinee.errors import DataError
from matinee.evaluation.protocols.split import RankingSplit
from matinee.ranking.blend import NORMALISATIONS, Normalisation
from matinee.ranking.weighting import HybridConfig, SizedWeights
from matinee.training.pools import DEPTH, Pools, joined, pooled
from matinee.training.simplex import Search, Shares, usual_starts
from matinee.types import LongVector, Profiles, Progress, silent

METRIC = "ndcg@10"
_CELLS = 8_000_000
"""Scores held at once for one engine."""


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """How weights are learned."""

    max_viewers: int = 2000
    """Viewers the weights are tried on, drawn with the seed."""

    sizes: tuple[int, ...] = (10, 30, 100)
    """Profile sizes at which a group ends and the next begins; the first group are newcomers."""

    newcomer_ratings: int = 7
    """Ratings a newcomer is shown with."""

    newcomers: int = 1000
    """Viewers who are shown as newcomers too, at most."""

    min_viewers: int = 100
    """Viewers a group needs for weights of its own."""

    shrinkage: float = 300.0
    """Viewers that the weights of everybody count as when those of a group are drawn towards them."""

    smallest: float = 0.03
    """Weights below this become 0: the engine need not be asked."""

    seed: int = 0
    """Draws viewers and halves."""


@dataclass(frozen=True)
class Learned:
    """What came of it.

    Attributes:
        config: the blend with its learned weights; the given one where nothing could be learned.
        receipt: how they were chosen and what they, each engine alone and equal weights reached on the same viewers.
    """

    config: HybridConfig
    receipt: dict[str, Any]


def learn(
    split: RankingSplit,
    engines: Mapping[str, Engine],
    base: HybridConfig | None = None,
    config: LearningConfig | None = None,
    progress: Progress = silent,
) -> Learned:
    """Fit engines on the training part of a split and learn their weights from what it hides.

    Args:
        split: of a validation part; its hidden likes decide.
        engines: by name; fitted here.
        base: the blend whose weights are replaced.
        config: how.
        progress: told about every stage.

    Raises:
        DataError: if there is no engine.
    """
    base, config = base or HybridConfig(), config or LearningConfig()
    if not engines:
        raise DataError("There is no engine to weigh.", hint="Name some: matinee train --engines ease,als.")
    for engine in engines.values():
        engine.fit(split.train, progress)
    generator = np.random.default_rng(config.seed)
    viewers = _some(np.flatnonzero(split.profiles.lengths() >= base.cold_below), config.max_viewers, generator)
    if not len(viewers):
        return Learned(base, {"learned": False, "because": "nobody has enough ratings"})
    everybody = _collect(split, engines, viewers, None, progress)
    newcomers = _collect(split, engines, viewers[: config.newcomers], config.newcomer_ratings, progress)
    return _Lesson(everybody, newcomers, config, base, generator).learned(split)


class _Lesson:
    """One search: for everybody, then by size."""

    def __init__(
        self,
        everybody: Pools,
        newcomers: Pools,
        config: LearningConfig,
        base: HybridConfig,
        generator: np.random.Generator,
    ) -> None:
        self.everybody, self.newcomers = everybody, newcomers
        self.config, self.base = config, base
        self.halves = np.array_split(generator.permutation(len(everybody)), 2)
        self.tried = 0

    def learned(self, split: RankingSplit) -> Learned:
        """Return the weights and their receipt."""
        everybody, rows = self.everybody, np.arange(len(self.everybody))
        found = {rule: self._search(everybody, rule, rows) for rule in NORMALISATIONS}
        reached = {rule: _mean(everybody, shares, rule, rows) for rule, shares in found.items()}
        rule = max(reached, key=lambda name: reached[name])
        shares = self._tidy(found[rule])
        self.by_half = [self._search(everybody, rule, half) for half in self.halves]
        groups = self._groups(rule, shares)
        adopted = any(group["adopted"] for group in groups)
        sized = tuple(SizedWeights(n_ratings=group["n_ratings"], weights=group["weights"]) for group in groups)
        weights = self._named(shares)
        config = HybridConfig(
            weights=weights,
            by_size=sized if adopted else (),
            normalisation=rule,
            cold_below=self.base.cold_below,
        )
        return Learned(config, self._receipt(split, rule, reached, shares, groups))

    def _search(self, pools: Pools, rule: Normalisation, rows: NDArray[np.int64], near: Shares | None = None) -> Shares:
        """Return the best weights for some viewers, from everywhere or near a point."""
        search = Search(lambda shares: _mean(pools, shares, rule, rows))
        starts = usual_starts(len(pools.names)) if near is None else [near]
        found = search.run(starts, (4, 2, 1) if near is None else (2, 1))
        self.tried += len(search)
        return found

    def _groups(self, rule: Normalisation, shares: Shares) -> list[dict[str, Any]]:
        """Return weights and evidence for each group of profile sizes that has viewers."""
        ends = (0, *self.config.sizes, np.inf)
        sizes = self.everybody.sizes
        found = [self._group(self.newcomers, np.arange(len(self.newcomers)), rule, shares, (0, ends[1]))]
        for start, end in pairwise(ends[1:]):
            rows = np.flatnonzero((sizes >= start) & (sizes < end))
            found.append(self._group(self.everybody, rows, rule, shares, (start, end)))
        return [group for group in found if group["viewers"]]

    def _group(
        self, pools: Pools, rows: NDArray[np.int64], rule: Normalisation, shares: Shares, ends: tuple[float, float]
    ) -> dict[str, Any]:
        typical = round(float(np.exp(np.log(pools.sizes[rows]).mean()))) if len(rows) else 0
        group: dict[str, Any] = {
            "from": int(ends[0]),
            "below": None if np.isinf(ends[1]) else int(ends[1]),
            "viewers": len(rows),
            "n_ratings": typical,
            "adopted": False,
            "weights": self._named(shares),
        }
        if len(rows) < self.config.min_viewers:
            return group
        gains = self._gains(pools, rows, rule)
        gain, error = float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))
        group |= {"gain": round(gain, 5), "standard_error": round(error, 5), "adopted": gain > error}
        if group["adopted"]:
            own = self._search(pools, rule, rows, shares)
            group["weights"] = self._named(self._tidy(self._drawn(own, shares, len(rows))))
        return group

    def _gains(self, pools: Pools, rows: NDArray[np.int64], rule: Normalisation) -> NDArray[np.float64]:
        """Return what own weights gain over those of everybody, each viewer judged by the other half's lesson."""
        gains = []
        for half in (0, 1):
            # A newcomer is the viewer of the same row, cut short, and so belongs to the same half.
            learn_from, judge = np.intersect1d(self.halves[half], rows), np.intersect1d(self.halves[1 - half], rows)
            common = self.by_half[half]
            own = self._drawn(self._search(pools, rule, learn_from, common), common, len(learn_from))
            gains.append(pools.ndcg(own, rule, judge) - pools.ndcg(common, rule, judge))
        return np.concatenate(gains)

    def _split_half(self, rule: Normalisation) -> float:
        """Return what weights learned from one half reach on the other, over both: no viewer judges what it taught."""
        found = [self.everybody.ndcg(self.by_half[half], rule, self.halves[1 - half]) for half in (0, 1)]
        return float(np.concatenate(found).mean())

    def _drawn(self, own: Shares, common: Shares, viewers: int) -> Shares:
        """Draw the weights of a group towards those of everybody."""
        trust = viewers / (viewers + self.config.shrinkage)
        drawn: Shares = trust * own + (1 - trust) * common
        return drawn

    def _tidy(self, shares: Shares) -> Shares:
        """Drop weights that are too small to matter and scale the others to 1."""
        kept = np.where(shares >= min(self.config.smallest, shares.max()), shares, 0)
        tidy: Shares = kept / kept.sum()
        return tidy

    def _named(self, shares: Shares) -> dict[str, float]:
        return {
            name: round(float(share), 4) for name, share in zip(self.everybody.names, shares, strict=True) if share > 0
        }

    def _receipt(
        self,
        split: RankingSplit,
        rule: Normalisation,
        reached: Mapping[Normalisation, float],
        shares: Shares,
        groups: list[dict[str, Any]],
    ) -> dict[str, Any]:
        everybody, rows = self.everybody, np.arange(len(self.everybody))
        n = len(everybody.names)
        alone = {name: _mean(everybody, np.eye(n)[place], rule, rows) for place, name in enumerate(everybody.names)}
        learned = everybody.ndcg(shares, rule, rows)
        best = np.eye(n)[int(np.argmax(list(alone.values())))]
        lead = learned - everybody.ndcg(best, rule, rows)
        return {
            "learned": True,
            "protocol": "temporal",
            "part": "validation",
            "remarks": list(split.remarks),
            "counts": dict(split.counts),
            "viewers": len(everybody),
            "metric": METRIC,
            "among": f"each viewer's films that some engine puts among its first {DEPTH}",
            "normalisation": rule,
            "by_normalisation": {name: round(value, 5) for name, value in reached.items()},
            "points_tried": self.tried,
            "weights": self._named(shares),
            "value": round(float(learned.mean()), 5),
            "alone": {name: round(value, 5) for name, value in alone.items()},
            "equal_weights": round(_mean(everybody, np.full(n, 1 / n), rule, rows), 5),
            "split_half": round(self._split_half(rule), 5),
            "lead_over_best_alone": round(float(lead.mean()), 5),
            "lead_standard_error": round(float(lead.std() / np.sqrt(len(lead))), 5),
            "by_size": groups,
            "settings": asdict(self.config) | {"sizes": list(self.config.sizes)},
        }


def _mean(pools: Pools, shares: Shares, rule: Normalisation, rows: NDArray[np.int64]) -> float:
    return float(pools.ndcg(shares, rule, rows).mean())


def _some(rows: LongVector, most: int, generator: np.random.Generator) -> LongVector:
    """Return at most so many rows, drawn; in an order that is drawn too."""
    return generator.permutation(rows)[:most]


def _collect(
    split: RankingSplit, engines: Mapping[str, Engine], viewers: LongVector, shown: int | None, progress: Progress
) -> Pools:
    """Score viewers, whole or with their last few ratings, and keep the heads of the lists."""
    step = max(1, _CELLS // max(1, split.train.n_movies))
    parts = []
    for start in range(0, len(viewers), step):
        rows = viewers[start : start + step]
        whole = Profiles.stack([split.profiles[int(row)] for row in rows], split.train.n_movies)
        given = whole if shown is None else last_ratings(whole, shown)
        scores = {name: engine.score(given) for name, engine in engines.items()}
        parts.append(pooled(scores, given, whole, split.truth[rows], split.allowed))
        progress("weights: score", min(start + step, len(viewers)), len(viewers))
    return joined(parts)


def last_ratings(profiles: Profiles, n: int) -> Profiles:
    """Return each profile cut to its last `n` ratings."""
    keep = profiles.indptr[1:][profiles.rows()] - np.arange(len(profiles.movies)) <= n
    indptr = np.concatenate([[0], np.cumsum(np.minimum(profiles.lengths(), n))])
    return Profiles(indptr, profiles.movies[keep], profiles.values[keep], profiles.times[keep], profiles.n_movies)

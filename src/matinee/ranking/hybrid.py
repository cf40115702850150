"""The hybrid ranker: a routed blend of engines, measured by the same code that serves.

Profiles with few ratings say too little for the personal engines and are ranked by popularity, lifted by the genres they
rated; the others by the weighted blend. An engine that is absent, or that fails, gives its weight to the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from matinee.data import Catalogue, Dataset
from matinee.engines import Engine, create
from matinee.errors import MatineeError, SettingsError, StateError
from matinee.ranking.blend import Extremes, Sane, Scale, blend, sanitise, share
from matinee.ranking.hints import GenreHints
from matinee.ranking.presets import COLD, HYBRID, Route, route, strategies, weights_by_engine
from matinee.ranking.weighting import HybridConfig
from matinee.types import FloatMatrix, FloatVector, LongVector, Profiles, Progress, silent

__all__ = ["COLD", "Blended", "Hybrid", "HybridConfig", "hints_of"]

_log = logging.getLogger(__name__)

_ROUTES = 4096
"""Routes that are kept: one for each size of profile and strategy that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Blended:
    """Scores and where they come from; for engine e, `scores` is the sum of weights_e · (raw_e − low_e) / span_e.

    Attributes:
        scores: (n_profiles, n_movies) float32, higher is better.
        raw: each engine's own scores, in its own units; finite. Popularity includes `lift`.
        weights: (n_profiles,) share of each engine; they add up to 1 for each profile.
        scales: what becomes 0 and 1 of each engine: `low` and `span`, (n_profiles,) each.
        lift: (n_profiles, n_movies) factors of popularity from genre hints; None where nobody got any.
        missing: engines or families that have a weight but are not here.
        failed: engines that raised an error, or had no finite score for some profile, and why.
    """

    scores: FloatMatrix
    raw: dict[str, FloatMatrix]
    weights: dict[str, FloatVector]
    scales: dict[str, Scale]
    lift: FloatMatrix | None = None
    missing: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def shares(self) -> dict[str, FloatMatrix]:
        """Each engine's additive part of `scores`, (n_profiles, n_movies); made when asked for."""
        return {name: share(raw, self.scales[name], self.weights[name]) for name, raw in self.raw.items()}

    @property
    def low(self) -> dict[str, FloatVector]:
        """The raw score that becomes 0, by engine and profile."""
        return {name: scale.low for name, scale in self.scales.items()}

    @property
    def span(self) -> dict[str, FloatVector]:
        """How far above `low` the raw score lies that becomes 1, by engine and profile."""
        return {name: scale.span for name, scale in self.scales.items()}

    def share_of(self, name: str, profile: int, movies: LongVector) -> FloatVector:
        """Return one engine's part of the scores of some movies, without making whole `shares`."""
        scale, weight = self.scales[name], self.weights[name][profile]
        part: FloatVector = (self.raw[name][profile, movies] - scale.low[profile]) * (weight / scale.span[profile])
        return part


class Hybrid:
    """Engines behind one ranking.

    Args:
        engines: by name; `popular` must be among them.
        config: weights and the routing rule.
        name: what a report calls it.
        strategy: what `score` ranks by.
        catalogue: whose genres give hints for people we hardly know; without it there are none until `fit`.
        scale: lowest and highest stars; None where people only watched.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        config: HybridConfig | None = None,
        *,
        name: str = "hybrid",
        strategy: str = HYBRID,
        catalogue: Catalogue | None = None,
        scale: tuple[float, float] | None = (0.5, 5.0),
    ) -> None:
        if COLD not in engines:
            raise SettingsError(
                f"The hybrid needs the engine {COLD!r} for people it does not know; got {', '.join(engines) or 'none'}."
            )
        self.name = name
        self.strategy = strategy
        self.engines = dict(engines)
        self.config = config or HybridConfig()
        self._hints = None if catalogue is None else hints_of(catalogue, scale)
        self._routes: tuple[Any, dict[tuple[int, str], Route]] = (None, {})

    @classmethod
    def unfitted(cls, config: HybridConfig | None = None) -> Self:
        """Return a hybrid of fresh engines, one for each weight, with their default settings."""
        config = config or HybridConfig()
        return cls({name: create(name) for name in {**config.weights, COLD: 0.0}}, config)

    def knowing(self, *, from_ratings: int) -> Hybrid:
        """Return the same engines and weights that rank personally from so many ratings on."""
        other = copy(self)
        other.config = replace(self.config, cold_below=from_ratings)
        return other

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:
        """Fit every engine on the data set."""
        for engine in self.engines.values():
            engine.fit(dataset, progress)
        self._hints = hints_of(dataset.catalogue, dataset.scale if dataset.explicit else None)
        return self

    def settings(self) -> dict[str, Any]:
        """Return the blend's settings and each engine's, as plain values."""
        strategy = {} if self.strategy == HYBRID else {"strategy": self.strategy}
        engines = {name: engine.settings() for name, engine in self.engines.items()}
        return strategy | self.config.settings() | {"engines": engines}

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Score every movie for each profile: (n_profiles, n_movies) float32.

        Raises:
            StateError: if an engine failed; who measures a blend must not measure what is left of it.
        """
        blended = self.explained(profiles, self.strategy)
        if blended.failed:
            raise StateError("; ".join(f"{name}: {why}" for name, why in blended.failed.items()))
        return blended.scores

    def explained(self, profiles: Profiles, strategy: str = HYBRID) -> Blended:
        """Score every movie and keep what each engine adds.

        An engine that raises, or says nothing finite of a profile, takes no part in its ranking; popularity stands in
        where nobody is left.

        Args:
            profiles: whom to score for.
            strategy: one of `strategies`.

        Raises:
            UnknownIdError: if there is no such strategy.
            MatineeError: what the last engine raised, if none answers.
        """
        sizes, where = profiles.lengths(), np.zeros(len(profiles), np.int64)
        if len(profiles) > 1:
            sizes, where = np.unique(sizes, return_inverse=True)
        routes = [self.route(size, strategy) for size in sizes.tolist()]
        weights = weights_by_engine(routes, where, self.engines)
        hinted = np.array([one.hinted for one in routes], np.bool_)[where]
        raw: dict[str, FloatMatrix] = {}
        extremes: dict[str, Extremes] = {}
        failed: dict[str, str] = {}
        lift = None
        asked = {name: weight for name, weight in weights.items() if weight.any()}
        while asked:
            for name, weight in asked.items():
                sane, why = self._ask(name, profiles)
                if why:
                    failed[name] = why
                    weights[name] = weight * (0 if sane is None or sane.usable is None else sane.usable)
                if sane is not None:
                    raw[name], extremes[name] = sane.scores, sane.extremes
            asked = self._stand_in(weights, raw, failed, len(profiles))
        if COLD in raw and hinted.any() and self._hints is not None:
            lift = np.where(hinted[:, None], self._hints.lift(profiles), np.float32(1))
            raw[COLD] = raw[COLD] * lift
            del extremes[COLD]
        raw = {name: scores for name, scores in raw.items() if weights[name].any()}
        scores, scales, applied = blend(raw, weights, profiles, self.config.normalisation, extremes)
        return Blended(
            scores=scores,
            raw=raw,
            weights=applied,
            scales=scales,
            lift=lift,
            missing=tuple(dict.fromkeys(name for one in routes for name in one.missing)),
            failed=failed,
        )

    def route(self, n_ratings: int, strategy: str = HYBRID) -> Route:
        """Say how a profile of this size is ranked and why, before any engine is asked."""
        # The same few sizes are asked about again and again.
        whom = (self.config, tuple(self.engines))
        if self._routes[0] != whom or len(self._routes[1]) >= _ROUTES:
            self._routes = (whom, {})
        known = self._routes[1]
        if (n_ratings, strategy) not in known:
            known[n_ratings, strategy] = route(n_ratings, strategy, self.config, self.engines)
        return known[n_ratings, strategy]

    def strategies(self) -> list[str]:
        """Return what `explained` accepts."""
        return strategies(self.engines)

    def missing(self) -> list[str]:
        """Return the engines that have a weight but are not here."""
        return [name for name in self.config.members() if name not in self.engines]

    def is_cold(self, n_ratings: int) -> bool:
        """Whether a profile of this size is ranked by popularity."""
        return n_ratings < self.config.cold_below

    def _ask(self, name: str, profiles: Profiles) -> tuple[Sane | None, str]:
        """Return an engine's scores and what is wrong; no scores where it raised."""
        try:
            scores = self.engines[name].score(profiles)
        except MatineeError as error:
            return self._broken(name, error.message)
        except Exception as error:  # a broken engine must not take the answer down: it is said and logged
            return self._broken(name, f"{type(error).__name__}: {error}")
        if scores.shape != (len(profiles), profiles.n_movies):
            return self._broken(name, f"it answered in the shape {scores.shape}")
        sane = sanitise(scores)
        return sane, "" if sane.usable is None or sane.usable.all() else "its scores are not finite numbers"

    @staticmethod
    def _broken(name: str, why: str) -> tuple[None, str]:
        _log.warning("The engine %s failed while scoring: %s", name, why)
        return None, why

    def _stand_in(
        self, weights: dict[str, FloatVector], raw: Mapping[str, FloatMatrix], failed: Mapping[str, str], n: int
    ) -> dict[str, FloatVector]:
        """Give people whom nobody answered to popularity, in `weights`; return whom to ask for it."""
        left = np.sum([weights[name] for name in raw], axis=0) if raw else np.zeros(n)
        alone = left <= 0
        if not alone.any():
            return {}
        if COLD in failed:
            raise StateError(
                f"No engine answers: {'; '.join(f'{name}: {why}' for name, why in failed.items())}.",
                hint="Train again: matinee train --data PATH.",
            )
        weights[COLD] = np.where(alone, 1, weights.get(COLD, np.zeros(n))).astype(np.float32)
        return {} if COLD in raw else {COLD: weights[COLD]}


def hints_of(catalogue: Catalogue, scale: tuple[float, float] | None) -> GenreHints:
    """Return the hints a catalogue's genres give."""
    return GenreHints(catalogue.genres, middle=0.0 if scale is None else sum(scale) / 2)

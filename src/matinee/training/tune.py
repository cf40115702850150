"""Tuning: every combination of a grid of settings, judged on validation data, never on test data.

A search can be stopped at any moment and goes on where it was: finished trials are found in a journal under a key made of
the exact training and validation data, the protocol with its settings, and all settings of the engine.
"""

from __future__ import annotations

import hashlib
import io
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee import __version__
from matinee.data import Dataset
from matinee.engines import Engine
from matinee.errors import LeakError, MatineeError, SettingsError
from matinee.evaluation.judge import Judged, judge_ranking, judge_ratings
from matinee.evaluation.leaks import Seal, check_split
from matinee.evaluation.metrics import RANKING
from matinee.evaluation.protocols.split import EvaluationProtocol, RatingSplit, Split
from matinee.evaluation.tally import TOTALS, has, standing
from matinee.training.grid import Grid, combinations
from matinee.training.journal import Journal, key_of
from matinee.types import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One combination of settings and what it achieved on the validation data.

    Attributes:
        settings: the searched settings only.
        measures: value by metric key; empty where the trial failed.
        errors: standard error by metric key, where there is one.
        seconds: spent on fitting and judging when it was run.
        failed: why it has no figures; None where it has.
        resumed: whether the figures come from the journal.
    """

    settings: Mapping[str, Any]
    measures: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    failed: str | None = None
    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """A finished search.

    Attributes:
        engine: name of the engine.
        protocol: name of the protocol.
        protocol_settings: its settings.
        data: name and fingerprint of the data set, and whether it is simulated.
        metric: what the trials are sorted by.
        counts: what each validation split holds.
        trials: best first; equal ones in grid order, failed ones last.
    """

    engine: str
    protocol: str
    protocol_settings: Mapping[str, Any]
    data: Mapping[str, Any]
    metric: str
    counts: Sequence[Mapping[str, int]]
    trials: Sequence[Trial]

    @property
    def best(self) -> Trial:
        """The first of the trials."""
        return self.trials[0]


def tune(
    dataset: Dataset,
    protocol: EvaluationProtocol,
    kind: type[Engine],
    grid: Grid,
    *,
    metric: str | None = None,
    journal: Path | None = None,
    fresh: bool = False,
    progress: Progress = silent,
) -> Tuning:
    """Judge every combination of a grid on the validation part of a protocol.

    Args:
        dataset: all ratings; the protocol's test part stays hidden.
        protocol: how to divide them and what to measure.
        kind: the engine.
        grid: values by setting; settings not named keep their defaults.
        metric: what to sort by; the protocol's first where not given.
        journal: file of finished trials to read and to extend; None keeps nothing.
        fresh: run every trial anew; the journal then holds the new figures.
        progress: told about finished trials.

    Raises:
        SettingsError: before anything is run, for settings the engine does not accept or a metric the protocol does not
            measure; afterwards, if every trial failed.
        DataError: if the protocol cannot divide the data set.
        LeakError: if hidden ratings reach the training, or an engine writes on the data it is lent.
    """
    if not grid:
        raise SettingsError("There is nothing to search: the grid is empty.", hint=_settings_of(kind))
    chosen = _metric(protocol, metric)
    points = combinations(grid)
    engines = [kind(kind.configure(point)) for point in points]
    bench = _Bench.of(dataset, protocol, kind)
    book = Journal(journal)
    done = {} if fresh else book.read()
    trials: list[Trial] = []
    for point, engine in zip(points, engines, strict=True):
        progress(f"tune {kind.name}", len(trials), len(points))
        key = key_of({**bench.facts, "settings": engine.settings()})
        trial = _remembered(point, done.get(key), chosen) or bench.run(engine, point, chosen)
        if not (trial.resumed or trial.failed):
            book.add(key, {**bench.facts, "settings": engine.settings(), **_outcome(trial)})
        trials.append(trial)
    progress(f"tune {kind.name}", len(trials), len(points))
    if all(trial.failed for trial in trials):
        raise SettingsError(f"{kind.name} failed with every setting of the grid. The first: {trials[0].failed}")
    return Tuning(
        engine=kind.name,
        protocol=protocol.name,
        protocol_settings=asdict(protocol.config),
        data={"name": dataset.name, "fingerprint": dataset.fingerprint, "simulated": dataset.simulated},
        metric=chosen,
        counts=[dict(split.counts) for split in bench.splits],
        trials=_sorted(trials, chosen),
    )


@dataclass(frozen=True)
class _Bench:
    """Where every trial is run: the same splits, and what identifies them."""

    dataset: Dataset
    protocol: EvaluationProtocol
    splits: Sequence[Split]
    seals: Sequence[Seal]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, dataset: Dataset, protocol: EvaluationProtocol, kind: type[Engine]) -> _Bench:
        splits = list(protocol.splits(dataset, "validation"))
        for split in splits:
            check_split(split)
        facts = {
            "version": __version__,
            "data": _fingerprint(dataset, splits),
            "protocol": protocol.name,
            "protocol_settings": asdict(protocol.config),
            "measures": list(protocol.measures),
            "engine": kind.name,
        }
        return cls(dataset, protocol, splits, [Seal.of(split) for split in splits], facts)

    def run(self, engine: Engine, settings: Mapping[str, Any], metric: str) -> Trial:
        """Fit and judge one engine; what it raises on purpose is kept in the trial."""
        started = time.perf_counter()
        judged = Judged()
        try:
            for split, seal in zip(self.splits, self.seals, strict=True):
                judged.add(self._judge(engine, split))
                seal.check(split, engine.name)
        except LeakError:
            raise
        except MatineeError as error:
            return Trial(settings=settings, failed=error.message)
        measures, errors = _figures(judged, self.protocol.measures)
        if metric not in measures:
            return Trial(settings=settings, failed=f"Nobody could be scored by {metric}.")
        return Trial(settings=settings, measures=measures, errors=errors, seconds=time.perf_counter() - started)

    def _judge(self, engine: Engine, split: Split) -> Judged:
        if isinstance(split, RatingSplit) and not engine.predicts_stars:
            raise SettingsError(f"{engine.name} predicts no stars, only an order; use a ranking protocol for it.")
        engine.fit(split.train)
        if isinstance(split, RatingSplit):
            return judge_ratings(engine, split, self.dataset, silent)
        return judge_ranking(engine, split, self.protocol, silent)


def _settings_of(kind: type[Engine]) -> str:
    return f"{kind.name} has: {', '.join(each.name for each in fields(kind.config_class)) or 'no settings'}."


def _metric(protocol: EvaluationProtocol, wanted: str | None) -> str:
    """Choose a metric that says which of two engines is more accurate; novelty and its like do not."""
    known = [key for key in protocol.measures if _plain(key) in RANKING or key in TOTALS]
    metric = known[0] if wanted is None else wanted
    if metric not in known:
        raise SettingsError(
            f"The protocol {protocol.name} cannot tune by {metric!r}.", hint=f"Metrics: {', '.join(known)}."
        )
    return metric


def _plain(key: str) -> str:
    """Return "ndcg" of "view/ndcg@10"."""
    return key.rpartition("/")[2].partition("@")[0]


def _figures(judged: Judged, keys: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
    measures, errors = {}, {}
    for key in keys:
        if key in judged.system:
            measures[key] = judged.system[key]
        elif has(judged.values, key):
            measures[key], errors[key], _ = standing(judged.values, key, seed=0)
    finite = math.isfinite
    return {k: v for k, v in measures.items() if finite(v)}, {k: v for k, v in errors.items() if finite(v)}


def _fingerprint(dataset: Dataset, splits: Sequence[Split]) -> str:
    """Return digits that change whenever an engine could learn, or be judged on, anything else."""
    # More than the data set's own fingerprint: plots and genres count, and which ratings are hidden.
    digest = hashlib.sha256(repr((dataset.fingerprint, dataset.scale, dataset.explicit, dataset.ordered)).encode())
    for frame in (dataset.catalogue.movies, dataset.tags):
        buffer = io.BytesIO()
        frame.rechunk().write_ipc(buffer)
        digest.update(buffer.getbuffer())
    for split in splits:
        digest.update(split.train.fingerprint.encode())
        columns: list[NDArray[Any]] = [split.profiles.indptr, split.profiles.movies]
        if isinstance(split, RatingSplit):
            columns += [split.rows, split.movies]
        else:
            columns += [split.truth.indptr, split.truth.indices, split.allowed]
            columns += [] if split.candidates is None else [split.candidates]
        for column in columns:
            digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()[:32]


def _outcome(trial: Trial) -> dict[str, Any]:
    return {"figures": dict(trial.measures), "errors": dict(trial.errors), "seconds": trial.seconds}


def _remembered(settings: Mapping[str, Any], entry: Mapping[str, Any] | None, metric: str) -> Trial | None:
    """Rebuild a trial from its journal entry; None where there is none or it does not hold what is asked for."""
    if entry is None or metric not in entry.get("figures", {}):
        return None
    figures, errors, seconds = (entry[name] for name in ("figures", "errors", "seconds"))
    return Trial(settings=settings, measures=figures, errors=errors, seconds=seconds, resumed=True)


def _sorted(trials: Sequence[Trial], metric: str) -> list[Trial]:
    sign = 1 if metric in TOTALS else -1
    return sorted(trials, key=lambda trial: math.inf if trial.failed else sign * trial.measures[metric])

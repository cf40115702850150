"""Training: a data set becomes a release, and goes live when the gate lets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matinee.data import Dataset
from matinee.engines import create
from matinee.errors import DataError
from matinee.ranking import COLD, Hybrid, HybridConfig
from matinee.releases import Registry, Release, assemble, save
from matinee.training.gate import GateConfig, Verdict, judge
from matinee.types import Progress, silent

DEFAULT_ENGINES = ("popular", "ease", "als", "svd")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What to train."""

    engines: Sequence[str] = DEFAULT_ENGINES
    """Engines of the release; `popular` is always among them."""

    gate: GateConfig = field(default_factory=GateConfig)
    """How the candidate is judged."""

    force: str | None = None
    """Promote whatever the gate says, for this recorded reason."""


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        release: the saved release.
        verdict: what the gate measured and decided.
        promoted: whether the release is live now.
    """

    release: Release
    verdict: Verdict
    promoted: bool


def unfitted_hybrid(engines: Sequence[str]) -> Hybrid:
    """Return a hybrid of fresh engines: the default weights over those asked for, popularity for people unknown."""
    names = list(dict.fromkeys([COLD, *engines]))
    default = HybridConfig().weights
    weights = {name: default[name] for name in names if name in default}
    # Engines the default blend does not know share as much as its strongest member; popularity only where it is alone.
    strongest = max(weights.values(), default=1.0)
    weights |= {name: strongest for name in names if name not in default and name != COLD}
    return Hybrid({name: create(name) for name in names}, HybridConfig(weights=weights or {COLD: 1.0}))


def train(dataset: Dataset, releases: Path, config: TrainConfig | None = None, progress: Progress = silent) -> Trained:
    """Judge a candidate on held-out ratings, fit it on all of them, save it, and promote it if it passed.

    Args:
        dataset: what to learn from.
        releases: folder of the registry.
        config: engines and gate.
        progress: told about every stage.

    Raises:
        DataError: if there is nothing to learn from.
    """
    config = config or TrainConfig()
    if not dataset.n_ratings:
        raise DataError(
            f"{dataset.name} has no ratings to learn from.",
            hint="Give a data set with ratings: matinee train --data PATH.",
        )
    registry = Registry(releases)
    candidate = unfitted_hybrid(config.engines)
    verdict = judge(dataset, candidate, registry, config.gate, progress)
    candidate.fit(dataset, progress)
    release = assemble(dataset, candidate.engines, ranking=candidate.config.settings(), metrics=verdict.metrics)
    release = save(release, releases, gate=verdict.receipt(forced=config.force))
    promoted = verdict.passed or config.force is not None
    if promoted:
        registry.promote(release.version, "gate passed" if verdict.passed else f"forced: {config.force}")
    return Trained(release, verdict, promoted)

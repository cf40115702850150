"""Training: a data set becomes a release, and goes live when the gate lets it.

The weights of the blend are learned on the validation part of the temporal protocol, the gate judges them on its test part,
and the engines of the release then learn from everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.errors import DataError
from matinee.evaluation import Temporal
from matinee.ranking import COLD, Hybrid, HybridConfig
from matinee.releases import Registry, Release, assemble, save
from matinee.training.auto import Teacher
from matinee.training.gate import GateConfig, Verdict, judge
from matinee.training.weights import LearningConfig
from matinee.types import Progress, silent

DEFAULT_ENGINES = ("popular", "ease", "als", "svd", "content", "next")
"""Each earns its place on validation: docs/ranking.md."""

NEXT_MOVIES = 3000
"""Films `next` takes part for in a release: more rank no better and fit several times as long."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What to train."""

    engines: Sequence[str] = DEFAULT_ENGINES
    """Engines of the release; `popular` is always among them."""

    gate: GateConfig = field(default_factory=GateConfig)
    """How the candidate is judged."""

    learning: LearningConfig | None = field(default_factory=LearningConfig)
    """How the weights of the blend are learned; None keeps the default ones."""

    text_model: str = "lsa"
    """Sentence model of `content`: "auto" takes an installed one, which costs time once for each film."""

    text_cache: Path | None = None
    """Folder in which sentence embeddings are kept between trainings."""

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
    return Hybrid(fresh(engines, TrainConfig()), default_blend(engines))


def fresh(engines: Sequence[str], config: TrainConfig) -> dict[str, Engine]:
    """Return unfitted engines with the settings of a release; `popular` is always among them."""
    cache = None if config.text_cache is None else str(config.text_cache)
    settings: dict[str, dict[str, Any]] = {
        "content": {"model": config.text_model, "cache": cache},
        "next": {"max_movies": NEXT_MOVIES},
    }
    return {name: create(name, settings.get(name)) for name in dict.fromkeys([COLD, *engines])}


def default_blend(engines: Sequence[str]) -> HybridConfig:
    """Return the weights where nothing can be learned."""
    names = list(dict.fromkeys([COLD, *engines]))
    default = HybridConfig().weights
    weights = {name: default[name] for name in names if name in default}
    # Engines the default blend does not know share as much as its strongest member; popularity only where it is alone.
    strongest = max(weights.values(), default=1.0)
    weights |= {name: strongest for name in names if name not in default and name != COLD}
    return HybridConfig(weights=weights or {COLD: 1.0})


def train(dataset: Dataset, releases: Path, config: TrainConfig | None = None, progress: Progress = silent) -> Trained:
    """Learn weights, judge the candidate on held-out ratings, fit it on all of them, save it, and promote it if it passed.

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
    base = default_blend(config.engines)
    blend, receipt = base, {"learned": False, "because": "default weights were asked for"}
    if config.learning is not None:
        teacher = Teacher(lambda: fresh(config.engines, config), base, config.learning)
        learned = teacher.teach(dataset, Temporal(), progress)
        blend, receipt = learned.config, learned.receipt
    candidate = Hybrid(fresh(config.engines, config), blend)
    verdict = judge(dataset, candidate, registry, config.gate, progress)
    candidate.fit(dataset, progress)
    ranking = candidate.config.settings() | {"receipt": receipt}
    release = assemble(dataset, candidate.engines, ranking=ranking, metrics=verdict.metrics)
    release = save(release, releases, gate=verdict.receipt(forced=config.force))
    promoted = verdict.passed or config.force is not None
    if promoted:
        registry.promote(release.version, "gate passed" if verdict.passed else f"forced: {config.force}")
    return Trained(release, verdict, promoted)

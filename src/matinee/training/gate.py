"""The gate: no release goes live that held-out ratings put below popularity, or below the one it would replace.

Candidate and live release are fitted with their settings on the same training part and judged on the same viewers, so
that the live one, which may have learned from the held-out ratings since, has no head start.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from matinee.data import Dataset
from matinee.engines import create
from matinee.errors import DataError, GateError, InputError, ReleaseError
from matinee.evaluation import Result, Temporal, evaluate
from matinee.evaluation.intervals import Difference
from matinee.ranking import Hybrid, HybridConfig
from matinee.releases import Manifest, Registry
from matinee.releases.format import read_manifest
from matinee.types import Progress, silent

LIVE = "live"
POPULAR = "popular"


@dataclass(frozen=True, kw_only=True)
class GateConfig:
    """When a candidate may go live."""

    metric: str = "ndcg@10"
    """What is compared, on the test part of the temporal protocol."""

    tolerance: float = 0.002
    """How far below the live release the whole interval may lie, in units of the metric; popularity gets none."""

    confidence: float = 0.95
    """Of the paired bootstrap intervals."""


@dataclass(frozen=True)
class Comparison:
    """The candidate minus one opponent, on the same viewers.

    Attributes:
        against: "popular" or "live".
        difference: of the metric's means.
        low: lower end of the interval.
        high: upper end of the interval.
        allowed: the lowest upper end that passes.
    """

    against: str
    difference: float
    low: float
    high: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether the interval reaches what is allowed."""
        return self.high >= self.allowed

    @classmethod
    def of(cls, against: str, found: Difference, allowed: float) -> Comparison:
        """Keep what the receipt shows."""
        return cls(against, found.difference, found.low, found.high, allowed)

    def __str__(self) -> str:
        verb = "not below" if self.passed else "below"
        return f"{verb} {self.against} ({self.difference:+.4f}, interval {self.low:+.4f} to {self.high:+.4f})"


@dataclass(frozen=True)
class Verdict:
    """What the gate measured and decided.

    Attributes:
        passed: whether the candidate may go live.
        summary: the decision in one sentence.
        comparisons: the intervals behind it.
        result: the whole evaluation; None where the data could not be divided.
        config: the rule.
    """

    passed: bool
    summary: str
    comparisons: tuple[Comparison, ...]
    result: Result | None
    config: GateConfig = field(default_factory=GateConfig)

    @property
    def metrics(self) -> dict[str, Any]:
        """The evaluation in its JSON form, for the manifest."""
        return {} if self.result is None else {self.result.protocol.name: self.result.to_json()}

    def receipt(self, forced: str | None) -> dict[str, Any]:
        """Return the verdict as the manifest keeps it, with the reason it was overruled for, if it was."""
        return {
            "passed": self.passed,
            "summary": self.summary,
            "forced": None if self.passed else forced,
            "protocol": "temporal",
            "rule": asdict(self.config),
            "comparisons": [asdict(each) for each in self.comparisons],
        }


def judge(
    dataset: Dataset,
    candidate: Hybrid,
    registry: Registry,
    config: GateConfig | None = None,
    progress: Progress = silent,
) -> Verdict:
    """Judge a candidate against popularity and against the live release.

    Args:
        dataset: what the candidate will learn from; part of it is held out here.
        candidate: fitted anew on the training part, and left so.
        registry: where the live release is.
        config: metric and tolerance.
        progress: told about fitting and scoring.
    """
    config = config or GateConfig()
    live, remark = _live(registry, candidate)
    contestants = [candidate] if live is None else [candidate, live]
    try:
        result = evaluate(dataset, Temporal(), contestants, confidence=config.confidence, progress=progress)
    except DataError as error:
        return Verdict(False, f"The candidate cannot be judged: {error.message}", (), None, config)
    refused = result[candidate.name].refused
    if refused is not None:
        return Verdict(False, f"The candidate was refused: it {refused}.", (), result, config)
    opponents = {POPULAR: 0.0} | ({} if live is None or result[LIVE].refused else {LIVE: -config.tolerance})
    comparisons = tuple(
        Comparison.of(name, result.difference(candidate.name, name, config.metric), allowed)
        for name, allowed in opponents.items()
    )
    passed = all(each.passed for each in comparisons)
    value = result.value(candidate.name, config.metric)
    simulated = " on simulated viewers" if dataset.simulated else ""
    summary = f"{config.metric} {value:.4f}{simulated}: {', '.join(map(str, comparisons))}{remark}."
    return Verdict(passed, summary, comparisons, result, config)


def reason_to_promote(manifest: Manifest, force: str | None = None) -> str:
    """Return why a saved release may go live, from the receipt its own training left.

    Args:
        manifest: of the release.
        force: somebody's reason to let it go live whatever the receipt says.

    Raises:
        GateError: if the gate kept it back, or never saw it, and nobody gave a reason.
    """
    gate = manifest.gate
    if gate.get("passed"):
        return "gate passed"
    if force:
        return f"forced: {force}"
    if gate.get("forced"):
        return f"forced: {gate['forced']}"
    verdict = f"the gate kept it back: {gate['summary']}" if gate else "no gate has judged it."
    raise GateError(
        f"{manifest.version} may not go live: {verdict}",
        hint=f"The live release stays. To promote it all the same: matinee releases promote {manifest.version} --force REASON.",
    )


def _live(registry: Registry, candidate: Hybrid) -> tuple[Hybrid | None, str]:
    """Return the live release's recipe, unfitted, or why there is nothing to compare with."""
    version = registry.live_version()
    if version is None:
        return None, "; there is no live release yet"
    try:
        manifest = read_manifest(registry.folder / version)
        live = from_recipe(manifest, LIVE)
    except (ReleaseError, InputError) as error:
        return None, f"; the live release could not be compared with ({error.message})"
    if live.settings() == candidate.settings():
        return None, "; the live release has the same settings"
    return live, ""


def from_recipe(manifest: Manifest, name: str) -> Hybrid:
    """Return an unfitted hybrid with a release's settings."""
    engines = {engine: create(engine, settings) for engine, settings in manifest.engines.items()}
    return Hybrid(engines, HybridConfig.of(manifest.ranking), name=name)

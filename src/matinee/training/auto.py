"""A hybrid that learns its own weights while it is fitted, so that any protocol can judge it without a leak.

It hides the last ratings of the very data it was given, learns weights from them, and then fits its engines on all of it.
Given the training part of the temporal protocol's test, what it hides is that protocol's validation window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from matinee.data import Dataset
from matinee.engines import Engine
from matinee.errors import DataError
from matinee.evaluation.protocols import Temporal, TemporalConfig
from matinee.evaluation.protocols.split import Part
from matinee.ranking.hybrid import Hybrid
from matinee.ranking.weighting import HybridConfig
from matinee.training.weights import Learned, LearningConfig, learn
from matinee.types import Progress, silent

INNER = TemporalConfig(validation_from=0.8, test_from=8 / 9)
"""Hides the last ninth: the part of nine tenths that the outer protocol calls validation."""


class Teacher:
    """Learns weights of one set of engines; once for each data set, however many hybrids ask.

    Args:
        make: returns fresh engines by name.
        base: the blend where nothing can be learned.
        config: how weights are learned.
    """

    def __init__(
        self,
        make: Callable[[], Mapping[str, Engine]],
        base: HybridConfig | None = None,
        config: LearningConfig | None = None,
    ) -> None:
        self.make = make
        self.base = base or HybridConfig()
        self._config = config or LearningConfig()
        self._known: dict[str, Learned] = {}

    def teach(self, dataset: Dataset, protocol: Temporal | None = None, progress: Progress = silent) -> Learned:
        """Return weights learned from what a protocol hides of a data set: by default the last ninth of it."""
        part: Part = "test" if protocol is None else "validation"
        key = f"{part}-{dataset.fingerprint}"
        if key not in self._known:
            try:
                split = (protocol or Temporal(INNER)).split(dataset, part)
            except DataError as error:
                self._known[key] = Learned(self.base, {"learned": False, "because": error.message})
            else:
                self._known[key] = learn(split, self.make(), self.base, self._config, progress)
        return self._known[key]


class Auto(Hybrid):
    """A hybrid whose `fit` learns the weights too.

    Args:
        teacher: where weights come from, shared by the hybrids of one comparison.
        name: what a report calls it.
        strategy: what it ranks by.
    """

    def __init__(self, teacher: Teacher, *, name: str = "hybrid", strategy: str = "hybrid") -> None:
        super().__init__(teacher.make(), teacher.base, name=name, strategy=strategy)
        self.teacher = teacher

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:
        """Learn the weights from the end of the data, then fit every engine on all of it."""
        self.config = self.teacher.teach(dataset, progress=progress).config
        return super().fit(dataset, progress)

    def settings(self) -> dict[str, Any]:
        """Return the settings, and that the weights were learned."""
        return {"learned": True} | super().settings()

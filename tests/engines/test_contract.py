"""Every engine by name keeps the promises of `matinee.testing.engine_contract`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from matinee.engines import Engine, create, engine_names
from matinee.testing.engine_contract import EngineContract

SETTINGS: dict[str, dict[str, Any]] = {
    "ease": {"l2": 5.0},
    "svd": {"embedding_size": 4},
    "als": {"embedding_size": 8, "epochs": 4},
    "content": {"model": "lsa"},
    "bayes": {"embedding_size": 3, "epochs": 24, "burn_in": 8, "samples": 6},
    "explicit_als": {"embedding_size": 2},
    "vae": {"hidden_size": 16, "embedding_size": 4, "epochs": 4},
    "neural": {"embedding_size": 8, "hidden_size": 8, "batch_size": 20, "epochs": 3, "tower_epochs": 1},
}
"""What suits sixty people and forty films better than the defaults."""

ORDER_TOLERANCE = {"bayes": 0.01}
"""Engines whose random start, or the end of whose iterations, depends on the order of rows."""


@pytest.fixture(params=engine_names(), autouse=True)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestEveryEngine(EngineContract):
    @pytest.fixture(autouse=True)
    def _named(self, name: str, can_train: Callable[[str], bool]) -> None:
        if not can_train(name):
            pytest.skip(f"what trains {name} is not installed: see the extras")
        self.name = name
        self.order_tolerance = ORDER_TOLERANCE.get(name, EngineContract.order_tolerance)

    def make(self) -> Engine:
        return create(self.name, SETTINGS.get(self.name))

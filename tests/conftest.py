"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Tests run beside each other, a process a core; libraries that take every core for themselves would stand in each
    # other's way, and a training of small steps takes many times as long.
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(_name, "1")


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return a path inside the folder of genuine data files; skip where it is absent."""
    root = os.environ.get("MATINEE_TEST_DATA")

    def find(name: str) -> Path:
        if not root:
            pytest.skip("set MATINEE_TEST_DATA to a folder of MovieLens files to run this")
        path = Path(root) / name
        if not path.exists():
            pytest.skip(f"{name} is not in MATINEE_TEST_DATA")
        return path

    return find


TRAINED_WITH = {"vae": "torch", "neural": "torch"}
"""Engines that need an optional part to learn, and the module it brings; all serve without."""


@pytest.fixture(scope="session")
def can_train() -> Callable[[str], bool]:
    """Return whether an engine's optional part is installed; fail without it where everything is required."""

    def installed(engine: str) -> bool:
        module = TRAINED_WITH.get(engine)
        if module is None or find_spec(module) is not None:
            return True
        if os.environ.get("MATINEE_REQUIRE_ALL") == "1":
            pytest.fail(f"MATINEE_REQUIRE_ALL is set, but {module}, which trains {engine}, is not installed")
        return False

    return installed

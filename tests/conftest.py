"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


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

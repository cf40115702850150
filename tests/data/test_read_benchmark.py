"""The benchmark's file has the shape it claims, and is read without a word of complaint."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from matinee.data import read_dataset

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "read_32m.py"


def test_the_synthetic_file(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("read_32m", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    benchmark.CHUNK_ROWS = 20_000
    benchmark.generate(tmp_path, 60_000)
    reading = read_dataset(tmp_path)
    data = reading.dataset
    assert data.n_ratings == 60_000
    assert data.n_movies == benchmark.N_MOVIES
    assert data.n_users == round(benchmark.N_USERS * 60_000 / benchmark.N_ROWS)
    assert reading.report.bad == {}
    assert reading.report.duplicates == 0
    assert data.ordered
    assert set(np.unique(data.values).tolist()) <= set(benchmark.STARS.tolist())
    popularity = np.sort(np.bincount(data.movies))[::-1]
    assert popularity[:100].sum() > 0.2 * popularity.sum()

"""Gram matrices and inverses against the plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import random_array

from matinee.engines import memory
from matinee.engines.linear import BASE, gram, invert
from matinee.errors import EnvironmentFailure


@pytest.mark.parametrize("shape", [(1, 1), (30, 20), (7, 90)])
def test_gram_is_the_product_of_the_transpose_with_itself(shape: tuple[int, int]) -> None:
    rows = random_array(shape, density=0.3, rng=np.random.default_rng(1), format="csr", dtype=np.float32)
    before = rows.data.copy()
    np.testing.assert_allclose(gram(rows), (rows.T @ rows).toarray(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(rows.data, before)


@pytest.mark.parametrize("n", [1, 2, BASE, BASE + 1, 3 * BASE + 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_invert_is_the_inverse(n: int, dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(n)
    root = rng.normal(size=(n, n))
    matrix = root @ root.T + n * np.eye(n)
    wanted = np.linalg.inv(matrix)
    found = matrix.astype(dtype)
    invert(found)
    np.testing.assert_allclose(
        found, wanted, rtol=0, atol=np.abs(wanted).max() * (1e-4 if dtype == np.float32 else 1e-11)
    )


@pytest.mark.parametrize("n", [3, 2 * BASE])
def test_what_is_not_positive_definite_is_refused(n: int) -> None:
    matrix = np.eye(n)
    matrix[n - 1, n - 1] = -1
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        invert(matrix)


def test_memory_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 2_000_000_000)
    memory.require_memory(1.9e9, "ease on 10 movies", "Take fewer.")
    with pytest.raises(
        EnvironmentFailure, match=r"ease on 10 movies needs 2\.1 GB of memory; 2\.0 GB are free"
    ) as caught:
        memory.require_memory(2.1e9, "ease on 10 movies", "Take fewer.")
    assert caught.value.hint == "Take fewer."
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.require_memory(1e18, "anything", "No.")


def test_available_memory_obeys_a_container(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 5000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", folder / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", folder)
    assert memory.available_memory() == 5_120_000
    (folder / "memory.max").write_text("3000000\n")
    (folder / "memory.current").write_text("2500000\n")
    (folder / "memory.stat").write_text("anon 5\ninactive_file 100000\n")
    assert memory.available_memory() == 600_000
    (folder / "memory.max").write_text("max\n")
    assert memory.available_memory() == 5_120_000

"""The blocked inverse: every size and panel gives the inverse, in bounded memory, and says how far it is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from matinee.engines import linear
from matinee.engines.linear import gram, invert


def definite(n: int, seed: int = 0) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(n, n))
    return root @ root.T + n * np.eye(n)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 90), base=st.integers(1, 9), panel=st.integers(1, 50))
def test_any_cut_gives_the_inverse(n: int, base: int, panel: int) -> None:
    matrix = definite(n, seed=n)
    wanted = np.linalg.inv(matrix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "BASE", base)
        patch.setattr(linear, "PANEL", panel)
        invert(matrix)
    np.testing.assert_allclose(matrix, wanted, atol=1e-12)


def test_the_inverse_is_symmetric_to_rounding() -> None:
    matrix = definite(700).astype(np.float32)
    invert(matrix)
    np.testing.assert_allclose(matrix, matrix.T, rtol=0, atol=1e-6 * np.abs(matrix).max())


def test_a_third_of_the_matrix_is_all_the_memory_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "BASE", 64)
    monkeypatch.setattr(linear, "PANEL", 64)
    matrix = definite(1_500).astype(np.float32)
    tracemalloc.start()
    invert(matrix)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.38 * matrix.nbytes


@settings(max_examples=25, deadline=None)
@given(users=st.integers(0, 40), n=st.integers(1, 60), panel=st.integers(1, 70), seed=st.integers(0, 99))
def test_the_gram_matrix_is_whole_whatever_the_order_of_the_entries(users: int, n: int, panel: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((users, n)) < 0.3, rng.normal(size=(users, n)), 0).astype(np.float32)
    shuffled = [rng.permutation(np.flatnonzero(row)) for row in dense]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in shuffled])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, np.int64), *shuffled])
    data = dense[np.repeat(np.arange(users), np.diff(indptr)), indices]
    rows = csr_array((data, indices, indptr), shape=(users, n))
    before = rows.indices.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "PANEL", panel)
        found = gram(rows)
    np.testing.assert_allclose(found, dense.T @ dense, atol=1e-4)
    np.testing.assert_array_equal(rows.indices, before)


@pytest.mark.parametrize("n", [1, 256, 700])
def test_progress_runs_to_the_end_and_never_back(n: int) -> None:
    seen: list[tuple[str, int, int]] = []
    rows = random_array((50, n), density=0.1, rng=np.random.default_rng(0), format="csr", dtype=np.float32)
    matrix = gram(rows, lambda *step: seen.append(step), "counting")
    np.fill_diagonal(matrix, matrix.diagonal() + 10)
    invert(matrix, lambda *step: seen.append(step), "inverting")
    for stage in ("counting", "inverting"):
        steps = [(done, total) for name, done, total in seen if name == stage]
        assert steps == sorted(steps)
        assert steps[-1] == (n, n)
    if n == 700:
        assert len({done for name, done, _ in seen if name == "inverting"}) > 5

"""The loops of serving against slow, obvious references; numkong and numpy give the same to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.engines.kernels import by_scale, int8_dots
from matinee.engines.kernels.by_scale import ByScale
from matinee.engines.kernels.cholesky import ridge_system
from matinee.engines.kernels.digits import BASE, one_digit, two_digits
from matinee.engines.kernels.int8_dots import Int8Dots, plain_products
from matinee.engines.kernels.sparse_rows import columns_from_gaps, joined, weighted_sum
from matinee.engines.kernels.top_k import ALONE, BATCH, top_k
from matinee.engines.matrices import Matrix, encode_into, open_matrix, schemes
from matinee.testing.worlds import latent
from matinee.types import Profiles

HAS_NUMKONG = int8_dots.NUMKONG is not None


@pytest.fixture(params=["numkong", "numpy"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "numpy":
        monkeypatch.setattr(int8_dots, "NUMKONG", None)
    elif not HAS_NUMKONG:
        pytest.skip("numkong is not installed")
    return str(request.param)


def opened(matrix: np.ndarray, scheme: str) -> Matrix:
    return open_matrix(encode_into({"m": matrix.astype(np.float32)}, "m", scheme), "m")


# Int8 dot products.


@pytest.mark.parametrize("at_once", [4, 16])
@pytest.mark.parametrize(
    ("n_rows", "n_columns"), [(1, 1), (3, 2), (100, 7), (1001, 50), (3000, 64), (4003, 128), (40, 1500), (0, 3), (3, 0)]
)
def test_products_are_those_of_whole_numbers(
    library: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_rows: int, n_columns: int, at_once: int
) -> None:
    monkeypatch.setattr(int8_dots, "AT_ONCE", at_once)
    generator = np.random.default_rng(n_rows)
    values = generator.integers(-127, 128, (n_rows, n_columns)).astype(np.int8)
    if n_rows:
        values[0] = 127
    if values.size:
        np.save(tmp_path / "values.npy", values)
        values = np.load(tmp_path / "values.npy", mmap_mode="r")
    for n in (0, 1, 2, 33):
        digits = generator.integers(-127, 128, (n, n_columns)).astype(np.int8)
        digits[:1] = 127
        found = Int8Dots(values).products(digits)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, values.astype(np.int64) @ digits.T.astype(np.int64))
        np.testing.assert_array_equal(plain_products(values, digits), found)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(0, 3), (3, 0), (3, 5), (2002, 50)])
def test_the_longest_row_of_whole_numbers_is_known(n_rows: int, n_columns: int) -> None:
    values = np.random.default_rng(0).integers(-127, 128, (n_rows, n_columns)).astype(np.int8)
    longest = np.linalg.norm(values.astype(np.float64), axis=1).max(initial=0)
    assert longest <= Int8Dots(values).longest <= 1.001 * longest


def test_amx_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, wanted in ((True, 16), (False, 4)):
        capabilities = {"haswell": True, "sapphireamx": there}
        monkeypatch.setattr(int8_dots, "NUMKONG", SimpleNamespace(get_capabilities=lambda c=capabilities: c))
        assert int8_dots.vectors_at_once() == wanted
    monkeypatch.setattr(int8_dots, "NUMKONG", None)
    assert int8_dots.vectors_at_once() == 4


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4), st.integers(1, 30), st.integers(-30, 30), st.integers(0, 9))
def test_two_digits_miss_a_vector_by_half_a_unit(n: int, n_columns: int, size: int, seed: int) -> None:
    vectors = (np.random.default_rng(seed).standard_normal((n, n_columns)) * 10.0**size).astype(np.float32)
    vectors[: n // 2, 0] = 0
    digits, unit = two_digits(vectors)
    assert digits.shape == (n, 2, n_columns)
    assert np.abs(digits.astype(int)).max(initial=0) <= 127
    written = unit[:, None].astype(np.float64) * (BASE * digits[:, 0].astype(np.float64) + digits[:, 1])
    assert (np.abs(written - vectors) <= 0.505 * unit[:, None] + 1e-36).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4), st.integers(1, 40), st.integers(-25, 15), st.integers(0, 9))
def test_one_digit_misses_products_by_no_more_than_it_says(n: int, n_columns: int, size: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    vectors = (generator.standard_normal((n, n_columns)) * 10.0**size).astype(np.float32)
    vectors[: n // 2] = 0
    digits, unit, error = one_digit(vectors)
    # The row that is hit hardest lies along what was missed.
    missed = vectors - unit[:, None].astype(np.float64) * digits
    rows = np.concatenate([missed, generator.standard_normal((5, n_columns))])
    lengths = np.linalg.norm(rows, axis=1) * (1 + 1e-6)
    assert (np.abs(missed @ rows.T) <= (error * unit)[:, None].astype(np.float64) * lengths).all()
    assert (error <= 0.51 * n_columns**0.5).all()


def test_vectors_of_zeros_have_products_of_zero() -> None:
    assert not Int8Dots(np.full((5, 3), 127, np.int8)).dot(np.zeros((2, 3), np.float32)).any()


@pytest.mark.skipif(not HAS_NUMKONG, reason="numkong is not installed")
@pytest.mark.parametrize("n_vectors", [1, 5, 40])
def test_numpy_gives_the_scores_and_the_ranking_of_numkong(monkeypatch: pytest.MonkeyPatch, n_vectors: int) -> None:
    generator = np.random.default_rng(5)
    matrix = generator.standard_normal((6000, 48)) * generator.exponential(1, (6000, 1))
    vectors = generator.standard_normal((n_vectors, 48)).astype(np.float32)
    answers = []
    for library in (int8_dots.NUMKONG, None):
        monkeypatch.setattr(int8_dots, "NUMKONG", library)
        for scheme in ("int8", "int8-tail"):
            encoded = opened(matrix, scheme)
            answers.append((encoded.dot(vectors), *top_k(vectors, encoded, 50)))
    for fast, plain in zip(answers[:2], answers[2:], strict=True):
        for one, other in zip(fast, plain, strict=True):
            np.testing.assert_array_equal(one, other)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 3000), st.sampled_from(["even", "steep", "short"]), st.integers(0, 9))
def test_tiles_by_scale_hold_every_row_once_and_scales_alike(n_rows: int, kind: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.integers(-127, 128, (n_rows, 3)).astype(np.int8)
    scale = generator.uniform(1, 1.1, n_rows).astype(np.float32)
    if kind == "steep":
        scale *= generator.pareto(1, n_rows).astype(np.float32)
    if kind == "short":
        scale[generator.random(n_rows) < 0.9] = 0
    rows = ByScale(values, scale, np.linalg.norm(values * scale[:, None], axis=1).astype(np.float32))
    assert sorted(rows.order[:n_rows]) == list(range(n_rows))
    assert (np.diff(rows.scale) <= 0).all()
    ends = [0, *(last for _, last in rows.tiles)]
    assert [first for first, _ in rows.tiles] == ends[:-1]
    assert n_rows <= ends[-1] == len(rows.order) < n_rows + by_scale.GROUP
    for first, last in rows.tiles:
        assert (last - first) % by_scale.GROUP == 0
        assert last - first <= by_scale.STEP
        assert last - first == by_scale.GROUP or rows.scale[first] <= 1.5001 * rows.scale[last - 1]
    digits = generator.integers(-127, 128, (20, 3)).astype(np.int8)
    products = rows.products(digits)
    for first, last in rows.tiles:
        there = rows.order[first : min(last, n_rows)]
        wanted = values[there].astype(np.int64) @ digits.T.astype(np.int64)
        found = products(first, last)
        np.testing.assert_array_equal(found[: len(there)], wanted)
        assert not found[len(there) :].any()


# The best rows.


def slow_top_k(
    vectors: np.ndarray, matrix: Matrix, k: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Score everything in double precision, sort everything."""
    dense = matrix.dense().astype(np.float64)
    indices, products = np.full((len(vectors), k), -1), np.full((len(vectors), k), -np.inf)
    for profile, vector in enumerate(vectors):
        scores = dense @ vector.astype(np.float64)
        mask = (
            np.ones(len(dense), np.bool_)
            if allowed is None
            else np.broadcast_to(allowed, (len(vectors), len(dense)))[profile]
        )
        order = [row for row in np.lexsort((np.arange(len(dense)), -scores)) if mask[row]][:k]
        indices[profile, : len(order)] = order
        products[profile, : len(order)] = scores[order]
    return indices, products


def whole_numbers(n_rows: int, n_columns: int, seed: int) -> np.ndarray:
    """Rows that int8 keeps exactly, many of them alike, some of them zeros."""
    generator = np.random.default_rng(seed)
    kinds = generator.integers(-2, 3, (max(n_rows // 3, 1), n_columns)).astype(np.float32)
    kinds[:, 0] = 127 * generator.integers(0, 2, len(kinds))
    kinds[kinds[:, 0] == 0] = 0
    return kinds[generator.integers(0, len(kinds), n_rows)]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["float32", "int8"]),
    st.integers(0, 300),
    st.integers(1, 9),
    st.sampled_from([0, 1, 2, 17, 20]),
    st.integers(0, 400),
    st.sampled_from(["all", "some", "own", "none"]),
    st.integers(0, 99),
)
def test_ties_go_to_the_lower_index_and_only_allowed_rows_come(
    scheme: str, n_rows: int, n_columns: int, n_vectors: int, k: int, who: str, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    matrix = opened(whole_numbers(n_rows, n_columns, seed), scheme)
    vectors = generator.integers(-3, 4, (n_vectors, n_columns)).astype(np.float32)
    allowed = {
        "all": None,
        "some": generator.random(n_rows) < 0.7,
        "own": generator.random((n_vectors, n_rows)) < 0.5,
        "none": np.zeros(n_rows, np.bool_),
    }[who]
    indices, products = top_k(vectors, matrix, k, allowed)
    wanted, exact = slow_top_k(vectors, matrix, k, allowed)
    np.testing.assert_array_equal(indices, wanted)
    np.testing.assert_array_equal(products, exact)


@pytest.fixture(scope="module", params=["even", "steep", "short"])
def factors(request: pytest.FixtureRequest) -> np.ndarray:
    """Rows of like length, of very unlike length, and with nearly all of no length."""
    generator = np.random.default_rng(1)
    matrix = generator.standard_normal((3000, 24))
    if request.param == "steep":
        matrix *= generator.pareto(1.5, (3000, 1))
    if request.param == "short":
        matrix[generator.random(3000) < 0.99] = 0
    return matrix.astype(np.float32)


@pytest.mark.parametrize("scheme", schemes("factors"))
@pytest.mark.parametrize("n_vectors", [1, 40])
def test_the_best_of_many_are_found(library: str, factors: np.ndarray, scheme: str, n_vectors: int) -> None:
    matrix = opened(factors, scheme)
    vectors = np.random.default_rng(2).standard_normal((n_vectors, 24)).astype(np.float32)
    dense = matrix.dense()
    for k in (10, 90):
        indices, products = top_k(vectors, matrix, k)
        scores = vectors.astype(np.float64) @ dense.T.astype(np.float64)
        best = -np.sort(-scores, axis=1)[:, :k]
        size = np.abs(best).max()
        np.testing.assert_allclose(products, best, atol=1e-5 * size)
        np.testing.assert_allclose(np.take_along_axis(scores, indices.astype(np.int64), axis=1), best, atol=1e-5 * size)
        assert all(len(set(row)) == k for row in indices.tolist())


def test_a_batch_ranks_like_one_by_one(factors: np.ndarray) -> None:
    matrix = opened(factors, "int8")
    vectors = np.random.default_rng(3).standard_normal((40, 24)).astype(np.float32)
    allowed = np.random.default_rng(4).random((40, 3000)) < 0.9
    indices, products = top_k(vectors, matrix, 20, allowed)
    for row in range(40):
        alone = top_k(vectors[row : row + 1], matrix, 20, allowed[row : row + 1])
        np.testing.assert_array_equal(alone[0][0], indices[row])
        np.testing.assert_array_equal(alone[1][0], products[row])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 900),
    st.integers(1, 40),
    st.sampled_from([1, ALONE, ALONE + 1, 30]),
    st.sampled_from([1, 7, 60, 500]),
    st.sampled_from(["even", "steep", "short", "negative", "tiny", "zero"]),
    st.sampled_from([None, 0.02, 0.9]),
    st.integers(0, 99),
)
def test_every_way_of_searching_gives_the_exact_order(
    n_rows: int, n_columns: int, n_vectors: int, k: int, kind: str, share: float | None, seed: int
) -> None:
    """Many small tiles, alone and in a batch, against all decoded rows scored one by one."""
    generator = np.random.default_rng(seed)
    dense = generator.standard_normal((n_rows, n_columns))
    vectors = generator.standard_normal((n_vectors, n_columns)).astype(np.float32)
    if kind == "steep":
        dense *= generator.pareto(1, (n_rows, 1))
    if kind == "short":
        dense[generator.random(n_rows) < 0.95] = 0
    if kind == "negative":
        dense, vectors = np.abs(dense), -np.abs(vectors)
    if kind == "tiny":
        dense, vectors = dense * 1e-9, vectors * np.float32(1e-21)
    if kind == "zero":
        vectors[::2] = 0
    matrix = opened(dense, "int8")
    allowed = None if share is None else generator.random((n_vectors, n_rows)) < share
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_scale, "STEP", 128)
        indices, products = top_k(vectors, matrix, k, allowed)
    rows = matrix.dense()
    for number, vector in enumerate(vectors):
        scores = np.einsum("nf,nf->n", rows, np.broadcast_to(vector, rows.shape).copy())
        open_rows = np.arange(n_rows) if allowed is None else np.flatnonzero(allowed[number])
        wanted = open_rows[np.lexsort((open_rows, -scores[open_rows]))][:k]
        np.testing.assert_array_equal(indices[number, : len(wanted)], wanted)
        np.testing.assert_array_equal(products[number, : len(wanted)], scores[wanted])
        assert (indices[number, len(wanted) :] == -1).all()


def test_many_vectors_are_taken_in_batches() -> None:
    matrix = opened(whole_numbers(150, 6, 1), "int8")
    vectors = np.random.default_rng(0).integers(-3, 4, (2 * BATCH + 20, 6)).astype(np.float32)
    np.testing.assert_array_equal(top_k(vectors, matrix, 5)[0], slow_top_k(vectors, matrix, 5, None)[0])


# Sums of sparse rows.


def some_rows(seed: int) -> Iterator[tuple[int, np.ndarray]]:
    generator = np.random.default_rng(seed)
    for row in range(generator.integers(1, 12)):
        yield row, np.flatnonzero(generator.random(200) < generator.choice([0, 0.02, 0.5]))


@given(st.integers(0, 200))
def test_sums_of_sparse_rows_are_sums_of_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    dense = np.zeros((12, 200), np.float32)
    gaps, values, starts = [], [], [0]
    for row, columns in some_rows(seed):
        gaps.append(np.diff(columns, prepend=-1).astype(np.uint8))
        values.append(generator.integers(-127, 128, len(columns)).astype(np.int8))
        dense[row, columns] = values[-1]
        starts.append(starts[-1] + len(columns))
    asked = generator.integers(0, len(starts) - 1, 7)
    weights = generator.standard_normal(7).astype(np.float32)
    where = np.array(starts)
    begins, ends = where[asked].tolist(), where[asked + 1].tolist()
    own = joined(np.concatenate(values), begins, ends)
    indptr = np.concatenate([[0], np.cumsum(where[asked + 1] - where[asked])]).astype(np.int32)
    found_columns = columns_from_gaps(joined(np.concatenate(gaps), begins, ends), indptr)
    found = weighted_sum(found_columns, own.astype(np.float32), indptr, weights, 200)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, weights @ dense[asked], atol=1e-3)


# One ridge system.


@pytest.mark.parametrize(("n", "d"), [(0, 3), (1, 1), (5, 8), (40, 8)])
def test_one_system_solved_is_that_of_a_dense_solver(n: int, d: int) -> None:
    generator = np.random.default_rng(n)
    rated = generator.standard_normal((n, d)).astype(np.float32)
    ridge = generator.uniform(0.5, 2, d).astype(np.float32)
    shared = generator.standard_normal((d, d)).astype(np.float32)
    gram = shared @ shared.T
    right = generator.standard_normal((d, 3)).astype(np.float32)
    for own, common in ((ridge, gram), (ridge, None), (np.float32(0.7), gram)):
        system = rated.T.astype(np.float64) @ rated + np.eye(d) * own + (0 if common is None else common)
        found = ridge_system(rated, own, common).solve(right)
        np.testing.assert_allclose(found, np.linalg.solve(system, right), atol=1e-4)


def test_a_system_that_is_not_positive_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="leading minor 2"):
        ridge_system(np.zeros((0, 2), np.float32), np.array([1, -1], np.float32))


# Folding in one profile.


@pytest.fixture(scope="module", params=["als", "svd", "explicit_als"])
def fitted(request: pytest.FixtureRequest) -> tuple[Engine, Dataset]:
    dataset = latent(n_users=80)
    return create(request.param, {"embedding_size": 6}).fit(dataset), dataset


def test_few_profiles_are_solved_like_many(fitted: tuple[Engine, Dataset]) -> None:
    engine, dataset = fitted
    everybody = dataset.profiles()
    together = engine.fold_in(everybody)  # type: ignore[attr-defined]
    alone = [engine.fold_in(everybody.slice(row, row + 1))[0] for row in range(40)]  # type: ignore[attr-defined]
    np.testing.assert_allclose(alone, together[:40], atol=1e-4 * np.abs(together).max())


def test_a_list_and_its_explanation_solve_one_system(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = latent()
    engine = create("als", {"embedding_size": 6}).fit(dataset)
    solved = []

    def counted(*given: Any) -> Any:
        solved.append(1)
        return ridge_system(*given)

    monkeypatch.setattr("matinee.engines.als.ridge_system", counted)
    first, second = dataset.profiles()[0], dataset.profiles()[1]
    asked = np.arange(5, dtype=np.int32)
    for profile in (first, second, first):
        before = len(solved)
        scores = engine.score(Profiles.stack([profile], dataset.n_movies))[0]
        parts = engine.contributions(profile, asked)
        assert parts is not None
        assert len(solved) == before + 1
        np.testing.assert_allclose(parts.sum(axis=1), scores[asked], atol=1e-5)

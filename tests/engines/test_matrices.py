"""Every encoding answers like the matrix it decodes to, and that is close to the matrix it was made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from matinee.engines.matrices import Matrix, encode, encode_into, int8, is_here, open_matrix, schemes
from matinee.engines.matrices.axes import principal_axes
from matinee.engines.matrices.int8_tail import packed, size_of, unpacked
from matinee.engines.matrices.pq import means, nearest
from matinee.engines.matrices.sparse8 import least_bytes
from matinee.errors import ReleaseError, SettingsError

EVERY = [*dict.fromkeys([*schemes("factors"), *schemes("item-item")])]
ERROR = {"float32": 0.0, "float16": 2**-11, "int8": 0.5 / 127}
"""How far a number may be from its original, as a share of the largest of its row."""


def falling(n_rows: int, n_columns: int, seed: int = 0) -> np.ndarray:
    """A matrix like those of engines: few large numbers and many small ones, some rows of zeros."""
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((n_rows, n_columns)) ** 3 * generator.exponential(1, (n_rows, 1))
    matrix[:: max(n_rows // 3, 2)] = 0
    return matrix.astype(np.float32)


def opened(matrix: np.ndarray, scheme: str, **options: Any) -> Matrix:
    return open_matrix(encode_into({"m": matrix, "other": np.zeros(2)}, "m", scheme, **options), "m")


@pytest.mark.parametrize("scheme", EVERY)
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 40), (2100, 3), (5, 700), (3, 0), (0, 4)])
def test_every_answer_agrees_with_the_decoded_matrix(scheme: str, shape: tuple[int, int]) -> None:
    n_rows, n_columns = shape
    matrix = opened(falling(n_rows, n_columns), scheme)
    whole = matrix.dense()
    assert matrix.scheme == scheme
    assert matrix.shape == whole.shape == shape
    assert whole.dtype == np.float32
    generator = np.random.default_rng(1)
    atol = 2e-4 * max(float(np.abs(whole).max(initial=0)), 1e-6) * max(n_columns, n_rows) ** 0.5
    for n_vectors in (0, 1, 3, 70):
        vectors = generator.standard_normal((n_vectors, n_columns)).astype(np.float32)
        assert matrix.dot(vectors).dtype == np.float32
        np.testing.assert_allclose(matrix.dot(vectors), vectors @ whole.T, atol=atol)
        weights = csr_array(random_array((n_vectors, n_rows), density=0.3, rng=generator, dtype=np.float32))
        np.testing.assert_allclose(matrix.row_sums(weights), weights.toarray() @ whole, atol=atol)
    few = generator.permutation(n_rows)[: n_rows // 2].astype(np.int32)
    share = generator.standard_normal(len(few)).astype(np.float32)
    assert matrix.weighted_sum(few, share).dtype == np.float32
    np.testing.assert_allclose(matrix.weighted_sum(few, share), share @ whole[few], atol=atol)
    index = generator.integers(0, max(n_rows, 1), 6 if n_rows else 0)
    columns = generator.integers(0, max(n_columns, 1), 4 if n_columns else 0)
    np.testing.assert_allclose(matrix.rows(index), whole[index], atol=atol / 100)
    np.testing.assert_allclose(matrix.entries(index, columns), whole[np.ix_(index, columns)], atol=atol / 100)
    np.testing.assert_allclose(matrix.lengths, np.linalg.norm(whole, axis=1), rtol=1e-6)
    for column in columns:
        np.testing.assert_allclose(matrix.column(int(column)), whole[:, column], atol=atol / 100)
    if n_rows:
        wanted = np.zeros(n_rows)
        lengths = np.linalg.norm(whole, axis=1)
        np.divide(whole @ whole[-1], lengths * lengths[-1], out=wanted, where=lengths * lengths[-1] > 0)
        np.testing.assert_allclose(matrix.cosines(n_rows - 1), wanted, atol=1e-3)


@pytest.mark.parametrize("scheme", ERROR)
def test_numbers_stay_close_to_what_they_were(scheme: str) -> None:
    original = falling(200, 30)
    off = np.abs(opened(original, scheme).dense() - original)
    assert (off <= ERROR[scheme] * np.abs(original).max(axis=1, keepdims=True) * 1.0001).all()


@pytest.mark.parametrize("scheme", EVERY)
def test_nothing_given_is_changed_and_read_only_arrays_do(scheme: str) -> None:
    original = falling(30, 20)
    held = original.copy()
    original.setflags(write=False)
    arrays = encode_into({"m": original}, "m", scheme)
    for array in arrays.values():
        array.setflags(write=False)
    matrix = open_matrix(arrays, "m")
    first = matrix.dot(np.ones((1, 20), np.float32))
    first[:] = 7
    matrix.rows(np.arange(4))[:] = 7
    np.testing.assert_array_equal(original, held)
    assert not (matrix.dot(np.ones((1, 20), np.float32)) == 7).any()


@pytest.mark.parametrize("scheme", EVERY)
def test_an_encoded_matrix_can_be_encoded_again(scheme: str) -> None:
    arrays = encode_into({"before": np.zeros(1), "m": falling(40, 10), "m2": np.ones(3)}, "m", "int8")
    again = encode_into(arrays, "m", scheme)
    assert is_here(again, "m")
    assert [key for key in again if not key.startswith("m.") and key != "m"] == ["before", "m2"]
    assert again["m2"] is arrays["m2"]
    assert open_matrix(again, "m").scheme == scheme


def test_sizes_are_what_the_parts_take() -> None:
    matrix = falling(100, 64)
    for scheme in EVERY:
        parts = encode(matrix, scheme)
        assert opened(matrix, scheme).nbytes == sum(part.nbytes for name, part in parts.items() if name != "encoding")
    assert opened(matrix, "int8").nbytes == 100 * (64 + 4)


# Int8.


@pytest.mark.parametrize("n_columns", [7, 700])
def test_int8_scores_are_close_to_exact_and_the_same_for_few_and_many(
    monkeypatch: pytest.MonkeyPatch, n_columns: int
) -> None:
    monkeypatch.setattr(int8, "_DECODED", 64)
    matrix = opened(falling(300, n_columns), "int8")
    vectors = np.random.default_rng(1).standard_normal((40, n_columns)).astype(np.float32)
    exact = vectors.astype(np.float64) @ matrix.dense().T.astype(np.float64)
    for n in (1, int8.FEW, int8.FEW + 1, 40):
        # Two digits miss a number by half a unit: 1.6e-5 of the largest of a vector.
        bound = 2e-5 * np.abs(vectors[:n]).max(axis=1)[:, None] * np.abs(matrix.dense()).sum(axis=1) + 1e-6
        assert (np.abs(matrix.dot(vectors[:n]) - exact[:n]) <= bound).all()
    together = matrix.dot(vectors[: int8.FEW])
    for row in range(int8.FEW):
        np.testing.assert_array_equal(matrix.dot(vectors[row : row + 1])[0], together[row])


# Int8 with a tail of 4 bits.


def steep(n_rows: int, n_columns: int, seed: int = 0) -> np.ndarray:
    """Factors as models learn them: a few directions say most, and no column does so alone."""
    generator = np.random.default_rng(seed)
    spread = 0.9 ** np.arange(n_columns) * 10
    turn, _ = np.linalg.qr(generator.standard_normal((n_columns, n_columns)))
    return (generator.standard_normal((n_rows, n_columns)) * spread @ turn).astype(np.float32)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(4000, 128), (4000, 64), (4000, 16), (3000, 33)])
def test_a_tail_of_4_bits_takes_a_quarter_and_loses_little(n_rows: int, n_columns: int) -> None:
    original = steep(n_rows, n_columns)
    matrix = opened(original, "int8-tail")
    assert 0.9 * original.nbytes / 4 < matrix.nbytes <= original.nbytes / 4
    off = np.linalg.norm(matrix.dense() - original) / np.linalg.norm(original)
    assert off < (0.02 if n_columns > 16 else 0.05)


def test_more_bytes_bring_a_tailed_matrix_closer() -> None:
    original = steep(500, 40)
    budgets = [size_of(500, 40, k) for k in (0, 7, 20, 40)]
    off = []
    for budget in budgets:
        matrix = opened(original, "int8-tail", budget=budget)
        assert matrix.nbytes <= budget
        off.append(np.linalg.norm(matrix.dense() - original))
    assert off == sorted(off, reverse=True)
    assert off[-1] < 2 * np.linalg.norm(opened(original, "int8").dense() - original)


@given(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9))
def test_two_numbers_a_byte_come_back(n_rows: int, width: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(-8, 8, (n_rows, width)).astype(np.int8)
    assert packed(values).shape == (n_rows, (width + 1) // 2)
    np.testing.assert_array_equal(unpacked(packed(values), width), values)


def test_principal_axes_turn_without_changing_products() -> None:
    matrix = steep(300, 20)
    axes = principal_axes(matrix)
    np.testing.assert_allclose(axes.T @ axes, np.eye(20), atol=1e-6)
    squares = ((matrix @ axes) ** 2).sum(axis=0)
    assert (np.diff(squares) < 0).all()
    np.testing.assert_allclose((matrix @ axes) @ (matrix @ axes).T, matrix @ matrix.T, atol=1e-2)


# Product quantisation.


def test_rows_that_are_few_patterns_come_back_whole() -> None:
    generator = np.random.default_rng(0)
    kinds = generator.standard_normal((100, 12)).astype(np.float32)
    lengths = generator.uniform(0.5, 2, 3000).astype(np.float32)
    original = kinds[generator.integers(0, 100, 3000)] * lengths[:, None]
    decoded = opened(original, "pq", width=4).dense()
    np.testing.assert_allclose(decoded, original, atol=0.01)


def test_narrower_parts_come_closer_and_take_more() -> None:
    original = steep(2000, 32)
    matrices = [opened(original, "pq", width=width) for width in (8, 4, 2, 1)]
    off = [np.linalg.norm(matrix.dense() - original) for matrix in matrices]
    assert off == sorted(off, reverse=True)
    assert [m.nbytes for m in matrices] == sorted(m.nbytes for m in matrices)
    assert off[-1] < 0.05 * np.linalg.norm(original)


def test_means_find_groups_that_stand_apart() -> None:
    generator = np.random.default_rng(2)
    groups = 10.0 * generator.permutation(8)[:6, None] * np.ones(3)
    points = (groups[generator.integers(0, 6, 600)] + generator.standard_normal((600, 3))).astype(np.float32)
    centres = means(points, 12, generator)
    assert np.linalg.norm(points - centres[nearest(points, centres)], axis=1).max() < 10
    found = np.linalg.norm(points - centres[nearest(points, centres)], axis=1)
    slow = [min(float(np.linalg.norm(point - centre)) for centre in centres) for point in points]
    np.testing.assert_allclose(found, slow, atol=1e-3)


# Sparse8.


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 900), st.integers(0, 3000), st.integers(0, 5))
def test_sparse8_keeps_the_strongest_within_its_budget(n_rows: int, n_columns: int, more: int, seed: int) -> None:
    original = falling(n_rows, n_columns, seed)
    original[np.random.default_rng(seed).random(original.shape) < 0.5] = 0
    budget = least_bytes(n_rows, n_columns) + more
    matrix = opened(original, "sparse8", budget=budget)
    assert matrix.nbytes <= budget
    decoded = matrix.dense()
    scale = np.abs(original).max(axis=1, keepdims=True) / 127
    kept = decoded != 0
    assert (np.abs(decoded - original)[kept] <= (0.5001 * scale * np.ones_like(original))[kept]).all()
    # Whatever is left out is no stronger than what is kept, up to rounding.
    for row in range(n_rows):
        left = np.abs(original[row][~kept[row]]).max(initial=0)
        weakest = np.abs(original[row][kept[row]]).min(initial=np.inf)
        assert left <= max(weakest, 0.5001 * scale[row, 0]) or not kept[row].any()
        if original[row].any():
            strongest = np.abs(original[row]).max()
            assert np.abs(decoded[row]).max() == pytest.approx(strongest)


def test_sparse8_with_room_for_everything_loses_only_rounding() -> None:
    original = falling(60, 50)
    whole = opened(original, "sparse8", budget=60 * (12 + 2 * 50) + 16).dense()
    np.testing.assert_allclose(whole, opened(original, "int8").dense())


def test_far_apart_entries_are_found_again() -> None:
    original = np.zeros((4, 2000), np.float32)
    for row, columns in enumerate([(0, 255, 510), (254, 509, 1999), (1999,), (255, 256, 1276)]):
        original[row, columns] = np.arange(1, len(columns) + 1)
    np.testing.assert_allclose(opened(original, "sparse8", budget=20_000).dense(), original, atol=3 / 127)


# Mistakes.


def test_mistakes_are_named() -> None:
    with pytest.raises(SettingsError, match="no encoding 'int3'"):
        encode(falling(3, 3), "int3")
    with pytest.raises(SettingsError, match="budget"):
        encode(falling(3, 3), "int8", budget=5)
    with pytest.raises(SettingsError, match="at least for 3 × 3"):
        encode(falling(3, 3), "sparse8", budget=20)
    with pytest.raises(SettingsError, match="at least for 3 × 3"):
        encode(falling(3, 3), "int8-tail", budget=20)
    with pytest.raises(SettingsError, match="width must be at least 1"):
        encode(falling(3, 3), "pq", width=0)
    with pytest.raises(SettingsError, match="float16 holds"):
        encode(np.full((2, 2), 1e6, np.float32), "float16")
    with pytest.raises(ReleaseError, match="no matrix 'factors' among weights"):
        open_matrix({"weights": np.zeros((2, 2), np.float32)}, "factors")
    unknown = {"m.encoding": np.frombuffer(b"int9", np.uint8), "m.values": np.zeros(3, np.int8)}
    with pytest.raises(ReleaseError, match="'int9', which this version does not know"):
        open_matrix(unknown, "m")

"""Ranked lists and ranks against sorting in plain Python."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.errors import InputError, ShapeError
from matinee.evaluation import topn
from matinee.evaluation.topn import ranks, top_n
from matinee.types import Profile, Profiles


def slow_list(scores: list[float], n: int, taken: set[int]) -> list[int]:
    """Sort the candidates by score, then index; fill up with -1."""
    candidates = [i for i, s in enumerate(scores) if i not in taken and s != -np.inf]
    best = sorted(candidates, key=lambda i: (-scores[i], i))[:n]
    return best + [-1] * (n - len(best))


def slow_rank(scores: list[float], target: int, taken: set[int]) -> int:
    """Count the candidates that do at least as well; a film that is no candidate comes last."""
    if target < 0:
        return 0
    if target in taken or scores[target] == -np.inf:
        return len(scores)
    return sum(s >= scores[target] for i, s in enumerate(scores) if i not in taken)


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], int]:
    """Scores with many ties and minus infinities, what is excluded, what is allowed, and a length."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = np.array([-np.inf, -1.5, -0.0, 0.0, 2.0, np.inf], np.float32)[: draw(st.integers(1, 6))]
    scores = rng.choice(levels, size=shape)
    return scores, rng.random(shape) < 0.3, rng.random(shape[1]) < 0.8, draw(st.integers(1, 11))


@pytest.fixture(params=[1, 7, 500_000], ids="cells={}".format)
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topn, "_CELLS", request.param)


@pytest.mark.usefixtures("_blocks")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases())
def test_lists_and_ranks_equal_plain_sorting(case: Any) -> None:
    scores, taken, allowed, n = case
    before = scores.copy()
    out = [set(np.flatnonzero(row | ~allowed)) for row in taken]
    lists = top_n(scores, n, exclude=csr_array(taken), allowed=allowed)
    assert lists.dtype == np.int32
    assert lists.tolist() == [slow_list(row.tolist(), n, gone) for row, gone in zip(scores, out, strict=True)]
    targets = np.arange(-1, scores.shape[1], dtype=np.int32)[None].repeat(len(scores), axis=0)
    found = ranks(scores, targets, exclude=csr_array(taken), allowed=allowed)
    assert found.tolist() == [
        [slow_rank(row.tolist(), int(t), gone) for t in targets[0]] for row, gone in zip(scores, out, strict=True)
    ]
    assert np.array_equal(scores, before), "the caller's scores were changed"


def test_profiles_and_matrices_exclude_alike_even_stored_zeros() -> None:
    scores = np.array([[5, 4, 3, 2], [1, 2, 3, 4]], np.float32)
    profiles = Profiles.stack([Profile.of([1, 0], [0.0, 3.0]), Profile.of([3], [1.0])], 4)
    assert top_n(scores, 2, exclude=profiles).tolist() == [[2, 3], [2, 1]]
    assert top_n(scores, 2, exclude=profiles.matrix()).tolist() == [[2, 3], [2, 1]]
    assert ranks(scores, np.array([3, 0], np.int32), exclude=profiles).tolist() == [2, 3]


def test_a_constant_scorer_gets_the_first_films_listed_and_the_last_rank() -> None:
    scores = np.zeros((2, 50), np.float32)
    assert top_n(scores, 3).tolist() == [[0, 1, 2]] * 2
    assert ranks(scores, np.array([0, 49], np.int32)).tolist() == [50, 50]


def test_sampled_negatives_are_ranked_by_gathering() -> None:
    scores = np.array([[0.5, 0.9, 0.5, 0.1]], np.float32)
    candidates = np.array([[0, 2, 3]])
    assert ranks(np.take_along_axis(scores, candidates, axis=1), np.zeros(1, np.int32)).tolist() == [2]


def test_scores_of_double_precision_keep_it() -> None:
    scores = np.array([[1.0, 1.0 + 1e-12]])
    assert top_n(scores, 2).tolist() == [[1, 0]]


def test_nothing_to_rank() -> None:
    assert top_n(np.zeros((0, 4), np.float32), 2).shape == (0, 2)
    assert top_n(np.zeros((2, 0), np.float32), 2).tolist() == [[-1, -1]] * 2
    assert ranks(np.zeros((0, 4), np.float32), np.zeros(0, np.int32)).shape == (0,)


@pytest.mark.parametrize("scores", [[[0.0, np.nan]], [[np.inf, -np.inf], [np.nan, 1.0]]])
def test_nan_is_refused_by_row(scores: Any) -> None:
    matrix = np.array(scores, np.float32)
    with pytest.raises(InputError, match=f"row {len(scores) - 1} holds NaN"):
        top_n(matrix, 1)
    with pytest.raises(InputError, match="NaN"):
        ranks(matrix, np.zeros(len(matrix), np.int32))


def test_infinities_of_both_signs_are_no_nan() -> None:
    assert top_n(np.array([[np.inf, -np.inf, 0]], np.float32), 3).tolist() == [[0, 2, -1]]


def test_misfits_are_named() -> None:
    scores = np.zeros((2, 3), np.float32)
    with pytest.raises(ShapeError, match=r"\(2, 4\)"):
        top_n(scores, 1, exclude=csr_array((2, 4)))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        top_n(scores, 1, allowed=np.ones(2, np.bool_))
    with pytest.raises(ShapeError, match="shape"):
        top_n(scores[0], 1)
    with pytest.raises(InputError, match="got 0"):
        top_n(scores, 0)
    for targets in ([0], [0, 3], [-2, 0]):
        with pytest.raises(ShapeError, match="Targets"):
            ranks(scores, np.array(targets, np.int32))


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(topn) == (0, 2)

"""Standard errors and paired bootstrap intervals."""

from __future__ import annotations

import doctest
import random
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation import intervals
from matinee.evaluation.intervals import estimate, paired_interval, paired_intervals, paired_total_interval


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two engines on 400 users: alike in the main, the first a little better."""
    rng = np.random.default_rng(2)
    baseline = rng.random(400)
    return np.clip(baseline + rng.normal(0.02, 0.1, 400), 0, 1), baseline


def test_the_estimate_equals_the_textbook(pair: tuple[np.ndarray, np.ndarray]) -> None:
    values = pair[0].copy()
    values[:50] = np.nan
    found = estimate(values)
    assert found.mean == pytest.approx(np.nanmean(values), abs=1e-12)
    assert found.error == pytest.approx(stats.sem(values, nan_policy="omit"), abs=1e-12)
    assert (found.n_users, found.n_unscored) == (350, 50)


def test_an_estimate_of_nobody_or_one_says_so() -> None:
    nobody = estimate(np.array([np.nan]))
    assert np.isnan(nobody.mean)
    assert (nobody.n_users, nobody.n_unscored) == (0, 1)
    one = estimate(np.array([0.5]))
    assert one.mean == 0.5
    assert np.isnan(one.error)


def test_the_interval_agrees_with_a_slow_bootstrap(pair: tuple[np.ndarray, np.ndarray]) -> None:
    candidate, baseline = pair
    found = paired_interval(candidate, baseline, replicates=4000)
    gaps = (candidate - baseline).tolist()
    draw = random.Random(9)
    means = sorted(sum(draw.choices(gaps, k=len(gaps))) / len(gaps) for _ in range(4000))
    # Two bootstraps of 4,000 differ by a few per cent of the standard error.
    tolerance = 0.12 * found.error
    assert found.difference == pytest.approx(sum(gaps) / len(gaps), abs=1e-12)
    assert found.low == pytest.approx(means[100], abs=tolerance)
    assert found.high == pytest.approx(means[3900], abs=tolerance)
    assert found.error == pytest.approx(np.std(gaps) / sqrt(len(gaps)), rel=0.06)
    assert found.effect == pytest.approx(np.mean(gaps) / np.std(gaps, ddof=1), abs=1e-12)


def test_the_interval_agrees_with_scipy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = paired_interval(*pair, replicates=4000, confidence=0.9)
    theirs = stats.bootstrap(
        (pair[0] - pair[1],), np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=4
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.12 * found.error)


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(400):
        a, b = rng.normal(0.3, 1, 60), rng.normal(0, 1, 60)
        found = paired_interval(a, b, replicates=300, confidence=0.9, seed=seed)
        covered += found.low <= 0.3 <= found.high
    # 360 expected; the percentile interval is slightly narrow at 60 users; ±4 standard deviations of a binomial.
    assert 0.9 - 0.06 - 0.02 < covered / 400 < 0.9 + 0.06


def test_swapping_the_two_mirrors_the_interval(pair: tuple[np.ndarray, np.ndarray]) -> None:
    forth, back = paired_interval(*pair), paired_interval(*pair[::-1])
    assert forth.difference == pytest.approx(-back.difference, abs=1e-12)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low), abs=1e-9)
    assert forth.above
    assert not forth.below
    assert back.below
    assert not back.above


def test_equal_engines_differ_by_exactly_nothing(pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = paired_interval(pair[0], pair[0])
    assert (found.difference, found.low, found.high, found.error, found.effect) == (0, 0, 0, 0, 0)
    assert not found.above
    assert not found.below


def test_a_constant_gain_has_an_infinite_effect() -> None:
    assert paired_interval(np.full(5, 1.0), np.zeros(5)).effect == np.inf


def test_the_seed_decides_and_blocks_do_not(
    pair: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = paired_interval(*pair, seed=3)
    assert first == paired_interval(*pair, seed=3)
    assert first != paired_interval(*pair, seed=4)
    monkeypatch.setattr(intervals, "_DRAWS", 1)
    in_blocks = paired_interval(*pair, seed=3)
    assert (in_blocks.low, in_blocks.high) == pytest.approx((first.low, first.high), abs=1e-12)


def test_users_unscored_by_either_are_left_out(pair: tuple[np.ndarray, np.ndarray]) -> None:
    candidate, baseline = (values.copy() for values in pair)
    candidate[:10], baseline[5:30] = np.nan, np.nan
    found = paired_interval(candidate, baseline)
    assert found.n_users == 370
    assert found == paired_interval(candidate[30:], baseline[30:])


def test_pairing_is_what_makes_it_narrow(pair: tuple[np.ndarray, np.ndarray]) -> None:
    shuffled = np.random.default_rng(0).permutation(pair[1])
    assert paired_interval(*pair).error < 0.5 * paired_interval(pair[0], shuffled).error


def test_totals_give_the_interval_of_an_rmse() -> None:
    rng = np.random.default_rng(8)
    counts = rng.integers(0, 30, 200)
    owners = np.repeat(np.arange(200), counts)
    gaps_a, gaps_b = rng.normal(0, 0.9, len(owners)), rng.normal(0, 1.0, len(owners))
    a, b = (np.bincount(owners, gaps**2, minlength=200) for gaps in (gaps_a, gaps_b))
    found = paired_total_interval(a, b, counts, np.sqrt, replicates=3000)
    assert found.difference == pytest.approx(np.sqrt(np.mean(gaps_a**2)) - np.sqrt(np.mean(gaps_b**2)), abs=1e-12)
    assert found.n_users == np.count_nonzero(counts)
    assert np.isnan(found.effect)
    draw = random.Random(4)
    users = [u for u in range(200) if counts[u]]
    slow = []
    for _ in range(3000):
        drawn = draw.choices(users, k=len(users))
        n = sum(counts[u] for u in drawn)
        slow.append(sqrt(sum(a[u] for u in drawn) / n) - sqrt(sum(b[u] for u in drawn) / n))
    assert (found.low, found.high) == pytest.approx(np.quantile(slow, [0.025, 0.975]).tolist(), abs=0.15 * found.error)
    assert found.below


def test_totals_of_equal_counts_are_the_paired_means(pair: tuple[np.ndarray, np.ndarray]) -> None:
    means, totals = paired_interval(*pair), paired_total_interval(*pair, np.ones(400))
    assert (means.low, means.high) == pytest.approx((totals.low, totals.high), abs=1e-12)


def test_misuse_is_named(pair: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ShapeError, match=r"\(400,\) and \(3,\)"):
        paired_interval(pair[0], pair[1][:3])
    with pytest.raises(ShapeError, match="No user"):
        paired_interval(np.array([np.nan, 1]), np.array([1, np.nan]))
    with pytest.raises(ShapeError, match="one length"):
        paired_total_interval(pair[0], pair[1], np.ones(3))
    with pytest.raises(ShapeError, match="No user"):
        paired_total_interval(np.zeros(2), np.zeros(2), np.zeros(2))
    with pytest.raises(SettingsError, match=r"got 1\.5"):
        paired_interval(*pair, confidence=1.5)
    with pytest.raises(SettingsError, match="got 0"):
        paired_interval(*pair, replicates=0)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(intervals) == (0, 1)


def test_many_columns_at_once_say_what_each_says_alone() -> None:
    rng = np.random.default_rng(4)
    candidate, baseline = rng.random((60, 5)), rng.random((60, 5))
    candidate[::7, 2] = np.nan
    candidate[:, 4] = np.nan
    *together, nobody = paired_intervals(candidate - baseline, seed=9)
    assert nobody is None
    for column, found in enumerate(together):
        alone = paired_interval(candidate[:, column], baseline[:, column], seed=9)
        assert found is not None
        assert found.n_users == alone.n_users
        assert (found.difference, found.low, found.high, found.error) == pytest.approx(
            (alone.difference, alone.low, alone.high, alone.error)
        )

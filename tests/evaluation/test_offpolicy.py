"""Off-policy estimates against a bandit whose true value is known."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from numpy.typing import NDArray

from matinee.errors import DataError, SettingsError, ShapeError
from matinee.evaluation import offpolicy
from matinee.evaluation.offpolicy import doubly_robust, ips, snips

CONTEXTS, ACTIONS = 6, 4


class Bandit:
    """Clicks with a known chance for every context and action, a logging policy, and another one to judge."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.chance = rng.uniform(0.1, 0.9, (CONTEXTS, ACTIONS))
        self.logging = rng.dirichlet(np.full(ACTIONS, 2.0), CONTEXTS) * 0.8 + 0.05
        wiser = np.exp(3 * self.chance)
        self.target = wiser / wiser.sum(axis=1, keepdims=True)
        self.value = float((self.target * self.chance).sum(axis=1).mean())

    def log(self, n: int, seed: int) -> dict[str, NDArray]:
        rng = np.random.default_rng(seed)
        contexts = rng.integers(0, CONTEXTS, n)
        taken = (rng.random((n, 1)) > self.logging[contexts].cumsum(axis=1)).sum(axis=1).clip(max=ACTIONS - 1)
        return {
            "contexts": contexts,
            "taken": taken,
            "rewards": (rng.random(n) < self.chance[contexts, taken]).astype(np.float64),
            "propensities": self.logging[contexts, taken],
            "target": self.target[contexts, taken],
            "policy": self.target[contexts],
        }


@pytest.fixture(scope="module")
def runs() -> dict[str, NDArray]:
    """(400,) estimates by method, from logs of 500 impressions; the model of rewards is a little wrong."""
    bandit = Bandit()
    wrong = np.clip(bandit.chance + np.random.default_rng(9).normal(0, 0.1, bandit.chance.shape), 0, 1)
    found: dict[str, list[tuple[float, bool]]] = {"ips": [], "snips": [], "dr": []}
    for seed in range(400):
        log = bandit.log(500, seed)
        columns = log["rewards"], log["propensities"]
        for value in (
            ips(*columns, log["target"]),
            snips(*columns, log["target"]),
            doubly_robust(*columns, log["taken"], log["policy"], wrong[log["contexts"]]),
        ):
            found[value.method].append((value.value, value.low <= bandit.value <= value.high))
    return {method: np.array(values) for method, values in found.items()}


@pytest.mark.parametrize("method", ["ips", "snips", "dr"])
def test_estimates_are_unbiased_and_intervals_hold(runs: dict[str, NDArray], method: str) -> None:
    values = runs[method][:, 0]
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - Bandit().value) < 4 * error + 0.001
    assert 0.91 <= runs[method][:, 1].mean() <= 0.985


def test_a_model_of_rewards_and_normalised_weights_take_noise_away(runs: dict[str, NDArray]) -> None:
    noise = {method: values[:, 0].std() for method, values in runs.items()}
    assert noise["dr"] < 0.9 * noise["ips"]
    assert noise["snips"] < 0.9 * noise["ips"]


def test_the_average_of_the_log_is_no_estimate() -> None:
    bandit = Bandit()
    log = bandit.log(50_000, 1)
    naive = log["rewards"].mean()
    assert abs(naive - bandit.value) > 0.03
    for estimate in (ips, snips):
        assert abs(estimate(log["rewards"], log["propensities"], log["target"]).value - bandit.value) < 0.015


def test_bias_and_error_vanish_with_more_impressions() -> None:
    bandit = Bandit(2)
    errors = []
    for n in (100, 1_000, 10_000):
        values = []
        for seed in range(60):
            log = bandit.log(n, seed)
            values.append(snips(log["rewards"], log["propensities"], log["target"]).value - bandit.value)
        errors.append(np.sqrt(np.mean(np.square(values))))
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[1] / 2


def test_the_logging_policy_itself_is_worth_its_average() -> None:
    log = Bandit().log(300, 5)
    for estimate in (ips, snips):
        found = estimate(log["rewards"], log["propensities"], log["propensities"])
        assert found.value == pytest.approx(log["rewards"].mean())
        assert found.effective == pytest.approx(300)
        assert found.error == pytest.approx(log["rewards"].std() / np.sqrt(300), rel=0.01)


def test_a_perfect_model_leaves_nothing_to_correct() -> None:
    rewards = np.array([1.0, 0.0, 1.0])
    predicted = np.array([[1.0, 0.5], [0.25, 0.0], [1.0, 0.5]])
    found = doubly_robust(rewards, np.full(3, 0.5), [0, 1, 0], np.full((3, 2), 0.5), predicted)
    assert found.value == pytest.approx(predicted.mean())


def test_clipping_biases_downwards_and_calms() -> None:
    log = Bandit(4).log(2_000, 0)
    columns = log["rewards"], log["propensities"], log["target"]
    free, cut = ips(*columns), ips(*columns, clip=1.5)
    assert cut.value < free.value
    assert cut.error < free.error
    assert cut.effective > free.effective


def test_examples_and_mistakes() -> None:
    assert doctest.testmod(offpolicy).failed == 0
    one = np.ones(3)
    with pytest.raises(ShapeError, match="one length"):
        ips(one, one[:2], one)
    with pytest.raises(DataError, match="no impression"):
        ips(one[:0], one[:0], one[:0])
    with pytest.raises(DataError, match="propensity in"):
        ips(one, np.array([1.0, 0.0, 1.0]), one)
    with pytest.raises(DataError, match="must lie in"):
        snips(one, one, one * 2)
    with pytest.raises(SettingsError, match="clip"):
        ips(one, one, one, clip=0)
    with pytest.raises(SettingsError, match="confidence"):
        ips(one, one, one, confidence=1)
    with pytest.raises(DataError, match="add up to 1"):
        doubly_robust(one, one, [0, 0, 0], np.full((3, 2), 0.4), np.zeros((3, 2)))
    with pytest.raises(ShapeError, match="taken"):
        doubly_robust(one, one, [0, 0], np.full((3, 2), 0.5), np.zeros((3, 2)))
    with pytest.raises(ShapeError, match="must lie in"):
        doubly_robust(one, one, [0, 0, 2], np.full((3, 2), 0.5), np.zeros((3, 2)))
    assert np.isnan(snips(one, one, np.zeros(3)).value)
    assert np.isnan(ips(one[:1], one[:1], one[:1]).error)

"""Thompson sampling: true propensities, and regret that stops growing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.errors import SettingsError, UnknownIdError
from matinee.ranking.explore import Thompson

counts = st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 30000)), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(arms=counts, seed=st.integers(0, 100))
def test_propensities_are_those_of_sampling(arms: list[tuple[float, float]], seed: int) -> None:
    names = tuple(f"arm {place}" for place in range(len(arms)))
    bandit = Thompson(names, tuple(arm[0] for arm in arms), tuple(arm[1] for arm in arms), floor=0.0)
    exact = bandit.propensities()
    assert exact.sum() == pytest.approx(1)
    draws = np.random.default_rng(seed).beta(
        [arm[0] + 1 for arm in arms], [arm[1] + 1 for arm in arms], (20_000, len(arms))
    )
    sampled = np.bincount(draws.argmax(axis=1), minlength=len(arms)) / len(draws)
    assert np.abs(exact - sampled).max() < 0.025


def test_choices_come_as_often_as_their_propensity_says() -> None:
    bandit = Thompson(("a", "b", "c"), (12.0, 9.0, 1.0), (30.0, 20.0, 40.0), floor=0.05)
    chances = bandit.propensities()
    assert chances.min() >= 0.05
    chosen = [bandit.choose(seed) for seed in range(600)]
    for place, name in enumerate(bandit.strategies):
        share = np.mean([choice.strategy == name for choice in chosen])
        assert abs(share - chances[place]) < 0.06
        assert all(choice.propensity == chances[place] for choice in chosen if choice.strategy == name)
    assert bandit.choose(7) == bandit.choose(7)


def test_two_fresh_arms_are_a_coin_and_beta_two_one_wins_two_in_three() -> None:
    assert Thompson.fresh(["a", "b"]).propensities() == pytest.approx([0.5, 0.5])
    # P(X > U) = E[X] = 2/3 for X ~ Beta(2, 1) and U uniform.
    assert Thompson(("a", "b"), (1.0, 0.0), (0.0, 0.0), floor=0.0).propensities()[0] == pytest.approx(2 / 3, abs=1e-3)


def test_regret_flattens_where_that_of_chance_grows_on() -> None:
    truth = np.array([0.10, 0.16, 0.30])
    halves = np.zeros((6, 2))
    for run in range(6):
        bandit = Thompson.fresh(["a", "b", "c"], floor=0.0)
        rng = np.random.default_rng(run)
        for step in range(1200):
            draw = rng.beta(np.array(bandit.clicks) + 1, np.array(bandit.misses) + 1)
            arm = int(draw.argmax())
            halves[run, step // 600] += truth.max() - truth[arm]
            bandit = bandit.learn(bandit.strategies[arm], clicked=bool(rng.random() < truth[arm]))
        assert bandit.means().argmax() == 2
    uniform = 600 * (truth.max() - truth).mean()
    first, second = halves.mean(axis=0)
    assert second < first / 2
    assert first + second < uniform


def test_learning_and_forgetting() -> None:
    bandit = Thompson.fresh(["a", "b"]).learn("a", clicked=True).learn("b", clicked=False)
    assert (bandit.clicks, bandit.misses) == ((1.0, 0.0), (0.0, 1.0))
    later = bandit.learn("a", clicked=False, decay=0.5)
    assert (later.clicks, later.misses) == ((0.5, 0.0), (1.0, 0.5))
    assert bandit.means() == pytest.approx([2 / 3, 1 / 3])


def test_mistakes_are_named() -> None:
    bandit = Thompson.fresh(["a", "b"])
    with pytest.raises(UnknownIdError, match="No arm"):
        bandit.learn("c", clicked=True)
    with pytest.raises(SettingsError, match="decay"):
        bandit.learn("a", clicked=True, decay=0)
    with pytest.raises(SettingsError, match="distinct"):
        Thompson.fresh(["a", "a"])
    with pytest.raises(SettingsError, match="floor"):
        Thompson.fresh(["a", "b"], floor=0.6)
    with pytest.raises(SettingsError, match="below 0"):
        Thompson(("a",), (-1.0,), (0.0,))

"""What a strategy would have earned, from logs whose true values are known."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.errors import DataError
from matinee.service.slot_values import slot_values
from matinee.service.slots import draw
from matinee.store import SlotOutcome

TRUE = {"collaborative": 0.3, "content": 0.1, "statistical": 0.2}


def log(n: int, seed: int) -> list[SlotOutcome]:
    """Live through `n` slots: Thompson sampling draws on what it saw, people want films by the true chances."""
    rng = np.random.default_rng(seed)
    counts = dict.fromkeys(TRUE, (0, 0))
    outcomes = []
    for place in range(n):
        choice = draw(tuple(TRUE), counts, place + 1000 * seed, place // 50)
        wanted = bool(rng.random() < TRUE[choice.strategy])
        outcomes.append(SlotOutcome(place, place // 50, choice.strategy, choice.propensity, wanted))
        if place % 50 == 49:  # a day is over
            for name in TRUE:
                mine = [each.wanted for each in outcomes if each.strategy == name]
                counts[name] = (sum(mine), len(mine) - sum(mine))
    return outcomes


@pytest.fixture(scope="module")
def logs() -> list[list[SlotOutcome]]:
    return [log(600, seed) for seed in range(12)]


def test_estimates_are_right_on_average(logs: list[list[SlotOutcome]]) -> None:
    found = [slot_values(each) for each in logs]
    for place, name in enumerate(sorted(TRUE)):
        for method in range(3):
            values = [each[place].estimates[method].value for each in found]
            error = np.std(values, ddof=1) / np.sqrt(len(values))
            assert np.mean(values) == pytest.approx(TRUE[name], abs=4 * error + 0.01), (name, method)


def test_figures_are_those_of_the_log(logs: list[list[SlotOutcome]]) -> None:
    for value in slot_values(logs[0]):
        mine = [each for each in logs[0] if each.strategy == value.strategy]
        assert (value.shown, value.wanted) == (len(mine), sum(each.wanted for each in mine))
        assert value.estimates[1].value == pytest.approx(
            sum(each.wanted / each.propensity for each in mine) / sum(1 / each.propensity for each in mine)
        )
        assert value.believable == (value.estimates[0].effective >= 100)
    assert [each.strategy for each in slot_values(logs[0], ["content"])] == ["content"]


def test_few_impressions_are_not_believed() -> None:
    few = log(20, seed=5)
    assert not any(value.believable for value in slot_values(few))
    (never,) = slot_values(few, ["graph"])
    assert (never.shown, never.believable) == (0, False)
    assert np.isnan(never.estimates[1].value)
    with pytest.raises(DataError, match="No page with a place to learn"):
        slot_values([])

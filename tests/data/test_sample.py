"""The embedded sample: films whose facts hold together, viewers who can be learned from."""

from __future__ import annotations

import pytest

from matinee.data import Dataset
from matinee.data.sample import load_sample


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_sample()


def test_two_builds_are_the_same(sample: Dataset) -> None:
    assert load_sample().fingerprint == sample.fingerprint


def test_the_viewers_are_declared_simulated(sample: Dataset) -> None:
    assert sample.simulated
    assert sample.name == "sample"
    assert sample.ordered
    assert sample.times_known

"""The genuine files go in and come out whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from matinee.data.read import read_dataset
from matinee.store import Store


@pytest.mark.real_data
def test_movielens_latest_small_comes_out_as_it_went_in(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    dataset = read_dataset(real_data("ml-latest-small.zip")).dataset
    store = Store.open(tmp_path / "matinee.db")
    assert store.import_dataset(dataset)
    again = store.dataset()
    counts = store.counts()
    profile = store.profile(414, dataset.catalogue)
    store.close()
    assert again.fingerprint == dataset.fingerprint
    assert again.catalogue.movies.equals(dataset.catalogue.movies)
    assert again.tags.equals(dataset.tags)
    assert (counts.ratings, counts.viewers, counts.movies) == (100_836, 610, 9_742)
    expected = dataset.profiles()[dataset.user_ids.index(414)]
    assert np.array_equal(profile.movies, expected.movies)
    assert np.array_equal(profile.times, expected.times)

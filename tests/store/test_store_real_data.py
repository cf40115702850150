"""The genuine files go in and come out whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
    told = store.account(414).ratings
    store.close()
    assert again.fingerprint == dataset.fingerprint
    assert again.catalogue.movies.equals(dataset.catalogue.movies)
    assert again.tags.equals(dataset.tags)
    assert (counts.ratings, counts.viewers, counts.movies) == (100_836, 610, 9_742)
    expected = dataset.profiles()[dataset.user_ids.index(414)]
    assert [each.movie_id for each in told] == dataset.catalogue.ids.ids[expected.movies].tolist()
    assert [each.rated_at for each in told] == expected.times.tolist()

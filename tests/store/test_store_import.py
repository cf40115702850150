"""What goes in comes out, and nothing goes in by halves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from matinee.data import Catalogue, Dataset, from_columns
from matinee.errors import StoreError
from matinee.store import Counts, Store
from matinee.store.exporting import read_dataset
from matinee.store.importing import replace_source
from matinee.store.schema import metadata
from matinee.types import UNKNOWN_TIME, silent


def same(one: Dataset, other: Dataset) -> None:
    assert one.fingerprint == other.fingerprint
    assert one.catalogue.movies.equals(other.catalogue.movies)
    assert one.tags.equals(other.tags)
    for name in ("name", "scale", "explicit", "ordered", "simulated"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("users", "movies", "values", "times"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype


def test_a_data_set_comes_out_as_it_went_in(full: Store, dataset: Dataset) -> None:
    same(full.dataset(), dataset)


def test_what_was_imported_is_on_record(full: Store, dataset: Dataset) -> None:
    source = full.source()
    assert source is not None
    assert (source.name, source.fingerprint, source.simulated) == ("small", dataset.fingerprint, True)
    assert (source.movies, source.viewers, source.ratings) == (6, 3, 9)
    # One more person left a tag and nothing else.
    assert full.counts() == Counts(movies=6, viewers=4, site_viewers=0, ratings=9, site_ratings=0)


def test_an_empty_store_gives_an_empty_data_set(store: Store) -> None:
    empty = store.dataset()
    assert (empty.n_ratings, empty.n_users, empty.n_movies) == (0, 0, 0)
    assert store.source() is None


@settings(max_examples=25, deadline=None)
@given(
    ratings=st.dictionaries(
        st.tuples(st.integers(0, 2**40), st.integers(0, 5)),
        st.tuples(st.integers(1, 10), st.one_of(st.none(), st.integers(-(2**40), 2**40))),
        max_size=30,
    ),
    titles=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=6, max_size=6),
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=4),
)
def test_any_data_set_comes_out_as_it_went_in(
    ratings: dict[tuple[int, int], tuple[int, int | None]], titles: list[str], names: list[str]
) -> None:
    catalogue = Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": [9, 4, 7, 0, 2**40, 5],
                "title": titles,
                "cast": [names, names[::-1], *[[]] * 4],
                "genres": [[], [], names, [], [], []],
            },
            schema_overrides={"cast": pl.List(pl.String()), "genres": pl.List(pl.String())},
        )
    )
    times = [UNKNOWN_TIME if when is None else when for _, when in ratings.values()]
    dataset = from_columns(
        name="any",
        catalogue=catalogue,
        user_ids=np.array([user for user, _ in ratings], np.int64),
        movie_ids=np.array([catalogue.ids.ids[movie] for _, movie in ratings], np.int64),
        values=np.array([half / 2 for half, _ in ratings.values()], np.float32),
        times=np.array(times, np.int64),
    )
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "any.db")
        store.import_dataset(dataset)
        same(store.dataset(), dataset)
        for user, id_ in enumerate(dataset.user_ids.ids.tolist()):
            told, expected = store.account(id_).ratings, dataset.profiles()[user]
            assert [each.movie_id for each in told] == catalogue.ids.ids[expected.movies].tolist()
            assert [each.value for each in told] == expected.values.tolist()
            times = [UNKNOWN_TIME if each.rated_at is None else each.rated_at for each in told]
            assert times == expected.times.tolist()
        store.close()


def test_the_same_source_again_changes_nothing(full: Store, dataset: Dataset) -> None:
    viewer = full.create_viewer()
    full.rate(viewer, 10, 4)
    assert full.import_dataset(dataset) is False
    assert [each.movie_id for each in full.ratings(viewer)] == [10]


def test_another_source_takes_the_place_of_the_former(full: Store, dataset: Dataset) -> None:
    other = replace(dataset.select(dataset.values > 2), name="other")
    assert full.import_dataset(other) is True
    same(full.dataset(), other)


def test_feedback_about_another_source_is_not_thrown_away(full: Store, dataset: Dataset) -> None:
    viewer = full.create_viewer("Ada")
    full.rate(viewer, 10, 4)
    other = replace(dataset.select(dataset.values > 2), name="other")
    with pytest.raises(
        StoreError, match=r"small and 1 ratings and opinions that were given here.*importing other would delete them"
    ) as caught:
        full.require_importable(other)
    assert "--replace" in str(caught.value)
    with pytest.raises(StoreError):
        full.import_dataset(other)
    assert [each.movie_id for each in full.ratings(viewer)] == [10]
    full.require_importable(other, replace=True)
    assert full.import_dataset(other, replace=True) is True
    assert not full.viewer_exists(viewer)
    same(full.dataset(), other)


def test_a_rating_given_here_by_a_user_of_the_data_counts_too(full: Store, dataset: Dataset) -> None:
    full.rate(7, 40, 4)
    with pytest.raises(StoreError, match="1 ratings and opinions that were given here"):
        full.import_dataset(replace(dataset.select(dataset.values > 2), name="other"))


def test_an_import_that_breaks_leaves_everything_as_it_was(full: Store, dataset: Dataset) -> None:
    def break_off(stage: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    other = replace(dataset.select(dataset.values > 2), name="other")
    with pytest.raises(KeyboardInterrupt):
        full.import_dataset(other, break_off)
    same(full.dataset(), dataset)


def test_drivers_that_want_named_parameters_are_served_too(dataset: Dataset) -> None:
    engine = create_engine("sqlite://", paramstyle="named")
    with engine.begin() as connection:
        metadata.create_all(connection)
        replace_source(connection, dataset, silent)
        same(read_dataset(connection), dataset)
    engine.dispose()


def test_progress_reaches_its_end(store: Store, dataset: Dataset) -> None:
    told: list[tuple[int, int]] = []
    store.import_dataset(dataset, lambda _stage, done, total: told.append((done, total)))
    assert told[0] == (0, 9)
    assert told[-1] == (9, 9)


def test_ratings_of_the_site_are_there_to_train_from(full: Store, dataset: Dataset) -> None:
    viewer = full.create_viewer("Ada")
    silent_viewer = full.create_viewer("Bo")
    full.rate(viewer, 40, 2.5)
    full.rate(viewer, 30, 4.5)
    full.rate(7, 10, None)
    merged = full.dataset()
    assert merged.n_ratings == dataset.n_ratings + 2 - 1
    assert full.counts() == Counts(movies=6, viewers=6, site_viewers=2, ratings=10, site_ratings=2)
    assert merged.user_ids.ids.tolist() == [3, 7, 9, viewer]
    assert silent_viewer not in merged.user_ids.ids
    own = merged.profiles()[merged.user_ids.index(viewer)]
    assert merged.catalogue.ids.ids[own.movies].tolist() == [40, 30]
    assert own.values.tolist() == [2.5, 4.5]
    assert len(merged.profiles()[merged.user_ids.index(7)]) == 2

"""Protocols: what each hides, against slow readings of its rule."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from worlds import make_world, pairs_of, with_tags

from matinee.data import Dataset
from matinee.errors import DataError, InputError, SettingsError
from matinee.evaluation.protocols import (
    Ncf,
    NcfConfig,
    RankingSplit,
    Rating,
    RatingConfig,
    Sequential,
    SequentialConfig,
    Strong,
    StrongConfig,
    Temporal,
    TemporalConfig,
    is_ncf,
    is_sequence,
    read_ncf,
    read_sequences,
)
from matinee.types import UNKNOWN_TIME

Pairs = dict[int, list[int]]


def profiles_by_id(dataset: Dataset, split: RankingSplit) -> Pairs:
    ids = dataset.catalogue.ids.ids
    return {
        int(dataset.user_ids.ids[user]): ids[split.profiles[row].movies].tolist()
        for row, user in enumerate(split.users)
    }


def truth_by_id(dataset: Dataset, split: RankingSplit) -> dict[int, set[int]]:
    ids = dataset.catalogue.ids.ids
    return {
        int(dataset.user_ids.ids[user]): set(ids[split.truth[[row]].indices].tolist())
        for row, user in enumerate(split.users)
    }


def in_file_order(dataset: Dataset) -> list[tuple[int, int, float]]:
    order = np.argsort(dataset.rows)
    users = dataset.user_ids.ids[dataset.users[order]].tolist()
    movies = dataset.catalogue.ids.ids[dataset.movies[order]].tolist()
    return list(zip(users, movies, dataset.values[order].tolist(), strict=True))


# --- strong ------------------------------------------------------------------------------------------------------------


def slow_strong(
    dataset: Dataset, n: int, seed: int, part: str
) -> tuple[set[tuple[int, int]], Pairs, dict[int, set[int]]]:
    """The rule of Liang et al. with lists and dictionaries and numpy's global generator."""
    events = [(user, movie) for user, movie, stars in in_file_order(dataset) if stars > 3.5]
    counts: dict[int, int] = defaultdict(int)
    for user, _ in events:
        counts[user] += 1
    unique = np.array(sorted(user for user, count in counts.items() if count >= 5))
    np.random.seed(seed)
    unique = unique[np.random.permutation(len(unique))]
    groups = {
        "train": set(unique[: len(unique) - 2 * n].tolist()),
        "validation": set(unique[len(unique) - 2 * n : len(unique) - n].tolist()),
        "test": set(unique[len(unique) - n :].tolist()),
    }
    train = {(user, movie) for user, movie in events if user in groups["train"]}
    known = {movie for _, movie in train}
    np.random.seed(seed)
    shown: Pairs = {}
    hidden: dict[int, set[int]] = {}
    for user in sorted(groups[part]):
        items = [movie for owner, movie in events if owner == user and movie in known]
        if len(items) >= 5:
            drawn = np.random.choice(len(items), size=int(0.2 * len(items)), replace=False).astype("int64")
            hidden[user] = {items[place] for place in drawn}
            shown[user] = [movie for movie in items if movie not in hidden[user]]
    return train, shown, hidden


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize(("world_seed", "seed"), [(0, 98765), (1, 3)])
def test_strong_is_the_published_rule(part: str, world_seed: int, seed: int) -> None:
    dataset = make_world(world_seed)
    split = Strong(StrongConfig(held_out_users=20, seed=seed)).split(dataset, part)  # type: ignore[arg-type]
    train, shown, hidden = slow_strong(dataset, 20, seed, part)
    assert pairs_of(split.train) == train
    assert truth_by_id(dataset, split) == hidden
    assert {user: set(movies) for user, movies in profiles_by_id(dataset, split).items()} == {
        user: set(movies) for user, movies in shown.items()
    }
    assert set(dataset.catalogue.ids.ids[split.allowed].tolist()) == {movie for _, movie in train}


def test_strong_does_not_depend_on_how_a_reader_sorts() -> None:
    with_times, without = make_world(2), make_world(2, with_times=False)
    assert not np.array_equal(with_times.movies, without.movies)
    one, other = (Strong(StrongConfig(held_out_users=15)).split(data) for data in (with_times, without))
    assert truth_by_id(with_times, one) == truth_by_id(without, other)


def test_strong_trains_on_ones_of_other_people(world: Dataset) -> None:
    split = Strong(StrongConfig(held_out_users=20)).split(world)
    assert not split.train.explicit
    assert set(split.train.values.tolist()) == set(split.profiles.values.tolist()) == {1.0}
    assert not set(split.users.tolist()) & set(split.train.users.tolist())


def test_strong_needs_people_to_learn_from(world: Dataset) -> None:
    with pytest.raises(DataError, match="leave nobody to learn from"):
        Strong(StrongConfig(held_out_users=100)).split(world)


def test_strong_on_ml_1m_has_the_published_counts(real_data) -> None:
    from matinee.data.read import read_dataset

    dataset = read_dataset(real_data("ml-1m")).dataset
    test, validation = Strong().split(dataset), Strong().split(dataset, "validation")
    assert test.counts == {
        "users": 6_034,
        "events": 575_272,
        "group_users": 500,
        "training_users": 5_034,
        "training_events": 480_438,
        "scored_users": 500,
        "profile_events": 35_341,
        "hidden_events": 8_582,
        "candidate_movies": 3_502,
    }
    assert (validation.counts["profile_events"], validation.counts["hidden_events"]) == (40_901, 9_973)


# --- temporal ----------------------------------------------------------------------------------------------------------


def slow_temporal(dataset: Dataset, start: float, stop: float) -> tuple[set[tuple[int, int]], dict[int, set[int]]]:
    ratings = list(
        zip(
            dataset.users.tolist(),
            dataset.movies.tolist(),
            dataset.values.tolist(),
            dataset.times.tolist(),
            strict=True,
        )
    )
    train = {(user, movie) for user, movie, _, time in ratings if time < start}
    known = {movie for _, movie in train}
    hidden = defaultdict(set)
    for user, movie, stars, time in ratings:
        if start <= time < stop and stars >= 4 and movie in known:
            likes_before = sum(1 for u, _, s, t in ratings if u == user and s >= 4 and t < start)
            if likes_before >= 5:
                hidden[user].add(movie)
    return train, dict(hidden)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_temporal_hides_what_came_later(part: str) -> None:
    dataset = make_world(4, n_users=120, n_movies=40, most=30)
    split = Temporal(TemporalConfig(min_users=10)).split(dataset, part)  # type: ignore[arg-type]
    times = sorted(dataset.times.tolist())
    first, second = times[int(0.8 * len(times))], times[int(0.9 * len(times))]
    start, stop = (first, second) if part == "validation" else (second, float("inf"))
    train, hidden = slow_temporal(dataset, start, stop)
    assert set(zip(split.train.users.tolist(), split.train.movies.tolist(), strict=True)) == train
    assert {int(user): set(split.truth[[row]].indices.tolist()) for row, user in enumerate(split.users)} == hidden
    assert split.cut == start
    assert split.remarks[0].startswith("Global cut in time")
    for row, user in enumerate(split.users):
        assert set(split.profiles[row].movies.tolist()) == {movie for owner, movie in train if owner == user}


def test_temporal_says_when_too_few_people_were_active_on_both_sides(world: Dataset) -> None:
    split = Temporal(TemporalConfig(min_users=1_000)).split(world)
    assert split.cut is None
    assert "a global cut could score only" in split.remarks[0]


def test_temporal_per_user_hides_the_last_fifth() -> None:
    dataset = replace(make_world(5), times=np.full_like(make_world(5).times, UNKNOWN_TIME))
    for part, skipped in (("test", 0), ("validation", 1)):
        split = Temporal().split(dataset, part)  # type: ignore[arg-type]
        assert "not every rating has its time" in split.remarks[0]
        assert "(last)" in split.remarks[0]
        for row, user in enumerate(split.users):
            own = dataset.movies[dataset.users == user].tolist()
            stars = dataset.values[dataset.users == user].tolist()
            step = max(1, int(0.2 * len(own)))
            end = len(own) - skipped * step
            assert split.profiles[row].movies.tolist() == own[: end - step]
            liked = {
                movie for movie, star in zip(own[end - step : end], stars[end - step : end], strict=True) if star >= 4
            }
            assert set(split.truth[[row]].indices.tolist()) == {movie for movie in liked if split.allowed[movie]}


def test_temporal_says_when_even_the_order_is_unknown() -> None:
    dataset = make_world(5, with_times=False)
    split = Temporal().split(dataset)
    assert "drawn at random" in split.remarks[0]
    again = Temporal(TemporalConfig(seed=1)).split(dataset)
    assert truth_by_id(dataset, split) != truth_by_id(dataset, again)


def test_temporal_scores_at_most_so_many(world: Dataset) -> None:
    assert len(Temporal(TemporalConfig(min_users=5, max_users=12)).split(world)) == 12


def test_temporal_view_holds_people_with_more_than_twenty_seen(world: Dataset) -> None:
    split = Temporal().split(world)
    view = split.views["over_20_seen"]
    assert view.any()
    assert not view.all()
    assert view.tolist() == [len(split.profiles[row]) > 20 for row in range(len(split))]


def test_tags_cannot_give_the_hidden_away(world: Dataset) -> None:
    tagged = with_tags(world, np.arange(world.n_ratings))
    cut = Temporal().split(tagged)
    assert cut.train.tags.height == cut.train.n_ratings
    assert cut.train.tags["time"].max() < cut.cut
    for split in (Strong(StrongConfig(held_out_users=20)).split(tagged), Sequential().split(tagged)):
        told = set(split.train.tags.select("user_id", "movie_id").iter_rows())
        assert told == pairs_of(split.train)


@pytest.mark.parametrize(
    "wrong",
    [
        {"validation_from": 0.9, "test_from": 0.8},
        {"test_from": 1.0},
        {"last_share": 0.5},
        {"min_likes": 0},
    ],
)
def test_temporal_settings_have_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        TemporalConfig(**wrong)  # type: ignore[arg-type]


def test_nobody_to_score_is_an_error_with_a_reason(world: Dataset) -> None:
    with pytest.raises(DataError, match="100 likes to learn from"):
        Temporal(TemporalConfig(min_likes=100)).split(world)


# --- sequential --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "place"), [("test", 1), ("validation", 2)])
def test_sequential_hides_one_place_from_the_end(world: Dataset, part: str, place: int) -> None:
    split = Sequential().split(world, part)  # type: ignore[arg-type]
    assert len(split) == world.n_users
    for row, user in enumerate(split.users):
        own = world.movies[world.users == user].tolist()
        assert split.truth[[row]].indices.tolist() == [own[-place]]
        assert split.profiles[row].movies.tolist() == own[:-place]
        assert world.movies[world.users == user][: len(own) - place].tolist() == own[:-place]
    assert split.train.n_ratings == world.n_ratings - place * world.n_users


def test_sequential_keeps_people_too_short_to_score_in_training(world: Dataset) -> None:
    split = Sequential(SequentialConfig(min_events=20)).split(world)
    short = np.flatnonzero(np.diff(world.indptr) < 20)
    assert len(short)
    assert not set(short.tolist()) & set(split.users.tolist())
    assert (np.diff(split.train.indptr)[short] == np.diff(world.indptr)[short]).all()


def test_sequential_refuses_data_without_order() -> None:
    with pytest.raises(DataError, match="in which order"):
        Sequential().split(make_world(with_times=False))


def test_sequences_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "sasrec.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/ml-1m.txt", "1 2\n1 1\n1 3\n2 3\n2 1\n2 2\n")
        archive.writestr("x/sas_to_original_items.txt", "1 50\n2 40\n3 60\n")
    assert is_sequence(path)
    assert not is_ncf(path)
    dataset = read_sequences(path)
    assert dataset.ordered
    assert not dataset.explicit
    assert dataset.catalogue.ids.ids[dataset.movies].tolist() == [40, 50, 60, 60, 50, 40]
    assert truth_by_id(dataset, Sequential().split(dataset)) == {1: {60}, 2: {40}}


# --- ncf ---------------------------------------------------------------------------------------------------------------


def ncf_zip(path: Path, *, negatives: int = 99, missing: str = "") -> Path:
    """Three people, 120 movies; person 2 has no times."""
    rng = np.random.default_rng(0)
    orders = [rng.permutation(120)[:12] for _ in range(3)]
    users = np.repeat([0, 1, 2], 11)
    items = np.concatenate([order[:11] for order in orders])
    times = np.concatenate([rng.permutation(11) + 100, rng.permutation(11) + 100, np.full(11, -1)])
    train = pl.DataFrame({"user": users, "item": items, "rating": 4, "timestamp": times}).with_columns(
        pl.when(pl.col("timestamp") >= 0).then("timestamp").alias("timestamp")
    )
    lines = []
    for user, order in enumerate(orders):
        unseen = np.setdiff1d(np.arange(120), order)
        lines.append("\t".join([f"({user},{order[11]})", *map(str, rng.permutation(unseen)[:negatives])]))
    buffer = io.BytesIO()
    train.write_parquet(buffer)
    members = {
        "ml-1m.test.rating": "".join(f"{user}\t{order[11]}\t5\t900\n" for user, order in enumerate(orders)),
        "ml-1m.test.negative": "\n".join(lines) + "\n",
        "item_map.csv": "item,movieId\n" + "".join(f"{item},{1000 - item}\n" for item in range(120)),
        "train_pairs.parquet": buffer.getvalue(),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if name != missing:
                archive.writestr(f"ncf/{name}", content)
    return path


def test_ncf_hides_the_published_movie_among_the_published_negatives(tmp_path: Path) -> None:
    path = ncf_zip(tmp_path / "ncf.zip")
    files = read_ncf(path)
    train = pl.read_parquet(zipfile.ZipFile(path).read("ncf/train_pairs.parquet"))
    split = Ncf(files).split(files.dataset)
    published = zipfile.ZipFile(path).read("ncf/ml-1m.test.negative").decode().splitlines()
    for user in range(3):
        own = train.filter(pl.col("user") == user)["item"].to_list()
        assert split.profiles[user].movies.tolist() == own
        target, *negatives = published[user].split("\t")
        assert split.candidates is not None
        assert split.candidates[user].tolist() == [int(target.strip("()").split(",")[1]), *map(int, negatives)]
        assert split.truth[[user]].indices.tolist() == [split.candidates[user, 0]]
    assert files.dataset.catalogue.ids.ids.tolist() == [1000 - item for item in range(120)]
    assert split.train.n_ratings == 33


def test_ncf_validation_hides_the_next_latest_among_movies_never_rated(tmp_path: Path) -> None:
    files = read_ncf(ncf_zip(tmp_path / "ncf.zip"))
    train = pl.read_parquet(zipfile.ZipFile(tmp_path / "ncf.zip").read("ncf/train_pairs.parquet"))
    split = Ncf(files, NcfConfig(n_negatives=50)).split(files.dataset, "validation")
    assert split.candidates is not None
    for user in range(3):
        own = train.filter(pl.col("user") == user)
        if user < 2:
            latest = own.sort("timestamp")["item"][-1]
            assert split.candidates[user, 0] == latest
        assert split.candidates[user, 0] in own["item"].to_list()
        drawn = set(split.candidates[user, 1:].tolist())
        assert len(drawn) == 50
        assert not drawn & (set(own["item"].to_list()) | {int(files.held_out[user])})
        assert split.candidates[user, 0] not in split.profiles[user].movies
        assert files.held_out[user] not in split.profiles[user].movies


def test_ncf_judges_on_its_own_data_only(tmp_path: Path, world: Dataset) -> None:
    files = read_ncf(ncf_zip(tmp_path / "ncf.zip"))
    with pytest.raises(InputError, match="its own files"):
        Ncf(files).split(world)


@pytest.mark.parametrize("missing", ["ml-1m.test.rating", "item_map.csv"])
def test_ncf_says_which_file_is_missing(tmp_path: Path, missing: str) -> None:
    with pytest.raises(DataError, match=missing.removeprefix("ml-1m.")):
        read_ncf(ncf_zip(tmp_path / "ncf.zip", missing=missing))


def test_published_files_take_titles_from_a_catalogue(tmp_path: Path) -> None:
    from matinee.data import Catalogue

    known = Catalogue.of(pl.DataFrame({"movie_id": [1000, 5], "title": ["Heat", "Other"]}))
    catalogue = read_ncf(ncf_zip(tmp_path / "ncf.zip"), known).dataset.catalogue
    assert catalogue.titles[:2] == ["Heat", "Movie 999"]


# --- rating ------------------------------------------------------------------------------------------------------------


def with_folds(dataset: Dataset) -> Dataset:
    return replace(dataset, folds=(np.arange(dataset.n_ratings) % 3).astype(np.int8))


def test_given_folds_are_hidden_in_turn(world: Dataset) -> None:
    dataset = with_folds(world)
    splits = list(Rating().splits(dataset))
    assert [split.remarks[0] for split in splits] == ["Fold 1 of 2 given by the data", "Fold 2 of 2 given by the data"]
    for fold, split in enumerate(splits, start=1):
        hidden = dataset.folds == fold
        assert split.users[split.rows].tolist() == dataset.users[hidden].tolist()
        assert split.movies.tolist() == dataset.movies[hidden].tolist()
        assert split.stars.tolist() == dataset.values[hidden].tolist()
        assert pairs_of(split.train) == pairs_of(dataset.select(~hidden))
        assert len(split.profiles) == len(split.users)


def test_random_folds_hide_every_rating_once(world: Dataset) -> None:
    hidden = []
    for split in Rating(RatingConfig(method="folds", n_folds=4)).splits(world):
        hidden += list(zip(split.users[split.rows].tolist(), split.movies.tolist(), strict=True))
    assert sorted(hidden) == sorted(zip(world.users.tolist(), world.movies.tolist(), strict=True))


def test_a_hold_out_does_not_depend_on_how_a_reader_sorts() -> None:
    with_times, without = make_world(2), make_world(2, with_times=False)
    one, other = (next(iter(Rating().splits(data))) for data in (with_times, without))
    assert pairs_of(one.train) == pairs_of(other.train)
    assert abs(len(one.stars) - 0.1 * with_times.n_ratings) <= 1


def test_rating_validation_leaves_the_test_ratings_alone(world: Dataset) -> None:
    test, validation = (next(iter(Rating().splits(world, part))) for part in ("test", "validation"))  # type: ignore[arg-type]
    hidden_for_test = pairs_of(world) - pairs_of(test.train)
    chosen = {
        (int(world.user_ids.ids[user]), int(world.catalogue.ids.ids[movie]))
        for user, movie in zip(validation.users[validation.rows], validation.movies, strict=True)
    }
    assert chosen
    assert not chosen & hidden_for_test
    assert not hidden_for_test & pairs_of(validation.train)
    assert not chosen & pairs_of(validation.train)


def test_rating_needs_stars_and_the_folds_asked_for(world: Dataset) -> None:
    with pytest.raises(DataError, match="predicts stars"):
        list(Rating().splits(replace(world, explicit=False)))
    with pytest.raises(DataError, match="came without folds"):
        list(Rating(RatingConfig(method="given")).splits(world))


@pytest.mark.parametrize("protocol", [Temporal(), Strong(), Sequential(), Rating()])
def test_definitions_tell_their_settings(protocol: Temporal | Strong | Sequential | Rating) -> None:
    text = protocol.definition()
    assert len(text) > 200
    changed = {
        "temporal": TemporalConfig(test_from=0.95),
        "strong": StrongConfig(seed=4),
        "rating": RatingConfig(seed=77),
    }
    if protocol.name in changed:
        assert type(protocol)(changed[protocol.name]).definition() != text  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world() -> Dataset:
    return make_world()

"""The simulation: counts that are asked for, shapes that resemble MovieLens, taste that models find, files that are whole."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Dataset, describe, read_dataset
from matinee.data.synthetic import SyntheticConfig, held_out_folder, people, synthesize
from matinee.data.synthetic.config import N_MOVIES, N_RATINGS, N_USERS
from matinee.data.synthetic.people import STAR_SHARES, in_chunks, profile_sizes, simulate
from matinee.data.synthetic.world import TOP_SHARE, build_world, popularity
from matinee.engines.ease import Ease
from matinee.engines.popular import Popular
from matinee.errors import DataError, EnvironmentFailure, SettingsError
from matinee.evaluation.judge import judge_ranking
from matinee.evaluation.protocols.strong import Strong, StrongConfig
from matinee.types import silent

CONFIG = SyntheticConfig(ratings=200_000, users=1_300, movies=2_500, held_out=60, seed=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "small"
    assert synthesize(folder, CONFIG) == [folder, held_out_folder(folder)]
    return folder


@pytest.fixture(scope="module")
def dataset(folder: Path) -> Dataset:
    reading = read_dataset(folder, on_bad_row="stop")
    assert not reading.report.unused
    return reading.dataset


def test_what_is_asked_for_is_written(dataset: Dataset, folder: Path) -> None:
    assert (dataset.n_ratings, dataset.n_users, dataset.n_movies) == (200_000, 1_300, 2_500)
    assert dataset.ordered
    assert dataset.scale == (0.5, 5.0)
    assert sorted(path.name for path in folder.iterdir()) == ["SIMULATED.txt", "movies.csv", "ratings.csv"]
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_the_data_say_that_they_are_simulated(dataset: Dataset, folder: Path) -> None:
    assert dataset.simulated
    reading = read_dataset(folder / "ratings.csv")
    assert reading.dataset.simulated
    assert describe(reading).simulated
    assert all("Simulated" in title for title in dataset.catalogue.titles)


def test_the_file_is_laid_out_like_movielens(folder: Path) -> None:
    lines = (folder / "ratings.csv").read_text().splitlines()
    assert lines[0] == "userId,movieId,rating,timestamp"
    rows = [line.split(",") for line in lines[1:3_000]]
    keys = [(int(user), int(movie)) for user, movie, _, _ in rows]
    assert keys == sorted(set(keys))
    assert {stars for _, _, stars, _ in rows} <= {f"{half / 2}" for half in range(1, 11)}


def test_held_out_people_are_others_of_the_same_world(dataset: Dataset, folder: Path) -> None:
    other = read_dataset(held_out_folder(folder)).dataset
    assert other.simulated
    assert other.n_users == 60
    assert other.catalogue.movies.equals(dataset.catalogue.movies)
    assert not set(other.user_ids.ids) & set(dataset.user_ids.ids)
    assert (
        np.corrcoef(np.bincount(other.movies, minlength=2_500), np.bincount(dataset.movies, minlength=2_500))[0, 1]
        > 0.7
    )


def test_the_default_counts_are_those_of_movielens_32m() -> None:
    config = SyntheticConfig()
    sizes = profile_sizes(config)
    assert (config.n_users, config.n_movies, sizes.sum()) == (N_USERS, N_MOVIES, N_RATINGS)
    assert sizes.min() >= 20
    assert sizes.max() <= 33_332
    assert 65 <= np.median(sizes) <= 80
    assert np.percentile(sizes, 99) > 1_000


def test_popularity_falls_as_a_power_law_with_a_long_tail() -> None:
    counts = popularity(N_MOVIES) * N_RATINGS
    assert counts[0] == pytest.approx(TOP_SHARE * N_RATINGS, rel=1e-6)
    assert (np.diff(counts) <= 0).all()
    assert 1 <= np.median(counts) <= 10
    top = np.log(counts[[100, 1_000]])
    tail = np.log(counts[[10_000, 50_000]])
    assert -1.2 < (top[1] - top[0]) / np.log(10) < -0.4
    assert -3.2 < (tail[1] - tail[0]) / np.log(5) < -2.2


def test_stars_and_profiles_have_the_shape_of_movielens(dataset: Dataset) -> None:
    shares = np.bincount((dataset.values * 2).astype(int), minlength=11)[1:] / dataset.n_ratings
    np.testing.assert_allclose(shares, np.array(STAR_SHARES) / sum(STAR_SHARES), atol=0.012)
    lengths = np.diff(dataset.indptr)
    assert lengths.min() >= 20
    assert np.median(lengths) < 0.65 * lengths.mean()


def test_times_come_in_sessions_and_after_the_films(dataset: Dataset) -> None:
    years = dataset.times.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    assert years.min() >= 1995
    assert years.max() <= 2023
    assert (dataset.catalogue.years[dataset.movies] <= years).all()
    gaps = np.diff(dataset.times)[np.diff(dataset.users) == 0]
    assert (gaps >= 0).all()
    assert 0.9 < (gaps < 3_600).mean() < 0.99


def test_the_same_seed_gives_the_same_bytes_however_it_is_cut(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matinee.data.synthetic.write.CHUNK_ROWS", 7_001)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    synthesize(tmp_path / "again", CONFIG)
    for name in ("ratings.csv", "movies.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
        assert (tmp_path / "again-held-out" / name).read_bytes() == (held_out_folder(folder) / name).read_bytes()
    synthesize(tmp_path / "other", SyntheticConfig(ratings=2_000, users=50, movies=600, seed=5))
    synthesize(tmp_path / "third", SyntheticConfig(ratings=2_000, users=50, movies=600, seed=6))
    assert (tmp_path / "other/ratings.csv").read_bytes() != (tmp_path / "third/ratings.csv").read_bytes()


def test_chunks_cover_everybody_once() -> None:
    config = SyntheticConfig(ratings=5_000, users=70, movies=900)
    world, sizes = build_world(config), profile_sizes(config)
    whole = simulate(world, sizes, 0, 0)
    for rows in (1, 400, 4_999, 5_000, 80_000):
        parts = list(in_chunks(world, sizes, 0, 0, threads=2, rows=rows))
        assert [part.first for part in parts] == sorted({part.first for part in parts})
        np.testing.assert_array_equal(np.concatenate([part.movies for part in parts]), whole.movies)
        np.testing.assert_array_equal(np.concatenate([part.times for part in parts]), whole.times)


def test_one_by_one_and_the_race_draw_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """People just under and just over the limit choose films of like popularity."""
    config = SyntheticConfig(ratings=80_000, users=1_000, movies=4_000, seed=2)
    world = build_world(config)
    one_by_one = simulate(world, np.full(400, 99), 0, 0)
    race = simulate(world, np.full(400, 102), 0, 0)
    means = [np.log(world.shares[part.movies]).mean() for part in (one_by_one, race)]
    assert means[0] == pytest.approx(means[1], abs=0.05)


def test_models_find_the_taste(dataset: Dataset) -> None:
    strong = Strong(StrongConfig(held_out_users=200))
    split = strong.split(dataset, "validation")
    found = {}
    for engine in (Popular(), Ease()):
        values = judge_ranking(engine.fit(split.train), split, strong, silent).values
        found[engine.name] = float(values["ndcg@100"].mean())
    assert found["ease"] > 1.3 * found["popular"]
    assert found["popular"] > 0.05


def test_held_out_people_change_nobody_else() -> None:
    config = SyntheticConfig(ratings=50_000, users=400, movies=1_500)
    with_others = SyntheticConfig(ratings=50_000, users=400, movies=1_500, held_out=30)
    np.testing.assert_array_equal(profile_sizes(config), profile_sizes(with_others)[:400])


def test_memory_does_not_grow_with_the_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matinee.data.synthetic.write.CHUNK_ROWS", 20_000)
    monkeypatch.setattr(people, "PILOT", 100)

    def peak(n: int) -> int:
        tracemalloc.start()
        synthesize(tmp_path / f"{n}", SyntheticConfig(ratings=n, users=n // 100, movies=1_500))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(20_000)
    assert peak(400_000) < 1.3 * peak(100_000)


def test_nothing_is_left_after_ctrl_c_or_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = SyntheticConfig(ratings=5_000, users=70, movies=900, held_out=3)

    def interrupted(stage: str, done: int, total: int) -> None:
        assert stage
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path / "stopped", config, interrupted)
    assert list(tmp_path.iterdir()) == []

    def full(stage: str, done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(EnvironmentFailure, match="No space left"):
        synthesize(tmp_path / "stopped", config, full)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".stopped.writing").mkdir()
    (tmp_path / ".stopped.writing" / "ratings.csv").write_text("half")
    synthesize(tmp_path / "stopped", config)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stopped", "stopped-held-out"]
    with pytest.raises(DataError, match="exists already"):
        synthesize(tmp_path / "stopped", config)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratings": 10},
        {"held_out": -1},
        {"seed": -1},
        {"movies": 20},
        {"users": 100_000, "ratings": 1_000_000},
        {"users": 10, "ratings": 100_000},
    ],
)
def test_counts_that_do_not_fit_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError):
        SyntheticConfig(**wrong)

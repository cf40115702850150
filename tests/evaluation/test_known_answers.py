"""Known answers on genuine data: published figures, and implementations of our own from the raw files.

Nothing below the line "independent" uses Matinee: plain dictionaries, numpy, and the files as they came.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matinee.data.read import read_dataset
from matinee.engines import create
from matinee.evaluation import Ncf, Rating, Result, Sequential, Strong, evaluate, read_ncf, read_sequences

RealData = Callable[[str], Path]
PLAIN = {"dropout": 0.0, "user_power": 0.0}
"""Settings with which the engine is the EASE of the paper."""


# --- independent -----------------------------------------------------------------------------------------------------------


@dataclass
class Liang:
    """The strong split as matrices: training (users, items), and fold-in and held-out of the test users."""

    train: np.ndarray
    shown: np.ndarray
    hidden: np.ndarray


def liang(ratings: pl.DataFrame, n: int, seed: int) -> Liang:
    """Split as the authors' notebook does, with the events in file order."""
    events = [(u, i) for u, i, r in ratings.select("userId", "movieId", "rating").iter_rows() if r > 3.5]
    counts = Counter(user for user, _ in events)
    unique = np.array(sorted(user for user, count in counts.items() if count >= 5))
    np.random.seed(seed)
    unique = unique[np.random.permutation(unique.size)]
    train_users, test_users = unique[: unique.size - 2 * n], unique[unique.size - n :]
    rows = {user: row for row, user in enumerate(train_users.tolist())}
    trained = [(rows[user], item) for user, item in events if user in rows]
    # Columns by movie id, not by first appearance: only ties can tell, and these are broken by column.
    columns = {item: column for column, item in enumerate(sorted({item for _, item in trained}))}
    train = np.zeros((len(rows), len(columns)), np.float32)
    for row, item in trained:
        train[row, columns[item]] = 1
    tested = set(test_users.tolist())
    own = defaultdict(list)
    for user, item in events:
        if user in tested and item in columns:
            own[user].append(columns[item])
    np.random.seed(seed)
    shown, hidden = [], []
    for user in sorted(own):
        items = np.array(own[user])
        if items.size < 5:
            continue
        mask = np.zeros(items.size, bool)
        mask[np.random.choice(items.size, size=int(0.2 * items.size), replace=False).astype("int64")] = True
        for target, chosen in ((shown, items[~mask]), (hidden, items[mask])):
            target.append(np.bincount(chosen, minlength=len(columns)))
    return Liang(train, np.array(shown, np.float64), np.array(hidden, np.float64))


def ease(train: np.ndarray, l2: float) -> np.ndarray:
    """Steck 2019: B = -P / diag(P), P the inverse of the regularised Gram matrix, diagonal zero; in float64."""
    gram = train.T.astype(np.float64) @ train
    inverse = np.linalg.inv(gram + l2 * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def liang_metrics(scores: np.ndarray, split: Liang) -> dict[str, float]:
    scores = np.where(split.shown > 0, -np.inf, scores)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :100]
    hits = np.take_along_axis(split.hidden, order, axis=1)
    total = split.hidden.sum(axis=1)
    discount = 1 / np.log2(np.arange(2, 102))
    ideal = np.array([discount[: int(min(n, 100))].sum() for n in total])
    return {
        "truncated_recall@20": float((hits[:, :20].sum(axis=1) / np.minimum(20, total)).mean()),
        "truncated_recall@50": float((hits[:, :50].sum(axis=1) / np.minimum(50, total)).mean()),
        "ndcg@100": float(((hits * discount).sum(axis=1) / ideal).mean()),
    }


def damped_bias_rmse(train: np.ndarray, test: np.ndarray) -> float:
    """Solve for all biases at once from the normal equations: users damped by 5 ratings, movies by 3."""
    n_users, n_movies = 944, 1683
    mean = train[:, 2].mean()
    together = np.zeros((n_users, n_movies))
    together[train[:, 0], train[:, 1]] = 1
    left = np.zeros((n_users, n_movies))
    left[train[:, 0], train[:, 1]] = train[:, 2] - mean
    system = np.block([[np.diag(together.sum(axis=1) + 5), together], [together.T, np.diag(together.sum(axis=0) + 3)]])
    biases = np.linalg.solve(system, np.concatenate([left.sum(axis=1), left.sum(axis=0)]))
    predicted = np.clip(mean + biases[test[:, 0]] + biases[n_users + test[:, 1]], 1, 5)
    return float(np.sqrt(((predicted - test[:, 2]) ** 2).mean()))


# --- strong ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def split(real_data: RealData) -> Liang:
    return liang(pl.read_parquet(real_data("ml-1m/ratings.parquet")), 500, 98765)


@pytest.fixture(scope="module")
def strong(real_data: RealData) -> Result:
    dataset = read_dataset(real_data("ml-1m")).dataset
    return evaluate(dataset, Strong(), [create("ease", {**PLAIN, "l2": 500.0})])


def test_strong_popularity_is_that_of_an_independent_implementation(strong: Result, split: Liang) -> None:
    assert split.train.shape == (5_034, 3_502)
    expected = liang_metrics(np.tile(split.train.sum(axis=0), (len(split.shown), 1)), split)
    for key, value in expected.items():
        assert strong.value("popular", key) == pytest.approx(value, abs=1e-9)


def test_strong_ease_is_that_of_an_independent_implementation(strong: Result, split: Liang) -> None:
    expected = liang_metrics(split.shown @ ease(split.train, 500), split)
    for key, value in expected.items():
        assert strong.value("ease", key) == pytest.approx(value, abs=1e-4)
    assert [round(value, 4) for value in expected.values()] == [0.3606, 0.4767, 0.4231]


# --- leave one out -----------------------------------------------------------------------------------------------------------


def test_ncf_popularity_and_ease_are_the_published_ones(real_data: RealData) -> None:
    files = read_ncf(real_data("ncf-ml-1m.zip"))
    result = evaluate(files.dataset, Ncf(files), [create("ease", {**PLAIN, "l2": 1000.0})])
    assert result.value("popular", "hit_rate@10") == pytest.approx(0.4533, abs=0.003)
    assert result.value("popular", "ndcg@10") == pytest.approx(0.2542, abs=0.003)
    assert result.value("ease", "hit_rate@10") == pytest.approx(0.719, abs=0.003)
    assert result.value("ease", "ndcg@10") == pytest.approx(0.449, abs=0.003)
    assert result.splits[0].counts["scored_users"] == 6_040
    assert result.splits[0].counts["training_events"] == 994_169
    assert result.splits[0].counts["candidates_each"] == 100


def test_ncf_popularity_from_the_raw_lines(real_data: RealData) -> None:
    path = real_data("ncf-ml-1m.zip")
    archive = zipfile.ZipFile(path)
    train = pl.read_parquet(archive.read("ncf-ml-1m/train_pairs.parquet"))
    counts = np.bincount(train["item"].to_numpy(), minlength=3706)
    hits, gains = [], []
    for line in archive.read("ncf-ml-1m/ml-1m.test.negative").decode().splitlines():
        pair, *others = line.split("\t")
        target = counts[int(pair.strip("()").split(",")[1])]
        rank = 1 + sum(counts[int(other)] >= target for other in others)
        hits.append(rank <= 10)
        gains.append(1 / np.log2(rank + 1) if rank <= 10 else 0.0)
    files = read_ncf(path)
    result = evaluate(files.dataset, Ncf(files), [])
    assert result.value("popular", "hit_rate@10") == pytest.approx(np.mean(hits), abs=1e-12)
    assert result.value("popular", "ndcg@10") == pytest.approx(np.mean(gains), abs=1e-12)


def test_sequential_popularity_from_the_raw_lines(real_data: RealData) -> None:
    path = real_data("sasrec-ml-1m.zip")
    own = defaultdict(list)
    for line in zipfile.ZipFile(path).read("sasrec-ml-1m/ml-1m.txt").decode().splitlines():
        user, item = line.split()
        own[int(user)].append(int(item))
    counts = Counter(item for items in own.values() for item in items[:-1])
    table = np.zeros(3417)
    table[list(counts)] = list(counts.values())
    ranks = []
    for items in own.values():
        row = table.copy()
        row[[0, *items[:-1]]] = -1
        ranks.append(int((row >= table[items[-1]]).sum()))
    result = evaluate(read_sequences(path), Sequential(), [])
    assert result.value("popular", "hit_rate@10") == pytest.approx(np.mean([rank <= 10 for rank in ranks]), abs=1e-12)
    assert result.value("popular", "hit_rate@10") == pytest.approx(0.0363, abs=1e-4)
    assert result.value("popular", "ndcg@10") == pytest.approx(0.0178, abs=1e-4)
    reciprocal = np.mean([1 / rank if rank <= 10 else 0.0 for rank in ranks])
    assert result.value("popular", "mrr@10") == pytest.approx(reciprocal, abs=1e-12)


# --- stars -------------------------------------------------------------------------------------------------------------------


def test_ml_100k_damped_bias_is_the_textbook_value(real_data: RealData) -> None:
    path = real_data("ml-100k.zip")
    archive = zipfile.ZipFile(path)

    def part(name: str) -> np.ndarray:
        return np.loadtxt(io.BytesIO(archive.read(f"ml-100k/{name}")), dtype=np.int64)

    textbook = np.mean([damped_bias_rmse(part(f"u{fold}.base"), part(f"u{fold}.test")) for fold in range(1, 6)])
    result = evaluate(read_dataset(path).dataset, Rating(), [])
    assert len(result.splits) == 5
    assert all(split.counts["hidden_events"] == 20_000 for split in result.splits)
    assert result.value("bias", "rmse") == pytest.approx(textbook, abs=5e-4)
    assert textbook == pytest.approx(0.9413, abs=0.003)

"""Graph and item-kNN against their formulas written out over people."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import Engine
from matinee.engines.graph import Graph, GraphConfig
from matinee.engines.itemknn import ItemKnn, ItemKnnConfig
from matinee.engines.linear import gram, gram_blocks
from matinee.engines.linear_sparse import strongest_links
from matinee.engines.weights import interactions
from matinee.errors import SettingsError
from matinee.testing.worlds import latent, some
from matinee.types import Profiles, silent


def likes(dataset: Dataset) -> np.ndarray:
    table = np.zeros((dataset.n_users, dataset.n_movies))
    table[dataset.users, dataset.movies] = dataset.values >= 3.5
    return table


def walk(table: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Step from film to person to film, one after another."""
    degree, history = table.sum(axis=0), table.sum(axis=1)
    out = np.zeros((table.shape[1], table.shape[1]))
    for i, j in np.ndindex(out.shape):
        if i != j and degree[i] and degree[j]:
            people = np.flatnonzero(table[:, i] * table[:, j])
            steps = sum((1 / degree[i]) ** alpha * (1 / history[u]) ** alpha for u in people)
            out[i, j] = steps / degree[j] ** beta
    return out


def cosine(table: np.ndarray, asymmetry: float, shrink: float) -> np.ndarray:
    degree = table.sum(axis=0)
    out = np.zeros((table.shape[1], table.shape[1]))
    for i, j in np.ndindex(out.shape):
        both = (table[:, i] * table[:, j]).sum()
        if i != j and both:
            out[i, j] = both / (degree[i] ** asymmetry * degree[j] ** (1 - asymmetry) + shrink)
    return out


def kept(links: np.ndarray, keep: int) -> np.ndarray:
    """Keep the strongest links into each film."""
    out = np.zeros_like(links)
    for j in range(links.shape[1]):
        best = np.argsort(-links[:, j], kind="stable")[:keep]
        out[best, j] = links[best, j]
    return out


CASES = [
    (Graph(GraphConfig(alpha=0.6, beta=0.5, keep=100)), lambda table: walk(table, 0.6, 0.5), 100),
    (Graph(GraphConfig(alpha=1.0, beta=0.3, keep=6)), lambda table: walk(table, 1.0, 0.3), 6),
    (ItemKnn(ItemKnnConfig(asymmetry=0.8, shrink=3.0, keep=100)), lambda table: cosine(table, 0.8, 3.0), 100),
    (ItemKnn(ItemKnnConfig(asymmetry=0.5, shrink=0.0, keep=5)), lambda table: cosine(table, 0.5, 0.0), 5),
]


@pytest.mark.parametrize(("engine", "formula", "keep"), CASES)
def test_links_are_the_formula(engine: Engine, formula: object, keep: int) -> None:
    dataset = latent()
    engine.fit(dataset)
    wanted = kept(formula(likes(dataset)), keep)  # type: ignore[operator]
    links = engine.links().toarray()  # type: ignore[attr-defined]
    assert ((links > 0).sum(axis=0) <= keep).all()
    # Where two links tie at the limit either may stay, so compare strengths.
    np.testing.assert_allclose(np.sort(links, axis=0), np.sort(wanted, axis=0), rtol=1e-5, atol=1e-7)
    if keep >= dataset.n_movies:
        np.testing.assert_allclose(links, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("engine", [Graph(), ItemKnn()])
def test_scores_add_up_links_from_liked_films(engine: Engine) -> None:
    dataset = latent()
    profiles = some(dataset)
    scores = engine.fit(dataset).score(profiles)
    links = engine.links().toarray()  # type: ignore[attr-defined]
    np.testing.assert_allclose(scores, likes(dataset)[: len(profiles)] @ links, rtol=1e-4, atol=1e-6)
    assert scores.any()
    every = np.arange(dataset.n_movies, dtype=np.int32)
    for row in range(3):
        parts = engine.contributions(profiles[row], every)
        assert parts is not None
        np.testing.assert_allclose(parts.sum(axis=1), scores[row], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(engine.similar(4), links[:, 4])


def test_one_like_brings_its_links() -> None:
    dataset = latent()
    engine = ItemKnn().fit(dataset)
    one = Profiles(
        np.array([0, 1]), np.array([2], np.int32), np.array([5], np.float32), np.array([0]), dataset.n_movies
    )
    np.testing.assert_array_equal(engine.score(one)[0], engine.links()[[2]].toarray()[0])


def test_blocks_of_the_gram_matrix_make_the_whole() -> None:
    rows = interactions(latent().profiles(), latent().values)
    found = np.zeros((rows.shape[1], rows.shape[1]), np.float32)
    for first, block in gram_blocks(rows, size=7):
        found[first : first + len(block)] = block
    np.testing.assert_allclose(found, gram(rows), rtol=1e-6)


def test_strongest_links_leave_out_the_diagonal_and_what_is_not_positive() -> None:
    block = np.array([[9.0, 2, 0, 3], [1, 9, -1, 1], [4, 4, 9, 4]], np.float32)
    last = np.zeros((1, 4), np.float32)
    links = strongest_links([(0, block[:2].copy()), (2, block[2:].copy()), (3, last)], 2, 4, silent, "x")
    wanted = [[0, 2, 0, 3], [1, 0, 0, 1], [4, 4, 0, 0], [0, 0, 0, 0]]
    assert links.toarray().tolist() == wanted


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"shrink": -1.0}, {"asymmetry": 1.5}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        ItemKnn.configure(wrong)
    with pytest.raises(SettingsError):
        Graph.configure({"keep": 0})

"""Neural learns: torch equals numpy, the losses are the ones written down, and taste, stars and order are found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.data.dataset import from_columns
from matinee.engines.engine import Arrays
from matinee.engines.neural import Neural
from matinee.engines.neural_config import NeuralConfig
from matinee.engines.neural_network import gmf, queries_of, tower
from matinee.engines.neural_people import Histories, histories, in_own_order
from matinee.engines.neural_start import first_arrays, folded, tower_arrays
from matinee.engines.neural_targets import Targets, damped_means
from matinee.errors import MissingExtraError
from matinee.testing.engine_contract import rebuilt
from matinee.testing.worlds import catalogue, latent, some
from matinee.types import Profile, Profiles

SMALL = NeuralConfig(
    embedding_size=8, heads=2, queries=2, hidden_size=16, batch_size=20, learning_rate=5e-3, epochs=6, tower_epochs=2,
    patience=20, validation_share=0.2, candidates=10,
)  # fmt: skip
FLAGS = {"explicit": np.array([True]), "ordered": np.array([True])}


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="training neural needs torch: pip install 'matinee[neural]'")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent()


def people_of(dataset: Dataset) -> Histories:
    return in_own_order(histories(dataset.profiles(), np.arange(dataset.n_movies, dtype=np.int32)), dataset.n_movies, 0)


def likes(dataset: Dataset, *, user_power: float = 0.0) -> Targets:
    return Targets(stars=False, expected=np.zeros(dataset.n_movies, np.float32), floor=3.5, user_power=user_power)


def untrained(dataset: Dataset, config: NeuralConfig = SMALL, *, disturbed: float = 0.2) -> Arrays:
    rng = np.random.default_rng(4)
    arrays = first_arrays(dataset.catalogue.ids.ids, config, rng)
    arrays |= tower_arrays(arrays, config, rng)
    noise = {name: disturbed * rng.normal(size=array.shape) for name, array in arrays.items()}
    return {name: (array + noise[name]).astype(np.float32) for name, array in arrays.items()} | FLAGS


def halves(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """Return attention with GMF, and the tower."""
    tower_part = {name: array for name, array in arrays.items() if name.startswith("tower_")}
    return {name: array for name, array in arrays.items() if name not in tower_part}, tower_part


def attention(dataset: Dataset, config: NeuralConfig = SMALL, **targets: Any) -> Any:
    from matinee.engines.neural_torch import AttentionTrainer

    trainer = AttentionTrainer(people_of(dataset), likes(dataset, **targets), halves(untrained(dataset))[0], config)
    trainer.device = "cpu"
    return trainer


def test_without_torch_training_says_what_to_install(monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"matinee\[neural\]"):
        Neural(SMALL).fit(dataset)


def test_torch_and_numpy_read_alike(torch: Any, dataset: Dataset) -> None:
    trainer, arrays, people = attention(dataset), untrained(dataset), people_of(dataset)
    with torch.no_grad():
        found = trainer.queries(people, drop=False).numpy()
    np.testing.assert_allclose(queries_of(arrays, people.padded(500), SMALL.heads), found, atol=1e-4)


def test_torch_and_numpy_build_the_same_tower(torch: Any, dataset: Dataset) -> None:
    from matinee.engines.neural_tower import TowerTrainer

    arrays, people = untrained(dataset), people_of(dataset)
    trainer = TowerTrainer(people, likes(dataset), *halves(arrays), SMALL)
    asked = queries_of(arrays, people.padded(500), SMALL.heads)
    movies = np.random.default_rng(1).integers(0, dataset.n_movies, (len(people), 7))
    with torch.no_grad():
        found = trainer.tower(trainer.tensor(asked), trainer.tensor(movies), []).cpu().numpy()
    np.testing.assert_allclose(tower(folded(arrays), asked, movies), found, atol=1e-4)


@pytest.mark.parametrize("user_power", [0.0, 0.5])
def test_the_surprise_is_that_of_hidden_likes_among_movies_not_read(
    torch: Any, dataset: Dataset, user_power: float
) -> None:
    trainer = attention(dataset, replace(SMALL, dropout=0.0, user_power=user_power), user_power=user_power)
    read, hidden = trainer.hide(np.arange(15))
    found = float(trainer.loss(read, hidden).detach())
    arrays = untrained(dataset)
    scores = gmf(arrays, queries_of(arrays, read.padded(500), SMALL.heads)).astype(np.float64)
    total, weight = 0.0, 0.0
    for person in range(15):
        mine = read.movies[read.indptr[person] : read.indptr[person + 1]]
        own = slice(hidden.indptr[person], hidden.indptr[person + 1])
        wanted = hidden.movies[own][hidden.values[own] >= 3.5]
        free = np.setdiff1d(np.arange(dataset.n_movies), mine)
        for movie in wanted:
            share = len(wanted) ** -user_power
            total -= share * (scores[person, movie] - np.log(np.exp(scores[person, free]).sum()))
            weight += share
    assert found == pytest.approx(total / weight, rel=1e-4)


def test_explicit_is_the_squared_error_beyond_what_is_expected(torch: Any, dataset: Dataset) -> None:
    trainer = attention(dataset, replace(SMALL, dropout=0.0))
    expected = damped_means(people_of(dataset), dataset.n_movies)
    trainer.targets = Targets(stars=True, expected=expected, floor=3.5, user_power=0.0)
    read, hidden = trainer.hide(np.arange(15))
    arrays = untrained(dataset)
    scores = gmf(arrays, queries_of(arrays, read.padded(500), SMALL.heads))
    levels = trainer.targets.levels(read)
    who = hidden.people()
    predicted = scores[who, hidden.movies] + expected[hidden.movies] + levels[who]
    wanted = np.mean((predicted - hidden.values) ** 2)
    assert float(trainer.loss(read, hidden).detach()) == pytest.approx(wanted, rel=1e-4)


def gradients(trainer: Any, read: Histories, hidden: Histories) -> Arrays:
    trainer.generator = np.random.default_rng(7)
    for tensor in trainer.learnt.values():
        tensor.grad = None
    trainer.loss(read, hidden).backward()
    return {name: tensor.grad.numpy().copy() for name, tensor in trainer.learnt.items() if tensor.grad is not None}


def test_computing_activations_again_changes_no_gradient(torch: Any, dataset: Dataset) -> None:
    from matinee.engines.neural_tower import TowerTrainer

    kept = attention(dataset, replace(SMALL, checkpointing="off"))
    again = attention(dataset, replace(SMALL, checkpointing="on"))
    batch = kept.hide(np.arange(20))
    wanted, found = gradients(kept, *batch), gradients(again, *batch)
    towers = [
        TowerTrainer(people_of(dataset), likes(dataset), *halves(untrained(dataset)), replace(SMALL, checkpointing=how))
        for how in ("off", "on")
    ]
    wanted |= gradients(towers[0], *batch)
    found |= gradients(towers[1], *batch)
    assert wanted.keys() == found.keys() >= {"films", "ask", "narrow", "tower_first", "tower_movies"}
    for name, gradient in wanted.items():
        assert gradient.any(), name
        np.testing.assert_allclose(found[name], gradient, rtol=1e-4, atol=1e-6, err_msg=name)


def test_half_the_bits_give_nearly_the_same_loss(torch: Any, dataset: Dataset) -> None:
    whole = attention(dataset, replace(SMALL, dropout=0.0))
    half = attention(dataset, replace(SMALL, dropout=0.0, precision="bfloat16"))
    batch = whole.hide(np.arange(20))
    wanted, found = whole.loss(*batch), half.loss(*batch)
    assert found.dtype == wanted.dtype == torch.float32
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=0.02)
    assert float(found.detach()) != float(wanted.detach())
    half.update(found)
    assert all(tensor.dtype == torch.float32 and bool(tensor.isfinite().all()) for tensor in half.learnt.values())


def test_the_rate_rises_and_falls_to_nothing(torch: Any, dataset: Dataset) -> None:
    trainer = attention(dataset, replace(SMALL, epochs=20, batch_size=5))
    rates = []
    for _ in range(trainer.steps):
        trainer.update(sum(tensor.sum() for tensor in trainer.learnt.values()) * 0)
        rates.append(trainer.optimiser.param_groups[0]["lr"])
    top = int(np.argmax(rates))
    assert 0 < top < trainer.steps // 5
    assert max(rates) == pytest.approx(SMALL.learning_rate, rel=0.05)
    assert (np.diff(rates[:top]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[-1] < 0.01 * SMALL.learning_rate


def test_everybody_is_passed_once_an_epoch(torch: Any, dataset: Dataset) -> None:
    trainer = attention(dataset)
    for _ in range(2):
        batches = list(trainer.batches())
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(trainer.people)))
        assert max(map(len, batches)) <= SMALL.batch_size


def test_the_start_already_knows_what_goes_together(torch: Any) -> None:
    config = replace(SMALL, embedding_size=2, heads=1, epochs=1, tower_epochs=0, learning_rate=1e-9)
    profiles = Profiles.stack([Profile.of([0, 1, 2], [1, 1, 1]), Profile.of([5, 9, 11], [1, 1, 1])], 40)
    for warm_start in (True, False):
        scores = Neural(replace(config, warm_start=warm_start)).fit(groups()).score(profiles)
        right = np.mean(scores[:, 12:20, None] > scores[:, None, 20:])
        assert (right > 0.85) == warm_start


def groups(n_users: int = 200) -> Dataset:
    """Return watched movies of people who keep to the first or the last twenty of forty."""
    rng = np.random.default_rng(0)
    members = [20 * (user % 2) + rng.choice(20, 8, replace=False) for user in range(n_users)]
    found = from_columns(
        name="watched",
        catalogue=catalogue(40),
        user_ids=np.repeat(np.arange(n_users), 8),
        movie_ids=np.concatenate(members) + 1,
        values=np.ones(8 * n_users, np.float32),
        times=np.zeros(8 * n_users, np.int64),
    )
    return replace(found, explicit=False)


@pytest.mark.parametrize("tower_epochs", [0, 3])
def test_it_finds_the_taste_a_profile_shows(torch: Any, tower_epochs: int) -> None:
    config = replace(
        SMALL, warm_start=False, epochs=8, tower_epochs=tower_epochs, validation_share=0.0, learning_rate=1e-2
    )
    engine = Neural(config).fit(groups())
    scores = engine.score(Profiles.stack([Profile.of([0, 1, 2], [1, 1, 1]), Profile.of([20, 21], [1, 1])], 40))
    assert scores[0, 3:20].min() > scores[0, 20:].max()
    assert scores[1, 22:].min() > scores[1, :20].max()


@pytest.mark.parametrize("objective", ["implicit", "explicit"])
def test_stars_turn_what_a_movie_says(torch: Any, objective: str) -> None:
    """Half of the people love the first ten movies and hate the last ten, the others the reverse."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(120), 10)
    movies = np.concatenate([rng.choice(20, 10, replace=False) for _ in range(120)])
    values = np.where((movies < 10) == (users % 2 == 0), 5.0, 1.0).astype(np.float32)
    data = from_columns(name="feuds", catalogue=catalogue(20), user_ids=users, movie_ids=movies + 1, values=values)
    config = replace(SMALL, objective=objective, epochs=20, tower_epochs=1, learning_rate=1e-2, validation_share=0.0)
    profiles = [Profile.of([1, 2, 3, 11], [first] * 3 + [6 - first]) for first in (5, 1)]
    scores = Neural(config).fit(data).score(Profiles.stack(profiles, 20))
    lean = scores[:, 4:10].mean(axis=1) - scores[:, 14:].mean(axis=1)
    assert lean[0] > 1 > -1 > lean[1]


def test_explicit_predicts_stars(torch: Any) -> None:
    world = latent(300, 40, per_user=20)
    data = world.select(world.users < 240)
    engine = Neural(replace(SMALL, objective="explicit", epochs=12, learning_rate=1e-2)).fit(data)
    assert engine.predicts_stars
    assert not Neural(SMALL).predicts_stars
    later = world.profiles().slice(240, 300)
    errors, plain = [], []
    for row in range(len(later)):
        profile = later[row]
        half = len(profile) // 2
        shown = Profile(profile.movies[:half], profile.values[:half], profile.times[:half])
        stars = engine.score(Profiles.stack([shown], 40))[0]
        errors += (stars[profile.movies[half:]] - profile.values[half:]).tolist()
        plain += (data.values.mean() - profile.values[half:]).tolist()
    assert np.sqrt(np.mean(np.square(errors))) < 0.9 * np.sqrt(np.mean(np.square(plain)))


def test_strangers_are_offered_what_is_popular(torch: Any, dataset: Dataset) -> None:
    liked = dataset.movies[dataset.values >= 3.5]
    counts = np.bincount(liked, minlength=dataset.n_movies)
    scores = Neural(SMALL).fit(dataset).score(Profiles.stack([Profile.empty()], dataset.n_movies))[0]
    assert np.corrcoef(scores, np.log1p(counts))[0, 1] > 0.7


def test_each_stage_stops_when_validation_does_and_keeps_its_best(
    torch: Any, monkeypatch: pytest.MonkeyPatch, dataset: Dataset
) -> None:
    figures = iter([0.0, 0.1, 0.3, 0.2, 0.25, 0.3, 0.28, 0.27])
    judged: list[Arrays] = []

    def judge(self: Neural, network: Arrays, held_out: Any, targets: Any, epoch: int) -> float:
        assert held_out is not None
        judged.append(network)
        return next(figures)

    monkeypatch.setattr(Neural, "_judge", judge)
    engine = Neural(replace(SMALL, epochs=9, tower_epochs=5, patience=2)).fit(dataset)
    assert ["tower_out" in network for network in judged] == [False] * 5 + [True] * 3
    np.testing.assert_array_equal(engine.arrays["gmf"], judged[2]["gmf"])
    assert not [name for name in engine.arrays if name.startswith("tower")], "a tower that helps nobody is not served"


def test_stopped_in_the_middle_it_keeps_what_it_knew(torch: Any, dataset: Dataset) -> None:
    engine = Neural(replace(SMALL, epochs=2)).fit(dataset)
    before = engine.score(some(dataset))

    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.fit(dataset, interrupt)
    np.testing.assert_array_equal(engine.score(some(dataset)), before)


def test_numbering_has_no_say_to_the_last_bit(torch: Any, dataset: Dataset) -> None:
    rng = np.random.default_rng(6)
    renumbered = rebuilt(dataset, users=rng.permutation(dataset.n_users), movies=rng.permutation(dataset.n_movies))
    first, other = (Neural(replace(SMALL, epochs=2)).fit(data) for data in (dataset, renumbered))
    ids, other_ids = dataset.catalogue.ids.ids, renumbered.catalogue.ids.ids
    np.testing.assert_array_equal(other_ids[other.arrays["columns"]], ids[first.arrays["columns"]])
    for name in first.arrays.keys() - {"columns"}:
        np.testing.assert_array_equal(other.arrays[name], first.arrays[name], err_msg=name)


def test_another_seed_gives_another_network(torch: Any, dataset: Dataset) -> None:
    first, other = (Neural(replace(SMALL, seed=seed, epochs=2)).fit(dataset).score(some(dataset)) for seed in (0, 1))
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.real_data
def test_it_beats_popularity_by_far_on_genuine_ratings(torch: Any, real_data: Callable[[str], Path]) -> None:
    from matinee.data import read_dataset
    from matinee.evaluation import Strong, evaluate

    data = read_dataset(real_data("ml-100k.zip")).dataset
    engine = Neural(
        NeuralConfig(embedding_size=32, epochs=2, tower_epochs=1, candidates=50, hidden_size=64, batch_size=64)
    )
    rows = {row.name: row for row in evaluate(data, Strong(), [engine]).rows}
    value = {name: row.measures["ndcg@100"].value or 0.0 for name, row in rows.items()}
    assert value["neural"] > 1.3 * value["popular"] > 0

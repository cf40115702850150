"""VAE learns: the torch pass equals the numpy one, the loss is the one written down, and taste is found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.engines.engine import Arrays
from matinee.engines.vae import TRAINING_ONLY, Vae
from matinee.engines.vae_config import VaeConfig
from matinee.engines.vae_network import first_arrays, posterior_mean
from matinee.errors import MissingExtraError
from matinee.testing.engine_contract import rebuilt
from matinee.testing.worlds import latent, some
from matinee.types import Profile, Profiles

SMALL = VaeConfig(hidden_size=16, embedding_size=4, learning_rate=1e-2, batch_size=20, epochs=30, validation_share=0.2)
N_MOVIES = 25


@pytest.fixture
def torch(can_train: Callable[[str], bool]) -> Any:
    if not can_train("vae"):
        pytest.skip("training vae needs torch: pip install 'matinee[neural]'")
    import torch as module

    return module


def test_without_torch_training_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"matinee\[neural\]"):
        Vae(SMALL).fit(latent())


def likes_of(n_users: int = 40, seed: int = 2) -> csr_array:
    rng = np.random.default_rng(seed)
    rows = rng.random((n_users, N_MOVIES)) < rng.uniform(0.1, 0.6, (n_users, 1))
    rows[:, 0] = True
    return csr_array(rows.astype(np.float32))


def tensors(torch: Any, arrays: Arrays) -> dict[str, Any]:
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}


def test_torch_and_numpy_encode_alike(torch: Any) -> None:
    from matinee.engines.vae_torch import Trainer, posterior_of

    likes = likes_of()
    trainer = Trainer(likes, SMALL)
    trainer.device = "cpu"
    arrays = first_arrays(N_MOVIES, 16, 4, np.random.default_rng(8))
    arrays["scale"] += np.random.default_rng(9).normal(size=arrays["scale"].shape).astype(np.float32)
    seen, _ = trainer._bags(np.arange(likes.shape[0]), 0.0)
    mean, _ = posterior_of(torch, tensors(torch, arrays), seen)
    np.testing.assert_allclose(posterior_mean(arrays, likes), mean.numpy(), atol=1e-5)


def test_dropout_hides_likes_from_the_encoder_alone(torch: Any) -> None:
    from matinee.engines.vae_torch import Trainer

    likes = likes_of(400)
    trainer = Trainer(likes, SMALL)
    who = np.arange(400)
    (_, _, seen), (movies, starts, liked) = trainer._bags(who, 0.25)
    whole = trainer._bags(who, 0.0)[0][2]
    ratio = (seen / whole).cpu().numpy()
    assert np.allclose(ratio[ratio > 0], 1 / 0.75)
    assert (ratio == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert (liked == 1).all()
    np.testing.assert_array_equal(movies.cpu().numpy(), likes.indices)
    np.testing.assert_array_equal(starts.cpu().numpy(), likes.indptr[:-1])


def test_the_surprise_is_the_multinomial_log_likelihood(torch: Any) -> None:
    from matinee.engines.vae_torch import Trainer

    likes = likes_of(6)
    trainer = Trainer(likes, SMALL)
    _, liked = trainer._bags(np.arange(6), 0.0)
    sample = trainer._tensor(np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32))
    found = trainer._surprise(trainer.network, sample, liked)
    logits = sample @ trainer.network["decoder"].T + trainer.network["decoder_bias"]
    wanted = -(torch.log_softmax(logits, dim=1).cpu() * torch.from_numpy(likes.toarray())).sum(dim=1)
    np.testing.assert_allclose(found.detach().cpu().numpy(), wanted.detach().numpy(), rtol=1e-5)


def test_the_prior_mixes_three_normals(torch: Any) -> None:
    from matinee.engines.vae_torch import SHARES, Trainer

    trainer = Trainer(likes_of(6), SMALL)
    rng = np.random.default_rng(3)
    sample, mean, spread = (rng.normal(size=(6, 4)).astype(np.float32) for _ in range(3))
    found = trainer._log_prior(*map(trainer._tensor, (sample, mean, spread))).cpu().numpy()

    def density(values: Any, centre: Any, variance: Any) -> Any:
        return np.exp(-((values - centre) ** 2) / (2 * variance)) / np.sqrt(variance)

    mixed = (
        SHARES[0] * density(sample, 0.0, 1.0)
        + SHARES[1] * density(sample, mean, np.exp(spread))
        + SHARES[2] * density(sample, 0.0, np.exp(10.0))
    )
    assert sum(SHARES) == pytest.approx(1)
    np.testing.assert_allclose(found, np.log(mixed), rtol=1e-4, atol=1e-5)


def test_each_loss_moves_its_own_side_only(torch: Any) -> None:
    from matinee.engines.vae_torch import DECODER, Trainer

    trainer = Trainer(likes_of(), SMALL)
    who = np.arange(20)
    trainer._encoder_loss(who, trainer._posteriors()).backward()
    moved = {name for name, tensor in trainer.network.items() if tensor.grad is not None and tensor.grad.any()}
    assert moved == trainer.network.keys() - set(DECODER)
    for tensor in trainer.network.values():
        tensor.grad = None
    trainer._decoder_loss(who).backward()
    assert {name for name, tensor in trainer.network.items() if tensor.grad is not None} == set(DECODER)


def test_the_average_starts_as_a_mean_and_goes_on_with_its_share(torch: Any) -> None:
    from matinee.engines.vae_torch import Trainer

    trainer = Trainer(likes_of(), replace(SMALL, averaging=0.5))
    values = [1.0, 3.0, 5.0]
    seen = []
    for value in values:
        with torch.no_grad():
            trainer.network["decoder_bias"].fill_(value)
        trainer._average()
        seen.append(float(trainer.arrays()["decoder_bias"][0]))
    assert seen == pytest.approx([1.0, 2.0, 3.5])


def test_before_any_learning_the_bias_is_popularity(torch: Any) -> None:
    from matinee.engines.vae_torch import Trainer

    likes = likes_of()
    bias = Trainer(likes, SMALL).network["decoder_bias"].detach().cpu().numpy()
    counts = np.array([likes.toarray()[:, movie].sum() for movie in range(N_MOVIES)])
    np.testing.assert_allclose(bias - bias[0], np.log((counts + 1) / (counts[0] + 1)), atol=1e-5)
    assert bias.mean() == pytest.approx(0, abs=1e-6)


def test_it_finds_the_taste_a_profile_shows(torch: Any) -> None:
    rng = np.random.default_rng(0)
    groups = [np.arange(0, 20), np.arange(20, 40)]
    members = [rng.choice(groups[user % 2], 8, replace=False) for user in range(200)]
    dataset = watched(members, 40)
    engine = Vae(replace(SMALL, epochs=40)).fit(dataset)
    scores = engine.score(Profiles.stack([Profile.of([0, 1, 2], [1, 1, 1]), Profile.of([20, 21], [1, 1])], 40))
    assert scores[0, :20].min() > scores[0, 20:].max()
    assert scores[1, 20:].min() > scores[1, :20].max()


def test_strangers_are_offered_what_is_popular(torch: Any) -> None:
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, 31)
    dataset = watched([rng.choice(30, 6, replace=False, p=weights / weights.sum()) for _ in range(300)], 30)
    counts = np.bincount(dataset.movies, minlength=30)
    scores = Vae(replace(SMALL, epochs=40)).fit(dataset).score(Profiles.stack([Profile.empty()], 30))[0]
    assert np.corrcoef(scores, np.log(counts))[0, 1] > 0.9


def watched(members: list[Any], n_movies: int) -> Any:
    from matinee.data.dataset import from_columns
    from matinee.testing.worlds import catalogue

    dataset = from_columns(
        name="watched",
        catalogue=catalogue(n_movies),
        user_ids=np.repeat(np.arange(len(members)), [len(row) for row in members]),
        movie_ids=np.concatenate(members) + 1,
        values=np.ones(sum(map(len, members)), np.float32),
        times=np.zeros(sum(map(len, members)), np.int64),
    )
    return replace(dataset, explicit=False)


def test_learning_stops_when_validation_does_and_keeps_the_best(torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = iter([0.1, 0.3, 0.2, 0.25, 0.29, 0.9])
    kept: list[Arrays] = []

    def judge(network: Arrays, held_out: Any, epoch: int) -> float:
        assert held_out is not None
        kept.append(network)
        return next(figures)

    monkeypatch.setattr(Vae, "_judge", staticmethod(judge))
    engine = Vae(replace(SMALL, patience=3)).fit(latent())
    assert len(kept) == 5
    np.testing.assert_array_equal(engine.arrays["decoder"], kept[1]["decoder"])
    assert not set(TRAINING_ONLY) & engine.arrays.keys()


def test_numbering_has_no_say_to_the_last_bit(torch: Any) -> None:
    dataset = latent()
    rng = np.random.default_rng(6)
    renumbered = rebuilt(dataset, users=rng.permutation(dataset.n_users), movies=rng.permutation(dataset.n_movies))
    first, other = (Vae(replace(SMALL, epochs=3)).fit(data) for data in (dataset, renumbered))
    ids, other_ids = dataset.catalogue.ids.ids, renumbered.catalogue.ids.ids
    np.testing.assert_array_equal(other_ids[other.arrays["columns"]], ids[first.arrays["columns"]])
    for name in first.arrays.keys() - {"columns"}:
        np.testing.assert_array_equal(other.arrays[name], first.arrays[name], err_msg=name)


def test_another_seed_gives_another_network(torch: Any) -> None:
    dataset = latent()
    first, other = (Vae(replace(SMALL, seed=seed, epochs=2)).fit(dataset).score(some(dataset)) for seed in (0, 1))
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.real_data
def test_it_beats_popularity_by_far_on_genuine_ratings(torch: Any, real_data: Callable[[str], Path]) -> None:
    from matinee.data import read_dataset
    from matinee.evaluation import Strong, evaluate

    dataset = read_dataset(real_data("ml-100k.zip")).dataset
    engine = Vae(replace(SMALL, hidden_size=200, embedding_size=64, learning_rate=2e-3, batch_size=100))
    rows = {row.name: row for row in evaluate(dataset, Strong(), [engine]).rows}
    value = {name: row.measures["ndcg@100"].value for name, row in rows.items()}
    assert value["vae"] > 1.3 * value["popular"]

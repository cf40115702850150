"""VAE serves without torch: its forward pass against a slow reference, and the answers of a network made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.engines.engine import Arrays
from matinee.engines.vae import Vae
from matinee.engines.vae_config import VaeConfig
from matinee.engines.vae_network import decoded, first_arrays, posterior_mean, sigmoid
from matinee.engines.vae_people import hold_out, in_own_order
from matinee.errors import EnvironmentFailure, SettingsError
from matinee.types import Profile, Profiles

N_MOVIES, HIDDEN, LATENT = 12, 7, 4


def network(seed: int = 3) -> Arrays:
    """Return arrays whose norms are not the neutral ones training starts from."""
    rng = np.random.default_rng(seed)
    arrays = first_arrays(N_MOVIES, HIDDEN, LATENT, rng)
    arrays["scale"] = rng.uniform(0.5, 1.5, arrays["scale"].shape).astype(np.float32)
    arrays["shift"] = rng.normal(size=arrays["shift"].shape).astype(np.float32)
    return arrays


def engine(columns: list[int], *, n_movies: int = N_MOVIES, min_rating: float = 4.0) -> Vae:
    arrays = network()
    part = {name: array[: len(columns)] if len(array) == N_MOVIES else array for name, array in arrays.items()}
    known = {
        "columns": np.array(columns, np.int32),
        "explicit": np.array([True]),
        "typical": np.linspace(-1, 1, LATENT).astype(np.float32),
    }
    return Vae.restore({"min_rating": min_rating}, part | known, n_movies)


def slow_mean(arrays: Arrays, liked: list[int]) -> list[float]:
    """Encode one person with loops and Python's own floats, as the equations are written."""
    unit = 1 / math.sqrt(len(liked)) if liked else 0.0
    layers: list[list[float]] = []
    for index in range(5):
        activations = []
        for unit_out in range(HIDDEN):
            total = float(arrays["bias"][index, unit_out])
            if index == 0:
                total += sum(unit * float(arrays["input"][movie, unit_out]) for movie in liked)
            else:
                weights = arrays["hidden"][index - 1][:, unit_out]
                total += sum(value * float(weight) for value, weight in zip(layers[-1], weights, strict=True))
                total += sum(layer[unit_out] for layer in layers)
            activations.append(total / (1 + math.exp(-total)))
        centre = sum(activations) / HIDDEN
        spread = math.sqrt(sum((value - centre) ** 2 for value in activations) / HIDDEN + 0.1)
        layers.append(
            [
                (value - centre) / spread * float(scale) + float(shift)
                for value, scale, shift in zip(activations, arrays["scale"][index], arrays["shift"][index], strict=True)
            ]
        )
    return [
        float(arrays["mean_bias"][out])
        + sum(value * float(weight) for value, weight in zip(layers[-1], arrays["mean"][:, out], strict=True))
        for out in range(LATENT)
    ]


@pytest.mark.parametrize("liked", [[0], [3, 7, 11], list(range(N_MOVIES)), []])
def test_the_encoder_equals_the_equations_written_as_loops(liked: list[int]) -> None:
    arrays = network()
    row = np.zeros((1, N_MOVIES), np.float32)
    row[0, liked] = 1
    found = posterior_mean(arrays, csr_array(row))
    np.testing.assert_allclose(found[0], slow_mean(arrays, liked), atol=1e-5)


def test_the_decoder_is_one_matrix_and_a_bias() -> None:
    arrays = network()
    tastes = np.random.default_rng(0).normal(size=(3, LATENT)).astype(np.float32)
    slow = [
        [sum(float(t * d) for t, d in zip(taste, row, strict=True)) + float(bias)
         for row, bias in zip(arrays["decoder"], arrays["decoder_bias"], strict=True)]
        for taste in tastes
    ]  # fmt: skip
    np.testing.assert_allclose(decoded(arrays, tastes), slow, atol=1e-5)


def test_the_sigmoid_neither_overflows_nor_errs() -> None:
    values = np.array([-1e4, -3.0, 0.0, 3.0, 1e4], np.float32)
    np.testing.assert_allclose(sigmoid(values), [0, 1 / (1 + math.exp(3)), 0.5, 1 / (1 + math.exp(-3)), 1], atol=1e-7)


def test_scores_follow_the_columns_and_leave_others_last() -> None:
    columns = [9, 2, 5, 0, 7]
    served = engine(columns)
    scores = served.score(Profiles.stack([Profile.of([2, 0], [5.0, 4.0])], N_MOVIES))[0]
    arrays = served.arrays
    taste = np.array(slow_mean(arrays, [columns.index(2), columns.index(0)]))
    np.testing.assert_allclose(scores[columns], arrays["decoder"] @ taste + arrays["decoder_bias"], atol=1e-5)
    others = np.setdiff1d(np.arange(N_MOVIES), columns)
    assert (scores[others] == scores[columns].min()).all()


def test_only_likes_are_encoded_and_strangers_have_the_typical_taste() -> None:
    served = engine(list(range(N_MOVIES)))
    liked = Profile.of([4, 6], [4.0, 5.0])
    mixed = Profile.of([4, 1, 6], [4.0, 3.5, 5.0])
    low = Profile.of([4, 1], [0.5, 3.5])
    tastes = served.tastes(Profiles.stack([liked, mixed, low, Profile.empty()], N_MOVIES))
    np.testing.assert_array_equal(tastes[1], tastes[0])
    np.testing.assert_array_equal(tastes[2:], np.stack([served.arrays["typical"]] * 2))


def test_the_order_of_a_profile_does_not_matter() -> None:
    served = engine([9, 2, 5, 0, 7])
    one, other = Profile.of([9, 5, 0], [5.0, 4.0, 4.5]), Profile.of([0, 9, 5], [4.5, 5.0, 4.0])
    scores = served.score(Profiles.stack([one, other], N_MOVIES))
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)


def test_likeness_is_the_cosine_in_the_decoder() -> None:
    columns = [9, 2, 5, 0, 7]
    served = engine(columns)
    likeness = served.similar(5)
    assert likeness is not None
    rows = served.arrays["decoder"]
    for place, movie in enumerate(columns):
        cosine = rows[place] @ rows[2] / math.sqrt((rows[place] @ rows[place]) * (rows[2] @ rows[2]))
        assert likeness[movie] == pytest.approx(cosine, abs=1e-5)
    unknown = served.similar(3)
    assert unknown is not None
    assert np.flatnonzero(unknown).tolist() == [3]


def likes_of(n_users: int = 80, seed: int = 2) -> csr_array:
    rng = np.random.default_rng(seed)
    rows = rng.random((n_users, 30)) < rng.uniform(0, 0.6, (n_users, 1))
    return csr_array(rows.astype(np.float32))


def test_peoples_own_order_forgets_their_numbers() -> None:
    likes = likes_of()
    shuffled = likes[np.random.default_rng(1).permutation(likes.shape[0])]
    found, again = in_own_order(likes, 5), in_own_order(csr_array(shuffled), 5)
    np.testing.assert_array_equal(found.toarray(), again.toarray())
    assert (np.diff(found.indptr) > 0).all()
    assert sorted(map(tuple, found.toarray().tolist())) == sorted(
        row for row in map(tuple, likes.toarray().tolist()) if any(row)
    )
    assert (in_own_order(likes, 6).toarray() != found.toarray()).any()


def test_held_out_people_are_not_learnt_from_and_hide_a_fifth() -> None:
    likes = in_own_order(likes_of(), 0)
    training, held_out = hold_out(likes, 0.25, 0)
    assert held_out is not None
    aside = int(0.25 * likes.shape[0])
    np.testing.assert_array_equal(training.toarray(), likes.toarray()[aside:])
    shown, hidden = held_out.shown.toarray(), held_out.hidden.toarray()
    whole = likes.toarray()[:aside]
    np.testing.assert_array_equal(shown + hidden, whole[whole.sum(axis=1) >= 2])
    lengths = (shown + hidden).sum(axis=1)
    np.testing.assert_array_equal(hidden.sum(axis=1), np.maximum(lengths // 5, 1))


@pytest.mark.parametrize("share", [0.0, 0.001])
def test_with_nobody_set_aside_everybody_is_learnt_from(share: float) -> None:
    likes = in_own_order(likes_of(), 0)
    training, held_out = hold_out(likes, share, 0)
    assert held_out is None
    np.testing.assert_array_equal(training.toarray(), likes.toarray())


def test_validation_measures_ndcg_of_what_was_hidden() -> None:
    _, held_out = hold_out(in_own_order(likes_of(), 0), 0.25, 0)
    assert held_out is not None
    scores = np.random.default_rng(4).normal(size=held_out.shown.shape).astype(np.float32)
    slow = []
    for row, values in enumerate(scores):
        shown = set(np.flatnonzero(held_out.shown.toarray()[row]).tolist())
        hidden = set(np.flatnonzero(held_out.hidden.toarray()[row]).tolist())
        ranked = sorted((movie for movie in range(len(values)) if movie not in shown), key=lambda m: -values[m])[:100]
        gain = sum(1 / math.log2(place + 2) for place, movie in enumerate(ranked) if movie in hidden)
        slow.append(gain / sum(1 / math.log2(place + 2) for place in range(len(hidden))))
    assert held_out.ndcg(scores) == pytest.approx(np.mean(slow), abs=1e-6)
    assert held_out.ndcg(held_out.hidden.toarray()) == pytest.approx(1)


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_size": 0}, {"embedding_size": 0}, {"batch_size": 0}, {"epochs": 0}, {"patience": 0},
        {"max_movies": 0}, {"learning_rate": 0.0}, {"gamma": 0.0}, {"dropout": 1.0}, {"averaging": 1.0},
        {"validation_share": 0.6}, {"validation_share": -0.1},
    ],
)  # fmt: skip
def test_settings_outside_their_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        VaeConfig(**settings)  # type: ignore[arg-type]


def test_memory_is_refused_before_it_is_taken() -> None:
    with pytest.raises(EnvironmentFailure, match="hidden_size"):
        Vae(VaeConfig(hidden_size=200_000))._require_memory(1_000, 100)

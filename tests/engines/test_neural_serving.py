"""Neural serves without torch: its forward pass against a slow reference, and the order its two stages promise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.engines.engine import Arrays
from matinee.engines.neural import Neural, seen
from matinee.engines.neural_config import NeuralConfig
from matinee.engines.neural_network import ages, gmf, queries_of, refined, tower
from matinee.engines.neural_people import Histories, histories, hold_out, in_own_order, star_classes
from matinee.engines.neural_start import first_arrays, folded, tower_arrays
from matinee.engines.neural_targets import Targets, damped_means
from matinee.errors import EnvironmentFailure, SettingsError
from matinee.types import Profile, Profiles

CONFIG = NeuralConfig(embedding_size=6, heads=2, queries=3, layers=2, hidden_size=8, candidates=4)
N_MOVIES = 12


def network(seed: int = 3, *, explicit: bool = True, ordered: bool = True) -> Arrays:
    """Return arrays none of which is the neutral one that training starts from."""
    rng = np.random.default_rng(seed)
    arrays = first_arrays(np.arange(N_MOVIES), CONFIG, rng)
    arrays |= tower_arrays(arrays, CONFIG, rng)
    for name, array in arrays.items():
        arrays[name] = array + (0.3 * rng.normal(size=array.shape)).astype(np.float32)
    return folded(arrays) | {
        "columns": np.arange(N_MOVIES, dtype=np.int32),
        "explicit": np.array([explicit]),
        "ordered": np.array([ordered]),
        "stars": np.array([False]),
        "expected": np.zeros(N_MOVIES, np.float32),
    }


def people(*rows: list[tuple[int, float]]) -> Histories:
    movies = [movie for row in rows for movie, _ in row]
    values = [value for row in rows for _, value in row]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Histories(indptr, np.array(movies, np.int64), np.array(values, np.float32))


def slow_queries(arrays: Arrays, row: list[tuple[int, float]], *, explicit: bool, ordered: bool) -> Any:
    """Read one profile entry by entry and head by head, as the equations are written."""
    size, heads = CONFIG.embedding_size, CONFIG.heads
    width = size // heads
    entries = [arrays["nobody"].astype(np.float64)]
    for rank, (movie, stars) in enumerate(reversed(row)):
        vector = arrays["films"][movie].astype(np.float64)
        if explicit:
            vector = vector * arrays["star_gates"][round(2 * stars)] + arrays["star_shifts"][round(2 * stars)]
        if ordered:
            vector = vector + arrays["ages"][int(math.log2(1 + rank))]
        entries.append(vector)

    def norm(vector: Any, layer: int, which: int) -> Any:
        centred = vector - vector.mean()
        scaled = centred / math.sqrt((centred**2).mean() + 1e-5)
        return scaled * arrays["scale"][layer, which] + arrays["shift"][layer, which]

    answers = []
    for query in arrays["queries"].astype(np.float64):
        z = query
        for layer in range(CONFIG.layers):
            asked = norm(z, layer, 0) @ arrays["ask"][layer]
            parts = []
            for head in range(heads):
                own = slice(head * width, (head + 1) * width)
                logits = [
                    asked[own] @ (entry @ arrays["key"][layer])[own] / math.sqrt(width) for entry in entries
                ]  # fmt: skip
                powers = [math.exp(logit - max(logits)) for logit in logits]
                weights = [power / math.sqrt(sum(p * p for p in powers)) for power in powers]
                found = [
                    weight * (entry @ arrays["value"][layer])[own]
                    for weight, entry in zip(weights, entries, strict=True)
                ]
                parts.append(sum(found))
            z = z + np.concatenate(parts) @ arrays["out"][layer]
            inner = norm(z, layer, 1) @ arrays["widen"][layer] + arrays["widen_bias"][layer]
            inner = inner / (1 + np.exp(-inner))
            z = z + inner @ arrays["narrow"][layer] + arrays["narrow_bias"][layer]
        answers.append(z)
    return np.concatenate(answers)


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_reading_equals_the_equations_written_as_loops(explicit: bool, ordered: bool) -> None:
    arrays = network(explicit=explicit, ordered=ordered)
    rows: list[list[tuple[int, float]]] = [
        [(3, 4.5)], [], [(0, 1.0), (7, 5.0), (11, 3.5)], [(movie, 0.5 + movie % 10 / 2) for movie in range(N_MOVIES)],
    ]  # fmt: skip
    found = queries_of(arrays, people(*rows).padded(50), CONFIG.heads)
    for row, answer in zip(rows, found, strict=True):
        np.testing.assert_allclose(answer, slow_queries(arrays, row, explicit=explicit, ordered=ordered), atol=2e-4)


def test_the_tower_equals_three_layers_over_both_vectors() -> None:
    rng = np.random.default_rng(5)
    arrays = network()
    raw = tower_arrays(arrays, CONFIG, rng)
    raw = {name: array + (0.2 * rng.normal(size=array.shape)).astype(np.float32) for name, array in raw.items()}
    asked = queries_of(arrays, people([(1, 4.0)], [(2, 3.0), (5, 5.0)]).padded(9), CONFIG.heads)
    movies = np.array([[0, 4, 9], [11, 2, 2]])
    found = tower(folded(raw), asked, movies)
    first = np.concatenate([raw["tower_person"], raw["tower_first"]])
    for row in range(2):
        for place in range(3):
            both = np.concatenate([asked[row] @ raw["tower_taste"], raw["tower_movies"][movies[row, place]]])
            hidden = np.maximum(both @ first + raw["tower_first_bias"], 0)
            for layer in ("tower_second", "tower_third"):
                hidden = np.maximum(hidden @ raw[layer] + raw[f"{layer}_bias"], 0)
            assert found[row, place] == pytest.approx(hidden @ raw["tower_out"], abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, N_MOVIES + 3), n_seen=st.integers(0, N_MOVIES))
def test_the_tower_orders_the_best_and_leaves_the_others_below_in_order(seed: int, n: int, n_seen: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = network(seed)
    mine = people([(int(movie), 4.0) for movie in rng.permutation(N_MOVIES)[:n_seen]])
    asked = queries_of(arrays, mine.padded(50), CONFIG.heads)
    plain = gmf(arrays, asked)
    rated = seen(mine, N_MOVIES)
    found = refined(arrays, asked, plain.copy(), rated, n)[0]
    assert np.isfinite(found).all()
    unseen = np.flatnonzero(~rated[0])
    by_gmf = unseen[np.argsort(-plain[0, unseen], kind="stable")]
    best, others = by_gmf[:n], by_gmf[n:]
    whole = plain[0, best] + tower(arrays, asked, best[None])[0]
    np.testing.assert_array_equal(np.argsort(-found[best]), np.argsort(-whole))
    np.testing.assert_array_equal(np.argsort(-found[others]), np.argsort(-plain[0, others]))
    if len(best) and len(others):
        assert found[others].max() <= found[best].min() + 1e-5


def test_profiles_become_a_table_newest_first() -> None:
    table = people([(3, 4.0), (1, 2.5), (8, 5.0)], [], [(2, 0.5)]).padded(2)
    np.testing.assert_array_equal(table.movies, [[8, 1], [0, 0], [2, 0]])
    np.testing.assert_array_equal(table.stars, [[10, 5], [0, 0], [1, 0]])
    np.testing.assert_array_equal(table.valid, [[True, True], [False, False], [True, False]])


def test_ages_double() -> None:
    np.testing.assert_array_equal(ages(8), [0, 1, 1, 2, 2, 2, 2, 3])
    assert ages(100_000).max() == 11


def test_star_classes_are_half_stars() -> None:
    np.testing.assert_array_equal(star_classes(np.array([0.5, 1, 3.5, 5, 99], np.float32)), [1, 2, 7, 10, 10])


def served(arrays: Arrays, **settings: Any) -> Neural:
    plain = {name: getattr(CONFIG, name) for name in ("embedding_size", "heads", "queries", "layers", "hidden_size")}
    return Neural.restore(plain | settings, arrays, N_MOVIES)


def test_old_ratings_beyond_the_limit_are_not_read_but_stay_seen() -> None:
    arrays = network()
    long = Profile.of([4, 9, 0, 2], [5, 1, 4, 3])
    capped = served(arrays, max_profile=2, candidates=3)
    asked = queries_of(arrays, people([(0, 4.0), (2, 3.0)]).padded(9), CONFIG.heads)
    wanted = refined(
        arrays, asked, gmf(arrays, asked), seen(people([(4, 5.0), (9, 1.0), (0, 4.0), (2, 3.0)]), N_MOVIES), 3
    )
    np.testing.assert_allclose(capped.score(Profiles.stack([long], N_MOVIES)), wanted, atol=1e-5)


def test_order_counts_where_it_is_known_and_not_where_it_is_not() -> None:
    one, other = Profile.of([9, 5, 0], [5, 4, 4.5]), Profile.of([0, 9, 5], [4.5, 5, 4])
    for ordered in (True, False):
        scores = served(network(ordered=ordered)).score(Profiles.stack([one, other], N_MOVIES))
        assert (np.abs(scores[0] - scores[1]).max() > 1e-3) == ordered


def test_many_profiles_score_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, N_MOVIES, 30).tolist()
    rows = [Profile.of(rng.permutation(N_MOVIES)[:n].tolist(), (rng.integers(1, 11, n) / 2).tolist()) for n in lengths]
    engine = served(network(), candidates=5)
    alone = [engine.score(Profiles.stack([row], N_MOVIES))[0] for row in rows]
    for entries in (1, 20, 40_000):
        monkeypatch.setattr("matinee.engines.neural._ENTRIES", entries)
        np.testing.assert_allclose(engine.score(Profiles.stack(rows, N_MOVIES)), np.stack(alone), atol=1e-4)


def test_movies_that_take_no_part_come_last() -> None:
    columns = np.array([9, 2, 5, 0, 7], np.int32)
    arrays = network()
    arrays = {name: array[:5] if len(array) == N_MOVIES else array for name, array in arrays.items()} | {
        "columns": columns
    }
    scores = served(arrays).score(Profiles.stack([Profile.of([2, 1], [5, 5])], N_MOVIES))[0]
    others = np.setdiff1d(np.arange(N_MOVIES), columns)
    assert (scores[others] == scores[columns].min()).all()
    likeness = served(arrays).similar(3)
    assert likeness is not None
    assert np.flatnonzero(likeness).tolist() == [3]


def everybody(n_users: int = 60, seed: int = 2) -> Histories:
    rng = np.random.default_rng(seed)
    rows = [
        [
            (int(movie), float(rng.integers(1, 11) / 2))
            for movie in rng.permutation(N_MOVIES)[: rng.integers(0, N_MOVIES)]
        ]
        for _ in range(n_users)
    ]
    return people(*rows)


def test_peoples_own_order_forgets_their_numbers() -> None:
    whole = everybody()
    shuffled = whole.of(np.random.default_rng(1).permutation(len(whole)))
    found, again = (in_own_order(group, N_MOVIES, 5) for group in (whole, shuffled))
    for name in ("indptr", "movies", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(again, name))
    assert len(found) == np.count_nonzero(whole.lengths())


def test_people_set_aside_hide_a_fifth_of_what_is_worth_guessing() -> None:
    whole = in_own_order(everybody(), N_MOVIES, 0)
    wanted = whole.values >= 3.5
    training, held_out = hold_out(whole, wanted, 0.4, 0)
    assert held_out is not None
    aside = int(0.4 * len(whole))
    assert len(training) == len(whole) - aside
    both = [
        held_out.shown.matrix(N_MOVIES, held_out.shown.values),
        held_out.hidden.matrix(N_MOVIES, held_out.hidden.values),
    ]
    likes = np.add.reduceat(wanted, whole.indptr[:-1])[:aside]
    chosen = whole.of(np.flatnonzero(likes >= 2))
    np.testing.assert_array_equal((both[0] + both[1]).toarray(), chosen.matrix(N_MOVIES, chosen.values).toarray())
    assert (held_out.hidden.values >= 3.5).all()
    np.testing.assert_array_equal(held_out.hidden.lengths(), np.maximum(likes[likes >= 2] // 5, 1))
    assert hold_out(whole, wanted, 0.0, 0) == (whole, None)


def test_targets_are_likes_or_stars_beyond_the_expected() -> None:
    read, hidden = people([(0, 5.0), (1, 1.0)], []), people([(2, 4.0), (3, 2.0)], [(4, 3.5)])
    likes = Targets(stars=False, expected=np.zeros(N_MOVIES, np.float32), floor=3.5, user_power=0.0).dense(read, hidden)
    assert np.argwhere(likes.weights).tolist() == [[0, 2], [1, 4]]
    assert np.argwhere(likes.closed).tolist() == [[0, 0], [0, 1]]
    expected = np.linspace(2, 4, N_MOVIES).astype(np.float32)
    stars = Targets(stars=True, expected=expected, floor=3.5, user_power=0.0)
    level = (5.0 - expected[0] + 1.0 - expected[1]) / (2 + 5)
    goal = stars.dense(read, hidden)
    assert np.argwhere(goal.weights).tolist() == [[0, 2], [0, 3], [1, 4]]
    np.testing.assert_allclose(goal.wanted[0, [2, 3]], [4 - expected[2] - level, 2 - expected[3] - level], atol=1e-6)
    assert goal.wanted[1, 4] == pytest.approx(3.5 - expected[4], abs=1e-6)


def test_expected_stars_lean_on_the_mean_of_all() -> None:
    means = damped_means(people([(0, 5.0), (1, 1.0)], [(0, 5.0)]), 3)
    mean = 11 / 3
    np.testing.assert_allclose(means, [mean + 2 * (5 - mean) / 7, mean + (1 - mean) / 6, mean], atol=1e-6)


def test_histories_keep_the_order_and_drop_what_takes_no_part() -> None:
    profiles = Profiles.stack([Profile.of([5, 2, 9], [1, 2, 3]), Profile.empty()], 10)
    found = histories(profiles, np.array([9, 5], np.int32))
    assert (found.indptr.tolist(), found.movies.tolist(), found.values.tolist()) == ([0, 2, 2], [1, 0], [1.0, 3.0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"objective": "both"}, {"precision": "half"}, {"checkpointing": "yes"}, {"embedding_size": 0}, {"heads": 3},
        {"epochs": 0}, {"hidden_size": 2}, {"tower_epochs": -1}, {"learning_rate": 0.0}, {"l2": -1.0}, {"dropout": 1.0},
        {"hidden_share": 0.0}, {"validation_share": 0.6}, {"user_power": 2.0}, {"candidates": 0},
    ],
)  # fmt: skip
def test_settings_outside_their_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        NeuralConfig(**wrong)


def test_memory_is_refused_before_it_is_taken() -> None:
    with pytest.raises(EnvironmentFailure, match="batch_size"):
        Neural(NeuralConfig(embedding_size=2**20))._require_memory(1_000, 20_000)

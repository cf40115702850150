"""Routing: who is ranked by what, with which weights, and what the answer says of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matinee.errors import SettingsError, UnknownIdError
from matinee.ranking.presets import FAMILIES, PRESETS, STRATEGIES, route, strategies, weights_by_engine
from matinee.ranking.weighting import HybridConfig, SizedWeights

ALL = ["popular", "ease", "als", "svd", "content", "next", "neural"]
CONFIG = HybridConfig(weights={"ease": 0.3, "als": 0.2, "content": 0.4, "popular": 0.1})


def test_few_ratings_are_ranked_by_popularity_with_hints_and_the_answer_counts_them() -> None:
    for strategy in ("hybrid", "auto", "collaborative", "flixflow", "neural-hybrid"):
        found = route(4, strategy, CONFIG, ALL)
        assert found.strategy == "statistical"
        assert found.weights == {"popular": 1.0}
        assert found.hinted
        assert found.because == "We know 4 of the 5 ratings a personal list needs."
        assert route(5, strategy, CONFIG, ALL).strategy != "statistical"


def test_an_engine_asked_for_by_name_answers_whoever_asks() -> None:
    for name in ALL:
        found = route(0, name, CONFIG, ALL)
        assert (found.strategy, dict(found.weights), found.hinted) == (name, {name: 1.0}, False)


def test_statistical_is_popularity_however_much_is_known() -> None:
    found = route(500, "statistical", CONFIG, ALL)
    assert (found.strategy, dict(found.weights), found.hinted) == ("statistical", {"popular": 1.0}, True)


def test_hybrid_is_the_learned_weights_and_auto_its_other_name() -> None:
    assert route(20, "hybrid", CONFIG, ALL).weights == pytest.approx(dict(CONFIG.weights))
    assert route(20, "auto", CONFIG, ALL) == route(20, "hybrid", CONFIG, ALL)
    assert "content 40%" in route(20, "hybrid", CONFIG, ALL).because


def test_flixflow_is_50_30_20_and_its_collaborative_half_keeps_learned_proportions() -> None:
    found = route(20, "flixflow", CONFIG, ALL).weights
    assert found == pytest.approx({"ease": 0.3, "als": 0.2, "content": 0.3, "popular": 0.2})


def test_neural_hybrid_turns_from_what_films_are_to_the_network_at_ten_ratings() -> None:
    assert route(9, "neural-hybrid", CONFIG, ALL).weights == pytest.approx(
        {"content": 0.7, "neural": 0.2, "popular": 0.1}
    )
    assert route(10, "neural-hybrid", CONFIG, ALL).weights == pytest.approx(
        {"content": 0.3, "neural": 0.6, "popular": 0.1}
    )


def test_neural_is_the_engine_where_there_is_one_and_the_preset_elsewhere() -> None:
    assert route(20, "neural", CONFIG, ALL).weights == {"neural": 1.0}
    without = [name for name in ALL if name != "neural"]
    found = route(20, "neural", CONFIG, without)
    assert found.strategy == "neural-hybrid"
    assert found.missing == ("neural",)
    assert found.weights == pytest.approx({"content": 0.75, "popular": 0.25})
    assert "no neural" in found.because
    assert route(20, "neural", CONFIG, [*without, "vae"]).weights["vae"] == pytest.approx(0.6)


def test_a_missing_engine_gives_its_weight_to_the_others_and_the_answer_says_so() -> None:
    found = route(20, "hybrid", CONFIG, ["popular", "ease", "content"])
    assert found.weights == pytest.approx({"ease": 0.375, "content": 0.5, "popular": 0.125})
    assert found.missing == ("als",)
    assert "This release has no als; the others share the weight." in found.because


def test_with_nothing_of_a_strategy_popularity_answers_and_says_so() -> None:
    found = route(20, "collaborative", CONFIG, ["popular", "content"])
    assert found.strategy == "statistical"
    assert "nothing of collaborative" in found.because


def test_collaborative_takes_in_engines_nobody_has_heard_of() -> None:
    assert route(20, "collaborative", CONFIG, ["popular", "mine"]).weights == {"mine": 1.0}


def test_weights_by_size_follow_the_logarithm_between_their_sizes() -> None:
    config = HybridConfig(
        by_size=(
            SizedWeights(n_ratings=10, weights={"content": 1.0}),
            SizedWeights(n_ratings=1000, weights={"ease": 1.0}),
        )
    )
    assert config.weights_at(6)["content"] == 1
    assert config.weights_at(100) == pytest.approx({"ease": 0.5, "als": 0, "svd": 0, "content": 0.5})
    assert config.weights_at(5000)["ease"] == 1
    assert config.members() == ["content", "ease"]
    assert HybridConfig.of(config.settings()) == config


def test_manifests_from_before_sizes_and_normalisations_still_read() -> None:
    assert HybridConfig.of({"weights": {"ease": 1.0}, "cold_below": 3}) == HybridConfig(
        weights={"ease": 1.0}, cold_below=3
    )


@settings(deadline=None)
@given(
    n_ratings=st.integers(0, 3000),
    strategy=st.sampled_from(STRATEGIES),
    others=st.sets(st.sampled_from(ALL[1:])).map(sorted),
    weights=st.dictionaries(st.sampled_from(ALL), st.floats(0, 5), min_size=1),
)
@example(n_ratings=5, strategy="hybrid", others=["ease"], weights={"popular": 2.0, "ease": 5e-324})
def test_every_route_has_weights_that_add_up_over_engines_that_are_there(
    n_ratings: int, strategy: str, others: list[str], weights: dict[str, float]
) -> None:
    engines = ["popular", *others]
    found = route(n_ratings, strategy, HybridConfig(weights=weights), engines)
    assert sum(found.weights.values()) == pytest.approx(1)
    assert set(found.weights) <= set(engines)
    assert not set(found.missing) & set(engines)
    assert all(weight > 0 for weight in found.weights.values())
    assert found.because.endswith(".")


@pytest.mark.parametrize("strategy", [*STRATEGIES, "ease"])
def test_a_batch_is_routed_like_one_by_one(strategy: str) -> None:
    lengths = np.array([12, 3, 9, 200, 12, 0], np.int64)
    sizes, where = np.unique(lengths, return_inverse=True)
    table = weights_by_engine([route(size, strategy, CONFIG, ALL) for size in sizes.tolist()], where, ALL)
    for row, length in enumerate(lengths):
        alone = route(int(length), strategy, CONFIG, ALL).weights
        assert {name: column[row] for name, column in table.items() if column[row]} == pytest.approx(dict(alone))


def test_presets_add_up() -> None:
    for preset in PRESETS.values():
        for _, shares in preset.steps:
            assert sum(shares.values()) == pytest.approx(1)
            assert set(shares) <= set(FAMILIES)


def test_mistakes_are_named() -> None:
    with pytest.raises(UnknownIdError, match=r"Strategies: hybrid, auto, .*flixflow"):
        route(3, "magic", CONFIG, ALL)
    assert strategies(["popular", "content"]).count("content") == 1
    with pytest.raises(SettingsError, match="must not be negative"):
        HybridConfig(weights={"ease": -1})
    with pytest.raises(SettingsError, match="ascending sizes"):
        HybridConfig(by_size=(SizedWeights(n_ratings=5, weights={}), SizedWeights(n_ratings=5, weights={})))
    with pytest.raises(SettingsError, match="normalisation must be"):
        HybridConfig(normalisation="median")  # type: ignore[arg-type]

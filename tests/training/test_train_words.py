"""What the command line makes of blends: presets that take part by name, and the sentence on learned weights."""

from __future__ import annotations

import pytest

from matinee.cli.contest import BLENDS, contestants
from matinee.cli.train import blend_line
from matinee.errors import SettingsError
from matinee.training.auto import Auto
from matinee.training.train import DEFAULT_ENGINES, TrainConfig, default_blend, fresh


def test_presets_take_part_by_name_and_share_what_they_learn() -> None:
    takers = contestants(["ease", "hybrid", "flixflow", "neural-hybrid", "content"], [], stars=False)
    assert [taker.name for taker in takers] == ["ease", "hybrid", "flixflow", "neural-hybrid", "content"]
    blends = [taker for taker in takers if isinstance(taker, Auto)]
    assert [blend.strategy for blend in blends] == ["hybrid", "flixflow", "neural-hybrid"]
    assert len({id(blend.teacher) for blend in blends}) == 1
    # Engines are named as engines: `content` is the engine, not the family.
    assert "content" not in BLENDS
    assert "neural-hybrid" in BLENDS


def test_the_settings_of_a_blend_are_learned_and_not_given() -> None:
    with pytest.raises(SettingsError, match="of no engine that takes part"):
        contestants(["flixflow", "ease"], ["flixflow.cold_below=3"], stars=False)


def test_the_blend_is_told_in_one_sentence() -> None:
    receipt = {
        "learned": True,
        "viewers": 1234,
        "value": 0.2,
        "alone": {"ease": 0.1, "als": 0.15},
        "equal_weights": 0.18,
    }
    ranking = {"weights": {"ease": 0.25, "als": 0.75}, "by_size": [1, 2], "receipt": receipt}
    assert blend_line(ranking) == (
        "Blend: als 75%, ease 25%, 2 profile sizes; learned from 1,234 validation viewers, "
        "NDCG@10 0.2000 (best alone als 0.1500, equal weights 0.1800)."
    )
    untaught = {"weights": {"ease": 1.0}, "receipt": {"learned": False, "because": "nobody can be scored"}}
    assert blend_line(untaught) == "Blend: ease 100% by default; nobody can be scored."


def test_releases_are_made_of_engines_with_their_settings_for_serving() -> None:
    made = fresh(DEFAULT_ENGINES, TrainConfig())
    assert list(made) == list(DEFAULT_ENGINES)
    assert made["content"].settings()["model"] == "lsa"
    assert made["next"].settings()["max_movies"] == 3000
    assert set(default_blend(DEFAULT_ENGINES).weights) == set(DEFAULT_ENGINES) - {"popular"}

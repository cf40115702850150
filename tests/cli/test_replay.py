"""`matinee replay` as people run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_every_way_is_shown_beside_random_and_popular(matinee: Callable[..., Any], csv_folder: Path) -> None:
    options = ("--data", csv_folder, "--engines", "next", "--step", "200", "--refit-every", "1")
    shown = matinee("replay", *options)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.index("random") < shown.stdout.index("popular") < shown.stdout.index("next")
    told = json.loads(matinee("replay", *options, "--json").stdout)
    assert [each["engine"] for each in told["replays"]] == ["random", "popular", "next"]
    assert set(told["replays"][2]["ways"]) == {"frozen", "profiles", "learning", "refitting"}
    assert all(0 <= way["ndcg"] <= way["hit_rate"] <= 1 for each in told["replays"] for way in each["ways"].values())


def test_mistakes_are_said_before_the_work_begins(matinee: Callable[..., Any], csv_folder: Path) -> None:
    for wrong, word in (
        (("--engines", "oracle"), "oracle"),
        (("--train-share", "2"), "train_share"),
        (("--set", "als.l2=1"), "als.l2=1"),
    ):
        done = matinee("replay", "--data", csv_folder, *wrong)
        assert done.returncode == 1
        assert word in done.stderr

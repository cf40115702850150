"""`matinee evaluate` as people run it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matinee.cli import main
from matinee.cli.contest import contestants, default_names, rule_settings
from matinee.errors import SettingsError, UnknownIdError
from matinee.evaluation import Result


def test_figures_report_and_picture_are_written(matinee: Callable[..., Any], csv_folder: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"out.{name}" for name in ("json", "html", "png")}
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    done = matinee("evaluate", "--data", csv_folder, "--engines", "ease", "--set", "ease.l2=50", *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("random") < done.stdout.index("popular") < done.stdout.index("ease")
    result = Result.from_json(json.loads(files["json"].read_text(encoding="utf-8")))
    assert result.protocol.name == "temporal"
    assert result["ease"].settings["l2"] == 50
    assert f"{result.value('ease', 'ndcg@10'):.4f}" in done.stdout
    assert result.protocol.definition[:40] in files["html"].read_text(encoding="utf-8")
    assert files["png"].read_bytes()[:4] == b"\x89PNG"


def test_the_protocol_its_settings_the_baseline_and_the_seed_can_be_chosen(
    matinee: Callable[..., Any], csv_folder: Path
) -> None:
    done = matinee(
        *(
            "evaluate",
            "--protocol",
            "strong",
            "--data",
            csv_folder,
            "--engines",
            "ease,popular",
            "--held-out-users",
            "40",
        ),
        *("--seed", "7", "--baseline", "ease", "--part", "validation", "--json", "-"),
    )
    assert done.returncode == 0, done.stderr
    result = Result.from_json(json.loads(done.stdout))
    assert result.protocol.settings["held_out_users"] == 40
    assert result.protocol.settings["seed"] == result.seed == 7
    assert result.protocol.part == "validation"
    assert [row.name for row in result.rows] == ["random", "popular", "ease", "popular (engine)"]
    assert result["ease"].measures["ndcg@100"].against_baseline is None


def test_an_engine_without_stars_is_refused_and_the_exit_code_says_so(
    matinee: Callable[..., Any], csv_folder: Path
) -> None:
    done = matinee("evaluate", "--protocol", "rating", "--data", csv_folder, "--engines", "ease,svd")
    assert done.returncode == 1
    assert "ease was refused: it does not predict stars" in done.stdout
    assert "svd" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--protocol", "magic"), "There is no protocol 'magic'"),
        (("--engines", "magic"), "There is no engine 'magic'"),
        (("--part", "training"), "must be test or validation"),
        (("--held-out-users", "5"), "no setting 'held_out_users'"),
        (("--html", "nowhere/at/all.html"), "There is no folder"),
        (("--protocol", "ncf"), "needs its published files"),
        (("--set", "ease.magic=1", "--engines", "ease"), "no setting 'magic'"),
        (("--set", "svd.seed=1", "--engines", "ease"), "of no engine that takes part"),
    ],
)
def test_mistakes_are_named_before_any_work(
    arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["matinee", "evaluate", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 1
    assert message in " ".join(capsys.readouterr().err.split())


def test_settings_and_names_are_read_as_written() -> None:
    assert rule_settings("temporal", ["min_users=7"], 3) == {"min_users": 7, "seed": 3}
    assert rule_settings("sequential", [], 3) == {}
    assert rule_settings("strong", ["seed=1"], 3) == {"seed": 1}
    with pytest.raises(UnknownIdError):
        rule_settings("magic", [], None)
    with pytest.raises(SettingsError, match="takes one l2"):
        contestants(["ease"], ["ease.l2=1,2"], stars=False)
    assert [taker.name for taker in contestants([], [], stars=False)][-1] == "hybrid"
    assert "svd" in default_names(stars=True)
    assert "ease" not in default_names(stars=True)

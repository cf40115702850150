"""`matinee releases` and its verbs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from matinee.cli.app import app
from matinee.engines import create
from matinee.errors import GateError, MatineeError, ReleaseError, SettingsError, UnknownIdError
from matinee.releases import Registry, Release, assemble, save
from matinee.testing.worlds import latent

Run = Callable[..., Result]
PASSED = {"passed": True, "summary": "not below popular", "forced": None}
KEPT = {"passed": False, "summary": "below popular", "forced": None}


@pytest.fixture(scope="module")
def release() -> Release:
    dataset = latent()
    return assemble(dataset, {"popular": create("popular").fit(dataset)}, ranking={"weights": {}, "cold_below": 5})


@pytest.fixture
def home(release: Release, tmp_path: Path) -> tuple[Registry, list[str]]:
    """A home of four releases: passed, passed and live, kept back, never judged."""
    registry = Registry(tmp_path / "releases")
    versions = [save(release, registry.folder, gate=gate).version for gate in (PASSED, PASSED, KEPT, {})]
    registry.promote(versions[0], "gate passed")
    registry.promote(versions[1], "gate passed")
    return registry, versions


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return `matinee releases` in that home; a mistake is raised."""

    def invoke(*arguments: str) -> Result:
        done = CliRunner().invoke(app, ["releases", *arguments], env={"MATINEE_HOME": str(tmp_path)})
        if isinstance(done.exception, MatineeError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    return invoke


def plain(done: Result) -> Any:
    return json.loads(done.stdout)


def test_alone_it_lists(home: tuple[Registry, list[str]], run: Run) -> None:
    _, versions = home
    listed = plain(run("--json"))
    assert listed == plain(run("list", "--json"))
    assert [each["version"] for each in listed["releases"]] == versions[::-1]
    assert [each["live"] for each in listed["releases"]] == [False, False, True, False]
    assert listed["releases"][0].keys() == {
        *("version", "live", "problem", "created", "data", "engines", "gate", "bytes")
    }
    assert "kept back by the gate" in " ".join(run().stdout.replace("│", " ").split())


def test_options_before_the_verb_are_not_lost_quietly(home: tuple[Registry, list[str]], run: Run) -> None:
    with pytest.raises(SettingsError, match="--json belongs to the verb") as caught:
        run("--json", "list")
    assert "matinee releases list --json" in str(caught.value)


def test_show_tells_everything_of_one(home: tuple[Registry, list[str]], run: Run) -> None:
    _, versions = home
    shown = plain(run("show", "--json"))
    assert shown["version"] == versions[1]
    assert shown["live"]
    assert shown["files"].keys() == {"catalogue.parquet", "popular.safetensors"}
    assert shown["bytes"] == sum(each["bytes"] for each in shown["files"].values())
    assert [each["reason"] for each in shown["promotions"]] == ["gate passed"]
    text = run("show", versions[2]).stdout
    assert "below popular" in text
    assert "popular.safetensors" in text
    with pytest.raises(UnknownIdError, match="no release 'nonsense'"):
        run("show", "nonsense")


def test_promote_obeys_the_receipt_of_the_gate(home: tuple[Registry, list[str]], run: Run) -> None:
    registry, (first, live, kept, unjudged) = home
    for version, why in ((kept, "below popular"), (unjudged, "no gate has judged it")):
        with pytest.raises(GateError, match=why) as caught:
            run("promote", version)
        assert "--force REASON" in str(caught.value)
        assert registry.live_version() == live
    assert plain(run("promote", first, "--json")) == {"live": first, "reason": "gate passed"}
    run("promote", kept, "--force", "we know better")
    assert registry.history()[0].reason == "forced: we know better"
    with pytest.raises(UnknownIdError, match="no release"):
        run("promote", "nonsense")


def test_promote_refuses_what_is_damaged(home: tuple[Registry, list[str]], run: Run) -> None:
    registry, (first, live, *_) = home
    damage(registry.folder / first / "popular.safetensors")
    with pytest.raises(ReleaseError, match=r"popular\.safetensors"):
        run("promote", first)
    assert registry.live_version() == live


def test_rollback_goes_back(home: tuple[Registry, list[str]], run: Run) -> None:
    _, versions = home
    done = plain(run("rollback", "--reason", "too sad", "--json"))
    assert done == {"live": versions[0], "reason": f"rolled back from {versions[1]}: too sad"}
    with pytest.raises(ReleaseError, match="no release before the live one"):
        run("rollback")


def test_verify_reads_everything_and_names_what_is_wrong(home: tuple[Registry, list[str]], run: Run) -> None:
    registry, versions = home
    assert plain(run("verify", "--json")) == {"releases": [{"version": v, "problem": None} for v in versions[::-1]]}
    assert "every file is right" in run("verify", versions[0]).stdout
    damage(registry.folder / versions[2] / "catalogue.parquet")
    with pytest.raises(ReleaseError, match="1 of 4 releases is damaged"):
        run("verify")
    with pytest.raises(ReleaseError, match="1 of 1"):
        run("verify", versions[2], "--json")
    run("verify", versions[1])


def test_prune_says_what_it_would_delete_and_deletes_it(home: tuple[Registry, list[str]], run: Run) -> None:
    registry, versions = home
    said = plain(run("prune", "--keep", "1", "--dry-run", "--json"))
    assert said["deleted"] == [versions[2]]
    assert registry.versions() == versions[::-1]
    assert "Would delete" in run("prune", "--keep", "1", "--dry-run").stdout
    assert plain(run("prune", "--keep", "1", "--json")) == {**said, "dry_run": False}
    assert registry.versions() == [versions[3], versions[1], versions[0]]
    assert "Nothing to delete" in run("prune").output


def test_a_damaged_record_is_told_beside_the_list_and_mended_by_naming_a_release(
    home: tuple[Registry, list[str]], run: Run
) -> None:
    registry, versions = home
    (registry.folder / "live.json").write_text("{")
    assert [each.live for each in registry.survey()] == [False] * 4
    with pytest.raises(ReleaseError, match=r"live\.json is damaged") as caught:
        run("list")
    assert "matinee releases promote VERSION" in str(caught.value)
    run("promote", versions[0])
    assert registry.live_version() == versions[0]
    run("list")


def test_an_empty_home_says_what_to_do(run: Run) -> None:
    assert "No release yet" in run().output
    assert "No release yet" in run("verify").output
    assert plain(run("prune", "--json")) == {"deleted": [], "bytes": 0, "dry_run": False}
    for verb in (["show"], ["rollback"], ["promote", "x"]):
        with pytest.raises(MatineeError) as caught:
            run(*verb)
        assert caught.value.hint


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

"""`matinee compress` as a person meets it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matinee.cli.app import app
from matinee.cli.compress import parse_size
from matinee.errors import MatineeError, ReleaseError, SettingsError
from matinee.releases import Registry

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(csv_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compress")
    arguments = ["train", "--data", str(csv_folder), "--engines", "ease", "--home", str(folder), "--force", "a test"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder


@pytest.fixture
def run(home: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        done = CliRunner().invoke(app, [*arguments], env={"MATINEE_HOME": str(home)})
        if isinstance(done.exception, MatineeError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    return invoke


@pytest.fixture
def strangers(csv_folder: Path, tmp_path: Path) -> Path:
    """The same films rated by other people: everybody's stars moved on by some films."""
    with (csv_folder / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "ratings.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "userId": str(9000 + int(row["userId"]))} for row in rows[::2])
    (tmp_path / "movies.csv").write_text((csv_folder / "movies.csv").read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"), [("300MB", 300_000_000), ("1.5 gb", 1_500_000_000), ("64MiB", 64 * 2**20), ("7", 7)]
)
def test_sizes_are_understood(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "MB", "-3MB", "3 light years", "0MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="A size is a number and a unit"):
        parse_size(text)


def test_it_needs_to_know_what_is_wanted(run: Run) -> None:
    with pytest.raises(SettingsError, match="how small or how faithful"):
        run("compress")


def test_a_receipt_is_printed_and_kept(run: Run, home: Path) -> None:
    registry = Registry(home / "releases")
    origin = registry.live_version()
    done = json.loads(run("compress", "--scheme", "int8", "--promote", "--json").stdout)
    assert done.keys() == {
        *("release", "live", "of", "recipe", "wish", "arrays", "bytes", "footprint", "quality", "worst_loss", "cores")
    }
    assert done["of"] == origin
    assert done["live"]
    assert registry.live_version() == done["release"]
    shown = run("releases", "show", done["release"]).stdout
    assert f"Compressed from {origin} by int8" in shown
    assert "HR@10" in shown
    with pytest.raises(ReleaseError, match="compressed already"):
        run("compress", "--scheme", "int8")
    run("releases", "rollback")


def test_a_loss_is_met_on_people_of_ones_own(run: Run, strangers: Path) -> None:
    done = json.loads(run("compress", "--max-loss", "0.5", "--held-out", str(strangers), "--json").stdout)
    assert done["worst_loss"] <= 0.5
    assert "has not learned from" in done["quality"]["how"]
    assert "was not chosen on" in done["quality"]["how"]
    assert not done["live"]


def test_what_cannot_be_met_is_refused_and_nothing_written(run: Run, home: Path) -> None:
    before = Registry(home / "releases").versions()
    with pytest.raises(SettingsError, match="cannot be compressed to") as caught:
        run("compress", "--budget", "100B")
    assert "The closest is" in str(caught.value)
    with pytest.raises(SettingsError, match=r"takes .* MB before any file"):
        run("compress", "--memory", "10MB")
    with pytest.raises(SettingsError, match="no recipe 'zip'"):
        run("compress", "--scheme", "zip")
    assert Registry(home / "releases").versions() == before

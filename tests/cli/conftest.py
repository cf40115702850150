"""Run the real command in a process of its own, with a home of its own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.testing.worlds import latent

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_matinee(home: Path, *arguments: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `matinee` and return what came of it; a traceback fails whatever test asked."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATINEE_")}
    done = subprocess.run(
        [sys.executable, "-c", "from matinee.cli import main; main()", *map(str, arguments)],
        env=environment | {"MATINEE_HOME": str(home), "COLUMNS": "160"},
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def matinee(tmp_path: Path) -> Run:
    """Return the command in an empty home."""
    return lambda *arguments, **options: run_matinee(tmp_path / "home", *arguments, **options)


@pytest.fixture(scope="session")
def csv_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ratings.csv and movies.csv of people whose tastes can be learned."""
    folder = tmp_path_factory.mktemp("ratings")
    dataset = latent(n_users=300, n_movies=120, per_user=30, noise=0.1, width=3)
    ids, users = dataset.catalogue.ids.ids, dataset.user_ids.ids
    with (folder / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["userId", "movieId", "rating", "timestamp"])
        for user, movie, value, time in zip(dataset.users, dataset.movies, dataset.values, dataset.times, strict=True):
            writer.writerow([users[user], ids[movie], float(value), time])
    with (folder / "movies.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["movieId", "title", "genres"])
        for row in dataset.catalogue.movies.iter_rows(named=True):
            writer.writerow([row["movie_id"], f"{row['title']} ({row['year']})", "|".join(row["genres"])])
    return folder


@pytest.fixture(scope="session")
def trained_home(csv_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with a live release."""
    home = tmp_path_factory.mktemp("home")
    done = run_matinee(home, "train", "--data", csv_folder)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def trained(trained_home: Path) -> Run:
    """Return the command in a home with a live release."""
    return lambda *arguments, **options: run_matinee(trained_home, *arguments, **options)

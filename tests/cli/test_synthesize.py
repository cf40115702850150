"""`matinee data synthesize`: writes what it says, marks it, and leaves nothing when stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SMALL = ("--ratings", "3k", "--users", "60", "--movies", "600")


def test_simulated_ratings_are_written_and_called_simulated(matinee, tmp_path: Path) -> None:
    done = matinee("data", "synthesize", tmp_path / "made", *SMALL, "--held-out", "4", "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "folders": [str(tmp_path / "made"), str(tmp_path / "made-held-out")],
        "ratings": 3_000,
        "users": 60,
        "movies": 600,
        "held_out": 4,
        "seed": 7,
    }
    inspected = matinee("data", "inspect", tmp_path / "made")
    assert "60 (simulated)" in inspected.stdout
    assert "600" in inspected.stdout
    again = matinee("data", "synthesize", tmp_path / "made", *SMALL)
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize("count", ["many", "12"])
def test_a_count_that_is_none_is_refused(matinee, tmp_path: Path, count: str) -> None:
    done = matinee("data", "synthesize", tmp_path / "made", f"--ratings={count}")
    assert done.returncode == 1, done.stderr
    assert "ratings" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", "from matinee.cli import main; main()", "data", "synthesize", tmp_path / "made"],
        env=os.environ | {"MATINEE_HOME": str(tmp_path / "home")},
        stderr=subprocess.PIPE,
    )
    try:
        draft = tmp_path / ".made.writing" / "ratings.csv"
        deadline = time.monotonic() + 90
        while not (draft.exists() and draft.stat().st_size > 1_000) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert b"Traceback" not in told
    assert list(tmp_path.glob("*made*")) + list(tmp_path.glob(".*")) == []

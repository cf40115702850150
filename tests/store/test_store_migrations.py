"""A database of an earlier version becomes one of this, wholly or not at all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from matinee.errors import StoreError
from matinee.store import Store, migrations
from matinee.store.schema import VERSION


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as raw:
        raw.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
    raw.close()
    return path


def asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    raw = sqlite3.connect(path)
    try:
        return raw.execute(query).fetchall()
    finally:
        raw.close()


def shape(path: Path) -> dict[str, Any]:
    """Every table's columns, keys, references and indexes."""
    names = [name for (name,) in asked(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {
        name: (
            sorted(row[1:] for row in asked(path, f"PRAGMA table_info({name})")),
            sorted(row[2:] for row in asked(path, f"PRAGMA foreign_key_list({name})")),
            sorted(row[1:] for row in asked(path, f"PRAGMA index_list({name})")),
        )
        for name in names
        if not name.startswith("sqlite_")
    }


def test_everything_is_kept_and_the_shape_is_that_of_a_new_database(old: Path, tmp_path: Path) -> None:
    store = Store.open(old)
    assert [(each.movie_id, each.value) for each in store.ratings(8)] == [(20, 2.0)]
    assert [(each.movie_id, each.rated_at) for each in store.ratings(7)] == [(10, 300)]
    assert store.favourite_genres(8) == ("Drama",)
    dataset = store.dataset()
    assert (dataset.name, dataset.n_ratings) == ("old", 2)
    first = dataset.catalogue.movies.row(0, named=True)
    assert (first["title"], first["cast"], first["runtime"], first["age"], first["franchise"]) == (
        "Ána",
        ["Zoé"],
        90,
        None,
        None,
    )
    store.close()
    Store.open(tmp_path / "new.db").close()
    assert shape(old) == shape(tmp_path / "new.db")
    assert asked(old, "SELECT version FROM schema_version ORDER BY version") == [(1,), (VERSION,)]
    assert asked(old, "PRAGMA foreign_key_check") == []
    # What has been done is not done again.
    Store.open(old).close()
    assert len(asked(old, "SELECT version FROM schema_version")) == VERSION


def test_a_step_that_fails_leaves_the_former_version(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shape(old)

    def fail(connection: Any) -> None:
        migrations._to_2(connection)
        raise StoreError("no more")

    with monkeypatch.context() as patched:
        patched.setitem(migrations.STEPS, 2, fail)
        with pytest.raises(StoreError, match="no more"):
            Store.open(old)
    assert shape(old) == before
    assert asked(old, "SELECT version FROM schema_version") == [(1,)]
    Store.open(old).close()
    assert asked(old, "SELECT MAX(version) FROM schema_version") == [(VERSION,)]


MIGRATE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from matinee.store import Store, migrations
def die(connection):
    to_2(connection)
    os.kill(os.getpid(), signal.SIGKILL)
to_2 = migrations.STEPS[2]
migrations.STEPS[2] = die
Store.open(Path(sys.argv[1]))
"""


def test_a_migration_killed_half_way_leaves_the_former_version(old: Path) -> None:
    before = shape(old)
    done = subprocess.run([sys.executable, "-c", MIGRATE_AND_DIE, str(old)], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    assert shape(old) == before
    store = Store.open(old)
    assert [each.value for each in store.ratings(8)] == [2.0]
    store.close()


def test_several_that_open_it_at_once_agree(old: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for store in [job.result() for job in [pool.submit(Store.open, old) for _ in range(4)]]:
            assert store.counts().ratings == 2
            store.close()
    assert asked(old, "SELECT COUNT(*) FROM schema_version") == [(2,)]


def test_half_a_step_is_completed(old: Path) -> None:
    """As after a database that cannot take back a change of tables was interrupted."""
    with sqlite3.connect(old) as raw:
        raw.execute("ALTER TABLE movie ADD COLUMN age SMALLINT")
    raw.close()
    Store.open(old).close()
    assert {row[1] for row in asked(old, "PRAGMA table_info(movie)")} >= {"age", "franchise"}

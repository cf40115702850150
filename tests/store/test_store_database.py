"""What is opened, what is refused, and what survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.schema import CreateTable

from matinee.data import Dataset
from matinee.errors import MissingExtraError, StoreError
from matinee.store import Store
from matinee.store.database import connect
from matinee.store.schema import metadata


def test_a_store_is_opened_by_path_or_by_url(tmp_path: Path, dataset: Dataset) -> None:
    path = tmp_path / "with space & more.db"
    store = Store.open(path)
    store.import_dataset(dataset)
    store.close()
    for address in (str(path), f"sqlite:///{path}"):
        again = Store.open(address)
        again.ping()
        assert again.counts().ratings == 9
        again.close()


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_a_database_in_memory_is_refused(address: str) -> None:
    with pytest.raises(StoreError, match="lost with the process"):
        Store.open(address)


def test_sqlite_writes_so_that_nothing_is_lost(tmp_path: Path) -> None:
    engine = connect(tmp_path / "matinee.db")
    with engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_something_else_is_refused(tmp_path: Path) -> None:
    picture = tmp_path / "picture.db"
    picture.write_bytes(b"\x89PNG\r\n" * 500)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(picture)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as raw:
        raw.execute("CREATE TABLE invoices (id INTEGER)")
    raw.close()
    with pytest.raises(StoreError, match="holds something else: invoices"):
        Store.open(other)
    with pytest.raises(StoreError, match="refused") as caught:
        Store.open(tmp_path / "no" / "such" / "folder" / "matinee.db")
    assert "folder exists" in str(caught.value.hint)
    with pytest.raises(StoreError, match="cannot be read"):
        Store.open("not a url://")


def test_a_later_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "matinee.db"
    Store.open(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE schema_version SET version = 99")
    raw.close()
    with pytest.raises(StoreError, match="schema 99; this Matinee reads schema 2"):
        Store.open(path)


def test_a_missing_driver_is_named_and_no_password_shown() -> None:
    try:
        import MySQLdb  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"user:\*\*\*@host.*not installed") as caught:
            Store.open("mysql://user:secret@host/matinee")
        assert "matinee[mysql]" in str(caught.value.hint)
    else:
        pytest.skip("the driver of mysql:// is installed")
    with pytest.raises(MissingExtraError, match="postgresql"):
        Store.open("postgresql+nosuchdriver://host/matinee")


@pytest.mark.parametrize("dialect", [mysql.dialect(), postgresql.dialect(), sqlite.dialect()], ids=lambda d: d.name)
def test_the_schema_can_be_written_for_every_database(dialect: object) -> None:
    """No driver is needed to see that every column has a type there, and every key a length."""
    written = {table.name: str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables}
    assert len(written) == 23
    name = dialect.name  # type: ignore[attr-defined]
    if name == "mysql":
        assert "AUTO_INCREMENT" in written["viewer"]
        assert all("utf8mb4_bin" in text and "InnoDB" in text for text in written.values())
        # MySQL can neither index nor compare texts without a length.
        for table in metadata.tables.values():
            for column in table.c:
                if column.primary_key or column.unique or column.index:
                    assert column.type.compile(dialect=dialect) != "TEXT", f"{table.name}.{column.name}"
    if name == "postgresql":
        assert "BIGSERIAL" in written["viewer"]
    if name == "sqlite":
        assert "AUTOINCREMENT" in written["viewer"]
        assert "WITHOUT ROWID" in written["rating"]


def test_every_reference_is_checked(tmp_path: Path, dataset: Dataset) -> None:
    store = Store.open(tmp_path / "matinee.db")
    store.import_dataset(dataset)
    store.close()
    raw = sqlite3.connect(tmp_path / "matinee.db")
    raw.execute("PRAGMA foreign_keys = ON")
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    for statement in (
        "INSERT INTO rating VALUES (7, 11, 3, NULL, 0)",
        "INSERT INTO rating VALUES (8, 10, 3, NULL, 0)",
        "INSERT INTO rating VALUES (7, 60, NULL, NULL, 0)",
        "INSERT INTO movie_person VALUES (10, 'grip', 0, 1)",
        "DELETE FROM movie WHERE id = 10",
        "DELETE FROM viewer WHERE id = 7",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(statement)
    raw.close()


RATE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from matinee.store import Store
store = Store.open(Path(sys.argv[1]))
for number in itertools.count(int(sys.argv[2])):
    viewer = store.create_viewer(str(number))
    store.rate(viewer, 10, 4.5)
    print(viewer, flush=True)
"""


def test_an_acknowledged_rating_survives_kill_9(tmp_path: Path, dataset: Dataset) -> None:
    path = tmp_path / "matinee.db"
    store = Store.open(path)
    store.import_dataset(dataset)
    store.close()
    acknowledged: list[int] = []
    for round_ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", RATE_FOR_EVER, str(path), str(round_)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged += [int(child.stdout.readline()) for _ in range(20)]
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
        acknowledged += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        store = Store.open(path)
        assert all([each.value for each in store.ratings(viewer)] == [4.5] for viewer in acknowledged)
        store.close()
    assert len(acknowledged) >= 60


IMPORT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from matinee.data import Dataset
from matinee.store import Store
from dataclasses import replace
store = Store.open(Path(sys.argv[1]))
held = store.dataset()
def die(stage, done, total):
    if done:
        os.kill(os.getpid(), signal.SIGKILL)
store.import_dataset(replace(held.select(held.values > 2), name="other"), die)
"""


def test_an_import_killed_half_way_leaves_the_former_source(tmp_path: Path, dataset: Dataset) -> None:
    path = tmp_path / "matinee.db"
    store = Store.open(path)
    store.import_dataset(dataset)
    store.close()
    done = subprocess.run([sys.executable, "-c", IMPORT_AND_DIE, str(path)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    store = Store.open(path)
    assert store.dataset().fingerprint == dataset.fingerprint
    store.close()

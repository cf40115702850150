"""A running server serves what is promoted, drops nothing, and refuses what is broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from matinee.ranking import Recommender
from matinee.releases import Promotion, Registry, history, save
from matinee.service import Cinema
from matinee.service.pickup import Pickup
from matinee.store import Store

OPERATOR = "a-long-operator-token"


@pytest.fixture
def releases(recommender: Recommender, tmp_path: Path) -> tuple[Registry, list[str]]:
    """Return a registry with three releases, the first of them live."""
    registry = Registry(tmp_path / "releases")
    versions = [save(recommender.release, registry.folder).version for _ in range(3)]
    registry.promote(versions[0], "first")
    return registry, versions


def opened(registry: Registry, store: Store) -> Cinema:
    return Cinema(Recommender(registry.open_live(print)), store)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_what_is_promoted_is_served_and_told_once(releases: tuple[Registry, list[str]], store: Store) -> None:
    registry, (a, b, _) = releases
    cinema, told = opened(registry, store), []
    pickup = Pickup(registry, cinema, told.append)
    assert not pickup.look()
    registry.promote(b, "x")
    assert pickup.look()
    assert not pickup.look()
    assert cinema.recommender.info.version == b
    registry.rollback()
    assert pickup.look()
    assert cinema.recommender.info.version == a
    assert told == [f"Now serving release {b}; it was {a}.", f"Now serving release {a}; it was {b}."]


def test_a_broken_release_is_refused_with_one_line(releases: tuple[Registry, list[str]], store: Store) -> None:
    registry, (a, b, c) = releases
    cinema, told = opened(registry, store), []
    pickup = Pickup(registry, cinema, told.append)
    registry.promote(b, "x")
    flip(registry.folder / b / "ease.safetensors")
    assert not pickup.look()
    assert not pickup.look()
    assert cinema.recommender.info.version == a
    assert len(told) == 1
    assert "ease.safetensors" in told[0]
    assert f"Release {a} goes on" in told[0]
    (registry.folder / "live.json").write_text("{")
    assert not pickup.look()
    assert "live.json is damaged" in told[1]
    registry.promote(c, "mended")
    assert pickup.look()
    assert cinema.recommender.info.version == c


def test_a_release_that_cannot_answer_is_refused(
    releases: tuple[Registry, list[str]], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, (a, b, _) = releases
    cinema, told = opened(registry, store), []
    pickup = Pickup(registry, cinema, told.append)
    registry.promote(b, "x")

    def fail(*_: object) -> None:
        raise ZeroDivisionError("on trial")

    monkeypatch.setattr(Recommender, "search", fail)
    assert not pickup.look()
    assert cinema.recommender.info.version == a
    assert told == [f"What went live cannot be served: ZeroDivisionError: on trial Release {a} goes on."]


def test_the_first_release_is_tried_out_too_and_what_is_wrong_is_told(
    releases: tuple[Registry, list[str]], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, (a, *_) = releases
    cinema, told = opened(registry, store), []

    def fail(*_: object) -> None:
        raise ZeroDivisionError("on trial")

    monkeypatch.setattr(Recommender, "search", fail)
    monkeypatch.setattr("matinee.service.pickup.spare_collector", lambda: None)
    with Pickup(registry, cinema, told.append):
        give_up = time.monotonic() + 20
        while not told and time.monotonic() < give_up:
            time.sleep(0.01)
    assert told == [f"Release {a} cannot answer: ZeroDivisionError: on trial"]


def test_damage_that_the_start_did_not_see_is_found_later(releases: tuple[Registry, list[str]], store: Store) -> None:
    registry, (a, b, _) = releases
    registry.promote(b, "x")
    cinema, told = opened(registry, store), []
    pickup = Pickup(registry, cinema, told.append)
    assert not pickup.recheck()
    flip(registry.folder / b / "popular.safetensors")
    assert pickup.recheck()
    assert cinema.recommender.info.version == a
    assert "popular.safetensors" in told[0]
    flip(registry.folder / a / "popular.safetensors")
    assert not pickup.recheck()
    assert "No release of this home can be opened" in told[-1]
    assert cinema.recommender.info.version == a


@contextmanager
def served(home: Path, *options: str) -> Iterator[tuple[str, list[str], int]]:
    """Run a real server and yield its address, the lines it writes and its process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATINEE_")}
    command = "from matinee.cli import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", command, "serve", "--port", "0", "--home", str(home), *options],
        env=environment | {"COLUMNS": "200", "MATINEE_OPERATOR_TOKEN": OPERATOR},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    lines = [server.stderr.readline()]
    address = re.search(r"http://\S+", lines[0])
    assert address, lines

    def drain(stream: Iterator[str]) -> None:
        lines.extend(stream)

    reader = threading.Thread(target=drain, args=(server.stderr,))
    reader.start()
    try:
        yield address.group(), lines, server.pid
    finally:
        server.terminate()
        server.wait(timeout=60)
        reader.join()
        server.stderr.close()


class Audience:
    """People who ask without a pause."""

    def __init__(self, address: str, path: str, size: int) -> None:
        self.answers: list[tuple[int, str]] = []
        self._ask = (address, path)
        self._stop = threading.Event()
        self._people = [threading.Thread(target=self._watch) for _ in range(size)]

    def _watch(self) -> None:
        address, path = self._ask
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=30) as client:
            while not self._stop.is_set():
                answer = client.get(path)
                self.answers.append((answer.status_code, answer.json().get("release", "")))

    def __enter__(self) -> Audience:
        for person in self._people:
            person.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for person in self._people:
            person.join()


def until(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_under_load_changes_over_without_a_failed_request(
    releases: tuple[Registry, list[str]], store: Store, tmp_path: Path, workers: int
) -> None:
    registry, (a, b, c) = releases
    with served(tmp_path, "--workers", str(workers)) as (address, lines, server):
        assert until(lambda: answers(address), 90), lines
        # A worker that starts late would open what is live by then, and have nothing to tell of what was before.
        assert until(lambda: serving(server, registry.folder / a) >= workers, 90), lines
        with Audience(address, "/api/recommendations/1?n=5", 3) as audience:

            def serves(version: str) -> Callable[[], bool]:
                return lambda: {release for _, release in audience.answers[-40:]} == {version}

            assert until(serves(a), 90)
            registry.promote(b, "x")
            assert until(serves(b), 90), audience.answers[-10:]
            # All who ask may be at one worker; the other has to be through its rehearsal too.
            assert until(
                lambda: sum(f"Now serving release {b}; it was {a}" in line for line in lines) == workers, 90
            ), lines
            flip(registry.folder / c / "ease.safetensors")
            # Promoting it properly would be refused; here it breaks just after.
            history.write(registry.folder / history.LIVE, [Promotion.now(c, "x"), *registry.history()])
            assert until(lambda: sum(f"Release {b} goes on" in line for line in lines) == workers, 90), lines
            registry.rollback()
            assert until(serves(b), 90)
            registry.rollback()
            assert until(serves(a), 90), audience.answers[-10:]
    assert len(audience.answers) > 100
    assert {status for status, _ in audience.answers} == {200}
    assert {release for _, release in audience.answers} == {a, b}
    assert sum(f"Now serving release {b}; it was {a}" in line for line in lines) == workers


def serving(server: int, release: Path) -> int:
    """Return how many of a server's processes hold files of a release open; its workers, or itself where it has none."""
    children = Path(f"/proc/{server}/task/{server}/children")
    if not children.exists():
        pytest.skip("this system does not say what its processes hold open")
    asked = children.read_text().split() or [str(server)]
    return sum(str(release) in Path(f"/proc/{each}/maps").read_text() for each in asked)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False

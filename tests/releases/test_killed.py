"""Killed at every step of writing, promoting, rolling back and pruning, a home stays whole and says what is live."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matinee.releases import Registry
from matinee.releases.format import read_manifest, verify_files

VICTIM = '''
"""Do one thing to copies of a folder of releases, killed before its first, second, third … step with the disk."""

import os, shutil, signal, sys
from dataclasses import replace
from pathlib import Path

from matinee.releases import DataCard, Manifest, Registry
from matinee.releases.format import write_folder

STEPS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.truncate", "fcntl.flock"}
left = None


def step(event="", _=()):
    global left
    if left is None or event not in STEPS | {""}:
        return
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def counted(call):
    def before(*arguments):
        step()
        return call(*arguments)

    return before


sys.addaudithook(step)
os.fsync, os.close = counted(os.fsync), counted(os.close)


def in_parts(file):
    for part in (b"one", b"two", b"three"):
        file.write(part)
        file._file.flush()
        step()


def write(folder, version):
    data = DataCard(
        name="d", fingerprint="0", simulated=False, explicit=True, scale=(1, 5), ratings=1, users=1, movies=1
    )
    manifest = Manifest(version=version, created="", matinee="", data=data, engines={}, ranking={})
    write_folder(folder / version, manifest, {"a.bin": in_parts, "b.bin": in_parts})


def prepare(folder):
    for version in ("a", "b", "c", "d"):
        write(folder, version)
    Registry(folder).promote("a", "x")
    Registry(folder).promote("b", "x")


DEEDS = {
    "write": lambda folder: write(folder, "e"),
    "promote": lambda folder: Registry(folder).promote("d", "x"),
    "rollback": lambda folder: Registry(folder).rollback(),
    "prune": lambda folder: Registry(folder).prune(0),
}

deed, parent = DEEDS[sys.argv[1]], Path(sys.argv[2])
prepare(parent / "before")
for n in range(1, 1000):
    folder = parent / f"{n:03}"
    shutil.copytree(parent / "before", folder)
    child = os.fork()
    if child == 0:
        left = n
        deed(folder)
        left = None
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
'''


def killed(deed: str, folder: Path) -> list[Path]:
    """Return one folder for each step at which the deed was killed, and the last where it was not."""
    folder.mkdir()
    subprocess.run([sys.executable, "-c", VICTIM, deed, str(folder)], check=True, timeout=100)
    return sorted(folder.iterdir())[:-1]  # the last name is "before"


def checked(folder: Path) -> Registry:
    """Return a registry of releases that are all whole, and whose next writer finds nothing in the way."""
    registry = Registry(folder)
    for version in registry.versions():
        verify_files(folder / version, read_manifest(folder / version))
    registry.clear_unfinished()
    hidden = [path.name for path in folder.iterdir() if path.name.startswith((".writing-", ".deleting-"))]
    assert not hidden
    return registry


def test_killed_while_writing(tmp_path: Path) -> None:
    found = [checked(folder) for folder in killed("write", tmp_path / "w")]
    assert len(found) > 25
    assert {registry.live_version() for registry in found} == {"b"}
    there = ["e" in registry.versions() for registry in found]
    assert there == sorted(there)
    assert not there[0]
    assert there[-1]


@pytest.mark.parametrize(("deed", "new", "target"), [("promote", "d", "b"), ("rollback", "a", None)])
def test_killed_while_changing_what_is_live(tmp_path: Path, deed: str, new: str, target: str | None) -> None:
    found = [checked(folder) for folder in killed(deed, tmp_path / "w")]
    live = [registry.live_version() for registry in found]
    assert len(found) > 10
    turn = live.index(new)
    assert turn > 5
    assert live == ["b"] * turn + [new] * (len(live) - turn)
    assert [registry.rollback_target() for registry in found] == ["a"] * turn + [target] * (len(live) - turn)


def test_killed_while_pruning(tmp_path: Path) -> None:
    found = [checked(folder) for folder in killed("prune", tmp_path / "w")]
    assert len(found) > 15
    assert {registry.live_version() for registry in found} == {"b"}
    there = [registry.versions() for registry in found]
    assert all({"a", "b"} <= set(versions) for versions in there)
    assert there[0] == ["d", "c", "b", "a"]
    assert there[-1] == ["b", "a"]
    for registry in found:
        registry.prune(0)
        assert registry.versions() == ["b", "a"]


FULL = """
import resource, signal, sys
from pathlib import Path
from matinee.errors import EnvironmentFailure
from matinee.releases import Registry, save
from matinee.testing.worlds import latent
from matinee.engines import create
from matinee.releases import assemble

folder = Path(sys.argv[1])
dataset = latent()
release = assemble(dataset, {"popular": create("popular").fit(dataset)}, ranking={})
first = save(release, folder)
Registry(folder).promote(first.version, "x")
print(first.version)
if sys.argv[2] == "limit":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
else:
    with (folder / "fill").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
for deed in (lambda: save(release, folder), lambda: Registry(folder).promote(first.version, "again")):
    try:
        deed()
    except EnvironmentFailure as error:
        print(error.message)
"""


def full_disk(folder: Path, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), how], capture_output=True, text=True, check=True, timeout=60
    )
    version, writing, promoting = done.stdout.splitlines()
    assert writing.startswith(f"The release could not be written to {folder}: ")
    assert promoting.startswith(f"The releases in {folder} could not be changed: ")
    assert done.stderr == ""
    registry = checked(folder)
    assert registry.versions() == [version]
    assert [each.reason for each in registry.history()] == ["x"]
    assert registry.open_live(print).version == version


def test_a_file_that_may_not_grow_gives_one_message(tmp_path: Path) -> None:
    full_disk(tmp_path / "small", "limit")


def test_a_full_disk_gives_one_message(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system of its own may not be mounted here")
    try:
        full_disk(disk, "fill")
    finally:
        subprocess.run(["umount", disk], check=True)

"""A release folder appears whole or not at all, and damage is refused by name."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from matinee.errors import EnvironmentFailure, ReleaseError
from matinee.releases.format import (
    MANIFEST,
    SCHEMA,
    UNFINISHED,
    DataCard,
    Manifest,
    clear_unfinished,
    map_arrays,
    read_manifest,
    verify_files,
    write_folder,
)


def manifest() -> Manifest:
    data = DataCard(
        name="d", fingerprint="0" * 16, simulated=False, explicit=True, scale=(0.5, 5.0), ratings=1, users=1, movies=1
    )
    return Manifest(version="v", created="2026-01-01T00:00:00+00:00", matinee="0", data=data, engines={}, ranking={})


def writer(content: bytes):
    return lambda path: path.write_bytes(content)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    written = write_folder(tmp_path / "v", manifest(), {"a.bin": writer(b"abc"), "b.bin": writer(b"")})
    assert read_manifest(tmp_path / "v") == written
    assert written.files["a.bin"].bytes == 3
    verify_files(tmp_path / "v", written)
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_flipped_bit_is_refused_by_name(tmp_path: Path, place: int) -> None:
    written = write_folder(tmp_path / "v", manifest(), {"a.bin": writer(b"abc"), "b.bin": writer(b"xyz")})
    broken = bytearray(b"xyz")
    broken[place] ^= 1
    (tmp_path / "v" / "b.bin").write_bytes(broken)
    assert read_manifest(tmp_path / "v") == written
    with pytest.raises(ReleaseError, match=r"b\.bin of release v is damaged"):
        verify_files(tmp_path / "v", written)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / MANIFEST).unlink(), "half written or broken"),
        (lambda folder: (folder / "a.bin").unlink(), r"lacks its file a\.bin"),
        (lambda folder: (folder / "a.bin").write_bytes(b"ab"), "has 2 bytes instead of 3"),
        (lambda folder: (folder / MANIFEST).write_text("{"), "not a release manifest"),
        (lambda folder: (folder / MANIFEST).write_text('{"schema": 1}'), "lacks a part"),
        (lambda folder: (folder / MANIFEST).write_text("[]"), "not a release manifest"),
        (lambda folder: (folder / MANIFEST).write_bytes(b"\xff\xfe"), "half written or broken"),
    ],
)
def test_a_broken_folder_is_refused(tmp_path: Path, damage, message: str) -> None:
    write_folder(tmp_path / "v", manifest(), {"a.bin": writer(b"abc")})
    damage(tmp_path / "v")
    with pytest.raises(ReleaseError, match=message):
        read_manifest(tmp_path / "v")


def test_a_later_format_is_refused_with_advice() -> None:
    with pytest.raises(ReleaseError, match="Upgrade Matinee"):
        Manifest.from_json(replace(manifest(), schema=SCHEMA + 1).to_json())


def test_a_full_disk_gives_one_message_and_leaves_nothing(tmp_path: Path) -> None:
    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(EnvironmentFailure, match="No space left"):
        write_folder(tmp_path / "v", manifest(), {"a.bin": full})
    assert not list(tmp_path.iterdir())


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "v", manifest(), {"a.bin": interrupted})
    assert not list(tmp_path.iterdir())


def test_leavings_of_a_killed_writer_are_cleared_and_those_of_a_running_one_kept(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    (tmp_path / f"{UNFINISHED}{child.pid}-abc").mkdir()
    (tmp_path / f"{UNFINISHED}{os.getpid()}-abc").mkdir()
    assert clear_unfinished(tmp_path) == [f"{UNFINISHED}{child.pid}-abc"]
    assert [path.name for path in tmp_path.iterdir()] == [f"{UNFINISHED}{os.getpid()}-abc"]


def test_arrays_are_mapped_not_copied(tmp_path: Path) -> None:
    arrays = {
        "matrix": np.arange(12, dtype=np.float32).reshape(3, 4),
        "codes": np.array([-1, 0, 7], np.int8),
        "flags": np.array([True, False]),
        "empty": np.empty((0, 3), np.float64),
        "half": np.array([1.5], np.float16),
    }
    save_file(arrays, tmp_path / "x.safetensors")
    mapped = map_arrays(tmp_path / "x.safetensors")
    assert mapped.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype
        assert not mapped[name].flags.writeable
        assert not mapped[name].flags.owndata


@pytest.mark.parametrize("content", [b"", b"\x05\0\0\0\0\0\0\0abcde", b"\xff" * 16])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ReleaseError, match="not a safetensors file"):
        map_arrays(tmp_path / "x.safetensors")

"""A release folder appears whole or not at all, and damage is refused by name."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from matinee.errors import EnvironmentFailure, ReleaseError
from matinee.releases import stamps
from matinee.releases.arrays import map_arrays, write_arrays
from matinee.releases.disk import UNFINISHED, HashingFile, clear_unfinished
from matinee.releases.format import MANIFEST_SUM, read_manifest, verify_files, write_folder
from matinee.releases.manifest import MANIFEST, SCHEMA, DataCard, Manifest


def manifest() -> Manifest:
    data = DataCard(
        name="d", fingerprint="0" * 16, simulated=False, explicit=True, scale=(0.5, 5.0), ratings=1, users=1, movies=1
    )
    return Manifest(version="v", created="2026-01-01T00:00:00+00:00", matinee="0", data=data, engines={}, ranking={})


def content(text: bytes) -> Callable[[HashingFile], object]:
    return lambda file: file.write(text)


def written(folder: Path) -> Manifest:
    return write_folder(folder / "v", manifest(), {"a.bin": content(b"abc"), "b.bin": content(b"")})


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    made = written(tmp_path)
    assert read_manifest(tmp_path / "v") == made
    assert made.files["a.bin"].bytes == 3
    verify_files(tmp_path / "v", made)
    assert [path.name for path in tmp_path.iterdir()] == ["v"]
    summed = subprocess.run(["sha256sum", "-c", MANIFEST_SUM], cwd=tmp_path / "v", capture_output=True, check=False)
    assert summed.returncode == 0


def test_every_flipped_bit_of_every_file_is_refused_by_name(tmp_path: Path) -> None:
    made = written(tmp_path)
    for path in sorted((tmp_path / "v").iterdir()):
        whole = path.read_bytes()
        for bit in range(0, 8 * len(whole), 1 if len(whole) < 100 else 37):
            broken = bytearray(whole)
            broken[bit // 8] ^= 1 << bit % 8
            path.write_bytes(broken)
            with pytest.raises(ReleaseError, match=path.name.replace(".", r"\.")):
                verify_files(tmp_path / "v", read_manifest(tmp_path / "v"), trust=True)
        path.write_bytes(whole)
    assert read_manifest(tmp_path / "v") == made


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / MANIFEST).unlink(), "half written or broken"),
        (lambda folder: (folder / MANIFEST_SUM).unlink(), r"lacks its file manifest\.sha256"),
        (lambda folder: (folder / "a.bin").unlink(), r"lacks its file a\.bin"),
        (lambda folder: (folder / "a.bin").write_bytes(b"ab"), "has 2 bytes instead of 3"),
        (lambda folder: (folder / MANIFEST).write_text("{"), "do not agree"),
        (lambda folder: (folder / MANIFEST_SUM).write_bytes(b""), "do not agree"),
    ],
)
def test_a_broken_folder_is_refused(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    written(tmp_path)
    damage(tmp_path / "v")
    with pytest.raises(ReleaseError, match=message):
        read_manifest(tmp_path / "v")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a release manifest"),
        ("[]", "not a release manifest"),
        ('{"schema": 1}', "lacks a part"),
        ('{"schema": 1, "data": []}', "lacks a part"),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        Manifest.from_json(text)


def test_a_later_format_is_refused_with_advice() -> None:
    with pytest.raises(ReleaseError, match="Upgrade Matinee"):
        Manifest.from_json(replace(manifest(), schema=SCHEMA + 1).to_json())


def test_the_first_format_is_still_read(tmp_path: Path) -> None:
    made = replace(written(tmp_path), schema=1)
    plain = json.loads(made.to_json())
    del plain["receipts"]
    (tmp_path / "v" / MANIFEST).write_text(json.dumps(plain))
    (tmp_path / "v" / MANIFEST_SUM).unlink()
    assert read_manifest(tmp_path / "v") == made


def test_keys_of_a_later_program_are_passed_over() -> None:
    plain = json.loads(manifest().to_json())
    plain["mood"] = "blue"
    plain["data"]["planet"] = "Mars"
    plain["files"] = {"a.bin": {"bytes": 1, "sha256": "0", "colour": "red"}}
    read = Manifest.from_json(json.dumps(plain))
    assert read.data == manifest().data
    assert read.files["a.bin"].bytes == 1


def test_a_full_disk_gives_one_message_and_leaves_nothing(tmp_path: Path) -> None:
    def full(file: HashingFile) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(EnvironmentFailure, match="No space left"):
        write_folder(tmp_path / "v", manifest(), {"a.bin": full})
    assert not list(tmp_path.iterdir())


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(file: HashingFile) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "v", manifest(), {"a.bin": interrupted})
    assert not list(tmp_path.iterdir())


WRITER = """
import sys, time
from pathlib import Path
from matinee.releases.disk import new_folder
with new_folder(Path(sys.argv[1]) / "v") as folder:
    print(folder.name, flush=True)
    time.sleep(60)
"""


def test_leavings_of_a_killed_writer_are_cleared_and_those_of_a_running_one_kept(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer, writer.stdout:
        name = writer.stdout.readline().strip()
        assert name.startswith(UNFINISHED)
        assert clear_unfinished(tmp_path) == []
        writer.kill()
        writer.wait()
        assert clear_unfinished(tmp_path) == [name]
    assert not list(tmp_path.iterdir())


def test_a_verified_file_is_not_read_again_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = written(tmp_path)
    read: list[str] = []
    monkeypatch.setattr(stamps, "_FRESH", -1.0)
    monkeypatch.setattr(
        "matinee.releases.format.checksum", lambda path: read.append(path.name) or made.files[path.name].sha256
    )
    verify_files(tmp_path / "v", made, trust=True)
    assert read == ["a.bin", "b.bin"]
    verify_files(tmp_path / "v", made, trust=True)
    assert read == ["a.bin", "b.bin"]
    (tmp_path / "v" / "a.bin").write_bytes(b"abd")
    verify_files(tmp_path / "v", made, trust=True)
    assert read == ["a.bin", "b.bin", "a.bin"]
    verify_files(tmp_path / "v", made)
    assert read[3:] == ["a.bin", "b.bin"]
    stamps.forget(tmp_path / "v")
    verify_files(tmp_path / "v", made, trust=True)
    assert read[5:] == ["a.bin", "b.bin"]


def test_a_file_that_has_just_changed_is_not_noted(tmp_path: Path) -> None:
    made = written(tmp_path)
    verify_files(tmp_path / "v", made, trust=True)
    assert stamps.remembered(tmp_path / "v") == {}


@pytest.mark.parametrize("note", ["", "[]", "{", '{"v": 3}', '{"v": {"a.bin": null}}'])
def test_a_damaged_note_only_means_reading_again(tmp_path: Path, note: str) -> None:
    made = written(tmp_path)
    (tmp_path / stamps.NOTE).write_text(note)
    verify_files(tmp_path / "v", made, trust=True)


ARRAYS = {
    "matrix": np.arange(12, dtype=np.float32).reshape(3, 4),
    "codes": np.array([-1, 0, 7], np.int8),
    "flags": np.array([True, False]),
    "empty": np.empty((0, 3), np.float64),
    "half": np.array([1.5], np.float16),
    "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "one": np.array(3.5),
}


def test_arrays_are_mapped_not_copied(tmp_path: Path) -> None:
    with HashingFile(tmp_path / "x.safetensors") as file:
        write_arrays(ARRAYS, file)
    mapped = map_arrays(tmp_path / "x.safetensors")
    assert mapped.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype
        assert not mapped[name].flags.writeable
        assert not mapped[name].flags.owndata
        assert mapped[name].flags.aligned


def test_the_files_are_safetensors_to_others_and_theirs_to_us(tmp_path: Path) -> None:
    with HashingFile(tmp_path / "ours.safetensors") as file:
        write_arrays(ARRAYS, file)
    save_file({name: np.ascontiguousarray(array) for name, array in ARRAYS.items()}, tmp_path / "theirs.safetensors")
    read, mapped = load_file(tmp_path / "ours.safetensors"), map_arrays(tmp_path / "theirs.safetensors")
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        np.testing.assert_array_equal(mapped[name], array)


def test_an_array_without_a_word_for_its_type_is_refused(tmp_path: Path) -> None:
    with HashingFile(tmp_path / "x") as file, pytest.raises(ReleaseError, match="complex128"):
        write_arrays({"spectrum": np.zeros(2, np.complex128)}, file)


@pytest.mark.parametrize("damaged", [b"", b"\x05\0\0\0\0\0\0\0abcde", b"\xff" * 16])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(damaged)
    with pytest.raises(ReleaseError, match="not a safetensors file"):
        map_arrays(tmp_path / "x.safetensors")

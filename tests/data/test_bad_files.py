"""What cannot be read at all gives one clear error, never a traceback of somebody else's."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pytest

from matinee.data import read_catalogue, read_dataset
from matinee.data.sources import MAX_LINE_BYTES
from matinee.errors import DataError

RATINGS = b"userId,movieId,rating,timestamp\n" + b"".join(b"%d,%d,4.0,%d\n" % (n // 9, n % 9, n) for n in range(5000))
MOVIES = b"movieId,title,genres\n" + b"".join(b"%d,Film %d (2000),Drama\n" % (n, n) for n in range(9))


def error_of(path: Path, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read_dataset(path, **options)  # type: ignore[arg-type]
    assert "\n" not in caught.value.message
    assert caught.value.message.endswith(".")
    return caught.value


def archive(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name.replace("_", "."), data)
    return content.getvalue()


def parquet() -> bytes:
    content = io.BytesIO()
    pl.DataFrame({"userId": range(5000), "movieId": range(5000), "rating": [4.0] * 5000}).write_parquet(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.zip", b"", "is empty"),
        ("ratings.csv", b"", "is empty"),
        ("data.zip", archive(ratings_csv=RATINGS)[:2000], "not a whole zip archive"),
        ("data.zip", b"PK\x03\x04 nonsense", "not a whole zip archive"),
        ("data.zip", b"nonsense", "not a whole zip archive"),
        ("data.zip", archive(), "holds no files"),
        ("data.zip", archive(readme_txt=b"hello there"), "holds no ratings that can be recognised"),
        ("data.zip", archive(movies_csv=MOVIES), "has movies but no ratings"),
        ("data.zip", archive(ratings_csv=b""), "no ratings that can be recognised: ratings.csv (empty)"),
        ("ratings.csv", b"%PDF-1.7\n1 0 obj\nendobj\n" * 50, "is a PDF document"),
        ("ratings.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a picture"),
        ("ratings.csv", b"<!DOCTYPE html><html></html>", "is a web page"),
        ("ratings.csv", bytes(range(256)) * 9, "is binary data"),
        ("ratings.csv", b"once upon a time\nthere was a film\n", "is text of an unknown layout"),
        ("ratings.csv", MOVIES, "holds movies"),
        ("ratings.csv", b"userId,movieId,rating,timestamp\n", "no rating that can be used; 0 rows"),
        ("ratings.csv", b"userId,movieId,rating", "no rating that can be used; 0 rows"),
        ("ratings.parquet", parquet()[:3000], "damaged or cut-off Parquet"),
        ("ratings.parquet", b"PAR1" + b"\0" * 100, "damaged or cut-off Parquet"),
        ("ratings.csv.gz", gzip.compress(RATINGS)[:5000], "cannot be read"),
        ("ratings.csv.gz", b"\x1f\x8b nonsense", "cannot be read"),
        ("ratings.csv", RATINGS + b"x" * (3 * MAX_LINE_BYTES), "a line of more than"),
    ],
)
def test_single_files(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    error = error_of(tmp_path / name)
    assert words in error.message
    assert name in error.message


def test_a_damaged_entry(tmp_path: Path) -> None:
    content = bytearray(archive(ratings_csv=RATINGS, movies_csv=MOVIES))
    content[2000:2010] = b"\xff" * 10
    (tmp_path / "data.zip").write_bytes(content)
    error = error_of(tmp_path / "data.zip")
    assert "ratings.csv" in error.message
    assert error.hint


def test_a_wrong_checksum_inside(tmp_path: Path) -> None:
    """Stored bytes that still parse but are not the ones that were packed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("ratings.csv", RATINGS)
    (tmp_path / "data.zip").write_bytes(content.getvalue().replace(b"7,3,4.0,66\n", b"7,3,5.0,66\n"))
    assert "CRC" in error_of(tmp_path / "data.zip").message


def test_an_encrypted_archive(tmp_path: Path) -> None:
    content = bytearray(archive(ratings_csv=RATINGS))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    (tmp_path / "data.zip").write_bytes(content)
    error = error_of(tmp_path / "data.zip")
    assert "encrypted" in error.message
    assert error.hint is not None
    assert "password" in error.hint


def test_nothing_there(tmp_path: Path) -> None:
    assert "no file or folder" in error_of(tmp_path / "absent").message
    assert "holds no files" in error_of(tmp_path).message


def test_two_data_sets_side_by_side(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ratings.csv").write_bytes(RATINGS)
    error = error_of(tmp_path)
    assert "several data sets: first, second" in error.message


def test_two_files_of_ratings(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(RATINGS)
    (tmp_path / "yours.csv").write_bytes(RATINGS)
    assert "Several files could hold the ratings: mine.csv, yours.csv" in error_of(tmp_path).message
    (tmp_path / "ratings.csv").write_bytes(RATINGS)
    reading = read_dataset(tmp_path)
    assert reading.dataset.n_ratings == 5000
    assert reading.report.unused == ["mine.csv", "yours.csv"]


def test_an_unreadable_neighbour_is_left_out_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes(RATINGS)
    (tmp_path / "extra.parquet").write_bytes(parquet()[:1000])
    reading = read_dataset(tmp_path)
    assert any("extra.parquet was left out" in note for note in reading.report.notes)
    assert read_dataset(tmp_path / "ratings.csv").report.notes == reading.report.notes[1:]


def test_names_inside_an_archive_touch_no_file(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("../../escape/ratings.csv", RATINGS)
        packed.writestr("/tmp/\x1b[31mred.txt", b"hello")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data.zip").write_bytes(content.getvalue())
    reading = read_dataset(tmp_path / "in" / "data.zip")
    assert reading.dataset.n_ratings == 5000
    assert not (tmp_path / "escape").exists()
    assert "\x1b" not in "\n".join(reading.report.lines())


def test_a_bomb_does_not_explode(tmp_path: Path) -> None:
    """A gigabyte of zeros in a megabyte of zip is refused at its first endless line."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("ratings.csv", "w") as entry:
        entry.write(b"userId,movieId,rating\n" * 4000)
        for _ in range(64):
            entry.write(b"1" * (1 << 20))
    (tmp_path / "data.zip").write_bytes(content.getvalue())
    assert "a line of more than" in error_of(tmp_path / "data.zip").message


def test_no_movies_for_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes(RATINGS)
    with pytest.raises(DataError, match="holds no movies that can be recognised"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize("place", range(40))
def test_any_broken_byte_gives_data_or_a_data_error(tmp_path: Path, place: int) -> None:
    """Damage anywhere in an archive or a Parquet file is an error or is harmless, but nothing else."""
    for name, content in (("data.zip", archive(ratings_csv=RATINGS, movies_csv=MOVIES)), ("r.parquet", parquet())):
        damaged = bytearray(content)
        damaged[zlib.crc32(b"%d" % place) % len(damaged)] ^= 0xFF
        (tmp_path / name).write_bytes(damaged)
        with contextlib.suppress(DataError):
            assert 0 < read_dataset(tmp_path / name).dataset.n_ratings <= 5000

"""Bad input typed on purpose: one clear message, a non-zero exit, no traceback."""

from __future__ import annotations

import socket
import zipfile
from pathlib import Path

import pytest

MOVIES = "movieId,title,genres\n1,Heat (1995),Crime\n2,Babe (1995),Children\n"
RATINGS = "userId,movieId,rating,timestamp\n" + "".join(f"{user},1,4.0,{user}\n" for user in range(1, 16))


def refused(done, *words: str) -> None:
    assert done.returncode not in {0, 2}, done.stdout
    assert done.stderr.startswith("Error:") or "\nError:" in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("verb", [("train", "--data"), ("data", "inspect"), ("data", "import"), ("evaluate", "--data")])
def test_a_corrupted_zip(matinee, tmp_path: Path, verb: tuple[str, str]) -> None:
    path = tmp_path / "ml.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml/ratings.csv", RATINGS * 50)
        archive.writestr("ml/movies.csv", MOVIES)
    content = bytearray(path.read_bytes())
    content[60:90] = b"\0" * 30
    path.write_bytes(content)
    refused(matinee(*verb, path), "ml/ratings.csv", "cannot be read")


def test_a_zip_cut_short(matinee, tmp_path: Path) -> None:
    path = tmp_path / "ml.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ml/ratings.csv", RATINGS)
    path.write_bytes(path.read_bytes()[:-30])
    refused(matinee("train", "--data", path), "ml.zip")


def test_an_empty_file(matinee, tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("")
    refused(matinee("train", "--data", tmp_path / "ratings.csv"), "ratings.csv", "empty")


def test_a_text_rating_at_line_17(matinee, tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text(MOVIES)
    (tmp_path / "ratings.csv").write_text(RATINGS + "16,1,very good,16\n")
    skipped = matinee("data", "inspect", tmp_path)
    assert skipped.returncode == 0
    assert "ratings.csv:17" in skipped.stderr.replace("\n", "")
    refused(matinee("data", "inspect", tmp_path, "--bad-rows", "stop"), "ratings.csv", "17", "very good")


def test_a_pdf_named_ratings(matinee, tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n")
    refused(matinee("train", "--data", tmp_path / "ratings.csv"), "ratings.csv", "PDF")


def test_a_path_that_is_not_there(matinee, tmp_path: Path) -> None:
    refused(matinee("train", "--data", tmp_path / "nowhere.zip"), "nowhere.zip")


def test_nothing_to_train_from(matinee) -> None:
    refused(matinee("train"), "matinee up")


def test_an_unknown_user(trained) -> None:
    refused(trained("recommend", "--user", "999999"), "999999", "100")


def test_an_unknown_film(trained) -> None:
    refused(trained("similar", "zzz"), "zzz")


def test_an_unknown_engine(matinee, csv_folder: Path) -> None:
    refused(matinee("train", "--data", csv_folder, "--engines", "ease,magic"), "magic", "svd")


def test_an_unknown_strategy(trained) -> None:
    refused(trained("recommend", "--user", "101", "--strategy", "magic"), "magic", "hybrid")


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_a_busy_port(trained, verb: str) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        refused(trained(verb, "--port", str(busy.getsockname()[1])), "taken", "--port")


def test_a_host_that_is_not_ours(trained) -> None:
    refused(trained("serve", "--host", "192.0.2.1", "--port", "0"), "192.0.2.1")


def test_a_home_that_is_a_file(tmp_path: Path, matinee) -> None:
    (tmp_path / "home").write_text("")
    refused(matinee("train"), "home")


def test_an_option_out_of_range_is_a_usage_error(trained) -> None:
    done = trained("recommend", "--user", "101", "--top", "0")
    assert done.returncode == 2
    assert "--top" in done.stderr

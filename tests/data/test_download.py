"""Fetching a release: whole and right, or not there."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from matinee.data.download import RELEASES, Release, download
from matinee.errors import DataError, EnvironmentFailure, UnknownIdError

NAME = "ml-32m"


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("ml-32m/ratings.csv", b"userId,movieId,rating,timestamp\n" + b"1,1,4.0,5\n" * 60_000)
    return content.getvalue()


CONTENT = archive()
MD5 = hashlib.md5(CONTENT).hexdigest()


@dataclass
class Server:
    """Files by path, and how the server misbehaves."""

    files: dict[str, bytes]
    cut_after: int | None = None
    ranges: bool = True
    status: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server({f"/{NAME}.zip": CONTENT, f"/{NAME}.zip.md5": f"MD5 ({NAME}.zip) = {MD5.upper()}\n".encode()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append((self.path, wanted))
            content = state.files.get(self.path)
            if content is None or state.status:
                self.send_error(state.status or 404)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            if start >= len(content) > 0 and start:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            stop = len(content) if state.cut_after is None else start + state.cut_after
            self.wfile.write(content[start:stop])

        def log_message(self, *args: object) -> None: ...

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{httpd.server_port}/"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_arrives(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    path = download(NAME, tmp_path / "new", lambda *step: seen.append(step), base_url=server.address)
    assert path == tmp_path / "new" / f"{NAME}.zip"
    assert path.read_bytes() == CONTENT
    assert files_in(path.parent) == [path.name]
    assert seen[-1] == ("downloading", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_file_that_is_there_is_kept(server: Server, tmp_path: Path) -> None:
    path = download(NAME, tmp_path, base_url=server.address)
    server.asked.clear()
    assert download(NAME, tmp_path, base_url=server.address) == path
    assert server.asked == []


def test_a_broken_file_that_is_there_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.zip").write_bytes(CONTENT[:1000])
    assert download(NAME, tmp_path, base_url=server.address).read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_connection_is_continued(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.cut_after, server.ranges = 300_000, ranges
    with pytest.raises(EnvironmentFailure) as caught:
        download(NAME, tmp_path, base_url=server.address)
    assert f"after 300,000 of {len(CONTENT):,} bytes" in caught.value.message
    assert caught.value.hint is not None
    assert "matinee up" in caught.value.hint
    assert "matinee train --data PATH" in caught.value.hint
    assert files_in(tmp_path) == [f"{NAME}.zip.part"]
    server.cut_after = None
    assert download(NAME, tmp_path, base_url=server.address).read_bytes() == CONTENT
    assert server.asked[-1] == (f"/{NAME}.zip", "bytes=300000-")
    assert files_in(tmp_path) == [f"{NAME}.zip"]


def test_a_part_that_is_whole_already(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.zip.part").write_bytes(CONTENT)
    assert download(NAME, tmp_path, base_url=server.address).read_bytes() == CONTENT


def test_a_wrong_checksum(server: Server, tmp_path: Path) -> None:
    server.files[f"/{NAME}.zip"] = CONTENT[:-1] + b"!"
    with pytest.raises(DataError, match=MD5):
        download(NAME, tmp_path, base_url=server.address)
    assert files_in(tmp_path) == []
    server.files[f"/{NAME}.zip"] = CONTENT
    assert download(NAME, tmp_path, base_url=server.address).exists()


def test_a_known_checksum_is_trusted_more_than_the_server(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RELEASES, NAME, Release("few", hashlib.sha256(b"another").hexdigest()))
    with pytest.raises(DataError, match="not what was published"):
        download(NAME, tmp_path, base_url=server.address)
    monkeypatch.setitem(RELEASES, NAME, Release("few", hashlib.sha256(CONTENT).hexdigest()))
    assert download(NAME, tmp_path, base_url=server.address).exists()


def test_without_a_published_checksum_the_zip_must_be_whole(server: Server, tmp_path: Path) -> None:
    del server.files[f"/{NAME}.zip.md5"]
    assert download(NAME, tmp_path / "whole", base_url=server.address).exists()
    server.files[f"/{NAME}.zip"] = CONTENT[:-500]
    with pytest.raises(DataError, match="no whole zip"):
        download(NAME, tmp_path / "half", base_url=server.address)
    assert files_in(tmp_path / "half") == []


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_refusing_server(server: Server, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(EnvironmentFailure, match=f"the server answered {status}"):
        download(NAME, tmp_path, base_url=server.address)
    assert files_in(tmp_path) == []


def test_no_network(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        download("ml-100k", tmp_path, base_url="http://127.0.0.1:9/")
    assert caught.value.hint is not None
    assert "matinee up" in caught.value.hint


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentFailure):
        download(NAME, tmp_path / "file", base_url=server.address)


def test_unknown_release(tmp_path: Path) -> None:
    with pytest.raises(UnknownIdError) as caught:
        download("ml-33m", tmp_path)
    assert caught.value.hint is not None
    assert "ml-32m" in caught.value.hint


def test_releases_carry_checksums() -> None:
    assert set(RELEASES) == {
        "ml-latest-small", "ml-latest", "ml-100k", "ml-1m", "ml-10m", "ml-20m", "ml-25m", "ml-32m"
    }  # fmt: skip
    for release in RELEASES.values():
        assert release.checksum is None or len(release.checksum) in (32, 64)

"""Personal lists over HTTP: how many a second, and how long they take, with so many clients at once.

    matinee train --data ml-latest-small.zip --home HOME
    python benchmarks/load.py HOME [--clients 1 10 100] [--workers 1 2] [--seconds 10] [--pause 0]

Starts `matinee serve` over the home, and asks as its operator for the lists of all its viewers by turns. Every client opens one
connection within the first second, keeps it, and asks again as soon as it has its answer, or after a pause; without pauses a hundred clients keep a hundred requests
waiting, so that the time of one is a hundred times that of the server's work. The server and the clients share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

TOKEN = secrets.token_urlsafe(24)


@contextmanager
def served(home: Path, workers: int) -> Iterator[tuple[str, int]]:
    """Run a server and yield its address."""
    command = [
        sys.executable,
        "-c",
        "from matinee.cli import main; main()",
        "serve",
        "--port",
        "0",
        "--home",
        str(home),
    ]
    server = subprocess.Popen(
        [*command, "--workers", str(workers)],
        env=os.environ | {"MATINEE_OPERATOR_TOKEN": TOKEN, "COLUMNS": "200"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        address = re.search(r"http://([\d.]+):(\d+)", server.stderr.readline())
        assert address, "the server did not say where it listens"
        yield address[1], int(address[2])
    finally:
        server.terminate()
        server.wait(20)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, viewer: int) -> None:
    """Ask for one list and read the whole answer."""
    writer.write(
        f"GET /api/recommendations/{viewer}?n=10 HTTP/1.1\r\nHost: benchmark\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head.decode()
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length
    await reader.readexactly(int(length[1]))


async def client(host: str, port: int, viewers: list[int], ends: float, pause: float, taken: list[float]) -> None:
    """Ask until the time is over; note how long each answer took, in milliseconds."""
    await asyncio.sleep(random.random() * max(pause, 1.0))
    reader, writer = await asyncio.open_connection(host, port)
    while time.perf_counter() < ends:
        started = time.perf_counter()
        await ask(reader, writer, random.choice(viewers))
        taken.append(1000 * (time.perf_counter() - started))
        if pause:
            await asyncio.sleep(pause)
    writer.close()


async def load(host: str, port: int, viewers: list[int], clients: int, seconds: float, pause: float) -> list[float]:
    """Return how long every answer took."""
    taken: list[float] = []
    ends = time.perf_counter() + seconds
    await asyncio.gather(*(client(host, port, viewers, ends, pause, taken) for _ in range(clients)))
    return taken


async def ready(host: str, port: int, viewers: list[int], seconds: float = 30.0) -> None:
    """Wait until every worker answers and has warmed up."""
    ends = time.perf_counter() + seconds
    while True:
        try:
            await load(host, port, viewers, 8, 3.0, 0.0)
        except OSError:
            if time.perf_counter() > ends:
                raise
            await asyncio.sleep(0.2)
        else:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--pause", type=float, default=0.0, help="seconds between an answer and the client's next question"
    )
    options = parser.parse_args()
    with sqlite3.connect(options.home / "matinee.db") as database:
        viewers = [row[0] for row in database.execute("SELECT DISTINCT viewer_id FROM rating")]
    print(f"{len(viewers):,} viewers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, pause {options.pause:g} s")
    print(
        "\n| workers | clients | answers a second | median, ms | 95 % | 99 % |\n| --- | --- | --- | --- | --- | --- |"
    )
    for workers in options.workers:
        with served(options.home, workers) as (host, port):
            asyncio.run(ready(host, port, viewers))
            for clients in options.clients:
                taken = asyncio.run(load(host, port, viewers, clients, options.seconds, options.pause))
                middle, most, nearly = np.quantile(taken, [0.5, 0.95, 0.99])
                rate = len(taken) / options.seconds
                print(f"| {workers} | {clients} | {rate:.0f} | {middle:.1f} | {most:.1f} | {nearly:.1f} |", flush=True)


if __name__ == "__main__":
    main()

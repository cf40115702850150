"""`matinee serve`: the site and the API over the live release."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matinee.cli.console import DEFAULT_HOME, Home, err, home_folder
from matinee.cli.home import recommender_of, registry_of, store_of
from matinee.config import Settings
from matinee.errors import EnvironmentFailure
from matinee.ranking import Recommender

if TYPE_CHECKING:
    from fastapi import FastAPI

Host = Annotated[
    str,
    typer.Option("--host", envvar="MATINEE_HOST", help="Address to listen on; 0.0.0.0 opens the site to the network."),
]
Port = Annotated[
    int, typer.Option("--port", envvar="MATINEE_PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
]


Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        max=256,
        help="Server processes; they share one port and, through the system's cache, the memory of the release.",
    ),
]


def serve(host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 1, home: Home = DEFAULT_HOME) -> None:
    """Serve the film site and the JSON API of this home; what is promoted meanwhile is picked up within two seconds."""
    with listen(host, port) as listener:
        run(listener, recommender_of(home), home, workers=workers)


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is done.

    Raises:
        EnvironmentFailure: if somebody else has it, or it is not ours to take.
    """
    # The protocol is named because asyncio sends small answers at once only on sockets that are TCP by name; on others the
    # second part of every answer waits 40 ms for the client's acknowledgement of the first.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise EnvironmentFailure(
                f"Port {port} on {host} is taken by another program.",
                hint=f"Stop it, or choose another port: --port {port + 1}.",
            ) from error
        raise EnvironmentFailure(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.", hint="Choose another --host or --port."
        ) from error
    return listener


def run(listener: socket.socket, recommender: Recommender, home: Path, *, workers: int = 1) -> None:
    """Serve on an open socket until interrupted."""
    _announce(listener, recommender)
    if workers > 1:
        del recommender  # opening it has verified it for the workers, which open their own
        _run_workers(listener, home, workers)
        return
    # The other commands start without the web framework.
    import uvicorn

    site = _site(recommender, home, err.print)
    server = uvicorn.Server(uvicorn.Config(site, **_SERVER))
    server.run(sockets=[listener])


def worker_site() -> FastAPI:
    """Return the site of the home that `MATINEE_HOME` names; what each worker process serves."""
    home = Settings().home
    return _site(recommender_of(home), home, lambda text: err.print(f"Worker {os.getpid()}: {text}"))


_SERVER: dict[str, Any] = {"log_level": "warning", "lifespan": "on", "timeout_graceful_shutdown": 5}


def _run_workers(listener: socket.socket, home: Path, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    # Workers are started afresh and learn from the environment where their home is.
    os.environ["MATINEE_HOME"] = str(home_folder(home))
    config = uvicorn.Config("matinee.cli.serve:worker_site", factory=True, workers=workers, **_SERVER)
    Multiprocess(config, sockets=[listener]).run()


def _site(recommender: Recommender, home: Path, tell: Callable[[str], None]) -> FastAPI:
    """Return the site over a release, which changes with what is promoted for as long as the site runs."""
    from matinee.service import Cinema
    from matinee.service.pickup import Pickup
    from matinee.web import create_site

    settings = Settings(home=home_folder(home))
    cinema = Cinema(recommender, store_of(home), session_days=settings.session_days)
    site = create_site(cinema, settings)
    inner = site.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            with Pickup(registry_of(home), cinema, tell):
                yield state

    site.router.lifespan_context = lifespan
    return site


def _announce(listener: socket.socket, recommender: Recommender) -> None:
    host, port = listener.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    data = recommender.info.data
    err.print(
        f"Serving {data.name}{' (simulated viewers)' if data.simulated else ''} at [bold]http://{name}:{port}[/bold]  (Ctrl-C stops)"
    )

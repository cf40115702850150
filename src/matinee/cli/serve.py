"""`matinee serve`: the site and the API over the live release."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import Annotated

import typer

from matinee.cli.console import DEFAULT_HOME, Home, err, home_folder
from matinee.cli.home import recommender_of, store_of
from matinee.config import Settings
from matinee.errors import EnvironmentFailure
from matinee.ranking import Recommender

Host = Annotated[
    str,
    typer.Option("--host", envvar="MATINEE_HOST", help="Address to listen on; 0.0.0.0 opens the site to the network."),
]
Port = Annotated[
    int, typer.Option("--port", envvar="MATINEE_PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
]


def serve(host: Host = "127.0.0.1", port: Port = 8000, home: Home = DEFAULT_HOME) -> None:
    """Serve the film site and the JSON API of this home."""
    with listen(host, port) as listener:
        run(listener, recommender_of(home), home)


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is done.

    Raises:
        EnvironmentFailure: if somebody else has it, or it is not ours to take.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
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


def run(listener: socket.socket, recommender: Recommender, home: Path) -> None:
    """Serve on an open socket until interrupted."""
    # The other commands start without the web framework.
    import uvicorn

    from matinee.service import Cinema
    from matinee.web import create_site

    settings = Settings(home=home_folder(home))
    cinema = Cinema(recommender, store_of(home), session_days=settings.session_days)
    site = create_site(cinema, settings)
    host, port = listener.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    data = cinema.recommender.info.data
    err.print(
        f"Serving {data.name}{' (simulated viewers)' if data.simulated else ''} at [bold]http://{name}:{port}[/bold]  (Ctrl-C stops)"
    )
    server = uvicorn.Server(uvicorn.Config(site, log_level="warning", lifespan="on", timeout_graceful_shutdown=5))
    server.run(sockets=[listener])

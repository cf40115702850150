"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from matinee import __version__

app = typer.Typer(
    name="matinee",
    help="Matinee: the movie recommender you can run, read and trust.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"matinee {__version__}")
        raise typer.Exit


@app.callback()
def matinee(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Matinee: the movie recommender you can run, read and trust."""

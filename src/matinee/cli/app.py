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


def _register() -> None:
    """Hang every verb into the tree, in the order a newcomer meets them."""
    from matinee.cli import (
        compress,
        data,
        evaluate,
        offpolicy,
        recommend,
        releases,
        replay,
        serve,
        similar,
        train,
        tune,
        up,
    )

    app.command("up")(up.up)
    app.add_typer(data.app, name="data")
    app.command("train")(train.train_command)
    app.command("recommend")(recommend.recommend)
    app.command("similar")(similar.similar)
    app.command("serve")(serve.serve)
    app.add_typer(releases.app, name="releases")
    app.command("compress")(compress.compress)
    app.command("evaluate")(evaluate.evaluate)
    app.command("tune")(tune.tune)
    app.command("replay")(replay.replay_command)
    app.command("offpolicy")(offpolicy.offpolicy_command)


_register()

"""`matinee compress`: a smaller release, with a receipt that says what it cost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, note, out, print_json, progress_bars
from matinee.cli.home import registry_of, store_of
from matinee.cli.receipt_page import receipt
from matinee.cli.sources import OnBadRow, read
from matinee.cli.train import held_by
from matinee.errors import SettingsError
from matinee.releases import Release, load
from matinee.releases.compress import LADDER, Recipe, estimated_bytes, fitting, recipe, require_compressible
from matinee.training.compression import Wish, files_within, save_compressed
from matinee.training.gate import reason_to_promote
from matinee.training.panel import Panel, refit, strangers
from matinee.training.receipts import choose
from matinee.types import Progress

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}

Budget = Annotated[
    str | None, typer.Option("--budget", metavar="SIZE", help="Largest size of all files together, such as 300MB.")
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Largest resident memory of a process that opens it and answers, such as 300MB.",
    ),
]
MaxLoss = Annotated[
    float | None,
    typer.Option("--max-loss", min=0.0, max=1.0, help="Largest share of NDCG@10 or HR@10 to lose, such as 0.01."),
]
Scheme = Annotated[
    str | None, typer.Option("--scheme", metavar="NAME", help=f"One of {', '.join(each.name for each in LADDER)}.")
]
HeldOut = Annotated[
    Path | None,
    typer.Option(
        "--held-out", help="Ratings of people the release has not learned from; without it, a refit is judged."
    ),
]


def compress(
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Name of a release; the live one by default.")
    ] = None,
    budget: Budget = None,
    memory: Memory = None,
    max_loss: MaxLoss = None,
    scheme: Scheme = None,
    held_out: HeldOut = None,
    promote: Annotated[bool, typer.Option("--promote", help="Make the new release live, if the gate lets it.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make a smaller release: the gentlest recipe within --budget or --memory, or the smallest within --max-loss.

    Refuses if there is none, and says what came closest.
    """
    wish = Wish(
        budget=None if budget is None else parse_size(budget),
        memory=None if memory is None else parse_size(memory),
        max_loss=max_loss,
    )
    if wish == Wish() and scheme is None:
        raise SettingsError(
            "compress needs to know how small or how faithful.",
            hint="matinee compress --budget 300MB, or --memory 300MB, or --max-loss 0.01, or --scheme int8.",
        )
    fixed = None if scheme is None else recipe(scheme)
    registry = registry_of(home)
    with progress_bars() as progress:
        release = load(registry.path(version), progress=progress)
        require_compressible(release)
        choosing, panel = _panels(release, held_out, home, progress, choose=fixed is None and max_loss is not None)
        if fixed is not None:
            how = fixed
        else:
            candidates = _candidates(release, _largest(wish, release, registry.folder, panel))
            how = candidates[0]
            if choosing is not None and max_loss is not None:
                how = choose(choosing, candidates, max_loss, release.manifest.ranking, progress)
        made = save_compressed(release, registry.folder, how, panel, wish, progress)
    live = None
    if promote:
        live = reason_to_promote(made.manifest)
        registry.promote(made.version, live)
    if as_json:
        print_json({"release": made.version, "live": live is not None, **made.manifest.receipts["compression"]})
        return
    for part in receipt(made.manifest.receipts["compression"]):
        out.print(part)
    out.print(f"Release {made.version} {'is live' if live else 'was saved'}.")
    if not live:
        note(f"To serve it: matinee releases promote {made.version}")


def parse_size(text: str) -> int:
    """Return the bytes that a size such as "300MB", "1.5 GB" or "64MiB" means.

    Raises:
        SettingsError: if it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if found is None or found[2].upper() not in _UNITS or float(found[1]) <= 0:
        raise SettingsError(
            f"A size is a number and a unit, such as 300MB; got {text!r}.", hint="Units: B, KB, MB, GB, KiB, MiB, GiB."
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _candidates(release: Release, budget: int | None) -> list[Recipe]:
    """Return the recipes to try, the gentlest first."""
    if budget is None:
        return list(LADDER)
    gentlest = fitting(release, budget)
    return [gentlest, *(how for how in LADDER if how != gentlest and estimated_bytes(release, how) <= budget)]


def _largest(wish: Wish, release: Release, releases: Path, panel: Panel) -> int | None:
    """Return how many bytes of files the wish leaves room for."""
    if wish.memory is None:
        return wish.budget
    fits = files_within(wish.memory, release, releases, panel)
    return fits if wish.budget is None else min(fits, wish.budget)


def _panels(
    release: Release, held_out: Path | None, home: Path, progress: Progress, *, choose: bool
) -> tuple[Panel | None, Panel]:
    """Return a panel to choose on, if there is anything to choose, and another one to report on."""
    if held_out is None:
        dataset = held_by(store_of(home), home)
        choosing = refit(dataset, release.manifest, "validation", progress) if choose else None
        return choosing, refit(dataset, release.manifest, "test", progress)
    everybody = strangers(read(held_out, None, OnBadRow.skip, progress), release)
    if not choose:
        return None, everybody
    order = np.random.default_rng(0).permutation(len(everybody)).astype(np.int32)
    half = len(order) // 2
    return (
        everybody.part(np.sort(order[:half]), "One half of them, to choose on."),
        everybody.part(np.sort(order[half:]), "The half of them that was not chosen on."),
    )

"""`matinee evaluate`: a comparison anybody can check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from matinee.cli.console import note, out, print_json, progress_bars
from matinee.cli.contest import contestants, rule_settings, subject
from matinee.cli.sources import BadRows, DataPath, MetadataPath, OnBadRow
from matinee.errors import InputError
from matinee.evaluation import PROTOCOLS, Result
from matinee.evaluation import evaluate as run

_HERE = "-"
"""In place of a file: standard output."""


def evaluate(
    protocol: Annotated[
        str, typer.Option("--protocol", help=f"How ratings are hidden and what is measured: {', '.join(PROTOCOLS)}.")
    ] = PROTOCOLS[0],
    data: DataPath = None,
    engines: Annotated[
        str,
        typer.Option(
            "--engines",
            help="Engines, hybrid and presets such as flixflow, separated by commas.",
            show_default="hybrid and its members; for stars all that predict them",
        ),
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ENGINE.NAME=VALUE", help="A setting of an engine; may be repeated."),
    ] = None,
    protocol_settings: Annotated[
        list[str] | None,
        typer.Option("--protocol-setting", metavar="NAME=VALUE", help="A setting of the protocol; may be repeated."),
    ] = None,
    held_out_users: Annotated[
        int | None, typer.Option("--held-out-users", min=1, help="Protocol strong: users in the test group.")
    ] = None,
    part: Annotated[str, typer.Option("--part", help="test for claims, validation to choose settings.")] = "test",
    baseline: Annotated[
        str,
        typer.Option("--baseline", help="Row the others are compared with.", show_default="popular; for stars bias"),
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Of the split, the random row and the bootstrap.", show_default="the protocol's own"
        ),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE", help="Write the figures here; - prints them instead of the table."),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a report with charts, one file that needs no network."),
    ] = None,
    png_file: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Write a picture (extra: lab).")
    ] = None,
    metadata: MetadataPath = None,
    bad_rows: BadRows = OnBadRow.skip,
) -> None:
    """Compare engines on held-out ratings, beside random and popular, with paired intervals."""
    if part not in ("test", "validation"):
        raise InputError(f"The part must be test or validation; got {part!r}.")
    _check_targets(json_file, html_file, png_file)
    entries = list(protocol_settings or []) + ([f"held_out_users={held_out_users}"] if held_out_users else [])
    rule = rule_settings(protocol, entries, seed)
    names = [name.strip() for name in engines.split(",") if name.strip()]
    takers = contestants(names, settings or [], stars=protocol == "rating")
    with progress_bars() as progress:
        dataset, judge = subject(data, metadata, bad_rows, protocol, rule, progress)
        result = run(
            dataset,
            judge,
            takers,
            baseline=baseline,
            part=cast(Literal["validation", "test"], part),
            seed=seed or 0,
            progress=progress,
        )
    _write(result, json_file, html_file, png_file)
    if any(row.refused for row in result.rows):
        raise typer.Exit(1)


def _check_targets(json_file: str | None, html_file: Path | None, png_file: Path | None) -> None:
    """Find out before the work whether its results can be written."""
    paths = [html_file, png_file, None if json_file in (None, _HERE) else Path(str(json_file))]
    for path in paths:
        if path is not None and not path.absolute().parent.is_dir():
            raise InputError(f"There is no folder {path.absolute().parent} to write {path.name} into.")
    if png_file is not None:
        from matinee.evaluation.report_picture import require_matplotlib

        require_matplotlib()


def _write(result: Result, json_file: str | None, html_file: Path | None, png_file: Path | None) -> None:
    if json_file == _HERE:
        print_json(result.to_json())
    else:
        from matinee.evaluation.report_table import table

        out.print(table(result, out.width))
    if json_file not in (None, _HERE):
        _save(Path(str(json_file)), json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n")
    if html_file is not None:
        from matinee.evaluation.report_html import html_report

        _save(html_file, html_report(result))
    if png_file is not None:
        from matinee.evaluation.report_picture import save_picture

        save_picture(result, png_file)
        note(f"Wrote {png_file}")


def _save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    note(f"Wrote {path}")

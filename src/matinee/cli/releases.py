"""`matinee releases`: what was trained, what is live, what is broken; promote, roll back, verify, prune."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, note, out, print_json, progress_bars
from matinee.cli.home import registry_of
from matinee.cli.release_page import as_plain, page
from matinee.errors import ReleaseError, SettingsError
from matinee.releases import Listed
from matinee.releases.format import read_manifest, verify_files
from matinee.training.gate import reason_to_promote

app = typer.Typer(help="List, show, promote, roll back, verify and prune releases.")

Version = Annotated[str, typer.Argument(metavar="VERSION", help="Name of a release, as `matinee releases` shows it.")]
AnyVersion = Annotated[
    str | None, typer.Argument(metavar="[VERSION]", help="Name of a release; the live one by default.")
]


@app.callback(invoke_without_command=True)
def releases(context: typer.Context, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """List the releases of this home, newest first; the verbs below change what is live."""
    if context.invoked_subcommand is None:
        list_releases(home, as_json)
        return
    for name in ("home", "as_json"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + name.removeprefix("as_")
            raise SettingsError(
                f"{option} belongs to the verb.", hint=f"matinee releases {context.invoked_subcommand} {option} …"
            )


@app.command("list")
def list_releases(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """List the releases of this home, newest first."""
    registry = registry_of(home)
    listed = registry.survey()
    if as_json:
        print_json({"releases": [as_plain(each) for each in listed]})
    elif listed:
        _print_table(listed)
    else:
        note("No release yet. Train one: matinee train, or matinee up.")
    registry.history()  # a damaged record is a mistake, but no reason to hide what there is to promote


@app.command("show")
def show(version: AnyVersion = None, home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Show what one release is: data, engines, files, verdict of the gate, receipts, when it was live."""
    registry = registry_of(home)
    folder = registry.path(version)
    manifest = read_manifest(folder)
    promotions = [each for each in registry.history() if each.version == folder.name]
    listed = Listed(folder.name, folder.name == registry.live_version(), manifest, None)
    if as_json:
        print_json(
            as_plain(listed)
            | {
                "ranking": manifest.ranking,
                "settings": manifest.engines,
                "receipts": manifest.receipts,
                "files": {name: {"bytes": card.bytes, "sha256": card.sha256} for name, card in manifest.files.items()},
                "promotions": [{"at": each.at, "reason": each.reason, "action": each.action} for each in promotions],
            }
        )
        return
    for part in page(listed, manifest, promotions):
        out.print(part)


@app.command("promote")
def promote(
    version: Version,
    force: Annotated[
        str | None,
        typer.Option("--force", metavar="REASON", help="Go live whatever the gate said; the reason is recorded."),
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make a release live, if its receipt says that it passed the gate; running servers pick it up."""
    registry = registry_of(home)
    reason = reason_to_promote(read_manifest(registry.path(version)), force)
    with progress_bars() as progress:
        registry.promote(version, reason, progress=progress)
    _tell_live(version, reason, as_json=as_json)


@app.command("rollback")
def rollback(
    reason: Annotated[str, typer.Option("--reason", help="Why; recorded in the history.")] = "",
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Make the release live again that was live before; a second time goes one further back."""
    registry = registry_of(home)
    with progress_bars() as progress:
        version = registry.rollback(reason, progress=progress)
    _tell_live(version, registry.history()[0].reason, as_json=as_json)


@app.command("verify")
def verify(
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Name of a release; all of them by default.")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Read every file and compare it with its checksum, whatever was verified before."""
    registry = registry_of(home)
    versions = registry.versions() if version is None else [registry.path(version).name]
    problems: dict[str, str | None] = {}
    with progress_bars() as progress:
        for name in versions:
            try:
                verify_files(registry.folder / name, read_manifest(registry.folder / name), progress=progress)
                problems[name] = None
            except ReleaseError as error:
                problems[name] = error.message
    if as_json:
        print_json({"releases": [{"version": name, "problem": problem} for name, problem in problems.items()]})
    else:
        for name, problem in problems.items():
            out.print(f"{name}: {'every file is right' if problem is None else problem}", soft_wrap=True)
    broken = sum(problem is not None for problem in problems.values())
    if broken:
        raise ReleaseError(
            f"{broken} of {len(problems)} releases {'is' if broken == 1 else 'are'} damaged.",
            hint="A damaged release is never served. Train again, or put the file back from a copy.",
        )
    if not problems and not as_json:
        note("No release yet. Train one: matinee train, or matinee up.")


@app.command("prune")
def prune(
    keep: Annotated[int, typer.Option("--keep", min=0, help="How many of the newest releases to keep.")] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Delete old releases; the live one, the one a rollback returns to and the newest few stay."""
    registry = registry_of(home)
    sizes = {
        name: sum(file.stat().st_size for file in (registry.folder / name).iterdir()) for name in registry.versions()
    }
    with progress_bars() as progress:
        doomed = registry.prunable(keep)[::-1] if dry_run else registry.prune(keep, progress=progress)
    freed = sum(sizes[name] for name in doomed)
    if as_json:
        print_json({"deleted": doomed, "bytes": freed, "dry_run": dry_run})
        return
    for name in doomed:
        out.print(f"{'Would delete' if dry_run else 'Deleted'} {name} ({sizes[name] / 1e6:,.1f} MB)")
    if not doomed:
        note("Nothing to delete.")


def _print_table(listed: list[Listed]) -> None:
    table = Table()
    for heading in ("Release", "Data", "Ratings", "Size", "Engines", "State"):
        number = heading in ("Ratings", "Size")
        table.add_column(heading, justify="right" if number else "left", no_wrap=heading in ("Release", "Size"))
    for each in listed:
        table.add_row(each.version, *_about(each), _state(each))
    out.print(table)


def _tell_live(version: str, reason: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"live": version, "reason": reason})
    else:
        out.print(f"Release {version} is live ({reason}).")


def _about(each: Listed) -> tuple[str, str, str, str]:
    manifest = each.manifest
    if manifest is None:
        return "", "", "", ""
    data = f"{manifest.data.name}{' (simulated viewers)' if manifest.data.simulated else ''}"
    return (
        data,
        f"{manifest.data.ratings:,}",
        f"{manifest.bytes / 1e6:,.1f} MB",
        ", ".join(manifest.engines),
    )


def _state(each: Listed) -> str:
    """Say in a few words whether a release is live, and how it came or did not come to that."""
    if each.manifest is None:
        return f"broken: {each.problem}"
    gate = each.manifest.gate
    forced = gate.get("forced")
    judged = "passed the gate" if gate.get("passed") else f"forced: {forced}" if forced else "kept back by the gate"
    if "compression" in each.manifest.receipts:
        judged += ", compressed"
    return f"[bold]live[/bold], {judged}" if each.live else judged

"""`matinee releases`: what was trained, what is live, what is broken."""

from __future__ import annotations

from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, note, out, print_json
from matinee.cli.home import registry_of
from matinee.releases import Listed


def releases(home: Home = DEFAULT_HOME, as_json: AsJson = False) -> None:
    """List the releases of this home, newest first."""
    listed = registry_of(home).survey()
    if as_json:
        print_json({"releases": [_plain(each) for each in listed]})
        return
    if not listed:
        note("No release yet. Train one: matinee train, or matinee up.")
        return
    table = Table()
    for heading in ("Release", "Data", "Ratings", "Engines", "State"):
        table.add_column(heading, justify="right" if heading == "Ratings" else "left", no_wrap=heading == "Release")
    for each in listed:
        manifest = each.manifest
        data = (
            ""
            if manifest is None
            else f"{manifest.data.name}{' (simulated viewers)' if manifest.data.simulated else ''}"
        )
        table.add_row(
            each.version,
            data,
            "" if manifest is None else f"{manifest.data.ratings:,}",
            "" if manifest is None else ", ".join(manifest.engines),
            _state(each),
        )
    out.print(table)


def _state(each: Listed) -> str:
    """Say in a few words whether a release is live, and how it came or did not come to that."""
    if each.manifest is None:
        return f"broken: {each.problem}"
    gate = each.manifest.gate
    forced = gate.get("forced")
    judged = "passed the gate" if gate.get("passed") else f"forced: {forced}" if forced else "kept back by the gate"
    return f"[bold]live[/bold], {judged}" if each.live else judged


def _plain(each: Listed) -> dict[str, object]:
    manifest = each.manifest
    plain: dict[str, object] = {"version": each.version, "live": each.live, "problem": each.problem}
    if manifest is None:
        return plain
    return plain | {
        "created": manifest.created,
        "data": {
            "name": manifest.data.name,
            "fingerprint": manifest.data.fingerprint,
            "simulated": manifest.data.simulated,
            "ratings": manifest.data.ratings,
            "users": manifest.data.users,
            "movies": manifest.data.movies,
        },
        "engines": list(manifest.engines),
        "gate": manifest.gate,
        "bytes": sum(card.bytes for card in manifest.files.values()),
    }

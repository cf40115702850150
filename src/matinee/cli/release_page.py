"""What `matinee releases show` prints of one release."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from matinee.cli.receipt_page import receipt
from matinee.releases import Listed, Manifest, Promotion


def page(listed: Listed, manifest: Manifest, promotions: list[Promotion]) -> Iterator[RenderableType]:
    """Yield the parts of the page of one release."""
    data = manifest.data
    facts = Table.grid(padding=(0, 2))
    simulated = " (simulated viewers)" if data.simulated else ""
    facts.add_row("release", manifest.version + (", [bold]live[/bold]" if listed.live else ""))
    facts.add_row("created", f"{manifest.created}, by Matinee {manifest.matinee}")
    facts.add_row("data", f"{data.name}{simulated}, fingerprint {data.fingerprint}")
    facts.add_row("", f"{data.ratings:,} ratings, {data.users:,} viewers, {data.movies:,} films")
    facts.add_row("gate", str(manifest.gate.get("summary", "no gate has judged it")))
    if manifest.gate.get("forced"):
        facts.add_row("", f"forced: {manifest.gate['forced']}")
    for each in promotions:
        facts.add_row("went live", f"{each.at}, {each.reason}")
    yield facts
    files = Table("File", "Holds")
    files.add_column("Bytes", justify="right", no_wrap=True)
    for name, card in manifest.files.items():
        engine = name.removesuffix(".safetensors")
        settings = manifest.engines.get(engine, {})
        files.add_row(name, ", ".join(f"{key}={value}" for key, value in settings.items()), f"{card.bytes:,}")
    files.add_row("together", "", f"{manifest.bytes:,}")
    yield files
    if "compression" in manifest.receipts:
        yield from receipt(manifest.receipts["compression"])


def as_plain(each: Listed) -> dict[str, object]:
    """Return the stable keys of one release in JSON."""
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
        "bytes": manifest.bytes,
    }

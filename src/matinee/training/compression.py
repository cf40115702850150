"""Compressing a release: a new release, written only when it is what was asked for, with its receipt."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matinee import __version__
from matinee.errors import GateError
from matinee.releases import Manifest, Release, save
from matinee.releases.compress import Recipe, compressed
from matinee.releases.manifest import SCHEMA
from matinee.training.footprint import ANSWERS, footprint
from matinee.training.gate import Comparison, GateConfig
from matinee.training.panel import Panel
from matinee.training.receipts import Quality, quality
from matinee.types import Profile, Profiles, Progress, silent


def save_compressed(
    release: Release,
    releases: Path,
    how: Recipe,
    panel: Panel,
    wish: Mapping[str, Any],
    progress: Progress = silent,
) -> Release:
    """Write a compressed release with its receipt; nothing is left behind where the wish is not met.

    Args:
        release: in float32, saved below `releases`.
        releases: folder of the registry.
        how: the recipe.
        panel: people to measure on.
        wish: `budget` in bytes and `max_loss`, None where nobody asked.
        progress: told about every step.

    Raises:
        GateError: if the finished release does not meet the wish.
    """
    manifest = release.manifest
    encoded_panel, _ = compressed(panel.engines, how, progress)
    seen = quality(panel, encoded_panel, manifest.ranking, progress)
    if wish.get("max_loss") is not None and seen.worst > wish["max_loss"]:
        raise GateError(
            f"{how.name} loses {seen.worst:.2%} on {len(panel):,} held-out people; at most {wish['max_loss']:.2%} was asked for.",
            hint="Allow more with --max-loss, or choose a gentler recipe with --scheme.",
        )
    engines, cards = compressed(release.engines, how, progress)
    asked = Profiles.stack(
        [_known(panel, release, row) for row in range(min(ANSWERS, len(panel)))], len(release.catalogue)
    )

    def finish(folder: Path, written: Manifest) -> Manifest:
        if wish.get("budget") is not None and written.bytes > wish["budget"]:
            raise GateError(
                f"{how.name} came to {written.bytes / 1e6:,.1f} MB; at most {wish['budget'] / 1e6:,.1f} MB was asked for.",
                hint="Ask for a little more with --budget, or choose a smaller recipe with --scheme.",
            )
        receipt = {
            "of": release.version,
            "recipe": how.settings(),
            "wish": dict(wish),
            "arrays": [asdict(card) for card in cards],
            "bytes": {"before": manifest.bytes, "after": written.bytes},
            "footprint": {
                "before": footprint(releases / release.version, asked),
                "after": footprint(folder, asked),
            },
            "quality": asdict(seen),
            "worst_loss": seen.worst,
            "cores": os.cpu_count(),
        }
        plain = json.loads(json.dumps(receipt, allow_nan=False))
        return replace(written, receipts={**written.receipts, "compression": plain})

    renamed = replace(
        manifest,
        version=f"{manifest.version}-{how.factors}-{how.item_item}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        matinee=__version__,
        files={},
        schema=SCHEMA,
    )
    unsaved = Release(renamed, release.catalogue, engines)
    return save(unsaved, releases, gate=verdict(manifest.gate, seen), finish=finish)


def verdict(gate: Mapping[str, Any], seen: Quality) -> dict[str, Any]:
    """Return the gate's verdict on a compressed release: its origin's, and the rule for a newcomer against its origin."""
    rule = GateConfig()
    kept = seen.rankings[0].metrics[rule.metric]
    against = Comparison("float32", kept.difference, kept.low, kept.high, -rule.tolerance)
    summary = f"{gate.get('summary', 'No gate has judged its origin.')} Compressed: {rule.metric} {kept.after:.4f}, {against}."
    return {
        **gate,
        "passed": bool(gate.get("passed")) and against.passed,
        "forced": gate.get("forced") if against.passed else None,
        "summary": summary,
        "comparisons": [*gate.get("comparisons", ()), asdict(against)],
    }


def _known(panel: Panel, release: Release, row: int) -> Profile:
    """Return a profile of the panel in the terms of the release's catalogue."""
    profile = panel.profiles[row]
    films = release.catalogue.ids.find(panel.catalogue.ids.ids[profile.movies])
    here = films >= 0
    return Profile(films[here], profile.values[here], profile.times[here])

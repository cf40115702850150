"""Compressing a release: a new release, written only when it is what was asked for, with its receipt."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matinee import __version__
from matinee.errors import GateError, SettingsError
from matinee.releases import Manifest, Release, save
from matinee.releases.compress import Recipe, compressed
from matinee.releases.manifest import SCHEMA
from matinee.training.footprint import ANSWERS, footprint
from matinee.training.gate import Comparison, GateConfig
from matinee.training.panel import Panel
from matinee.training.receipts import Quality, quality
from matinee.types import Profile, Profiles, Progress, silent


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a compressed release is asked to keep to; None where nobody asked.

    Attributes:
        budget: bytes of all files together, at most.
        memory: resident bytes of a process that has opened the release and answered, at most.
        max_loss: share of any metric of any ranking, at most.
    """

    budget: int | None = None
    memory: int | None = None
    max_loss: float | None = None

    def require_quality(self, how: Recipe, seen: Quality) -> None:
        """Refuse a recipe that loses too much.

        Raises:
            GateError: with what was measured.
        """
        if self.max_loss is not None and seen.worst > self.max_loss:
            raise GateError(
                f"{how.name} loses {seen.worst:.2%} on {seen.counts['people']:,} held-out people; "
                f"at most {self.max_loss:.2%} was asked for.",
                hint="Allow more with --max-loss, or choose a gentler recipe with --scheme.",
            )

    def require_size(self, how: Recipe, files: int, resident: int | None) -> None:
        """Refuse a recipe that came out too large.

        Raises:
            GateError: with what was measured.
        """
        for option, asked, came in (("budget", self.budget, files), ("memory", self.memory, resident)):
            if asked is not None and (came is None or came > asked):
                told = "an unknown size" if came is None else f"{came / 1e6:,.1f} MB"
                raise GateError(
                    f"{how.name} came to {told} of {'files' if option == 'budget' else 'resident memory'}; "
                    f"at most {asked / 1e6:,.1f} MB was asked for.",
                    hint=f"Ask for a little more with --{option}, or choose a smaller recipe with --scheme.",
                )


def files_within(memory: int, release: Release, releases: Path, panel: Panel) -> int:
    """Return how large a release's files may be for a serving process of so many resident bytes.

    What the process takes besides its files is measured on the release as it is: its imports, and what it allocates.

    Raises:
        SettingsError: if the process alone takes as much, or the system does not tell.
    """
    found = footprint(releases / release.version, _asked(panel, release))
    if found["before"] is None:
        raise SettingsError("This system does not tell the memory of a process.", hint="Use --budget instead.")
    own = found["before"]["resident"] + found["answered"]["anonymous"] - found["before"]["anonymous"]
    if own >= memory:
        raise SettingsError(
            f"A serving process takes {own / 1e6:,.0f} MB before any file of release {release.version}; "
            f"at most {memory / 1e6:,.0f} MB was asked for."
        )
    return int(memory - own)


def save_compressed(
    release: Release,
    releases: Path,
    how: Recipe,
    panel: Panel,
    wish: Wish,
    progress: Progress = silent,
) -> Release:
    """Write a compressed release with its receipt; nothing is left behind where the wish is not met.

    Args:
        release: in float32, saved below `releases`.
        releases: folder of the registry.
        how: the recipe.
        panel: people to measure on.
        wish: what it has to keep to.
        progress: told about every step.

    Raises:
        GateError: if the finished release does not meet the wish.
    """
    manifest = release.manifest
    encoded_panel, _ = compressed(panel.engines, how, progress)
    seen = quality(panel, encoded_panel, manifest.ranking, progress)
    wish.require_quality(how, seen)
    engines, cards = compressed(release.engines, how, progress)
    asked = _asked(panel, release)

    def finish(folder: Path, written: Manifest) -> Manifest:
        wish.require_size(how, written.bytes, 0)
        before, after = footprint(releases / release.version, asked), footprint(folder, asked)
        resident = None if after["answered"] is None else after["answered"]["resident"]
        wish.require_size(how, written.bytes, resident)
        receipt = {
            "of": release.version,
            "recipe": how.settings(),
            "wish": asdict(wish),
            "arrays": [asdict(card) for card in cards],
            "bytes": {"before": manifest.bytes, "after": written.bytes},
            "footprint": {"before": before, "after": after},
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


def _asked(panel: Panel, release: Release) -> Profiles:
    """Return some profiles of the panel in the terms of the release's catalogue."""
    films = release.catalogue.ids.find(panel.catalogue.ids.ids)
    asked = []
    for row in range(min(ANSWERS, len(panel))):
        profile = panel.profiles[row]
        here = films[profile.movies] >= 0
        asked.append(Profile(films[profile.movies][here], profile.values[here], profile.times[here]))
    return Profiles.stack(asked, len(release.catalogue))

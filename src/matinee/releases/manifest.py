"""The manifest: what a release says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from matinee.errors import ReleaseError

SCHEMA = 2
"""Version of the format. 1 had no `manifest.sha256` and no `receipts`; it is still read."""
MANIFEST = "manifest.json"


class _Card:
    """Reads itself from plain values, passing over keys that a later program of the same format may have added."""

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        known = {each.name for each in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in plain.items() if name in known})


@dataclass(frozen=True, kw_only=True)
class DataCard(_Card):
    """Which data a release learned from."""

    name: str
    fingerprint: str
    simulated: bool
    explicit: bool
    scale: tuple[float, float]
    ratings: int
    users: int
    movies: int


@dataclass(frozen=True, kw_only=True)
class FileCard(_Card):
    """Size and checksum of one file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest(_Card):
    """What a release is and what was measured of it; stored as `manifest.json`.

    Attributes:
        version: name of the release and of its folder.
        created: when it was written, ISO 8601, UTC.
        matinee: version of the program that wrote it.
        data: what it learned from.
        engines: settings of each engine, by name; its arrays lie in `<name>.safetensors`.
        ranking: settings of the blend.
        metrics: what the training measured, with its protocol.
        gate: the verdict that let it go live or kept it back.
        receipts: what was measured when the release was made from another one, such as `compression`.
        files: every other file of the folder, but for the manifest's own checksum.
        schema: version of this format.
    """

    version: str
    created: str
    matinee: str
    data: DataCard
    engines: dict[str, dict[str, Any]]
    ranking: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    receipts: dict[str, Any] = field(default_factory=dict)
    files: dict[str, FileCard] = field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def bytes(self) -> int:
        """Size of all files together, without the manifest."""
        return sum(card.bytes for card in self.files.values())

    def to_json(self) -> str:
        """Return the text of `manifest.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read the text of `manifest.json`; keys nobody knows are passed over.

        Raises:
            ReleaseError: if it is not a manifest, or one of a later format.
        """
        try:
            plain = json.loads(text)
            schema = int(plain["schema"])
        except (ValueError, KeyError, TypeError) as error:
            raise ReleaseError(f"{MANIFEST} is not a release manifest ({error}).") from error
        if schema > SCHEMA:
            raise ReleaseError(
                f"The release has format {schema}; this Matinee reads formats up to {SCHEMA}.",
                hint="Upgrade Matinee, or train again.",
            )
        try:
            data = DataCard.of(plain["data"])
            plain["data"] = replace(data, scale=(data.scale[0], data.scale[1]))
            plain["files"] = {name: FileCard.of(card) for name, card in plain["files"].items()}
            return cls.of(plain)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ReleaseError(f"{MANIFEST} lacks a part of a release manifest ({error}).") from error

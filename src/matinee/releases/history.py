"""The record of what went live: `live.json`, latest first, with a checksum of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from matinee.errors import ReleaseError
from matinee.releases.disk import replace_text

LIVE = "live.json"
SCHEMA = 1


@dataclass(frozen=True)
class Promotion:
    """One entry of the live history.

    Attributes:
        version: the release that went live.
        at: when, ISO 8601, UTC.
        reason: why ("gate passed", or what somebody gave as the reason to force it).
        action: "promote", or "rollback" where it went live because the one after it was withdrawn.
    """

    version: str
    at: str
    reason: str
    action: Literal["promote", "rollback"] = "promote"

    @classmethod
    def now(cls, version: str, reason: str, action: Literal["promote", "rollback"] = "promote") -> Promotion:
        """Return an entry of this second."""
        return cls(version, datetime.now(UTC).isoformat(timespec="seconds"), reason, action)


def read(path: Path) -> list[Promotion]:
    """Return every promotion, latest first; empty where nothing was ever live.

    Raises:
        ReleaseError: if the record is damaged, or of a later format.
    """
    if not path.exists():
        return []
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        entries = plain if isinstance(plain, list) else _checked(plain)
        known = {each.name for each in fields(Promotion)}
        return [Promotion(**{name: each[name] for name in each if name in known}) for each in entries]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReleaseError(
            f"{path} is damaged ({error}), so it is not known which release is live.",
            hint="Name the release to serve: matinee releases promote VERSION. The damaged record is kept beside it.",
        ) from error


def write(path: Path, history: Iterable[Promotion]) -> None:
    """Replace the record in one step; call it with the folder held `exclusive`."""
    plain: dict[str, Any] = {"schema": SCHEMA, "history": [asdict(each) for each in history]}
    replace_text(path, json.dumps({**plain, "sha256": _sum(plain)}, indent=2, ensure_ascii=False) + "\n")


def set_aside(path: Path) -> None:
    """Keep a damaged record under another name, out of the way."""
    path.replace(path.with_name(f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}-{path.name}"))


def standing(history: list[Promotion]) -> list[str]:
    """Return the live release and those a rollback would return to, in turn.

    Promotions pile up and a rollback takes the top one off, so a second rollback goes further back, and not to the
    release that was just withdrawn.

    Example:
        >>> a, b, back = Promotion("a", "", ""), Promotion("b", "", ""), Promotion("a", "", "", "rollback")
        >>> standing([back, b, a]), standing([b, a])
        (['a'], ['b', 'a'])
    """
    pile: list[str] = []
    for entry in reversed(history):
        if entry.action == "rollback":
            while pile and pile[-1] != entry.version:
                pile.pop()
        if not pile or pile[-1] != entry.version:
            pile.append(entry.version)
    return list(dict.fromkeys(reversed(pile)))


def _checked(plain: dict[str, Any]) -> list[dict[str, Any]]:
    rest = {name: value for name, value in plain.items() if name != "sha256"}
    if plain["sha256"] != _sum(rest):
        raise ValueError("its checksum does not fit")
    if plain["schema"] > SCHEMA:
        raise ValueError(f"it has format {plain['schema']}, this Matinee reads up to {SCHEMA}")
    entries: list[dict[str, Any]] = plain["history"]
    return entries


def _sum(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

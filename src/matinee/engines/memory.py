"""Say how much memory a step takes before taking it, and refuse with advice when the machine has less."""

from __future__ import annotations

import os
from pathlib import Path

from matinee.errors import EnvironmentFailure

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def require_memory(needed: float, what: str, advice: str) -> None:
    """Refuse a step that the machine has no memory for.

    Args:
        needed: bytes at the peak of the step.
        what: the step, as the start of a sentence ("ease on 20,000 films").
        advice: what to do instead; becomes the hint.

    Raises:
        EnvironmentFailure: if fewer bytes are free. Where the machine does not say, nothing is refused.
    """
    free = available_memory()
    if free is not None and needed > free:
        raise EnvironmentFailure(
            f"{what} needs {needed / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free.", hint=advice
        )


def available_memory() -> int | None:
    """Return the bytes that can still be allocated, or None where the machine does not say."""
    limits = [limit for limit in (_machine(), _container()) if limit is not None]
    return min(limits, default=None)


def _machine() -> int | None:
    if MEMINFO.exists():
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    names = getattr(os, "sysconf_names", {})
    if "SC_AVPHYS_PAGES" in names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container() -> int | None:
    """Return what a control group (version 2) leaves to this container; caches it may drop count as free."""
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        used = int((CGROUP / "memory.current").read_text())
        lines = (CGROUP / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    droppable = sum(int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "slab_reclaimable ")))
    return max(int(limit) - used + droppable, 0)

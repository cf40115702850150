"""Memory: say how much a step takes before taking it, refuse with advice when there is less, and keep what is freed."""

from __future__ import annotations

import ctypes
import gc
import os
from pathlib import Path

from matinee.errors import EnvironmentFailure

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of the two settings in glibc's malloc.h."""


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


def keep_freed_memory() -> bool:
    """Let this process keep up to 32 MB of freed memory instead of handing it back after every request.

    A list over 60,000 films takes and frees some twenty arrays of 240 kB. glibc returns such memory to the system at
    once, and each of its pages is then fetched and cleared anew by the next request, which costs more than the arithmetic.
    Blocks from 8 MB on are still returned when they are freed.

    Returns:
        Whether the C library could be told; elsewhere than with glibc nothing is changed.
    """
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return bool(tell(_TRIM_THRESHOLD, 32 << 20)) and bool(tell(_MMAP_THRESHOLD, 8 << 20))


def spare_collector() -> None:
    """Take everything that lives now out of the sight of Python's garbage collector.

    A release, its catalogue and the web framework make many objects that stay; each full collection would walk through
    all of them in the middle of somebody's request. What was spared before is looked at once more.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()

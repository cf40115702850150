"""Memory: what is freed is kept, and what is wrong with the C library is no error."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from matinee.engines import memory

COUNTED = """
import resource
import numpy as np
from matinee.engines.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        held = [np.ones(60_000, np.float32) for _ in range(10)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
handed_back = faults()
kept = keep_freed_memory()
faults()
print(handed_back, kept, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_fetched_once() -> None:
    """Ten arrays of 240 kB are some 590 pages: taken fifty times, they are fetched fifty times or, once kept, not again."""
    out = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True, timeout=120)
    _, kept, faults = out.stdout.split()
    assert kept == "True"
    assert int(faults) < 590


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, name: str | None) -> None: ...

    monkeypatch.setattr(ctypes, "CDLL", Other)
    assert memory.keep_freed_memory() is False


SPARED = """
import gc, weakref
from matinee.engines.memory import spare_collector

class Node: pass

def ring():
    node = Node()
    node.itself = node
    return weakref.ref(node)

before = ring()
spare_collector()
first = gc.get_freeze_count()
after = ring()
spare_collector()
print(before() is None, first > 1000, after() is None, gc.get_freeze_count() > 1000)
"""


def test_what_is_spared_is_clean_and_later_rings_are_still_collected() -> None:
    told = subprocess.run([sys.executable, "-c", SPARED], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True"] * 4

"""Releases: trained engines in one folder, memory-mapped, checked, and promoted one at a time."""

from matinee.releases.history import Promotion
from matinee.releases.manifest import DataCard, FileCard, Manifest
from matinee.releases.registry import Listed, Registry
from matinee.releases.release import Release, assemble, load, save

__all__ = ["DataCard", "FileCard", "Listed", "Manifest", "Promotion", "Registry", "Release", "assemble", "load", "save"]

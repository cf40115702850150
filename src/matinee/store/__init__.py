"""Store: films, people, ratings and sessions in a database. SQLite by default; written for MySQL, MariaDB and PostgreSQL too."""

from matinee.store.records import (
    Account,
    Counts,
    Feedback,
    Limits,
    Memory,
    Opinion,
    Shown,
    Slot,
    SlotOutcome,
    Source,
    StoredRating,
    Ticket,
    Undone,
)
from matinee.store.store import Store

__all__ = [
    "Account",
    "Counts",
    "Feedback",
    "Limits",
    "Memory",
    "Opinion",
    "Shown",
    "Slot",
    "SlotOutcome",
    "Source",
    "Store",
    "StoredRating",
    "Ticket",
    "Undone",
]

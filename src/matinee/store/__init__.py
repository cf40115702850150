"""Store: films, people, ratings and sessions in a database. SQLite by default; written for MySQL, MariaDB and PostgreSQL too."""

from matinee.store.records import Counts, Source, StoredRating, Ticket
from matinee.store.store import Store

__all__ = ["Counts", "Source", "Store", "StoredRating", "Ticket"]

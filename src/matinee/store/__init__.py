"""Store: films, people, ratings and sessions in a database. SQLite by default; written for MySQL, MariaDB and PostgreSQL too."""

from matinee.store.store import Counts, Source, Store, StoredRating, Ticket

__all__ = ["Counts", "Source", "Store", "StoredRating", "Ticket"]

"""The database in third normal form: every fact once, under the key it belongs to.

Films and people are named by the data, so a person is a name. Counts and averages are never stored: they are asked for.
`source` alone repeats counts, as what was imported on that day; later ratings do not change them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

VERSION = 2
"""Version of this schema. A database of an earlier one is brought up to it (`migrations`), one of a later one is refused."""

GIVEN_HERE = 10**15
"""A rating whose position is at least this was given here, not imported."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Names differ by accent and case ("Ana" and "Ána"), which MySQL's usual collations deny.
_MYSQL: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
_MARIADB = {key.replace("mysql", "mariadb"): value for key, value in _MYSQL.items()}
_PLAIN = {**_MYSQL, **_MARIADB}
# SQLite then keeps the rows in the order of their key, so that one viewer's ratings lie together.
_CLUSTERED: dict[str, Any] = {**_PLAIN, "sqlite_with_rowid": False}

# SQLite gives ids by itself only to a column of type INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def _movie() -> Column[int]:
    return Column("movie_id", Id, ForeignKey("movie.id"), primary_key=True)


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", BigInteger, nullable=False),
    **_PLAIN,
)

source = Table(
    "source",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="only"), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("explicit", Boolean, nullable=False),
    Column("ordered", Boolean, nullable=False),
    Column("scale_low", Double, nullable=False),
    Column("scale_high", Double, nullable=False),
    Column("movies", Integer, nullable=False),
    Column("viewers", Integer, nullable=False),
    Column("ratings", BigInteger, nullable=False),
    Column("imported_at", BigInteger, nullable=False),
    **_PLAIN,
)

movie = Table(
    "movie",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("year", Integer),
    Column("imdb_id", BigInteger),
    Column("tmdb_id", BigInteger),
    Column("overview", Text),
    Column("country", Text),
    Column("language", String(16)),
    Column("runtime", Integer),
    Column("popularity", Double),
    Column("poster_path", Text),
    # The youngest age in years the film is fit for.
    Column("age", SmallInteger),
    Column("franchise", Text),
    **_PLAIN,
)

movie_title = Table(
    "movie_title",
    metadata,
    _movie(),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    **_CLUSTERED,
)

genre = Table(
    "genre",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    **_PLAIN,
)

movie_genre = Table(
    "movie_genre",
    metadata,
    _movie(),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("genre_id", Integer, ForeignKey("genre.id"), nullable=False, index=True),
    **_CLUSTERED,
)

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    **_PLAIN,
)

DIRECTOR, CAST = "director", "cast"

movie_person = Table(
    "movie_person",
    metadata,
    _movie(),
    Column("role", String(16), CheckConstraint("role IN ('director', 'cast')", name="role"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("person_id", Integer, ForeignKey("person.id"), nullable=False, index=True),
    **_CLUSTERED,
)

keyword = Table(
    "keyword",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    **_PLAIN,
)

movie_keyword = Table(
    "movie_keyword",
    metadata,
    _movie(),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("keyword_id", Integer, ForeignKey("keyword.id"), nullable=False, index=True),
    **_CLUSTERED,
)

viewer = Table(
    "viewer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text),
    # Place among the users of the imported data; null for people of this site and for those who only left tags.
    Column("position", Integer, unique=True),
    Column("of_site", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # The id of a viewer who left is never given to another.
    sqlite_autoincrement=True,
    **_PLAIN,
)

viewer_genre = Table(
    "viewer_genre",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    Column("genre_id", Integer, ForeignKey("genre.id"), primary_key=True, index=True),
    **_CLUSTERED,
)

rating = Table(
    "rating",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    Column("movie_id", Id, ForeignKey("movie.id"), primary_key=True, index=True),
    Column("value", Double, nullable=False),
    Column("rated_at", BigInteger),
    # Orders one viewer's ratings: 0, 1, … as imported, then the clock in nanoseconds for those given here.
    Column("position", BigInteger, nullable=False),
    **_CLUSTERED,
)

viewer_tag = Table(
    "viewer_tag",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("viewer_id", Id, ForeignKey("viewer.id"), nullable=False, index=True),
    Column("movie_id", Id, ForeignKey("movie.id"), nullable=False, index=True),
    Column("tag", Text, nullable=False),
    Column("tagged_at", BigInteger),
    **_PLAIN,
)

LIKE, DISLIKE, NOT_FOR_ME, HIDDEN = "like", "dislike", "not_for_me", "hidden"
DONT_LEARN, WATCHLIST, WATCHED = "dont_learn", "watchlist", "watched"
FEEDBACK_KINDS = (LIKE, DISLIKE, NOT_FOR_ME, HIDDEN, DONT_LEARN, WATCHLIST, WATCHED)
"""What a person can say of a film beside stars."""

viewer_feedback = Table(
    "viewer_feedback",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    Column("movie_id", Id, ForeignKey("movie.id"), primary_key=True, index=True),
    Column("kind", String(16), primary_key=True),
    Column("given_at", BigInteger, nullable=False),
    # The clock in nanoseconds, as for ratings given here.
    Column("position", BigInteger, nullable=False),
    CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in FEEDBACK_KINDS)})", name="kind"),
    **_CLUSTERED,
)

SLIDER_KINDS = ("genre", "person", "decade", "theme", "franchise")
"""What a slider of a taste can be about."""

viewer_taste = Table(
    "viewer_taste",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    # A name and no reference: a wish outlives the data that brought its name.
    Column("name", String(200), primary_key=True),
    Column("level", SmallInteger, nullable=False),
    CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in SLIDER_KINDS)})", name="kind"),
    CheckConstraint("level BETWEEN -2 AND 2 AND level <> 0", name="level"),
    **_CLUSTERED,
)

viewer_limits = Table(
    "viewer_limits",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True, autoincrement=False),
    Column("max_age", SmallInteger),
    Column("max_runtime", Integer),
    Column("min_year", Integer),
    Column("max_year", Integer),
    # Whether only the languages below count: none of them is another thing than all.
    Column("by_language", Boolean, nullable=False),
    Column("only_available", Boolean, nullable=False),
    # The dial from relevance (0) to discovery (1); null leaves it to the ranking.
    Column("discovery", Double),
    CheckConstraint("discovery BETWEEN 0 AND 1", name="discovery"),
    **_PLAIN,
)

viewer_language = Table(
    "viewer_language",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer_limits.viewer_id"), primary_key=True),
    Column("language", String(16), primary_key=True),
    **_CLUSTERED,
)

viewer_available = Table(
    "viewer_available",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    Column("movie_id", Id, ForeignKey("movie.id"), primary_key=True, index=True),
    **_CLUSTERED,
)

viewer_action = Table(
    "viewer_action",
    metadata,
    Column("id", Id, primary_key=True),
    Column("viewer_id", Id, ForeignKey("viewer.id"), nullable=False, index=True),
    Column("what", String(16), nullable=False),
    Column("done_at", BigInteger, nullable=False),
    # How things stood before, as JSON: read by nobody but the undoing of this very action.
    Column("before", Text(2**24 - 1), nullable=False),
    # An action that was undone is gone for good, its number too.
    sqlite_autoincrement=True,
    **_PLAIN,
)

EXPLORE, QUESTION = "explore", "question"
"""What an impression calls the place that is given away to learn, and the one question of a page."""

viewer_impression = Table(
    "viewer_impression",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    # Days since 1970 (UTC): a page is that of one day, and seeing it again is no further impression.
    Column("day", Integer, primary_key=True, autoincrement=False),
    # The kind of row.
    Column("shelf", String(32), primary_key=True),
    Column("movie_id", Id, ForeignKey("movie.id"), primary_key=True),
    Column("place", SmallInteger, nullable=False),
    # When the film was opened from there; whether it was rated is asked of the ratings.
    Column("opened_at", BigInteger),
    Index(None, "day"),
    **_CLUSTERED,
)

viewer_slot = Table(
    "viewer_slot",
    metadata,
    Column("viewer_id", Id, ForeignKey("viewer.id"), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    # Who was given the place of the day, and how likely that was.
    Column("strategy", String(64), nullable=False),
    Column("propensity", Double, nullable=False),
    CheckConstraint("propensity > 0 AND propensity <= 1", name="propensity"),
    Index(None, "day"),
    **_CLUSTERED,
)

session = Table(
    "session",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("viewer_id", Id, ForeignKey("viewer.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
    **_CLUSTERED,
)

OF_A_VIEWER = (
    session,
    viewer_slot,
    viewer_impression,
    viewer_action,
    viewer_available,
    viewer_language,
    viewer_limits,
    viewer_taste,
    viewer_feedback,
    viewer_genre,
    viewer_tag,
    rating,
)
"""Every table with a `viewer_id`, children before their parents: what there is of a person beside their row in `viewer`."""

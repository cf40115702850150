-- A database as version 1 of the schema made it: two films, a user of the data and a person of the site.

CREATE TABLE schema_version (version INTEGER NOT NULL, applied_at BIGINT NOT NULL,
    CONSTRAINT pk_schema_version PRIMARY KEY (version));
CREATE TABLE source (
    id INTEGER NOT NULL CONSTRAINT ck_source_only CHECK (id = 1), name TEXT NOT NULL, fingerprint VARCHAR(64) NOT NULL,
    simulated BOOLEAN NOT NULL, explicit BOOLEAN NOT NULL, ordered BOOLEAN NOT NULL, scale_low DOUBLE NOT NULL,
    scale_high DOUBLE NOT NULL, movies INTEGER NOT NULL, viewers INTEGER NOT NULL, ratings BIGINT NOT NULL,
    imported_at BIGINT NOT NULL, CONSTRAINT pk_source PRIMARY KEY (id));
CREATE TABLE movie (
    id INTEGER NOT NULL, position INTEGER NOT NULL, title TEXT NOT NULL, year INTEGER, imdb_id BIGINT, tmdb_id BIGINT,
    overview TEXT, country TEXT, language VARCHAR(16), runtime INTEGER, popularity DOUBLE, poster_path TEXT,
    CONSTRAINT pk_movie PRIMARY KEY (id), CONSTRAINT uq_movie_position UNIQUE (position));
CREATE TABLE genre (id INTEGER NOT NULL, name VARCHAR(255) NOT NULL,
    CONSTRAINT pk_genre PRIMARY KEY (id), CONSTRAINT uq_genre_name UNIQUE (name));
CREATE TABLE person (id INTEGER NOT NULL, name VARCHAR(255) NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (id), CONSTRAINT uq_person_name UNIQUE (name));
CREATE TABLE keyword (id INTEGER NOT NULL, name VARCHAR(255) NOT NULL,
    CONSTRAINT pk_keyword PRIMARY KEY (id), CONSTRAINT uq_keyword_name UNIQUE (name));
CREATE TABLE viewer (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT, position INTEGER, of_site BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, CONSTRAINT uq_viewer_position UNIQUE (position));
CREATE TABLE movie_title (
    movie_id INTEGER NOT NULL, position SMALLINT NOT NULL, title TEXT NOT NULL,
    CONSTRAINT pk_movie_title PRIMARY KEY (movie_id, position),
    CONSTRAINT fk_movie_title_movie_id FOREIGN KEY(movie_id) REFERENCES movie (id)) WITHOUT ROWID;
CREATE TABLE movie_genre (
    movie_id INTEGER NOT NULL, position SMALLINT NOT NULL, genre_id INTEGER NOT NULL,
    CONSTRAINT pk_movie_genre PRIMARY KEY (movie_id, position),
    CONSTRAINT fk_movie_genre_movie_id FOREIGN KEY(movie_id) REFERENCES movie (id),
    CONSTRAINT fk_movie_genre_genre_id FOREIGN KEY(genre_id) REFERENCES genre (id)) WITHOUT ROWID;
CREATE INDEX ix_movie_genre_genre_id ON movie_genre (genre_id);
CREATE TABLE movie_person (
    movie_id INTEGER NOT NULL,
    role VARCHAR(16) NOT NULL CONSTRAINT ck_movie_person_role CHECK (role IN ('director', 'cast')),
    position SMALLINT NOT NULL, person_id INTEGER NOT NULL,
    CONSTRAINT pk_movie_person PRIMARY KEY (movie_id, role, position),
    CONSTRAINT fk_movie_person_movie_id FOREIGN KEY(movie_id) REFERENCES movie (id),
    CONSTRAINT fk_movie_person_person_id FOREIGN KEY(person_id) REFERENCES person (id)) WITHOUT ROWID;
CREATE INDEX ix_movie_person_person_id ON movie_person (person_id);
CREATE TABLE movie_keyword (
    movie_id INTEGER NOT NULL, position SMALLINT NOT NULL, keyword_id INTEGER NOT NULL,
    CONSTRAINT pk_movie_keyword PRIMARY KEY (movie_id, position),
    CONSTRAINT fk_movie_keyword_movie_id FOREIGN KEY(movie_id) REFERENCES movie (id),
    CONSTRAINT fk_movie_keyword_keyword_id FOREIGN KEY(keyword_id) REFERENCES keyword (id)) WITHOUT ROWID;
CREATE INDEX ix_movie_keyword_keyword_id ON movie_keyword (keyword_id);
CREATE TABLE viewer_genre (
    viewer_id INTEGER NOT NULL, genre_id INTEGER NOT NULL,
    CONSTRAINT pk_viewer_genre PRIMARY KEY (viewer_id, genre_id),
    CONSTRAINT fk_viewer_genre_viewer_id FOREIGN KEY(viewer_id) REFERENCES viewer (id),
    CONSTRAINT fk_viewer_genre_genre_id FOREIGN KEY(genre_id) REFERENCES genre (id)) WITHOUT ROWID;
CREATE INDEX ix_viewer_genre_genre_id ON viewer_genre (genre_id);
CREATE TABLE rating (
    viewer_id INTEGER NOT NULL, movie_id INTEGER NOT NULL, value DOUBLE NOT NULL, rated_at BIGINT,
    position BIGINT NOT NULL, CONSTRAINT pk_rating PRIMARY KEY (viewer_id, movie_id),
    CONSTRAINT fk_rating_viewer_id FOREIGN KEY(viewer_id) REFERENCES viewer (id),
    CONSTRAINT fk_rating_movie_id FOREIGN KEY(movie_id) REFERENCES movie (id)) WITHOUT ROWID;
CREATE INDEX ix_rating_movie_id ON rating (movie_id);
CREATE TABLE viewer_tag (
    id INTEGER NOT NULL, viewer_id INTEGER NOT NULL, movie_id INTEGER NOT NULL, tag TEXT NOT NULL, tagged_at BIGINT,
    CONSTRAINT pk_viewer_tag PRIMARY KEY (id),
    CONSTRAINT fk_viewer_tag_viewer_id FOREIGN KEY(viewer_id) REFERENCES viewer (id),
    CONSTRAINT fk_viewer_tag_movie_id FOREIGN KEY(movie_id) REFERENCES movie (id));
CREATE INDEX ix_viewer_tag_viewer_id ON viewer_tag (viewer_id);
CREATE INDEX ix_viewer_tag_movie_id ON viewer_tag (movie_id);
CREATE TABLE session (
    token_sha256 VARCHAR(64) NOT NULL, viewer_id INTEGER NOT NULL, created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL, CONSTRAINT pk_session PRIMARY KEY (token_sha256),
    CONSTRAINT fk_session_viewer_id FOREIGN KEY(viewer_id) REFERENCES viewer (id)) WITHOUT ROWID;
CREATE INDEX ix_session_viewer_id ON session (viewer_id);
CREATE INDEX ix_session_expires_at ON session (expires_at);

INSERT INTO schema_version VALUES (1, 1768471200);
INSERT INTO source VALUES (1, 'old', 'c0ffee', 0, 1, 1, 0.5, 5.0, 2, 1, 1, 1768471200);
INSERT INTO movie VALUES (10, 0, 'Ána', 1999, 1, NULL, 'Ein Film.', 'France', 'fr', 90, 0.5, NULL);
INSERT INTO movie VALUES (20, 1, 'Bo', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO genre VALUES (1, 'Drama');
INSERT INTO movie_genre VALUES (10, 0, 1);
INSERT INTO person VALUES (1, 'Zoé');
INSERT INTO movie_person VALUES (10, 'cast', 0, 1);
INSERT INTO viewer VALUES (7, NULL, 0, 0, 1768471200);
INSERT INTO viewer VALUES (8, 'Ada', NULL, 1, 1768471300);
INSERT INTO rating VALUES (7, 10, 4.5, 300, 0);
INSERT INTO rating VALUES (8, 20, 2.0, 1768471400, 1768471400000000000);
INSERT INTO viewer_genre VALUES (8, 1);

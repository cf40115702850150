"""Bad rows are counted, shown with file and line, and skipped, or stop the reading; nothing disappears without a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.data import Reading, read_dataset
from matinee.data.delimited import DelimitedParser
from matinee.data.recognise import Table, recognise
from matinee.data.report import EXAMPLES_KEPT, FaultList
from matinee.data.sources import open_file
from matinee.errors import DataError

MOVIES = "movieId,title,genres\n1,One (2001),Drama\n2,Two (2002),Drama\n3,Three (2003),Drama\n"


def read(
    folder: Path, ratings: list[str], *, header: str = "userId,movieId,rating,timestamp", **options: object
) -> Reading:
    (folder / "movies.csv").write_text(MOVIES)
    (folder / "ratings.csv").write_bytes("\n".join([header, *ratings, ""]).encode("latin-1"))
    return read_dataset(folder, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "kind", "shown"),
    [
        ("1,2", "short", "'1,2'"),
        ("1,2,3.5", "short", "'1,2,3.5'"),
        ("1", "short", "4 fields"),
        ("1,2,3.5,100,7", "long", "4 fields, not 5"),
        ("1,2,good,100", "type", "rating 'good'"),
        ("x,2,3.5,100", "type", "user 'x'"),
        ("1,,3.5,100", "type", "movie ''"),
        ("1,2,,100", "type", "rating ''"),
        ("1,2,3.5,noon", "type", "time 'noon'"),
        ("1,2.5,3.5,100", "type", "movie '2.5'"),
        ("1_0,2,3.5,100", "type", "user '1_0'"),
        ("-1,2,3.5,100", "type", "user -1"),
        ("1,2,NaN,100", "nan", "rating nan"),
        ("1,2,inf,100", "scale", "rating inf"),
        ("1,2,0,100", "scale", "rating 0"),
        ("1,2,5.5,100", "scale", "rating 5.5"),
        ("1,2,-3,100", "scale", "rating -3"),
        ("1,99,3.5,100", "movie", "movie 99"),
        ("1,9999999999,3.5,100", "movie", "movie 9999999999"),
        ("1,2,3.5,10\xff0", "encoding", "UTF-8"),
        ("", "empty", "nothing"),
        ('1,"2,3.5,100', "quote", "closing quotation mark"),
    ],
)
def test_kinds(tmp_path: Path, line: str, kind: str, shown: str) -> None:
    good = [f"{user},{movie},4,{user}" for user in range(10, 20) for movie in (1, 2, 3)]
    reading = read(tmp_path, [*good[:15], line, *good[15:]])
    assert reading.dataset.n_ratings == len(good)
    assert reading.report.bad == {kind: 1}
    (example,) = reading.report.examples
    assert (example.file, example.line) == ("ratings.csv", 17)
    assert shown in str(example)
    assert any("ratings.csv:17" in text and shown in text for text in reading.report.lines())
    with pytest.raises(DataError) as caught:
        read(tmp_path, [*good[:15], line, *good[15:]], on_bad_row="stop")
    assert "ratings.csv:17" in caught.value.message
    assert shown in caught.value.message
    assert "expected" in caught.value.message
    assert caught.value.hint


def test_stop_names_the_first_of_several(tmp_path: Path) -> None:
    lines = ["1,1,4,10", "1,99,4,11", "1,2,9,12", "short", "1,3,4,13"]
    with pytest.raises(DataError, match=r"ratings\.csv:3"):
        read(tmp_path, lines, on_bad_row="stop")


def test_all_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    lines = ["1,1,4,10"] * 3 + [f"1,2,{word},5" for word in "abcdefghijklmnop"] + ["7,1,8,5"] * 2
    reading = read(tmp_path, lines)
    assert reading.report.bad == {"type": 16, "scale": 2}
    assert [row.line for row in reading.report.examples if row.kind == "type"] == list(range(5, 5 + EXAMPLES_KEPT))
    text = "\n".join(reading.report.lines())
    assert "Skipped 16 rows" in text
    assert "… and 6 more" in text
    assert "ratings.csv: 21 ratings, 1 of them used" in text


def test_rows_keep_their_place_in_the_file(tmp_path: Path) -> None:
    reading = read(tmp_path, ["5,1,4,30", "bad", "5,2,4,20", "", "5,3,4,10"])
    assert reading.dataset.rows.tolist() == [4, 2, 0]


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\r\n\r\n"])
def test_blank_lines_at_the_end_are_no_faults(tmp_path: Path, end: str) -> None:
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating\n1,1,4\n1,2,3" + end, newline="")
    reading = read_dataset(tmp_path)
    assert reading.dataset.n_ratings == 2
    assert reading.report.bad == {}


def test_empty_times_are_unknown_not_bad(tmp_path: Path) -> None:
    reading = read(tmp_path, ["1,1,4,", "1,2,4,7"])
    assert reading.report.bad == {}
    assert not reading.dataset.times_known
    assert any("1 of 2 ratings have no time" in line for line in reading.report.lines())


def test_a_short_and_a_long_line_do_not_make_up_for_each_other(tmp_path: Path) -> None:
    reading = read(tmp_path, ["1,1,4,1", "1,2,4,2,9", "1,3,4", "2,1,4,", "2,2,4,5"])
    assert reading.report.bad == {"long": 1, "short": 1}
    assert reading.dataset.n_ratings == 3


def test_latest_of_a_repeated_pair_counts(tmp_path: Path) -> None:
    reading = read(tmp_path, ["1,1,5,30", "1,2,4,20", "1,1,1,10", "2,1,2,5", "2,1,3,5", "1,1,2,29"])
    data = reading.dataset
    assert data.values.tolist() == [4.0, 5.0, 3.0]
    assert data.rows.tolist() == [1, 0, 4]
    assert reading.report.duplicates == 3
    assert any("Dropped 3 ratings" in line for line in reading.report.lines())
    assert any("6 ratings, 3 of them used" in line for line in reading.report.lines())


def test_bad_movies_links_and_tags(tmp_path: Path) -> None:
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n1,1,1\nx,2,2\n2,3\n77,5,5\n3,0x,\n")
    (tmp_path / "tags.csv").write_text(
        'userId,movieId,tag,timestamp\n1,1,fine,5\n1,66,lost,5\ny,1,who,5\n1,1,"open,5\n'
    )
    read(tmp_path, ["1,1,4,1"])
    (tmp_path / "movies.csv").write_text(MOVIES + "3,Three again (2004),\nfour,Four,\n5,,Drama\n6,Six\n")
    report = read_dataset(tmp_path).report
    assert report.bad == {"repeat": 1, "type": 3, "short": 2, "movie": 1, "quote": 1}
    where = {(row.file, row.line, row.kind) for row in report.examples}
    assert where == {
        ("movies.csv", 5, "repeat"),
        ("movies.csv", 6, "type"),
        ("movies.csv", 8, "short"),
        ("links.csv", 3, "type"),
        ("links.csv", 4, "short"),
        ("tags.csv", 3, "movie"),
        ("tags.csv", 4, "type"),
        ("tags.csv", 5, "quote"),
    }
    assert any("1 movies have no title" in note for note in report.notes)
    assert any("1 links of links.csv" in note for note in report.notes)


def test_bad_rows_of_dat_files(tmp_path: Path) -> None:
    (tmp_path / "movies.dat").write_bytes("1::Amélie (2001)::Drama\n2::Two (2002)::Drama\n".encode("latin-1"))
    (tmp_path / "ratings.dat").write_text("1::1::5::10\n1::2::five::11\n1::2::4\n1:2:3:4\n2::2::3::12\n")
    reading = read_dataset(tmp_path)
    assert reading.dataset.catalogue.titles[0] == "Amélie"
    assert reading.dataset.n_ratings == 2
    assert [(row.line, row.kind) for row in reading.report.examples] == [(2, "type"), (3, "short"), (4, "short")]


def test_parquet_rows_with_nulls_are_bad(tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame({"userId": [1, None, 3], "movieId": [1, 2, 3], "rating": [4.0, 3.0, None]}).write_parquet(
        tmp_path / "ratings.parquet"
    )
    report = read_dataset(tmp_path).report
    assert report.bad == {"type": 2}
    assert [row.line for row in report.examples] == [2, 3]


def test_no_good_row_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no rating that can be used; 2 rows were read.*ratings.csv:2"):
        read(tmp_path, ["1,1,10,5", "1,2,8,6"])


field = st.sampled_from(["1", "2", "+3", " 1", '"2"', "3.5", "0.5", ".5", "5.", "1e0", "NaN", "x", "", "-1", "7" * 11])
line = st.lists(field, min_size=2, max_size=5).map(",".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(line, min_size=1, max_size=30), st.integers(0, 29), st.booleans())
def test_strict_and_careful_reading_agree(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], cut: int, crlf: bool
) -> None:
    """Whether a row is good must not depend on its neighbours: whole, split anywhere or line by line, it is the same."""
    folder = tmp_path_factory.mktemp("lines")
    newline = "\r\n" if crlf else "\n"
    body = newline.join([*lines, "1,1,1,1", ""]).encode()
    (folder / "ratings.csv").write_bytes(b"userId,movieId,rating,timestamp" + newline.encode() + body)
    table = recognise(open_file(folder / "ratings.csv"))
    assert table is not None

    def parsed(stretches: list[bytes]) -> tuple[list[tuple[float, ...]], list[tuple[int, str]]]:
        parser, faults, rows = DelimitedParser(table), FaultList("r"), []
        for stretch in stretches:
            for frame, places in parser.parse(stretch, faults):
                rows += [(int(place), *row) for place, row in zip(places, frame.rows(), strict=True)]
        return rows, sorted((row.line, row.kind) for fault in faults.faults() for row in fault.examples)

    head, _, rest = (folder / "ratings.csv").read_bytes().partition(b"\n")
    single = rest.split(b"\n")[:-1]
    one_by_one = parsed([head + b"\n" + single[0] + b"\n", *(raw + b"\n" for raw in single[1:])])
    whole = parsed([head + b"\n" + rest])
    halves = parsed([head + b"\n" + b"".join(raw + b"\n" for raw in single[: cut % len(single) + 1]),
                     b"".join(raw + b"\n" for raw in single[cut % len(single) + 1 :])])  # fmt: skip
    np.testing.assert_equal(whole, one_by_one)
    np.testing.assert_equal(halves, one_by_one)
    assert len(whole[0]) + sum(1 for _ in whole[1]) <= len(lines) + 1


def test_one_bad_row_among_many_is_found(tmp_path: Path) -> None:
    n = 200_000
    lines = [f"{place // 3 + 1},{place % 3 + 1},4.0,{place}" for place in range(n)]
    lines[123_456] = "41153,1,oops,123456"
    reading = read(tmp_path, lines)
    assert reading.dataset.n_ratings == n - 1
    assert [(row.line, row.kind) for row in reading.report.examples] == [(123_458, "type")]
    assert 123_456 not in reading.dataset.rows


def test_recognised_although_the_first_rows_are_bad(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("1,1,bad,5\n1,2,3,5\n1,3,4,6\n2,3,4,7\n")
    table = recognise(open_file(tmp_path / "ratings.csv"))
    assert isinstance(table, Table)
    assert read_dataset(tmp_path).report.bad == {"type": 1}

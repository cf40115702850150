"""The films of the sample: facts that hold together."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from matinee.data.sample.films import COLUMNS, FOLDER, GENRES, OPTIONAL, catalogue_of, read_films
from matinee.errors import DataError

HEADER = "id,title,original_title,year,genres,director,cast,runtime,language,country,overview,fame"
FILES = sorted(FOLDER.glob("films_*.csv"))

CONTINENTS = {
    "Africa": "Algeria, Botswana, Burkina Faso, Chad, Egypt, Ethiopia, Kenya, Mali, Mauritania, Morocco, Nigeria, Rwanda, "
    "Senegal, South Africa, Sudan, Tunisia, Zambia, Lesotho, Cameroon, Ivory Coast, Ghana, Democratic Republic of the Congo",
    "Asia": "Bhutan, Cambodia, China, Hong Kong, India, Indonesia, Iran, Israel, Japan, Jordan, Kazakhstan, Lebanon, "
    "Malaysia, Mongolia, Nepal, Pakistan, Palestine, Philippines, Qatar, Saudi Arabia, Singapore, South Korea, Syria, "
    "Taiwan, Thailand, Turkey, United Arab Emirates, Vietnam, Bangladesh, Georgia, Armenia, Afghanistan, Sri Lanka, "
    "Iraq, Macau, Myanmar, Laos",
    "Europe": "Austria, Belgium, Bosnia and Herzegovina, Bulgaria, Croatia, Cyprus, Czech Republic, Czechoslovakia, "
    "Denmark, Estonia, Finland, France, Germany, Greece, Hungary, Iceland, Ireland, Italy, Latvia, Lithuania, "
    "Luxembourg, Netherlands, North Macedonia, Norway, Poland, Portugal, Romania, Russia, Serbia, Slovakia, Slovenia, "
    "Soviet Union, Spain, Sweden, Switzerland, Ukraine, United Kingdom, Yugoslavia, Malta, Monaco, Kosovo, Montenegro",
    "North America": "Canada, Cuba, Guatemala, Jamaica, Mexico, United States, Costa Rica, Dominican Republic, Haiti, "
    "Bahamas, Panama",
    "Oceania": "Australia, New Zealand, Papua New Guinea, Samoa, Vanuatu",
    "South America": "Argentina, Bolivia, Brazil, Chile, Colombia, Ecuador, Paraguay, Peru, Uruguay, Venezuela",
}
CONTINENT_OF = {country.strip(): name for name, countries in CONTINENTS.items() for country in countries.split(",")}


@pytest.fixture(scope="module")
def films() -> pl.DataFrame:
    return read_films()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_film_file_has_the_agreed_header(path: Path) -> None:
    head = path.read_text(encoding="utf-8").splitlines()[0]
    assert head in (HEADER, f"{HEADER},{','.join(OPTIONAL)}")
    assert list(COLUMNS) == HEADER.split(",")


def test_films_are_sorted_by_a_unique_id(films: pl.DataFrame) -> None:
    ids = films["id"].to_numpy()
    assert (ids[1:] > ids[:-1]).all()
    assert films.filter((pl.col("year") <= 1982) != (pl.col("id") < 5000))["title"].to_list() == []


def test_no_film_is_listed_twice(films: pl.DataFrame) -> None:
    names = films.select(pl.col("title").str.to_lowercase().str.replace_all(r"^the |[^\p{L}\d]", ""), "year")
    assert films.filter(names.is_duplicated())["title"].to_list() == []


def test_there_are_at_least_six_hundred_films_from_every_decade(films: pl.DataFrame) -> None:
    assert films.height >= 600
    assert films["year"].is_between(1920, 2026).all()
    decades = films.group_by(pl.col("year") // 10 * 10).len().sort("year")
    assert decades["year"].to_list() == list(range(1920, 2030, 10))
    assert decades["len"].min() >= 15


def test_every_inhabited_continent_has_films(films: pl.DataFrame) -> None:
    countries = films["country"].explode()
    assert sorted(set(countries.unique()) - set(CONTINENT_OF)) == []
    counts = countries.replace_strict(CONTINENT_OF).value_counts()
    seen = dict(counts.iter_rows())
    assert set(seen) == set(CONTINENTS)
    assert min(seen.values()) >= 10, seen


def test_facts_are_well_formed(films: pl.DataFrame) -> None:
    assert set(films["genres"].explode()) == set(GENRES)
    assert films["genres"].list.len().is_between(1, 5).all()
    assert films["director"].list.len().min() >= 1
    assert films["runtime"].is_between(10, 460).all()
    assert films["fame"].is_between(1, 5).all()
    assert films["language"].str.contains(r"^[a-z]{2}$").all()
    assert films.filter(pl.col("original_title") == pl.col("title"))["title"].to_list() == []
    assert films.drop("original_title", *OPTIONAL).null_count().sum_horizontal().item() == 0
    for column in ("genres", "director", "cast", "country"):
        assert films.filter(pl.col(column).list.n_unique() != pl.col(column).list.len())["title"].to_list() == [], (
            column
        )


def test_texts_carry_no_stray_space_or_separator(films: pl.DataFrame) -> None:
    texts = [films[name].explode() for name in ("title", "original_title", "director", "cast", "country", "overview")]
    wrong = [text for column in texts for text in column.drop_nulls() if re.search(r"^\s|\s$|\s\s|[|~\t\n]", text)]
    assert wrong == []


def test_three_leads_are_named_where_there_are_players(films: pl.DataFrame) -> None:
    """Documentaries and animated films may have fewer: nobody, or hardly anybody, plays a part in them."""
    played = films.filter(~pl.col("genres").list.contains("Documentary") & ~pl.col("genres").list.contains("Animation"))
    assert played.filter(pl.col("cast").list.len() != 3)["title"].to_list() == []
    assert films["cast"].list.len().max() == 3


def test_descriptions_are_one_sentence_of_their_own(films: pl.DataFrame) -> None:
    words = films["overview"].str.split(" ").list.len()
    assert films.filter(~words.is_between(6, 25))["title"].to_list() == []
    assert films.filter(films["overview"].is_duplicated())["title"].to_list() == []
    assert films.filter(~pl.col("overview").str.contains(r"[.?!]$"))["title"].to_list() == []


def test_the_catalogue_keeps_the_facts(films: pl.DataFrame) -> None:
    movies = catalogue_of(films).movies
    assert movies["movie_id"].to_list() == films["id"].to_list()
    samurai = movies.row(by_predicate=pl.col("title") == "Seven Samurai", named=True)
    assert samurai["alternative_titles"] == ["Shichinin no samurai"]
    assert samurai["directors"] == ["Akira Kurosawa"]
    assert (samurai["year"], samurai["runtime"], samurai["language"]) == (1954, 207, "ja")
    algiers = movies.row(by_predicate=pl.col("title") == "The Battle of Algiers", named=True)
    assert algiers["country"] == "Algeria"
    kid = movies.row(by_predicate=pl.col("title") == "The Kid", named=True)
    assert kid["alternative_titles"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,title\n1,A\n", "must have the columns"),
        (HEADER + "\nx,A,,1950,Drama,B,C,90,en,France,Words.,3\n", "not a readable film file"),
        ("", "not a readable film file"),
    ],
)
def test_a_damaged_film_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "films_bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_films([path])


def test_an_installation_without_film_files_says_so() -> None:
    with pytest.raises(DataError, match="no film files"):
        read_films([])


def test_ages_are_those_of_one_scheme_and_leave_something_for_every_child() -> None:
    films = read_films()
    assert set(films["age"].drop_nulls()) == {0, 8, 13, 17, 18}
    assert films["age"].is_not_null().mean() > 0.6
    children = films.filter(pl.col("genres").list.contains("Children"))
    assert (children["age"].fill_null(0) <= 13).all()
    assert (films.filter(pl.col("age") <= 8).height) > 150


def test_franchises_have_several_films() -> None:
    named = read_films().filter(pl.col("franchise").is_not_null())
    by_name = named.group_by("franchise").agg(pl.len())
    assert by_name["len"].min() >= 2
    assert named["title"].n_unique() == named.height
    star_wars = named.filter(pl.col("franchise") == "Star Wars").sort("year")["title"].to_list()
    assert star_wars[:2] == ["Star Wars", "The Empire Strikes Back"]

"""The site in a real browser: keys, themes, widths, and what happens at once after a rating."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from tests.web.conftest import needs

from matinee.data.sample import load_sample
from matinee.web.posters.poster import WIDTH, poster

pytestmark = pytest.mark.browser

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    needs(chromium is not None, "there is no Chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield started
        started.close()


@dataclass
class Visitor:
    """A browser window that remembers what went wrong in it."""

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path, wait_until="load")
        return self.page

    def give(self, film: int, stars: float) -> None:
        answer = self.context.request.post(
            f"{self.address}/movie/{film}/rate", form={"stars": str(stars)}, headers={"accept": "application/json"}
        )
        assert answer.ok

    def focused(self, attribute: str) -> str | None:
        return self.page.evaluate(
            f"document.activeElement.closest('[{attribute}]')?.getAttribute('{attribute}') ?? null"
        )


Open = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Open]:
    visitors: list[Visitor] = []

    def open_window(**settings: object) -> Visitor:
        context = browser.new_context(**{"reduced_motion": "reduce", **settings})
        context.set_default_timeout(10_000)
        visitor = Visitor(context, context.new_page(), address)
        own = urlsplit(address).netloc
        visitor.page.on("console", lambda line: visitor.complaints.append(f"{line.type}: {line.text}"))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"error: {error}"))
        visitor.page.on(
            "request",
            lambda request: urlsplit(request.url).netloc != own and visitor.complaints.append(f"left: {request.url}"),
        )
        visitors.append(visitor)
        return visitor

    yield open_window
    complaints = [line for visitor in visitors for line in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []


def film_of(page: Page, selector: str) -> int:
    return int(page.locator(selector).first.get_attribute("data-film") or 0)


def cards(page: Page) -> list[int]:
    return page.eval_on_selector_all(".card[data-film]", "all => all.map(one => Number(one.dataset.film))")


def test_onboarding_by_keyboard_alone(visit: Open) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.go("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/welcome"
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome")
    page.wait_for_load_state("load")
    page.locator("#welcome-find").focus()
    page.keyboard.press("Tab")
    rated = []
    for done in range(1, 6):
        page.keyboard.press("Tab")
        rated.append(visitor.focused("data-film"))
        page.keyboard.press(str(1 + done % 5))
        expect(page.locator("#progress")).to_have_text(
            f"{5 - done} more" if done < 5 else "That is enough. Your list is ready."
        )
    assert len(set(rated)) == 5
    page.get_by_role("button", name="Show my list").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(visitor.address + "/")
    expect(page.get_by_text("Top pick for you")).to_be_visible()
    assert not {int(film or 0) for film in rated} & set(cards(page))


def test_rating_a_card_on_home_changes_the_list_and_undo_brings_it_back(visit: Open, films: list[int]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    for film in films[:6]:
        visitor.give(film, 4.5)
    page = visitor.go("/")
    before, hero = cards(page), film_of(page, ".hero")
    page.locator(".card-link").first.focus()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("4")
    expect(dialog.get_by_role("radio", name="4 stars", exact=True)).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="4.5 stars", exact=True)).to_be_checked()
    with page.expect_response(lambda answer: "/?rated=" in answer.url):
        page.keyboard.press("Enter")
    expect(page.locator("#rated-note")).to_contain_text(re.compile(r"Changed because you just rated .* 4\.5 stars"))
    after = cards(page)
    assert before[0] not in after
    assert after != before
    assert visitor.focused("data-film") is not None, "the focus stays in the row"
    new = page.eval_on_selector_all(".card.is-new", "all => all.map(one => Number(one.dataset.film))")
    assert set(new) == set(after) - set(before) - {hero}
    with page.expect_response(lambda answer: "/?rated=" in answer.url):
        page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#rated-note")).to_contain_text("you cleared your rating")
    assert cards(page) == before


def test_a_slow_save_refreshes_the_home_once_and_with_the_last_star(visit: Open, films: list[int]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    visitor.give(films[0], 4)
    page = visitor.go("/")
    refreshes: list[str] = []
    page.on("request", lambda request: "/?rated=" in request.url and refreshes.append(request.url))

    def late(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/rate", late)
    page.locator(".card-link").first.focus()
    for key in ("r", "2", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#rated-note")).to_contain_text("3 stars")
    assert len(refreshes) == 1


def test_rating_with_the_pointer_closes_the_dialog(visit: Open, films: list[int]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    visitor.give(films[0], 3)
    page = visitor.go("/")
    first = page.locator(".card").first
    first.hover()
    first.locator("[data-rate]").click()
    with page.expect_response(lambda answer: "/?rated=" in answer.url):
        page.get_by_role("dialog").get_by_role("radio", name="5 stars", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_stars_on_the_film_page(visit: Open, films: list[int]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.go(f"/movie/{films[0]}")
    group = page.locator(".yours").get_by_role("radiogroup")
    page.keyboard.press("r")
    with page.expect_response("**/rate") as saved:
        page.keyboard.press("3")
    assert saved.value.json()["stars"] == 3
    with page.expect_response("**/rate") as saved:
        page.keyboard.press("ArrowRight")
    assert saved.value.json() == {"movie": films[0], "stars": 3.5, "before": 3, "n_ratings": 1, "needed": 5}
    expect(group.get_by_role("radio", name="3.5 stars")).to_be_checked()
    expect(page.locator(".yours output")).to_have_text("3.5")
    expect(page.locator("#said")).to_contain_text("3.5 stars")
    with page.expect_response("**/rate") as saved:
        page.keyboard.press("Delete")
    assert saved.value.json()["stars"] is None
    expect(group.locator(":checked")).to_have_count(0)
    with page.expect_response("**/rate") as saved:
        page.keyboard.press("Escape")
        page.keyboard.press("u")
    assert saved.value.json()["stars"] == 3.5
    expect(group.get_by_role("radio", name="3.5 stars")).to_be_checked()
    page.reload()
    expect(group.get_by_role("radio", name="3.5 stars")).to_be_checked()


def test_a_rating_that_cannot_be_saved_says_so_and_goes_back(visit: Open, films: list[int]) -> None:
    visitor = visit()
    page = visitor.go(f"/movie/{films[0]}")
    page.route("**/rate", lambda route: route.abort())
    page.locator(".yours").get_by_role("radio", name="2 stars", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("could not be saved")
    expect(page.locator(".yours :checked")).to_have_count(0)
    visitor.complaints.clear()
    page.unroute("**/rate")
    with page.expect_response("**/rate") as saved:
        page.get_by_role("button", name="Try again").click()
    assert saved.value.json()["stars"] == 2
    expect(page.locator(".yours :checked")).to_have_count(1)


def test_arrows_move_between_films_and_rows(visit: Open) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.go("/")
    page.locator(".card-link").first.focus()
    row = page.locator(".shelf").first.locator(".card")
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", -1), ("Home", 0)):
        page.keyboard.press(key)
        if expected >= 0:
            assert visitor.focused("data-film") == row.nth(expected).get_attribute("data-film")
        else:
            expect(page.locator(".shelf-end").first).to_be_focused()
            expect(page.locator(".shelf-end").first).to_be_in_viewport()
    shelves = [visitor.focused("data-shelf")]
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        shelves.append(visitor.focused("data-shelf"))
    assert len(set(shelves)) == 3
    page.keyboard.press("ArrowUp")
    assert visitor.focused("data-shelf") == shelves[1]
    page.keyboard.press("Enter")
    page.wait_for_url("**/movie/*")
    page.keyboard.press("Escape")
    page.wait_for_url(visitor.address + "/")


def test_one_tab_stop_a_card(visit: Open) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.go("/")
    page.locator(".card-link").first.focus()
    films = [visitor.focused("data-film")]
    for _ in range(3):
        page.keyboard.press("Tab")
        films.append(visitor.focused("data-film"))
    assert len(set(films)) == 4


def test_single_keys(visit: Open) -> None:
    visitor = visit()
    page = visitor.go("/browse")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("r?")
    assert page.locator("#find").input_value() == "r?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Move between films and rows")
    page.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_search_follows_the_typing(visit: Open) -> None:
    page = visit().go("/search")
    page.locator("#q").press_sequentially("kurosawa")
    expect(page.locator("#count")).to_contain_text("“kurosawa”")
    assert page.locator("#results .card").count() >= 3
    assert "q=kurosawa" in page.url
    page.locator("#q").fill("qqqq")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_more_films_join_the_page_without_repeats(visit: Open) -> None:
    page = visit().go("/browse")
    first = cards(page)
    page.get_by_role("link", name="More films").click()
    expect(page.locator("#films .card")).to_have_count(2 * len(first))
    assert len(set(cards(page))) == 2 * len(first)
    assert page.evaluate("document.activeElement.closest('.card')?.dataset.film") == str(cards(page)[len(first)])


def test_the_theme_switch_works_at_once_and_is_kept(visit: Open) -> None:
    page = visit(color_scheme="dark").go("/")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between dark and light").click()
    expect(page.locator("body")).not_to_have_css("background-color", dark)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", light)


def test_without_scripts_everything_still_works(visit: Open, films: list[int]) -> None:
    visitor = visit(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    for film in films[:6]:
        visitor.give(film, 4)
    page = visitor.go("/")
    title = page.locator(".card .card-name").first.inner_text()
    page.locator(".card").first.hover()
    page.locator(".card [data-rate]").first.click()
    page.wait_for_url("**/movie/*#rate")
    expect(page.locator("h1")).to_contain_text(title.rsplit(" ", 1)[0][:10])
    page.locator(".yours").get_by_role("radio", name="4.5 stars").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Changed because you just rated")).to_be_visible()
    expect(page.locator(".yours").get_by_role("radio", name="4.5 stars")).to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".yours :checked")).to_have_count(0)
    page.get_by_role("button", name="Switch between dark and light").click()
    page.wait_for_load_state("load")
    assert page.locator("html").get_attribute("data-theme") in ("light", "dark")


def test_more_of_a_row_joins_it_without_repeats(visit: Open, films: list[int]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    for film in films[:6]:
        visitor.give(film, 4.5)
    page = visitor.go("/")
    before, hero = cards(page), film_of(page, ".hero")
    for place in (0, 1):
        row = page.locator(".shelf").nth(place)
        old = row.locator(".card").count()
        with page.expect_response("**/row?*"):
            row.locator(".shelf-end").focus()
            page.keyboard.press("Enter")
        expect(row.locator(".card.joined").first.locator(".card-link")).to_be_focused()
        assert row.locator(".card").count() > old
    after = cards(page)
    assert len(set(after)) == len(after)
    assert hero not in after
    assert set(before) < set(after)
    # Followed to its end by scrolling, a row goes on by itself.
    row = page.locator(".shelf").nth(2)
    assert row.locator(".card.joined").count() == 0
    with page.expect_response("**/row?*"):
        row.locator(".shelf-row").evaluate("one => one.scrollTo({ left: one.scrollWidth, behavior: 'instant' })")
    expect(row.locator(".card.joined").first).to_be_attached()
    assert len(set(cards(page))) == len(cards(page))


def test_a_row_that_cannot_go_on_says_so(visit: Open) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.go("/")
    page.route("**/row?*", lambda route: route.fulfill(status=410, body="gone"))
    page.locator(".shelf-end").first.click()
    expect(page.locator(".toast")).to_contain_text("the page may have changed")
    visitor.complaints.clear()
    with page.expect_navigation():
        page.get_by_role("button", name="Load it again").click()


def test_a_film_is_sent_away_by_key_and_comes_back(visit: Open, films: list[int]) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    visitor.give(films[0], 4)
    page = visitor.go("/")
    first, second = cards(page)[:2]
    page.locator(".card-link").first.focus()
    with page.expect_response("**/say") as said:
        page.keyboard.press("n")
    assert said.value.json() == {"movie": first, "kinds": ["not_for_me"]}
    expect(page.locator(f'.card[data-film="{first}"]')).to_be_hidden()
    assert visitor.focused("data-film") == str(second)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(f'.card[data-film="{first}"]')).to_be_visible()


def test_the_question_is_answered_in_place(visit: Open) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.go("/")
    film = film_of(page, ".question")
    group = page.locator(".question").get_by_role("radiogroup")
    group.get_by_role("radio").first.focus()
    page.keyboard.press("3")
    with page.expect_response("**/rate"):
        page.keyboard.press("ArrowRight")
    expect(group.get_by_role("radio", name="3.5 stars")).to_be_checked()
    assert film_of(page, ".question") == film, "one may still be on the way to another star"
    with page.expect_response(lambda answer: "/?rated=" in answer.url):
        page.keyboard.press("Enter")
    expect(page.locator("#rated-note")).to_contain_text("3.5 stars")
    assert film_of(page, ".question") != film
    assert visitor.focused("data-film") == str(film_of(page, ".question"))
    with page.expect_response(lambda answer: "/?rated=" in answer.url):
        page.locator(".question").get_by_role("radio", name="5 stars", exact=True).click()
    expect(page.get_by_text("2 of 5 ratings")).to_be_visible()


WIDTHS = [(390, 844), (1280, 900), (1920, 1080)]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    "path", ["/", "/movie/{film}", "/welcome", "/search?q=the", "/browse", "/my-ratings", "/nowhere"]
)
def test_pages_fit_and_can_be_read(visit: Open, films: list[int], path: str, theme: str) -> None:
    visitor = visit(color_scheme=theme)
    for film in films[:6]:
        visitor.give(film, 4)
    page = visitor.go(path.format(film=films[8]))
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"innerWidth === {width}")
        page.wait_for_timeout(100)  # colours on their way to another width have arrived
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert page.evaluate(FAINT) == [], width
        assert page.evaluate(SMALL) == [], width
        assert (
            page.evaluate("[...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.src)")
            == []
        )
    if path == "/nowhere":
        visitor.complaints[:] = [line for line in visitor.complaints if "404" not in line]


FAINT = """() => {
  // Texts on plain colours whose contrast is below WCAG AA; those over pictures are checked by their palettes.
  const number = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.backgroundImage !== "none" || one.matches(".hero, .card-mark, .card-act")) return null;
      const colour = number(style.backgroundColor);
      if (colour.length === 3 || colour[3] > 0.85) return colour;
      if (colour[3] > 0) return null;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const ground = behind(element);
    if (!ground) continue;
    const style = getComputedStyle(element);
    const [high, low] = [light(number(style.color)), light(ground)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (contrast < (large ? 3 : 4.5)) wrong.push(`${contrast.toFixed(2)} ${walk.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...new Set(wrong)];
}"""

SMALL = """() =>
  // Controls smaller than 24 by 24 CSS pixels; links inside a sentence are exempt.
  [...document.querySelectorAll("button, input:not([type=hidden]), select, a")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.matches(".skip, p a, li:not(.card) a, dd a, h2 a, .quiet"))
    .map((one) => [one, (one.matches("input[type=radio], input[type=checkbox]") ? one.closest("label") : one).getBoundingClientRect()])
    .filter(([, box]) => box.width < 23.9 || box.height < 23.9)
    .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""


def test_titles_stay_on_their_posters(browser: Browser) -> None:
    """Whatever fonts this machine has, no letter is cut off at the edge."""
    films = load_sample().catalogue.movies
    page = browser.new_page()
    for film, title, year in films[::9].select("movie_id", "title", "year").iter_rows():
        page.set_content(poster(film, title, year, ("Drama",)))
        ends = page.evaluate(
            "[...document.querySelectorAll('text')].map(text => text.getBBox().x + text.getBBox().width)"
        )
        assert max(ends) <= WIDTH, title
    page.close()

"""Reading a page the way a careful visitor would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "img", "input", "br", "hr", "use"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    def all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        """Return every element below with this tag and these attributes (`class_` holds one class)."""
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            if (tag is None or child.tag == tag) and child.has(**attributes):
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
        return found[0]

    def has(self, **wanted: str) -> bool:
        for name, value in wanted.items():
            if name == "class_":
                if value not in self.attributes.get("class", "").split():
                    return False
            elif self.attributes.get(name.replace("_", "-")) != value:
                return False
        return True


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(html: str) -> Element:
    """Parse a page; every element must be closed in order."""
    reader = _Reader()
    reader.feed(html)
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> is never closed"
    return reader.open[0]


def cards(page: Element) -> list[int]:
    """Return the films of all cards, in order."""
    return [int(card.attributes["data-film"]) for card in page.all("li", class_="card")]


def faults(page: Element) -> list[str]:
    """Return what an assistive technology would stumble over."""
    wrong = []
    if page.one("html").attributes.get("lang") != "en":
        wrong.append("no language")
    if len(page.all("h1")) != 1:
        wrong.append(f"{len(page.all('h1'))} h1")
    levels = [int(each.tag[1]) for each in page.one("main").all() if each.tag in {"h1", "h2", "h3", "h4"}]
    wrong += [f"h{low} is followed by h{high}" for low, high in pairwise(levels) if high > low + 1]
    wrong += [f"no alt: {img.attributes['src']}" for img in page.all("img") if "alt" not in img.attributes]
    ids = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    wrong += [f"twice: #{name}" for name in set(ids) if ids.count(name) > 1]
    labelled = {label.attributes.get("for") for label in page.all("label")}
    for control in [each for tag in ("a", "button", "input", "select") for each in page.all(tag)]:
        hidden = control.attributes.get("type") == "hidden"
        wrapped = control.tag == "input" and any(control in label.all("input") for label in page.all("label"))
        named = control.attributes.get("aria-label") or control.attributes.get("id") in labelled or wrapped
        if not hidden and not named and not (control.tag in {"a", "button"} and control.text):
            wrong.append(f"no name: {control.tag} {control.attributes}")
    for each in page.all():
        for name in ("aria-labelledby", "aria-describedby"):
            wrong += [
                f"{name} to nothing: {target}" for target in each.attributes.get(name, "").split() if target not in ids
            ]
    for form in page.all("form"):
        if (
            form.attributes.get("method") == "post"
            and "data-film" not in form.attributes
            and "action" not in form.attributes
        ):
            wrong.append("a form that goes nowhere")
    return wrong

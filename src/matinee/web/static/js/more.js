// More of a row: the next films join it, when it is followed to its end or its last place is chosen.
import { announce, toast } from "./say.js";
import { mindCards } from "./shelves.js";
import { fetchPage } from "./swap.js";

const MOST = 500;

/** Films that joined rows since the page came: the server knows of those only that the cursor names. */
const joined = () => [...document.querySelectorAll(".card.joined[data-film]")].map((card) => card.dataset.film).slice(-MOST);

const chosen = new WeakSet(); // Ends that somebody pressed: the focus goes on to the first new film.

async function extend(link) {
  if (link.getAttribute("aria-busy") === "true") return;
  link.setAttribute("aria-busy", "true");
  const url = new URL(link.href);
  const others = joined();
  if (others.length) url.searchParams.set("exclude", others.join(","));
  const page = await fetchPage(url).catch(() => null);
  link.removeAttribute("aria-busy");
  if (!link.isConnected) return; // a rating has replaced the rows meanwhile
  if (!page) {
    toast("More films could not be loaded; the page may have changed.", { "Load it again": () => location.reload() });
    link.removeAttribute("data-more");
    return;
  }
  const present = new Set([...document.querySelectorAll("[data-film]")].map((element) => element.dataset.film));
  const cards = [...page.querySelectorAll("#films > li")].filter((card) => !present.has(card.dataset.film)).map((card) => document.adoptNode(card));
  for (const card of cards) card.classList.add("joined");
  const end = link.closest("li");
  const row = end.parentElement;
  end.before(...cards);
  mindCards(row);
  const next = page.querySelector("[data-next]");
  if (next) link.href = next.href;
  const onward = chosen.delete(link) || (!next && document.activeElement === link);
  if (!next) end.remove();
  announce(cards.length ? `${cards.length} more ${cards.length === 1 ? "film" : "films"} in this row.` : "This row has no more films.");
  if (onward) (cards[0] ?? row.lastElementChild)?.querySelector(".card-link")?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  chosen.add(link);
  extend(link);
});

document.addEventListener("nearend", ({ target }) => {
  const link = target.querySelector("a[data-more]");
  if (link) extend(link);
});

// What single pages do when something was rated, typed or asked for.
import { settled } from "./rating.js";
import { announce } from "./say.js";
import { fetchPage, swap } from "./swap.js";
import { mindShelves } from "./shelves.js";

const rateDialog = document.getElementById("rate-dialog");
const filmsOf = (root) => new Set([...root.querySelectorAll("[data-film]")].map((element) => element.dataset.film));

// Home: the rated film leaves, the shelves follow, and what is new says so. While the dialog is open, or its last star
// is on the way, another one may come: the last word counts.
let awaited = null;
let undecided = false;
let answering = false;
let refreshing = Promise.resolve();

function followHome(detail) {
  if (rateDialog.open || undecided || answering) awaited = detail;
  else refreshing = refreshing.then(() => refreshHome(detail)).catch(() => location.reload());
}

rateDialog.addEventListener("close", async () => {
  undecided = true;
  await settled(rateDialog.querySelector("form").dataset.film);
  undecided = false;
  const detail = awaited;
  awaited = null;
  if (detail) followHome(detail);
});

// The question of the page: with keys one may still be on the way to another star, so it stays until one goes on.
document.addEventListener("chosen", ({ target, detail }) => (answering = Boolean(target.closest(".question")) && !detail.byPointer));

async function answered(form) {
  answering = false;
  await settled(form.dataset.film);
  const detail = awaited;
  awaited = null;
  if (detail) followHome(detail);
}

document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const form = target.closest?.(".question .rate-form");
  if (form && answering && !form.contains(relatedTarget)) answered(form);
});

document.addEventListener("keydown", ({ key, target }) => {
  const form = target.closest?.(".question .rate-form");
  if (form && answering && key === "Enter") answered(form);
});

async function refreshHome({ film, title, stars, before }) {
  const focused = document.activeElement?.closest?.(".shelf [data-film]");
  const place = focused && { shelf: focused.closest(".shelf").dataset.shelf, index: [...focused.parentElement.children].indexOf(focused) };
  const asked = document.activeElement?.closest?.(".question");
  let added = 0;
  const fresh = await swap(`/?rated=${film}${before ? `&was=${before}` : ""}`, "home", (next, old) => {
    const known = filmsOf(old);
    for (const card of next.querySelectorAll(".card[data-film]")) {
      if (known.has(card.dataset.film)) continue;
      added += 1;
      card.classList.add("is-new");
      const mark = document.createElement("span");
      mark.className = "card-mark new";
      mark.textContent = "New";
      card.querySelector(".poster").after(mark);
    }
    for (const row of old.querySelectorAll(".shelf")) {
      const twin = next.querySelector(`[data-shelf="${row.dataset.shelf}"]`);
      if (twin) twin.dataset.scrolled = row.querySelector(".shelf-row").scrollLeft;
    }
  });
  for (const row of fresh.querySelectorAll("[data-scrolled]")) row.querySelector(".shelf-row").scrollLeft = row.dataset.scrolled;
  announce(`Changed because you ${stars ? "just rated" : "cleared your rating of"} ${title}. ${added} new ${added === 1 ? "film" : "films"}.`);
  if (asked) (fresh.querySelector(".question .stars input") ?? fresh.querySelector(".card-link"))?.focus({ preventScroll: true });
  if (place) {
    const cards = [...(fresh.querySelector(`[data-shelf="${place.shelf}"]`) ?? fresh).querySelectorAll(".card-link")];
    cards[Math.min(place.index, cards.length - 1)]?.focus({ preventScroll: true });
  }
}

// First visit: count what was rated and say how many are missing.
function progress(form, n) {
  const needed = Number(form.dataset.needed);
  const enough = n >= needed;
  form.querySelectorAll(".dots li").forEach((dot, place) => dot.classList.toggle("done", place < n));
  form.querySelector("#progress").textContent = enough ? "That is enough. Your list is ready." : `${needed - n} more`;
  form.querySelector("[value=save]").textContent = enough ? "Show my list" : "Save and show films";
  form.querySelector(".go a").textContent = enough ? "Home" : "Skip";
}

function mark(film, stars) {
  for (const card of document.querySelectorAll(`.card[data-film="${film}"] .card-link`)) {
    card.querySelector(".card-mark")?.remove();
    card.parentElement.querySelector("[data-rate]").dataset.stars = stars ?? "";
    if (!stars) continue;
    const badge = document.createElement("span");
    badge.className = "card-mark";
    badge.textContent = `★ ${stars}`;
    card.querySelector(".poster").after(badge);
  }
}

document.addEventListener("rated", ({ detail }) => {
  if (detail.failed) return;
  const welcome = document.getElementById("welcome");
  if (welcome) return progress(welcome, detail.n_ratings);
  mark(detail.film, detail.stars);
  if (document.getElementById("home")) followHome(detail);
});

// All films: the next page joins this one.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("#more a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.setAttribute("aria-busy", "true");
  const page = await fetchPage(link.href).catch(() => null);
  if (!page) return location.assign(link.href);
  const grid = document.getElementById("films");
  const cards = [...page.querySelectorAll("#films > li")].map((card) => document.adoptNode(card));
  grid.append(...cards);
  mindShelves(grid);
  document.getElementById("more").replaceWith(document.adoptNode(page.getElementById("more")));
  announce(`${cards.length} more films.`);
  cards[0]?.querySelector(".card-link").focus();
});

// Search: results follow what is typed.
const search = document.getElementById("search-form");
if (search) {
  let timer;
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    const url = `/search?${new URLSearchParams(new FormData(search))}`;
    const page = await fetchPage(url).catch(() => null);
    if (!page || turn !== asked) return;
    document.getElementById("results").replaceWith(document.adoptNode(page.getElementById("results")));
    mindShelves(document.getElementById("results"));
    history.replaceState(null, "", url);
    announce(document.getElementById("count")?.textContent ?? "");
  };
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 220);
  });
}

// A page the browser kept while others were visited shows old lists.
addEventListener("pageshow", (event) => event.persisted && location.reload());

// Keys: arrows between films and rows, single letters for the rest.
import { openHelp, openRating } from "./dialogs.js";
import { undo } from "./rating.js";

const STORE = "matinee-keys";
const box = document.getElementById("keys-on");
box.checked = localStorage.getItem(STORE) !== "off";
box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));

const cardsOf = (row) => [...row.querySelectorAll(".card-link")];
const middle = (box) => box.left + box.width / 2;

function reach(link) {
  link.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  link.scrollIntoView({ block: "nearest", inline: "nearest", behavior: calm ? "auto" : "smooth" });
}

/** The nearest film above or below: in the same grid first, then in the next row. */
function vertical(link, way) {
  const from = link.getBoundingClientRect();
  const rows = [...document.querySelectorAll("[data-row]")];
  const own = link.closest("[data-row]");
  const beyond = (candidate) => way * (candidate.getBoundingClientRect().top - from.top) > from.height / 2;
  const within = cardsOf(own).filter(beyond);
  const next = rows[rows.indexOf(own) + way];
  const pool = within.length ? within : next ? cardsOf(next) : [];
  const cost = (candidate) => {
    const to = candidate.getBoundingClientRect();
    return Math.abs(to.top - from.top) * 4 + Math.abs(middle(to) - middle(from));
  };
  return pool.sort((a, b) => cost(a) - cost(b))[0];
}

function towards(link, key) {
  const cards = cardsOf(link.closest("[data-row]"));
  const place = cards.indexOf(link);
  switch (key) {
    case "ArrowRight":
      return cards[place + 1];
    case "ArrowLeft":
      return cards[place - 1];
    case "Home":
      return cards[0];
    case "End":
      return cards.at(-1);
    case "ArrowDown":
      return vertical(link, 1);
    case "ArrowUp":
      return vertical(link, -1);
  }
}

function rateHere(link) {
  const film = document.querySelector("[data-page=film] .rate-form");
  const action = link?.closest(".card")?.querySelector("[data-rate]") ?? (film ? null : document.querySelector(".hero [data-rate]"));
  if (action) openRating(action);
  else if (film) (film.querySelector("input:checked") ?? film.querySelector(".stars input")).focus();
}

function notForMe(link) {
  link?.closest(".card")?.querySelector("[data-say=not_for_me]")?.click();
}

function back() {
  if (document.referrer.startsWith(location.origin) && history.length > 1) history.back();
  else location.assign("/");
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest("dialog")) return;
  const typing = target.matches("input:not([type=radio], [type=checkbox]), select, textarea");
  if (event.key === "Escape") {
    if (typing || target.matches("input")) target.blur();
    else if (document.querySelector("[data-page=film]")) back();
    return;
  }
  if (typing) return;
  const link = target.closest(".card-link");
  const next = link?.closest("[data-row]") && towards(link, event.key);
  if (next) {
    event.preventDefault();
    reach(next);
    return;
  }
  if (!box.checked) return;
  if (event.key === "ArrowDown" && target === document.body) {
    const first = document.querySelector("[data-row] .card-link");
    if (first && scrollY > 0) reach(first), event.preventDefault();
    return;
  }
  const act = { "/": () => document.getElementById("find").select(), "?": openHelp, r: () => rateHere(link), n: () => notForMe(link), u: undo }[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
});

// What people say of a film beside stars: saved at once, with a way back.
import { toast } from "./say.js";

const DONE = {
  like: "Thumb up. More like it will come.",
  dislike: "Thumb down. Less like it will come.",
  not_for_me: "Not for you. It will not be suggested again.",
  hidden: "Hidden everywhere.",
  dont_learn: "Nothing is learnt from this film.",
  watchlist: "On your watchlist.",
  watched: "Marked as watched.",
};

async function post(url, fields = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields),
  });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

function press(film, kinds) {
  for (const button of document.querySelectorAll(`[data-say][data-film="${film}"]`)) {
    const given = kinds.includes(button.dataset.say);
    button.setAttribute("aria-pressed", String(given));
    button.form.elements.given.value = given ? "0" : "1";
  }
}

async function say(film, kind, given) {
  try {
    const { kinds } = await post(`/movie/${film}/say`, { kind, given });
    press(film, kinds);
    const gone = given === "1" && ["not_for_me", "hidden", "dislike"].includes(kind);
    const cards = gone ? [...document.querySelectorAll(`.card[data-film="${film}"]`)] : [];
    const focused = cards.find((card) => card.contains(document.activeElement));
    for (const card of cards) card.hidden = true;
    if (focused) neighbour(focused)?.focus();
    toast(given === "1" ? DONE[kind] : "Taken back.", { Undo: () => takeBack(film, kind, given, cards) });
  } catch {
    toast("That could not be saved. Are you connected?", { "Try again": () => say(film, kind, given) });
  }
}

/** The next film of a row or grid that is still there, or the one before. */
function neighbour(card) {
  const left = [...card.parentElement.children].filter((other) => !other.hidden);
  const after = left.find((other) => card.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
  return (after ?? left.at(-1))?.querySelector(".card-link");
}

// The server takes back the last action, which may by now be another one: say the opposite of this one instead.
async function takeBack(film, kind, given, cards) {
  try {
    const { kinds } = await post(`/movie/${film}/say`, { kind, given: given === "1" ? "0" : "1" });
    press(film, kinds);
    for (const card of cards) card.hidden = false;
    toast("Taken back.");
  } catch {
    toast("That could not be taken back. Are you connected?");
  }
}

document.addEventListener("submit", (event) => {
  const button = event.target.querySelector?.("[data-say]");
  if (!button) return;
  event.preventDefault();
  say(button.dataset.film, button.dataset.say, event.target.elements.given.value);
});

// The page of sliders says when something is waiting to be saved.
const taste = document.getElementById("taste");
taste?.addEventListener("input", () => (document.getElementById("taste-state").textContent = "Not saved yet."));

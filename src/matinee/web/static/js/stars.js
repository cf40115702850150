// Star groups anywhere on the page: choosing saves, 0 and Delete clear, 1 to 5 set whole stars.
import { rate } from "./rating.js";

const ownerOf = (element) => element.closest(".rate-form[data-film], .pick[data-film]");
let byPointer = false;

addEventListener("pointerdown", () => (byPointer = true), true);
addEventListener("keydown", () => (byPointer = false), true);

/** Show `stars` (or none) in a form or a card of the first visit. */
export function show(owner, stars) {
  const value = stars ? Number(stars) : null;
  const whole = owner.querySelector(".stars.whole");
  const shown = whole && value ? Math.round(value) : value;
  for (const input of owner.querySelectorAll(".stars input")) input.checked = Number(input.value) === shown;
  if (value) owner.dataset.stars = value;
  else delete owner.dataset.stars;
  const output = owner.querySelector("output");
  if (output) output.textContent = value ?? "";
  const clear = owner.querySelector(".clear");
  if (clear) {
    if (!value && clear === document.activeElement) owner.querySelector(".stars input").focus();
    clear.hidden = !value;
  }
  owner.classList.toggle("rated", Boolean(value) && owner.classList.contains("pick"));
}

function choose(owner, stars) {
  const before = owner.dataset.stars ? Number(owner.dataset.stars) : null;
  if (before === stars) return;
  show(owner, stars);
  const detail = { owner, stars, byPointer };
  rate(owner.dataset.film, owner.dataset.title, stars, before);
  owner.dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail }));
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.(".stars input")) choose(ownerOf(event.target), Number(event.target.value));
});

// A second click on the star that is set clears it; the group itself cannot be unset.
document.addEventListener("click", (event) => {
  const clear = event.target.closest?.(".rate-form .clear");
  if (!clear) return;
  event.preventDefault();
  choose(ownerOf(clear), null);
});

document.addEventListener("submit", (event) => {
  if (event.target.matches(".rate-form")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".stars input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const owner = ownerOf(event.target);
  if (["0", "Delete", "Backspace"].includes(event.key)) {
    event.preventDefault();
    choose(owner, null);
  } else if (event.key >= "1" && event.key <= "5") {
    event.preventDefault();
    choose(owner, Number(event.key));
    owner.querySelector(".stars input:checked").focus();
  } else if (event.key === "Enter" && owner.closest("dialog")) {
    event.preventDefault();
    owner.closest("dialog").close();
  } else if (event.key === "Enter") {
    event.preventDefault(); // it is saved already; a form would be sent otherwise
  }
});

// What one place saves, every other place on the page shows.
document.addEventListener("rated", ({ detail }) => {
  for (const owner of document.querySelectorAll(`.rate-form[data-film="${detail.film}"], .pick[data-film="${detail.film}"]`)) {
    if (!owner.contains(document.activeElement) || detail.failed || Number(owner.dataset.stars ?? 0) !== Number(detail.stars ?? 0)) {
      show(owner, detail.stars);
    }
  }
});

// The two dialogs: rating a film from its card, and the list of keys.
import { show } from "./stars.js";

const rateDialog = document.getElementById("rate-dialog");
const helpDialog = document.getElementById("help-dialog");
const form = rateDialog.querySelector("form");

export const openHelp = () => helpDialog.showModal();

/** Open the stars for one film; `button` is a card's quick action. */
export function openRating(button) {
  form.dataset.film = button.dataset.rate;
  form.dataset.title = button.dataset.title;
  rateDialog.querySelector("h2").textContent = `Rate ${button.dataset.title}`;
  form.querySelector(".stars").setAttribute("aria-label", `Your rating of ${button.dataset.title}`);
  show(form, button.dataset.stars || null);
  rateDialog.showModal();
  (form.querySelector(".stars input:checked") ?? form.querySelector(".stars input")).focus();
}

for (const dialog of [rateDialog, helpDialog]) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const button = event.target.closest?.("[data-rate]");
  if (button) {
    event.preventDefault();
    openRating(button);
  } else if (event.target.closest?.("#help-link")) {
    event.preventDefault();
    openHelp();
  }
});

// A click settles it; with keys one may still be on the way to another star.
rateDialog.addEventListener("chosen", ({ detail }) => {
  if (detail.byPointer) setTimeout(() => rateDialog.close(), 350);
});

// Telling people what happened: a line for screen readers, a note with buttons for everybody.
const region = document.getElementById("said");
const toasts = document.getElementById("toasts");
const LASTING = 12_000;

export function announce(text) {
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

/** Show a note. `actions` maps a button's text to what it does. It stays while pointed at or focused. */
export function toast(text, actions = {}) {
  const note = document.createElement("div");
  note.className = "toast";
  const line = document.createElement("span");
  line.textContent = text;
  note.append(line);
  for (const [name, act] of Object.entries(actions)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      note.remove();
      act();
    });
    note.append(button);
  }
  toasts.replaceChildren(note);
  announce(text);
  let timer;
  const wait = () => (timer = setTimeout(() => note.remove(), LASTING));
  const hold = () => clearTimeout(timer);
  for (const kind of ["pointerenter", "focusin"]) note.addEventListener(kind, hold);
  for (const kind of ["pointerleave", "focusout"]) note.addEventListener(kind, wait);
  wait();
}

export const clearToasts = () => toasts.replaceChildren();

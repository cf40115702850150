// Saving ratings. Of quick changes to one film only the last is sent once the one before has been answered.
import { toast } from "./say.js";

const busy = new Map();
const SAME_THOUGHT = 5_000;
let last = null;

export const inWords = (stars) => `${Number(stars)} ${Number(stars) === 1 ? "star" : "stars"}`;

/** Wait until everything chosen for a film is with the server, or has failed. */
export const settled = async (film) => busy.get(film)?.done;

/** Save stars (null clears). Tells the page through a `rated` event; resolves to true once the server has it. */
export async function rate(film, title, stars, before, { undoable = true } = {}) {
  const waiting = busy.get(film);
  if (waiting) {
    waiting.next = stars;
    return waiting.done;
  }
  const job = { next: undefined };
  busy.set(film, job);
  job.done = send(job, film, title, stars, before, undoable);
  return job.done;
}

async function send(job, film, title, stars, before, undoable) {
  let answer;
  try {
    for (;;) {
      answer = await post(film, stars);
      if (job.next === undefined) break;
      stars = job.next;
      job.next = undefined;
    }
  } catch {
    busy.delete(film);
    toast(`“${title}” could not be saved. Are you connected?`, { "Try again": () => rate(film, title, stars, before) });
    document.dispatchEvent(new CustomEvent("rated", { detail: { film, title, stars: before, failed: true } }));
    return false;
  }
  busy.delete(film);
  // On the way to 4.5 stars one passes 4; undoing goes back to where the way began.
  if (stars && last?.stars && last.film === film && Date.now() - last.at < SAME_THOUGHT) before = last.before;
  last = undoable ? { film, title, stars, before, at: Date.now() } : null;
  const text = stars ? `You gave ${title} ${inWords(stars)}.` : `Your rating of ${title} is cleared.`;
  toast(text, undoable ? { Undo: undo } : {});
  document.dispatchEvent(new CustomEvent("rated", { detail: { ...answer, film, title, stars, before } }));
  return true;
}

async function post(film, stars) {
  const response = await fetch(`/movie/${film}/rate`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: stars ? `stars=${stars}` : "clear=1",
  });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

export function undo() {
  if (!last) return;
  const { film, title, stars, before } = last;
  rate(film, title, before, stars, { undoable: false });
}

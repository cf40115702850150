// Take one part of another page of ours and put it in the place of the same part here.
import { mindShelves } from "./shelves.js";

export async function fetchPage(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(response.statusText);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Replace `#id` by its counterpart at `url`; `prepare(fresh, stale)` may still change the new part. */
export async function swap(url, id, prepare = () => {}) {
  const page = await fetchPage(url);
  const fresh = document.adoptNode(page.getElementById(id));
  const stale = document.getElementById(id);
  prepare(fresh, stale);
  const change = () => {
    stale.replaceWith(fresh);
    mindShelves(fresh);
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (document.startViewTransition && !calm) {
    const transition = document.startViewTransition(change);
    transition.ready.catch(() => {}); // a hidden page has nothing to animate
    await transition.updateCallbackDone;
  } else change();
  return fresh;
}

// Arrows beside a row: they scroll by what is visible and vanish at either end.
function mind(row) {
  const [back, on] = row.parentElement.querySelectorAll(".shelf-arrow");
  const update = () => {
    back.disabled = row.scrollLeft < 8;
    on.disabled = row.scrollLeft + row.clientWidth > row.scrollWidth - 8;
  };
  const followed = () => {
    const left = row.scrollWidth - row.scrollLeft - row.clientWidth;
    if (row.scrollLeft > 8 && left < row.clientWidth / 2) row.dispatchEvent(new CustomEvent("nearend", { bubbles: true }));
  };
  const step = (way) => row.scrollBy({ left: way * row.clientWidth * 0.8 });
  back.addEventListener("click", () => step(-1));
  on.addEventListener("click", () => step(1));
  row.addEventListener("scroll", update, { passive: true });
  row.addEventListener("scroll", followed, { passive: true });
  new ResizeObserver(update).observe(row);
}

/** Set up every row below an element; again after its content was replaced. */
export function mindShelves(root = document) {
  root.querySelectorAll(".shelf-row").forEach(mind);
  mindCards(root);
}

/** One tab stop a card: the quick actions beside it answer to R and N. */
export function mindCards(root) {
  for (const action of root.querySelectorAll(".card-act")) action.tabIndex = -1;
}

mindShelves();

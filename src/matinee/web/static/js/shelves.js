// Arrows beside a row: they scroll by what is visible and vanish at either end.
function mind(row) {
  const [back, on] = row.parentElement.querySelectorAll(".shelf-arrow");
  const update = () => {
    back.disabled = row.scrollLeft < 8;
    on.disabled = row.scrollLeft + row.clientWidth > row.scrollWidth - 8;
  };
  const step = (way) => row.scrollBy({ left: way * row.clientWidth * 0.8 });
  back.addEventListener("click", () => step(-1));
  on.addEventListener("click", () => step(1));
  row.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(row);
}

/** Set up every row below an element; again after its content was replaced. */
export function mindShelves(root = document) {
  root.querySelectorAll(".shelf-row").forEach(mind);
  // One tab stop a card: the quick action beside it answers to R.
  for (const action of root.querySelectorAll(".card .card-rate")) action.tabIndex = -1;
}

mindShelves();

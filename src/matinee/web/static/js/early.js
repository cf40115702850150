// Runs before the first paint, so that what only scripts can serve is laid out at once.
document.documentElement.classList.add("js");

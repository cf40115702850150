// The switch between dark and light, without a reload. The choice lives in a cookie, which the server reads.
const root = document.documentElement;
const sheet = document.getElementById("light");
const form = document.getElementById("theme-form");

const isLight = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark")) === "light";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const theme = isLight() ? "dark" : "light";
  root.dataset.theme = theme;
  sheet.media = theme === "light" ? "all" : "not all";
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
});

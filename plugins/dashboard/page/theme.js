// Light or dark: as the system has it, until the reader chooses.

const KEY = "theme";
const NEXT = { system: "light", light: "dark", dark: "system" };
const system = matchMedia("(prefers-color-scheme: dark)");

/** Shows the choice on `button`; a press takes the next one. Sends the event `theme` to the document when colours change. */
export function setUpTheme(button) {
  apply(button, localStorage.getItem(KEY));
  button.onclick = () => {
    const next = NEXT[document.documentElement.dataset.theme ?? "system"];
    localStorage.setItem(KEY, next);
    apply(button, next);
  };
  system.addEventListener("change", () => document.dispatchEvent(new Event("theme")));
}

function apply(button, choice) {
  const theme = choice === "light" || choice === "dark" ? choice : "system";
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = `Colours: ${theme}`;
  document.dispatchEvent(new Event("theme"));
}

/** Whether the page is dark at the moment, for canvases. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

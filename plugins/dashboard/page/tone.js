// Tones: a colour, a sign and a word.

import { el } from "./dom.js";
import { TONES } from "./format.js";

/** The class of a tone, for the style sheet. */
export function toneClass(tone) {
  return Object.hasOwn(TONES, tone) ? `tone-${tone}` : "tone-neutral";
}

/** The sign of a tone, and its word for those who hear the page. */
export function toneSign(tone) {
  const { sign, word } = Object.hasOwn(TONES, tone) ? TONES[tone] : TONES.neutral;
  return sign && [el("span", { "aria-hidden": "true", class: "sign" }, sign, " "), el("span", { class: "unseen" }, `${word}: `)];
}

// Conditions: alerts, and reasons why work waits.

import { el } from "./dom.js";
import { duration, heading, short, toneOf } from "./format.js";
import { toneClass, toneSign } from "./tone.js";

/** Conditions that are shown at most. */
const CONDITIONS_COUNT_MAX = 300;
/** Characters of a condition's text. */
const TEXT_LENGTH_MAX = 600;
const RANK = { critical: 0, warning: 1, info: 2 };

/** All conditions, the most severe and then the oldest first. */
export function ordered(conditions) {
  const rank = (it) => RANK[it.severity] ?? 3;
  return [...conditions].sort((one, other) => rank(one) - rank(other) || (one.since_ms ?? 0) - (other.since_ms ?? 0));
}

/** Whether it is an alert. */
export function isAlert(condition) {
  return condition.severity === "warning" || condition.severity === "critical";
}

/** A list of conditions. */
export function conditionList(conditions, empty) {
  if (conditions.length === 0) return el("p", { class: "empty" }, el("span", { "aria-hidden": "true" }, "✓ "), empty);
  const shown = ordered(conditions).slice(0, CONDITIONS_COUNT_MAX);
  return [
    el("ul", { class: "conditions" }, shown.map(item)),
    conditions.length > shown.length && el("p", { class: "note" }, `${conditions.length - shown.length} more`),
  ];
}

function item(condition) {
  const tone = toneOf(condition.severity);
  const about = [heading(condition.extension ?? ""), condition.subject && short(condition.subject)].filter(Boolean);
  return el(
    "li",
    { class: toneClass(tone), key: `${condition.extension} ${condition.code} ${condition.subject}` },
    el("p", { class: "text" }, toneSign(tone), el("bdi", {}, short(condition.text, TEXT_LENGTH_MAX))),
    condition.remedy && el("p", { class: "remedy" }, el("b", {}, "Do: "), el("bdi", {}, short(condition.remedy, TEXT_LENGTH_MAX))),
    el(
      "p",
      { class: "note" },
      about.map((it, index) => [index > 0 && " · ", el("bdi", {}, it)]),
      ` · ${short(condition.severity)} · `,
      el("code", {}, short(condition.code)),
      condition.since_ms && ` · for ${duration(Math.max(0, Date.now() - condition.since_ms))}`,
    ),
  );
}

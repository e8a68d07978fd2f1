// The extensions: what runs, how it fares, and a shadow that is compared with it.

import { canControl, change } from "./control.js";
import { el } from "./dom.js";
import { duration, format, short } from "./format.js";
import { toneClass, toneSign } from "./tone.js";

/** Parts that are drawn at most. */
const EXTENSIONS_COUNT_MAX = 100;
const HANDLERS_COUNT_MAX = 100;
const DIFFERENCES_COUNT_MAX = 20;
const TEXT_LENGTH_MAX = 600;

/** Opens the view. */
export function openExtensions(app) {
  return { title: "Extensions", shows: ["status"], draw: () => draw(app), stop: () => {} };
}

function draw(app) {
  const extensions = app.status?.extensions;
  return [
    el("h2", { key: "title" }, "Extensions"),
    canControl() && el("p", { key: "all" }, el("button", { type: "button", onclick: () => change("Reload all", "reload") }, "Reload all")),
    !extensions && el("p", { key: "loading", class: "empty" }, "Loading…"),
    (extensions ?? []).slice(0, EXTENSIONS_COUNT_MAX).map((extension) => card(extension, app)),
  ];
}

function card(extension, app) {
  const { name } = extension;
  const tone = toneOf(extension);
  const figures = [
    ["Version", short(extension.version)],
    ["API", format(extension.api_version)],
    ["State", [toneSign(tone), short(extension.state)]],
    ["Handled", format(extension.handled, "number")],
    ["Failed", format(extension.failed, "number")],
    ["Waiting", format(extension.waiting, "number")],
    ["Reloads", format(extension.reloads, "number")],
    ["Restarts", format(extension.restarts, "number")],
    ["Unfinished", format(extension.unfinished, "number")],
  ];
  return el(
    "section",
    { key: name, class: `part card ${toneClass(tone)}`, "aria-label": short(name) },
    el("h3", {}, el("bdi", {}, short(name))),
    el("dl", { class: "figures small" }, figures.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))),
    extension.busy && el("p", { class: "warning" }, `▲ ${extension.busy.stuck ? "Stuck" : "Busy"} for ${extension.busy.seconds} s: `, el("bdi", {}, short(extension.busy.what))),
    extension.rejected && el("p", { class: "warning" }, "▲ Rejected: ", el("bdi", {}, short(extension.rejected, TEXT_LENGTH_MAX))),
    extension.last_failure && el("p", { class: "note" }, "Last failure: ", el("bdi", {}, short(extension.last_failure, TEXT_LENGTH_MAX))),
    handlers(extension),
    extension.shadow && shadow(name, extension.shadow),
    canControl() && el("p", { class: "buttons" }, buttons(name, extension)),
  );
}

function toneOf(extension) {
  if (extension.state === "stopped" || extension.busy?.stuck) return "bad";
  return extension.rejected || extension.state === "probation" ? "warning" : "good";
}

/** How long the handlers have taken. */
function handlers({ name, handlers: all }) {
  const list = (all ?? []).slice(0, HANDLERS_COUNT_MAX);
  if (list.length === 0) return null;
  const microseconds = (value) => duration(value / 1_000);
  const columns = ["Handler", "Calls", "Mean", "Longest", "Together"];
  const row = (it) => [format(it.count, "number"), microseconds(it.total_us / Math.max(1, it.count)), microseconds(it.max_us), microseconds(it.total_us)];
  return el(
    "details",
    {},
    el("summary", {}, `Time of ${list.length === 1 ? "its handler" : `its ${list.length} handlers`}`),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `Time of the handlers of ${short(name)}` },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, columns.map((label, index) => el("th", { scope: "col", class: index ? "number" : null }, label)))),
        el("tbody", {}, list.map((it) => el("tr", { key: it.name }, el("th", { scope: "row" }, el("bdi", {}, short(it.name))), row(it).map((text) => el("td", { class: "number" }, text))))),
      ),
    ),
  );
}

function shadow(name, it) {
  const differences = (it.differences ?? []).slice(-DIFFERENCES_COUNT_MAX);
  return el(
    "div",
    { class: "shadow" },
    el("h4", {}, `Shadow ${short(it.version)}`),
    el("p", {}, `${format(it.same, "number")} alike, ${format(it.different, "number")} different`, it.ended && `; ended: ${short(it.ended, TEXT_LENGTH_MAX)}`),
    differences.length > 0 && el("details", {}, el("summary", {}, `Last differences (${differences.length})`), el("ul", {}, differences.map((text) => el("li", {}, el("bdi", {}, short(text, TEXT_LENGTH_MAX)))))),
  );
}

function buttons(name, extension) {
  const path = encodeURIComponent(name);
  const button = (label, does) => el("button", { type: "button", key: label, "aria-label": `${label} ${short(name)}`, onclick: does }, label);
  return [
    button("Reload", () => change(`Reload ${name}`, `reload/${path}`)),
    extension.shadow && !extension.shadow.ended && button("Promote", () => change(`Promote ${name}`, `promote/${path}`, {}, `Shadow ${extension.shadow.version} takes over from ${extension.version}.`)),
    extension.shadow && button("Discard", () => change(`Discard ${name}`, `discard/${path}`, {}, `Shadow ${extension.shadow.version} ends.`)),
  ];
}

// A timeline: lanes with what happened when, as bars over one axis of time.

import { el } from "./dom.js";
import { duration, moment, short } from "./format.js";
import { toneClass, toneSign } from "./tone.js";

/** Lanes and steps that are drawn at most. */
const LANES_COUNT_MAX = 200;
const STEPS_COUNT_MAX = 40;
/** Lanes that are shown before the reader asks for more. */
const LANES_COUNT_FIRST = 30;
/** The least width of a bar, in percent, so that a moment is seen. */
const BAR_PERCENT_MIN = 0.6;
/** Marks on the axis. */
const TICKS_COUNT = 4;
/** Colours of steps without a tone; further labels share the last. */
const SHADES_COUNT = 5;

/** Keys of the timelines that the reader has opened whole. */
const opened = new Set();

/** A `timeline` widget; `context.redraw()` draws it whole when the reader opens it. */
export function timeline(widget, context) {
  const lanes = (widget.lanes ?? []).slice(0, LANES_COUNT_MAX);
  if (lanes.length === 0) return el("p", { class: "empty" }, "Nothing yet.");
  const now = Date.now();
  const span = extent(lanes, now);
  const [first, others] = [lanes.slice(0, LANES_COUNT_FIRST), lanes.slice(LANES_COUNT_FIRST)];
  const shades = shadesOf(lanes);
  const list = (some) => el("ul", { class: "lanes" }, some.map((lane) => laneRow(lane, span, now, shades, context)));
  return [
    el("ul", { class: "legend" }, [...shades].slice(0, SHADES_COUNT).map(([label, shade]) => el("li", { class: `key-${shade}`, key: label }, el("span", { class: "swatch", "aria-hidden": "true" }), short(label, 40)))),
    axis(span),
    list(first),
    others.length > 0 && el("details", { ontoggle: (event) => toggle(event.currentTarget.open, context) }, el("summary", {}, `${others.length} more`), opened.has(context.key) && list(others)),
  ];
}

function toggle(isOpen, context) {
  if (isOpen === opened.has(context.key)) return;
  if (isOpen) opened.add(context.key);
  else opened.delete(context.key);
  context.redraw?.();
}

/** Steps of the same name have the same colour; moments are marks. */
function shadesOf(lanes) {
  const shades = new Map();
  for (const step of lanes.flatMap((lane) => (lane.steps ?? []).slice(0, STEPS_COUNT_MAX))) {
    const hasShade = isNeutral(step) && !isMoment(step) && !shades.has(step.label);
    if (hasShade) shades.set(step.label, Math.min(shades.size, SHADES_COUNT - 1));
  }
  return shades;
}

function isNeutral(step) {
  return !step.tone || step.tone === "neutral";
}

function isMoment(step) {
  return step.end_ms === step.begin_ms;
}

/** From the first begin to the last end; what goes on ends now. */
export function extent(lanes, now) {
  const steps = lanes.flatMap((lane) => (lane.steps ?? []).slice(0, STEPS_COUNT_MAX));
  const begins = steps.map((step) => step.begin_ms).filter(Number.isFinite);
  const ends = steps.map((step) => step.end_ms ?? now).filter(Number.isFinite);
  const begin = begins.reduce((one, other) => Math.min(one, other), now);
  const end = ends.reduce((one, other) => Math.max(one, other), begin + 1_000);
  return { begin, end };
}

function axis({ begin, end }) {
  const ticks = Array.from({ length: TICKS_COUNT }, (_, index) => begin + ((end - begin) * index) / (TICKS_COUNT - 1));
  return el("div", { class: "axis", "aria-hidden": "true" }, el("span", {}), el("div", {}, ticks.map((tick) => el("span", {}, moment(tick)))));
}

function laneRow(lane, span, now, shades, context) {
  const steps = (lane.steps ?? []).slice(0, STEPS_COUNT_MAX);
  const link = context.details?.(lane.id, true);
  const label = el("bdi", {}, short(lane.label || lane.id, 40));
  return el(
    "li",
    { key: lane.id },
    el("span", { class: "name" }, link ? el("a", { href: link }, label) : label),
    el("span", { class: "track", "aria-hidden": "true" }, steps.map((step) => bar(step, span, now, shades))),
    el("span", { class: "words" }, steps.map((step, index) => [index > 0 && ", ", toneSign(step.tone), words(step, now)])),
  );
}

function bar(step, { begin, end }, now, shades) {
  const length = Math.max(1, end - begin);
  const from = (100 * (step.begin_ms - begin)) / length;
  const width = Math.max(BAR_PERCENT_MIN, (100 * ((step.end_ms ?? now) - step.begin_ms)) / length);
  const style = { left: `${Math.min(from, 100 - BAR_PERCENT_MIN)}%`, width: `${Math.min(width, 100 - from)}%` };
  const open = step.end_ms === null || step.end_ms === undefined;
  const shade = isMoment(step) ? "moment" : isNeutral(step) ? `shade-${shades.get(step.label)}` : "";
  return el("span", { class: `step ${toneClass(step.tone)} ${shade} ${open ? "open" : ""}`, style, title: words(step, now) });
}

function words(step, now) {
  const name = short(step.label, 60);
  if (isMoment(step)) return `${name} at ${moment(step.begin_ms)}`;
  const open = step.end_ms === null || step.end_ms === undefined;
  const length = duration(Math.max(0, (step.end_ms ?? now) - step.begin_ms));
  return open ? `${name} for ${length} so far` : `${name} ${length}`;
}

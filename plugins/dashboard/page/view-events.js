// Events as they happen, by extension and name.

import { el } from "./dom.js";
import { EVENTS_COUNT_MAX, Feed } from "./events.js";
import { format, moment, short } from "./format.js";

/** Events that are drawn at a time. */
const SHOWN_COUNT_MAX = 200;
/** Characters of a payload: on its line, and opened. */
const LINE_LENGTH_MAX = 160;
const PAYLOAD_LENGTH_MAX = 4_000;
const TYPING_PAUSE_MS = 250;
const NAME_LENGTH_MAX = 100;

/** Opens the view. */
export function openEvents(app) {
  const filter = { extension: "", name: "" };
  const state = { isPaused: false, shown: [], names: new Set() };
  let typing = 0;
  let feed = null;
  const follow = () => {
    feed?.stop();
    // Without a filter the page follows them already.
    const isFiltered = filter.extension || filter.name;
    feed = isFiltered ? new Feed({ ...filter }, app.draw, app.onError) : null;
    state.isPaused = false;
    app.draw();
  };
  return {
    title: "Events",
    shows: ["status", "events"],
    draw: () => {
      const source = feed ?? app.feed;
      if (!state.isPaused) state.shown = source.events;
      return draw(app, state, filter, source, {
        extension: (event) => {
          filter.extension = event.currentTarget.value;
          follow();
        },
        name: (event) => {
          filter.name = event.currentTarget.value.trim().slice(0, NAME_LENGTH_MAX);
          clearTimeout(typing);
          typing = setTimeout(follow, TYPING_PAUSE_MS);
        },
        pause: () => {
          state.isPaused = !state.isPaused;
          app.draw();
        },
      });
    },
    stop: () => {
      clearTimeout(typing);
      feed?.stop();
    },
  };
}

function draw(app, state, filter, source, on) {
  const names = ["host", ...(app.status?.extensions ?? []).map((it) => it.name)];
  return [
    el("h2", { key: "title" }, "Events"),
    el(
      "div",
      { key: "filter", class: "search", role: "search" },
      el("label", { for: "event-extension" }, "Extension"),
      el("select", { id: "event-extension", onchange: on.extension }, el("option", { value: "" }, "all"), names.map((name) => el("option", { value: name, key: name }, short(name)))),
      el("label", { for: "event-name" }, "Name"),
      el("input", { id: "event-name", type: "search", maxlength: NAME_LENGTH_MAX, autocomplete: "off", spellcheck: "false", oninput: on.name }),
      el("button", { type: "button", "aria-pressed": String(state.isPaused), onclick: on.pause }, state.isPaused ? "Go on" : "Pause the list"),
    ),
    el("p", { key: "note", class: "note" }, `The last ${EVENTS_COUNT_MAX} at most are kept here.`, source.lost > 0 && ` ${format(source.lost, "number")} were gone before they could be read.`),
    eventList(state.shown.slice(0, SHOWN_COUNT_MAX), "events"),
  ];
}

/** A list of events, newest first. */
export function eventList(events, key = "list") {
  if (events.length === 0) return el("p", { key: `${key}-empty`, class: "empty" }, "No events yet.");
  return el("ul", { class: "events", key }, events.map(item));
}

function item(event) {
  const payload = event.payload === undefined || event.payload === null ? "" : text(event);
  return el(
    "li",
    { key: event.seq },
    el("time", { datetime: time(event.at_ms) }, moment(event.at_ms)),
    el("b", {}, el("bdi", {}, short(event.name))),
    el("span", { class: "from" }, el("bdi", {}, short(event.extension))),
    payload.length > LINE_LENGTH_MAX
      ? el("details", {}, el("summary", {}, el("code", {}, short(payload, LINE_LENGTH_MAX))), el("pre", { tabindex: "0" }, short(payload, PAYLOAD_LENGTH_MAX)))
      : el("code", {}, short(payload, LINE_LENGTH_MAX)),
  );
}

/** The payload as it is, or its beginning. */
function text({ payload, is_cut: isCut }) {
  return isCut ? `${payload}…` : JSON.stringify(payload);
}

function time(unixMs) {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

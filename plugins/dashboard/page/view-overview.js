// The overview: alerts first, then why work waits, then what the panels say in figures.

import { Poll, panel } from "./api.js";
import { conditionList, isAlert } from "./conditions.js";
import { canControl, change, drain, extensionsWith } from "./control.js";
import { el } from "./dom.js";
import { duration, format, heading, short } from "./format.js";
import { eventList } from "./view-events.js";
import { widgets } from "./widgets.js";

/** Pause between two looks at the panels. */
const REFRESH_INTERVAL_MS = 10_000;
/** Events that are shown here. */
const EVENTS_COUNT = 8;
/** Widgets of a panel that say something at a glance. */
const GLANCE = ["figures", "funnel"];

/** Opens the view. */
export function openOverview(app) {
  const shown = new Map();
  const poll = new Poll(async (signal) => {
    await Promise.all(app.panels.map(async ({ name }) => {
      try {
        // Rows are not shown here.
        const answer = await panel(name, { limit: 1 }, { signal });
        shown.set(name, answer);
        app.learn(name, answer);
      } catch (error) {
        if (signal.aborted || error.status === 0) throw error;
        shown.set(name, { error: error.message });
      }
    }));
    app.draw();
  }, REFRESH_INTERVAL_MS, app.onError);
  return {
    title: "Overview",
    shows: ["status", "panels", "events"],
    draw: () => draw(app, shown),
    onPanels: () => poll.now(),
    onChange: () => poll.now(),
    stop: () => poll.stop(),
  };
}

function draw(app, shown) {
  const { status } = app;
  const conditions = status?.conditions ?? [];
  return [
    section("Alerts", "alerts", status && conditionList(conditions.filter(isAlert), "No alerts.")),
    section("Why work waits", "reasons", status && conditionList(conditions.filter((it) => !isAlert(it)), "Nothing waits.")),
    el(
      "div",
      { key: "glances", class: "glances" },
      section("Host", "host", status && host(status, app.commands)),
      app.panels.map((it) => glance(it, shown.get(it.name))),
    ),
    section("Recent events", "recent", [eventList(app.feed.events.slice(0, EVENTS_COUNT)), el("p", {}, el("a", { href: "#/events" }, "All events"))]),
  ];
}

function section(title, key, content) {
  return el("section", { key, class: `part ${key}`, "aria-label": title }, el("h2", {}, title), content || el("p", { class: "empty" }, "Loading…"));
}

function glance({ name, title }, answer) {
  if (!answer) return null;
  const heading_ = el("h2", {}, el("a", { href: `#/panel/${encodeURIComponent(name)}` }, short(title ?? heading(name))));
  if (answer.error) return el("section", { key: `panel ${name}`, class: "part" }, heading_, el("p", { class: "error" }, short(answer.error, 300)));
  const some = { widgets: (answer.widgets ?? []).filter((widget) => GLANCE.includes(widget.kind)) };
  if (some.widgets.length === 0) return null;
  return el("section", { key: `panel ${name}`, class: "part" }, heading_, widgets(some, { key: `overview ${name}`, title: title ?? name }));
}

function host(status, commands) {
  const extensions = status.extensions ?? [];
  const stopped = extensions.filter((it) => it.state === "stopped").length;
  const figures = [
    ["Version", short(status.version)],
    ["Up for", duration(1_000 * status.uptime_seconds)],
    ["State", status.draining ? "draining: no new work" : "working"],
    ["Extensions", stopped ? `${extensions.length}, ${stopped} stopped` : format(extensions.length, "number")],
  ];
  return [
    el("dl", { class: "figures" }, figures.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))),
    canControl() && el("p", { class: "buttons" }, buttons(commands), el("button", { type: "button", key: "drain", class: "danger", onclick: drain }, "Drain…")),
  ];
}

/** Pause and resume of each extension that has these commands. */
function buttons(commands) {
  const button = (command, extension) => {
    const label = `${heading(command)} ${short(extension)}`;
    const path = `call/${encodeURIComponent(extension)}/${command}`;
    return el("button", { type: "button", key: label, onclick: () => change(label, path) }, label);
  };
  return ["pause", "resume"].flatMap((command) => extensionsWith(commands, command).map((extension) => button(command, extension)));
}

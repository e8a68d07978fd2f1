// The page: which view is open, what all views share, and how fresh it is.

import { Poll, get, link } from "./api.js";
import { isAlert } from "./conditions.js";
import { askForToken, setUpControl } from "./control.js";
import { el, render } from "./dom.js";
import { Feed } from "./events.js";
import { ago, duration, heading, moment, short } from "./format.js";
import { setUpTheme } from "./theme.js";
import { openConditions } from "./view-conditions.js";
import { openEvents } from "./view-events.js";
import { openExtensions } from "./view-extensions.js";
import { openHistory } from "./view-history.js";
import { openOverview } from "./view-overview.js";
import { openPanel } from "./view-panel.js";

/** Pauses between two looks. */
const STATUS_INTERVAL_MS = 5_000;
const PANELS_INTERVAL_MS = 30_000;
const CLOCK_INTERVAL_MS = 1_000;
/** What was seen longer ago than this is stale. */
const STALE_MS = 15_000;
/** Panels in the navigation. */
const PANELS_COUNT_MAX = 50;

const VIEWS = { overview: openOverview, panel: openPanel, extensions: openExtensions, events: openEvents, history: openHistory, conditions: openConditions };

const main = document.getElementById("main");
let view = null;
let frame = 0;
const causes = new Set();
let forbidden = null;
/** Whether a request has failed since the last look at the status. */
let isLost = false;

const app = {
  status: null,
  panels: [],
  commands: null,
  feed: null,
  draw: () => draw("view"),
  onError,
  learn,
  drawMs: 0,
};

setUpTheme(document.getElementById("theme"));
setUpControl(document.getElementById("unlock"), changed);
app.feed = new Feed({}, onEvents, onError);
const statusPoll = new Poll(lookAtStatus, STATUS_INTERVAL_MS, onError);
const panelsPoll = new Poll(lookAtPanels, PANELS_INTERVAL_MS, onError);
addEventListener("hashchange", () => open(true));
setInterval(showLink, CLOCK_INTERVAL_MS);
open(false);

async function lookAtStatus(signal) {
  app.status = await get("status", {}, { signal });
  forbidden = null;
  if (isLost) {
    // The others may be waiting for long before they try again.
    isLost = false;
    lookAtOthers();
  }
  draw("status");
}

async function lookAtPanels(signal) {
  const [answer, listed] = await Promise.all([get("panels", {}, { signal }), get("commands", {}, { signal })]);
  app.commands = listed.extensions ?? [];
  const known = new Map(app.panels.map((it) => [it.name, it]));
  const before = app.panels.map((it) => it.name).join(" ");
  app.panels = (answer.panels ?? []).slice(0, PANELS_COUNT_MAX).map((it) => known.get(it.name) ?? { ...it, title: null, order: Infinity });
  sortPanels();
  draw("panels");
  if (before !== app.panels.map((it) => it.name).join(" ")) view?.onPanels?.();
}

/** Title and order of a panel are in the panel itself. */
function learn(name, answer) {
  const entry = app.panels.find((it) => it.name === name);
  if (!entry) return;
  entry.title = typeof answer.title === "string" && answer.title ? answer.title : null;
  entry.order = Number.isFinite(answer.order) ? answer.order : Infinity;
  sortPanels();
}

function sortPanels() {
  app.panels.sort((one, other) => (one.order === other.order ? one.name.localeCompare(other.name) : one.order - other.order));
}

function onEvents(events) {
  // A condition that begins or ends is shown at once.
  if (events.some((event) => String(event.name).startsWith("condition_"))) statusPoll.now();
  draw("events");
}

function onError(error) {
  if (error.isForbidden) forbidden = error.message;
  if (error.status === 0) isLost = true;
  // Whatever is not an answer of the host is a fault of this page.
  if (error.status === undefined) console.error(error);
  draw("view");
}

function changed() {
  statusPoll.now();
  panelsPoll.now();
  view?.onChange?.();
  draw("view");
}

/** Opens the view that the address names. */
function open(byReader) {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, name] = path.split("/").map(decoded);
  const opener = Object.hasOwn(VIEWS, kind) && (kind !== "panel" || name) ? kind : "overview";
  view?.stop();
  render(main);
  view = VIEWS[opener](app, { kind: opener, name, query: new URLSearchParams(query ?? "") });
  view.kind = opener;
  view.panel = name;
  document.title = `${view.title} · tig-host`;
  draw("view");
  if (byReader) main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Draws soon, once for all that has changed; the view only if it shows what has. */
function draw(cause) {
  causes.add(cause);
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    if (causes.has("view") || view.shows.some((it) => causes.has(it))) drawView();
    causes.clear();
    render(document.getElementById("nav"), navigation());
    showLink();
  });
}

function drawView() {
  const start = performance.now();
  render(main, view.draw());
  app.drawMs = performance.now() - start;
}

function navigation() {
  const alerts = (app.status?.conditions ?? []).filter(isAlert).length;
  const entries = [
    ["overview", "overview", "Overview"],
    ...app.panels.map((it) => ["panel", `panel/${encodeURIComponent(it.name)}`, it.title ?? heading(it.name), it.name]),
    ["extensions", "extensions", "Extensions"],
    ["events", "events", "Events"],
    ["history", "history", "History"],
    ["conditions", "conditions", "Conditions"],
  ];
  return el(
    "ul",
    {},
    entries.map(([kind, path, label, name]) => {
      const isCurrent = view?.kind === kind && (kind !== "panel" || view.panel === name);
      const count = kind === "conditions" && alerts > 0 && el("span", { class: "badge" }, String(alerts), el("span", { class: "unseen" }, alerts === 1 ? " alert" : " alerts"));
      return el("li", { key: path }, el("a", { href: `#/${path}`, "aria-current": isCurrent ? "page" : null }, short(label, 40), count && " ", count));
    }),
  );
}

/** How fresh the page is; and a banner when it is not, or when the host wants the token. */
function showLink() {
  const now = Date.now();
  const isStale = link.error !== null || (link.seenMs > 0 && now - link.seenMs > STALE_MS && !document.hidden);
  document.body.classList.toggle("stale", isStale);
  // Spoken only when it changes.
  const state = link.seenMs === 0 && !isStale ? "connecting…" : isStale ? "✖ not reachable" : app.status?.draining ? "▲ draining" : "✓ live";
  const text = document.getElementById("link");
  if (text.textContent !== state) text.textContent = state;
  render(document.getElementById("banner"), isStale ? lost(now) : forbidden ? locked() : []);
}

function lost(now) {
  const wait = Math.max(0, link.retryAtMs - now);
  return [
    el("p", { class: "banner tone-bad" }, "✖ ", link.error ?? "The host has not answered for a while", link.seenMs > 0 && `. What is shown is from ${moment(link.seenMs)}`, "."),
    el("p", { class: "banner-retry", "aria-live": "off" }, link.seenMs > 0 && `Seen ${ago(link.seenMs, now)}. `, wait > 0 && `Next try in ${duration(Math.ceil(wait / 1_000) * 1_000)}. `, el("button", { type: "button", onclick: retry }, "Try now")),
  ];
}

function retry() {
  statusPoll.now();
  lookAtOthers();
}

function lookAtOthers() {
  panelsPoll.now();
  app.feed.now();
  view?.onChange?.();
}

function locked() {
  return el("p", { class: "banner tone-warning" }, "▲ The host shows its data to this page only with the operator's token: ", short(forbidden, 300), " ", el("button", { type: "button", onclick: () => askForToken() }, "Enter the token"));
}

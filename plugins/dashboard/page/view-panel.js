// A panel of an extension, or the details of one of its rows.

import { Poll, panel } from "./api.js";
import { act, canControl } from "./control.js";
import { el } from "./dom.js";
import { format, heading, short } from "./format.js";
import { RANGES } from "./history.js";
import { ROWS_COUNT_MAX, isSorted } from "./table.js";
import { widgets } from "./widgets.js";

/** Pause between two looks: longer where drawing takes long, so that it takes one percent of a core. */
const REFRESH_INTERVAL_MS = 5_000;
const REFRESH_INTERVAL_MS_MAX = 60_000;
const PAUSE_PER_DRAWING = 100;
/** Rows of a page. */
const ROWS_COUNT = 100;
/** Pause after the last key of a search. */
const TYPING_PAUSE_MS = 250;
/** Characters of a search. */
const SEARCH_LENGTH_MAX = 200;

/** Opens the panel `route.name`, or its row `route.query.id`. */
export function openPanel(app, route) {
  const { name } = route;
  const id = route.query.get("id");
  const key = `panel ${name} ${id ?? ""}`;
  const state = { answer: null, error: null, find: "", offset: 0, isWhole: false };
  const link = (row) => `#/panel/${encodeURIComponent(name)}?id=${encodeURIComponent(row)}`;
  let typing = 0;
  const poll = new Poll(async (signal) => {
    // Only who has all rows can sort them.
    const isWhole = isSorted(key);
    const rows = isWhole ? { limit: ROWS_COUNT_MAX } : { offset: state.offset || null, limit: ROWS_COUNT };
    try {
      state.answer = await panel(name, id === null ? { find: state.find, ...rows } : { id }, { signal });
      state.error = null;
      state.isWhole = isWhole;
      if (id === null) app.learn(name, state.answer);
    } catch (error) {
      if (signal.aborted || error.status === 0) throw error;
      state.error = error.message;
    }
    app.draw();
  }, () => Math.min(REFRESH_INTERVAL_MS_MAX, Math.max(REFRESH_INTERVAL_MS, PAUSE_PER_DRAWING * app.drawMs)), app.onError);
  const search = (event) => {
    state.find = event.currentTarget.value.slice(0, SEARCH_LENGTH_MAX);
    state.offset = 0;
    clearTimeout(typing);
    typing = setTimeout(() => poll.now(), TYPING_PAUSE_MS);
  };
  const turn = (offset) => () => {
    state.offset = offset;
    poll.now();
  };
  return {
    title: id === null ? heading(name) : `${heading(name)}: ${short(id, 40)}`,
    shows: [],
    draw: () => draw({ name, id, key, state, link, search, turn, onSort: turn(0), redraw: app.draw }),
    onChange: () => poll.now(),
    stop: () => {
      clearTimeout(typing);
      poll.stop();
    },
  };
}

function draw({ name, id, key, state, link, search, turn, onSort, redraw }) {
  const { answer } = state;
  const title = short(answer?.title ?? heading(name));
  const context = {
    key,
    title,
    rangeMs: RANGES[2].ms,
    onSort,
    redraw,
    page: state.isWhole && id === null ? { offset: state.offset, count: ROWS_COUNT } : null,
    canAct: canControl(),
    act,
    details: id === null ? (row, isLane) => (!isLane || hasDetails(answer, row) ? link(row) : null) : null,
  };
  const tables = (answer?.widgets ?? []).filter((widget) => widget.kind === "table");
  return [
    id !== null && el("p", { key: "back" }, el("a", { href: `#/panel/${encodeURIComponent(name)}` }, `← All of ${title}`)),
    el("h2", { key: "title" }, id === null ? title : el("bdi", {}, short(id, 200))),
    state.error && el("p", { key: "error", class: "error", role: "alert" }, short(state.error, 300)),
    !answer && !state.error && el("p", { key: "loading", class: "empty" }, "Loading…"),
    id === null && answer && tables.length > 0 && searchBox(title, search),
    answer && el("div", { key: "widgets", class: "widgets" }, widgets(answer, context)),
    id === null && answer && pager(tables, state, turn),
  ];
}

function searchBox(title, search) {
  return el(
    "p",
    { key: "search", class: "search", role: "search" },
    el("label", { for: "find" }, `Search in ${title}`),
    el("input", { id: "find", type: "search", maxlength: SEARCH_LENGTH_MAX, autocomplete: "off", spellcheck: "false", oninput: search }),
  );
}

/** Pages of the longest table. */
function pager(tables, state, turn) {
  const total = tables.reduce((most, table) => Math.max(most, Number(table.rows_total) || 0), 0);
  if (total <= ROWS_COUNT && state.offset === 0) return null;
  const last = Math.min(total, state.offset + ROWS_COUNT);
  return el(
    "nav",
    { key: "pager", class: "pager", "aria-label": "Pages" },
    el("button", { type: "button", key: "before", disabled: state.offset === 0, onclick: turn(Math.max(0, state.offset - ROWS_COUNT)) }, "← Before"),
    el("span", { role: "status" }, `${format(state.offset + 1, "number")} to ${format(last, "number")} of ${format(total, "number")}`),
    el("button", { type: "button", key: "next", disabled: last >= total, onclick: turn(state.offset + ROWS_COUNT) }, "Next →"),
  );
}

/** Whether a table of the panel has details of this row. */
function hasDetails(answer, id) {
  const tables = (answer?.widgets ?? []).filter((widget) => widget.kind === "table");
  return tables.some((table) => (table.rows ?? []).some((row) => row.id === id && row.has_details));
}

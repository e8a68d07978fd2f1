// The plots of all panels over a range of time.

import { Poll, panel } from "./api.js";
import { el } from "./dom.js";
import { heading, short } from "./format.js";
import { RANGES, metrics } from "./history.js";
import { widgets } from "./widgets.js";

/** Pause between two looks at which plots there are; the plots look for themselves. */
const REFRESH_INTERVAL_MS = 60_000;
/** Metrics that can be chosen. */
const METRICS_COUNT_MAX = 1_000;

/** Opens the view. */
export function openHistory(app) {
  const state = { rangeMs: RANGES[2].ms, plots: null, metrics: [], chosen: null };
  const poll = new Poll(async (signal) => {
    state.metrics = (await metrics()).slice(0, METRICS_COUNT_MAX);
    const answers = await Promise.all(app.panels.map(({ name }) => panel(name, { limit: 1 }, { signal }).catch((error) => {
      if (signal.aborted || error.status === 0) throw error;
      return { widgets: [] };
    })));
    state.plots = app.panels.map(({ name, title }, index) => ({
      name,
      title: title ?? heading(name),
      widgets: (answers[index].widgets ?? []).filter((widget) => widget.kind === "plot"),
    }));
    app.draw();
  }, REFRESH_INTERVAL_MS, app.onError);
  const choose = (event) => {
    state.rangeMs = Number(event.currentTarget.value);
    app.draw();
  };
  const chooseMetric = (event) => {
    state.chosen = state.metrics.find((it) => it.name === event.currentTarget.value) ?? null;
    app.draw();
  };
  return {
    title: "History",
    shows: ["panels"],
    draw: () => draw(state, choose, chooseMetric),
    onPanels: () => poll.now(),
    stop: () => poll.stop(),
  };
}

function draw({ rangeMs, plots, metrics: all, chosen }, choose, chooseMetric) {
  const withPlots = (plots ?? []).filter((it) => it.widgets.length > 0);
  return [
    el("h2", { key: "title" }, "History"),
    el(
      "fieldset",
      { key: "range", class: "range" },
      el("legend", {}, "Range"),
      RANGES.map(({ label, ms }) =>
        el("label", { key: ms }, el("input", { type: "radio", name: "range", value: ms, checked: ms === rangeMs, onchange: choose }), ` ${label}`),
      ),
    ),
    !plots && el("p", { key: "loading", class: "empty" }, "Loading…"),
    plots && withPlots.length === 0 && el("p", { key: "none", class: "empty" }, "No panel has plots."),
    all.length > 0 && anyMetric(all, chosen, rangeMs, chooseMetric),
    withPlots.map(({ name, title, widgets: list }) =>
      el("section", { key: `plots ${name}`, class: "part", "aria-label": `${short(title)}, history` }, el("h3", {}, short(title)), el("div", { class: "widgets plots" }, widgets({ widgets: list }, { key: `history ${name}`, title, rangeMs }))),
    ),
  ];
}

/** One metric of the reader's choice: all its series added up, and the rate of a counter. */
function anyMetric(all, chosen, rangeMs, choose) {
  const widget = chosen && { kind: "plot", title: chosen.name, unit: chosen.kind === "counter" ? "per second" : "", series: [{ label: "sum of all series", metric: chosen.name, is_rate: chosen.kind === "counter" }] };
  return el(
    "section",
    { key: "any", class: "part", "aria-label": "Any metric" },
    el("p", { class: "search" }, el("label", { for: "metric" }, "Any metric"), el("select", { id: "metric", onchange: choose }, el("option", { value: "" }, "none"), all.map((it) => el("option", { value: it.name, key: it.name }, short(it.name, 80))))),
    widget && el("div", { class: "widgets" }, widgets({ widgets: [widget] }, { key: "history any", title: chosen.name, rangeMs })),
  );
}

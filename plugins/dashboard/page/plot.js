// A plot of metrics over time, drawn by uPlot; with what it shows in words and as a table.

import uPlot from "./uPlot.esm.js";
import { Poll } from "./api.js";
import { el, render } from "./dom.js";
import { moment, quantity, short } from "./format.js";
import { aligned, line } from "./history.js";
import { isDark } from "./theme.js";

const SERIES_COUNT_MAX = 8;
/** Pause between two looks; the host takes a sample every 10 s. */
const REFRESH_INTERVAL_MS = 30_000;
/** Time from one sample to the next. */
const SAMPLE_INTERVAL_MS = 10_000;
/** A plot that has less than this part of its range shows only that. */
const SHORT_PART = 10;
const HEIGHT = 220;
/** Pixels between ticks of the time, at least. */
const TICK_SPACE = 80;
/** Rows of the table beside it. */
const ROWS_COUNT_MAX = 48;
/** Values below which each is drawn as a point: a line needs two. */
const FEW_COUNT = 30;
const DASHES = [[], [8, 4], [3, 3], [12, 4, 3, 4]];
const COLOURS = {
  light: ["#1d4ed8", "#b45309", "#047857", "#be185d", "#6d28d9", "#0f766e", "#b91c1c", "#374151"],
  dark: ["#93c5fd", "#fcd34d", "#6ee7b7", "#f9a8d4", "#c4b5fd", "#5eead4", "#fca5a5", "#d1d5db"],
};

/** A `plot` widget over the last `context.rangeMs`. */
export function plot(widget, context) {
  const series = (widget.series ?? []).slice(0, SERIES_COUNT_MAX);
  const data = { title: short(widget.title), unit: short(widget.unit ?? ""), series, rangeMs: context.rangeMs };
  return el("div", { class: "plot", live: { kind: "plot", data, mount, update, unmount } });
}

function mount(node, data) {
  const canvas = el("div", { class: "canvas", role: "img", "aria-label": `${data.title}, plot` });
  const words = el("div", { class: "words" });
  node.append(canvas, words);
  const state = { canvas, words, chart: null, lines: [], shape: shapeOf(data), redraw: () => draw(node) };
  node.live.state = state;
  state.observer = new ResizeObserver(() => state.chart?.setSize({ width: widthOf(canvas), height: HEIGHT }));
  state.observer.observe(canvas);
  document.addEventListener("theme", state.redraw);
  state.poll = new Poll((signal) => load(node, signal), REFRESH_INTERVAL_MS, (error) => fail(node, error));
}

function update(node, data) {
  const { state } = node.live;
  const shape = shapeOf(data);
  if (shape === state.shape) return;
  state.shape = shape;
  state.poll.now();
}

function unmount(node) {
  const { state } = node.live;
  state.poll.stop();
  state.observer.disconnect();
  state.chart?.destroy();
  document.removeEventListener("theme", state.redraw);
}

/** What must be loaded again if it changes. */
function shapeOf(data) {
  return JSON.stringify([data.series, data.rangeMs, data.unit]);
}

async function load(node, signal) {
  const { data, state } = node.live;
  const lines = (rangeMs) => Promise.all(data.series.map((series) => line(series, rangeMs, { signal })));
  state.lines = await lines(data.rangeMs);
  // Of a host that is young, the short time that there is in smaller steps.
  const age = Date.now() - Math.min(...state.lines.map((it) => it.firstMs));
  if (Number.isFinite(age) && age < data.rangeMs / SHORT_PART) state.lines = await lines(age + SAMPLE_INTERVAL_MS);
  draw(node);
}

function fail(node, error) {
  render(node.live.state.words, el("p", { class: "error" }, `No history: ${short(error.message, 300)}`));
}

function draw(node) {
  const { data, state } = node.live;
  const { lines } = state;
  if (lines.length === 0) return;
  const columns = aligned(lines);
  const theme = isDark() ? "dark" : "light";
  const look = JSON.stringify([lines.map((it) => [it.label, it.values.filter(Number.isFinite).length < FEW_COUNT]), theme, state.shape]);
  if (state.chart && state.look === look) state.chart.setData(columns);
  else {
    state.chart?.destroy();
    state.chart = new uPlot(options(lines, data, theme, widthOf(state.canvas)), columns, state.canvas);
    state.look = look;
  }
  render(state.words, inWords(columns, lines, data));
}

function widthOf(canvas) {
  return Math.max(200, canvas.clientWidth);
}

function options(lines, data, theme, width) {
  const ink = theme === "dark" ? "#d1d5db" : "#374151";
  const axis = { stroke: ink, grid: { stroke: theme === "dark" ? "#374151" : "#e5e7eb", width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: true, y: false } },
    scales: { y: { range: (_, least, most) => [Math.min(0, least ?? 0), most > 0 ? most * 1.05 : 1] } },
    axes: [{ ...axis, size: 32, space: TICK_SPACE, values: (_chart, times, _index, _space, step) => times.map((time) => tick(time, step)) }, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => quantity(tick)) }],
    series: [
      {},
      ...lines.map((it, index) => ({
        label: short(it.label),
        stroke: COLOURS[theme][index % COLOURS[theme].length],
        dash: DASHES[index % DASHES.length],
        width: 1.75,
        points: { show: it.values.filter(Number.isFinite).length < FEW_COUNT, size: 5 },
      })),
    ],
  };
}

/** A time on the axis: the hour, or the day where ticks are days apart. */
function tick(time, stepS) {
  const hour = { hour: "2-digit", minute: "2-digit", second: stepS < 60 ? "2-digit" : undefined };
  const options = stepS >= 86_400 ? { day: "numeric", month: "short" } : hour;
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(time * 1_000));
}

/** Latest, lowest and highest value of each line, and its values as a table. */
function inWords(columns, lines, data) {
  const unit = data.unit ? ` ${data.unit}` : "";
  const dashes = ["solid", "dashed", "dotted", "dash and dot"];
  const items = lines.map((it, index) => {
    const known = columns[index + 1].filter(Number.isFinite);
    const text = known.length
      ? `${quantity(known.at(-1))}${unit} now, ${quantity(Math.min(...known))} to ${quantity(Math.max(...known))}`
      : "no values yet";
    return el("li", { class: `line-${index % COLOURS.light.length}` }, el("span", { class: "swatch", "aria-hidden": "true" }), el("bdi", {}, short(it.label)), ` (${dashes[index % dashes.length]}): ${text}`);
  });
  return [el("ul", { class: "legend" }, items), el("details", {}, el("summary", {}, "Values as a table"), values(columns, lines, data))];
}

function values(columns, lines, data) {
  const [times] = columns;
  const every = Math.max(1, Math.ceil(times.length / ROWS_COUNT_MAX));
  const rows = times.map((_, index) => index).filter((index) => (times.length - 1 - index) % every === 0).reverse();
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `Values of ${data.title}` },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Time"), lines.map((it) => el("th", { scope: "col", class: "number" }, short(it.label))))),
      el(
        "tbody",
        {},
        rows.map((index) =>
          el("tr", {}, el("th", { scope: "row" }, moment(times[index] * 1_000)), lines.map((_, column) => {
            const value = columns[column + 1][index];
            return el("td", { class: "number" }, Number.isFinite(value) ? quantity(value) : "–");
          })),
        ),
      ),
    ),
  );
}

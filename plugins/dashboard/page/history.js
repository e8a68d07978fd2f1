// Metrics over time, as the host keeps them: `GET /operator/v1/history`.

import { get } from "./api.js";

/** Points of a line; the host's steps are 10 s or 10 min. */
export const POINTS_COUNT = 720;
/** Ranges that a reader may choose. */
export const RANGES = [
  { label: "1 hour", ms: 3_600_000 },
  { label: "6 hours", ms: 6 * 3_600_000 },
  { label: "1 day", ms: 86_400_000 },
  { label: "7 days", ms: 7 * 86_400_000 },
  { label: "90 days", ms: 90 * 86_400_000 },
];

/** For how long the list of metrics is kept: a new metric comes with the next sample. */
const KNOWN_TIMEOUT_MS = 10_000;
let known = { metrics: Promise.resolve([]), atMs: 0 };

/** Metrics that the host keeps: `{name, kind}`. */
export function metrics() {
  if (Date.now() - known.atMs > KNOWN_TIMEOUT_MS) {
    // All plots share the answer, so none of them may abort the request.
    known = { metrics: get("history/metrics").then((answer) => answer.metrics ?? []), atMs: Date.now() };
    known.metrics.catch(() => (known.atMs = 0));
  }
  return known.metrics;
}

/** One line of a plot: `{label, fromMs, stepMs, values}`, and `firstMs`, the time of the first value that the host has. */
export async function line(series, rangeMs, options) {
  const label = series.label || series.metric;
  const isKept = (await metrics()).some((it) => it.name === series.metric);
  if (!isKept) return { label, fromMs: 0, stepMs: 1, values: [], firstMs: Infinity };
  const to = Date.now();
  const labels = Object.entries(series.labels ?? {}).map(([key, value]) => [`label.${key}`, value]);
  const query = { metric: series.metric, from_ms: to - rangeMs, to_ms: to, points: POINTS_COUNT, ...Object.fromEntries(labels) };
  const answer = await get("history", query, options);
  const sum = added((answer.series ?? []).map((it) => it.values ?? []));
  const values = series.is_rate ? perSecond(sum, answer.step_ms / 1_000) : sum;
  const first = sum.findIndex(Number.isFinite);
  const firstMs = first < 0 ? Infinity : answer.from_ms + first * answer.step_ms;
  return { label, fromMs: answer.from_ms, stepMs: answer.step_ms, values, firstMs };
}

/** The sum at each time; `null` where no series has a value. */
export function added(series) {
  const length = series.reduce((most, values) => Math.max(most, values.length), 0);
  return Array.from({ length }, (_, index) => {
    const known = series.map((values) => values[index]).filter(Number.isFinite);
    return known.length ? known.reduce((one, other) => one + other, 0) : null;
  });
}

/** The change of a counter per second; a counter that falls has begun again, so that step is not known. */
export function perSecond(values, stepS) {
  return values.map((value, index) => {
    const before = index > 0 ? values[index - 1] : null;
    return Number.isFinite(value) && Number.isFinite(before) && value >= before ? (value - before) / stepS : null;
  });
}

/** Lines over one axis of time, from the first value on, as uPlot takes them: `[times in s, values, ..]`. */
export function aligned(lines) {
  const times = new Set();
  for (const { fromMs, stepMs, values } of lines) values.forEach((_, index) => times.add(fromMs + index * stepMs));
  const axis = [...times].sort((one, other) => one - other);
  const columns = lines.map(({ fromMs, stepMs, values }) => {
    const at = new Map(values.map((value, index) => [fromMs + index * stepMs, value]));
    return axis.map((time) => at.get(time) ?? null);
  });
  // A host that began a minute ago has most of a day without values.
  const first = axis.findIndex((_, index) => columns.some((values) => Number.isFinite(values[index])));
  return [axis.map((time) => time / 1_000), ...columns].map((column) => column.slice(Math.max(0, first - 1)));
}

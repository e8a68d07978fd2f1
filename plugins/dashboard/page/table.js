// A table: sorted by its headings, with details and actions of its rows.

import { el } from "./dom.js";
import { format, isNumeric, short, visible } from "./format.js";
import { toneClass, toneSign } from "./tone.js";

/** Rows of an answer, and columns that are drawn, at most. */
export const ROWS_COUNT_MAX = 1_000;
const COLUMNS_COUNT_MAX = 30;
const ACTIONS_COUNT_MAX = 6;

/** By key of the table: the column by which it is sorted, and whether the largest comes first. */
const sorts = new Map();

/** Whether a table whose key begins with `prefix` is sorted, so that all of its rows are needed. */
export function isSorted(prefix) {
  return [...sorts.keys()].some((key) => key.startsWith(prefix));
}

/**
 * A `table` widget. `context`: `onSort()` asks again, `details(id)` is a link or null, `act(action)` calls a command, and
 * `page` is `{offset, count}` of the rows to draw if all are there.
 */
export function table(widget, context) {
  const columns = (widget.columns ?? []).slice(0, COLUMNS_COUNT_MAX);
  const all = sorted((widget.rows ?? []).slice(0, ROWS_COUNT_MAX), sorts.get(context.key));
  const rows = context.page ? all.slice(context.page.offset, context.page.offset + context.page.count) : all;
  if (rows.length === 0) return el("p", { class: "empty" }, short(widget.empty || "Nothing to show.", 400));
  const hasActions = context.canAct && rows.some((row) => row.actions?.length);
  const name = widget.title ? short(widget.title) : context.title;
  const total = Number(widget.rows_total) || all.length;
  return [
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `${name}, table` },
      el(
        "table",
        {},
        el("caption", { class: "unseen" }, `${name}: ${rows.length} of ${total} rows`),
        el(
          "thead",
          {},
          el("tr", {}, columns.map((column) => head(column, context)), hasActions && el("th", { scope: "col", class: "actions" }, "Actions")),
        ),
        el("tbody", {}, rows.map((row) => body(row, columns, hasActions, context))),
      ),
    ),
    context.page && total > all.length && el("p", { class: "note" }, `Sorted among the first ${format(all.length, "number")} of ${format(total, "number")} rows.`),
  ];
}

function head(column, context) {
  const sort = sorts.get(context.key);
  const isBy = sort?.column === column.key;
  const order = isBy ? (sort.descending ? "descending" : "ascending") : null;
  return el(
    "th",
    { scope: "col", key: column.key, class: isNumeric(column.format) ? "number" : null, "aria-sort": order },
    el(
      "button",
      { type: "button", class: "sort", onclick: () => sortBy(column, context) },
      short(column.label || column.key),
      el("span", { "aria-hidden": "true", class: "arrow" }, isBy ? (sort.descending ? " ▼" : " ▲") : " ↕"),
    ),
  );
}

/** First ascending, or descending for numbers; then the other; then as the panel has it. */
function sortBy(column, context) {
  const descendingFirst = isNumeric(column.format);
  const sort = sorts.get(context.key);
  if (sort?.column !== column.key) sorts.set(context.key, { column: column.key, descending: descendingFirst });
  else if (sort.descending === descendingFirst) sorts.set(context.key, { column: column.key, descending: !descendingFirst });
  else sorts.delete(context.key);
  context.onSort?.();
}

/** Rows in the order of a sort; what is not known comes last. */
export function sorted(rows, sort) {
  if (!sort) return rows;
  const sign = sort.descending ? -1 : 1;
  const value = (row) => row.cells?.[sort.column] ?? null;
  return [...rows].sort((one, other) => {
    const [left, right] = [value(one), value(other)];
    if (left === null || right === null) return (left === null) - (right === null);
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right), "en", { numeric: true });
  });
}

function body(row, columns, hasActions, context) {
  const cells = columns.map((column, index) => {
    const value = row.cells?.[column.key];
    const text = el("bdi", {}, format(value, column.format));
    const attributes = {
      class: isNumeric(column.format) ? "number" : column.format === "id" || column.format === "state" ? column.format : null,
      title: typeof value === "string" ? visible(value.slice(0, 1_000)) : null,
    };
    if (index > 0) return el("td", attributes, column.format === "state" ? [toneSign(row.tone), text] : text);
    const link = row.has_details ? context.details?.(row.id) : null;
    const sign = columns.some((it) => it.format === "state") ? null : toneSign(row.tone);
    return el("th", { scope: "row", ...attributes }, sign, link ? el("a", { href: link }, text) : text);
  });
  return el(
    "tr",
    { key: row.id, class: toneClass(row.tone) },
    cells,
    hasActions && el("td", { class: "actions" }, (row.actions ?? []).slice(0, ACTIONS_COUNT_MAX).map((action) => button(action, row, context))),
  );
}

function button(action, row, context) {
  const about = `${short(action.label)} ${short(row.id)}`;
  return el(
    "button",
    { type: "button", key: `${action.extension} ${action.command} ${action.label}`, "aria-label": about, onclick: () => context.act(action) },
    short(action.label),
  );
}

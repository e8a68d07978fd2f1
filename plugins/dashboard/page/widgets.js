// Renders the widgets of a panel (plugin-api/src/panel.rs). Kinds that are not known here are left out.

import { el } from "./dom.js";
import { format, short, visible } from "./format.js";
import { heatMap } from "./heatmap.js";
import { plot } from "./plot.js";
import { table } from "./table.js";
import { timeline } from "./timeline.js";

/** Parts of a widget that are drawn at most. */
const FIGURES_COUNT_MAX = 60;
const GROUPS_COUNT_MAX = 50;
const STAGES_COUNT_MAX = 12;
const WIDGETS_COUNT_MAX = 60;
/** Characters from which on a figure is written smaller. */
const LONG_LENGTH = 14;

const RENDERERS = { figures, funnel, heat_map: heatMap, plot, table, timeline };

/** The widgets of `panel`. `context` has what tables and plots need: see `view-panel.js`. */
export function widgets(panel, context) {
  const list = Array.isArray(panel.widgets) ? panel.widgets.slice(0, WIDGETS_COUNT_MAX) : [];
  return list.map((widget, index) => {
    const renderer = Object.hasOwn(RENDERERS, widget.kind) ? RENDERERS[widget.kind] : null;
    if (!renderer) return null;
    const key = `${widget.kind}-${index}`;
    return el(
      "section",
      { class: `widget widget-${widget.kind}`, key, "aria-label": widget.title ? short(widget.title) : null },
      widget.title && el("h3", {}, short(widget.title)),
      renderer(widget, { ...context, key: `${context.key}/${key}` }),
    );
  });
}

/** Values with their labels. */
export function figures(widget) {
  const items = (widget.figures ?? []).slice(0, FIGURES_COUNT_MAX);
  return el(
    "dl",
    { class: "figures" },
    items.map((figure) => {
      const text = format(figure.value, figure.format);
      return el(
        "div",
        {},
        el("dt", {}, short(figure.label)),
        el("dd", { class: text.length > LONG_LENGTH ? "long" : null, title: typeof figure.value === "string" ? visible(figure.value) : null }, el("bdi", {}, text)),
        figure.note && el("dd", { class: "note" }, el("bdi", {}, short(figure.note))),
      );
    }),
  );
}

/** Rows of bars: each group's stages, as parts of its first one. */
function funnel(widget) {
  const groups = (widget.groups ?? []).slice(0, GROUPS_COUNT_MAX);
  if (groups.length === 0) return el("p", { class: "empty" }, "Nothing yet.");
  return groups.map((group, index) =>
    el(
      "div",
      { class: "group", key: index },
      el("h4", {}, el("bdi", {}, short(group.name)), group.note && el("span", { class: "note" }, " ", el("bdi", {}, short(group.note)))),
      el("ol", {}, stages(group)),
    ),
  );
}

function stages(group) {
  const list = (group.stages ?? []).slice(0, STAGES_COUNT_MAX);
  const first = list.find((stage) => Number.isFinite(stage.count))?.count ?? 0;
  let before = null;
  return list.map((stage) => {
    const isKnown = Number.isFinite(stage.count);
    const part = isKnown && first > 0 ? Math.min(1, stage.count / first) : 0;
    const ofBefore = isKnown && before > 0 ? format(stage.count / before, "share") : "";
    if (isKnown) before = stage.count;
    return el(
      "li",
      {},
      el("span", { class: "name" }, short(stage.name)),
      el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: "bar", style: { width: `${part * 100}%` } })),
      el("span", { class: "count" }, isKnown ? format(stage.count, "number") : "not known"),
      el("span", { class: "part", title: "Part of the stage before" }, ofBefore),
    );
  });
}

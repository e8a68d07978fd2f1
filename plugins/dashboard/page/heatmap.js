// A heat map on a canvas, with lines and marks over it. For keyboards: arrow keys move a cursor, and what is under it is
// spoken. For screen readers: a table with the same values.

import { el } from "./dom.js";
import { quantity, short } from "./format.js";
import { isDark } from "./theme.js";

/** Parts that are drawn at most. */
const CELLS_COUNT_MAX = 40_000;
const SETS_COUNT_MAX = 8;
/** Rows of the table beside it: those with the highest values. */
const ROWS_COUNT_MAX = 200;
/** Pixels of the margins and of the plot. */
const MARGIN = { left: 48, bottom: 36, top: 8, right: 8 };
const HEIGHT = 340;
/** Dashes by which lines differ, since not everybody sees colours. */
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

/** A `heat_map` widget. */
export function heatMap(widget, context) {
  const data = prepare(widget);
  if (data.cells.length === 0 && data.marks.length === 0) return el("p", { class: "empty" }, "Nothing yet.");
  return [
    el("div", {
      class: "heat",
      live: { kind: "heat", data, mount, update, unmount },
    }),
    legend(data),
    el("details", {}, el("summary", {}, "Values as a table"), values(data, context.title)),
  ];
}

function prepare(widget) {
  const isPoint = (it) => Array.isArray(it) && it.slice(0, 2).every(Number.isFinite);
  const cells = (widget.cells ?? []).filter((it) => isPoint(it) && Number.isFinite(it[2])).slice(0, CELLS_COUNT_MAX);
  const sets = (list) =>
    (list ?? []).slice(0, SETS_COUNT_MAX).map(({ label, points }) => ({
      label: short(label),
      points: (points ?? []).filter(isPoint).slice(0, CELLS_COUNT_MAX),
    }));
  const [lines, marks] = [sets(widget.lines), sets(widget.marks)];
  const all = [...cells, ...lines.flatMap((it) => it.points), ...marks.flatMap((it) => it.points)];
  const range = (index) => ({
    min: all.reduce((least, point) => Math.min(least, point[index]), Infinity),
    max: all.reduce((most, point) => Math.max(most, point[index]), -Infinity),
  });
  const most = cells.reduce((highest, cell) => Math.max(highest, cell[2]), 0);
  const names = { x: short(widget.x_label || "x"), y: short(widget.y_label || "y"), value: short(widget.value_label || "value") };
  return { cells, lines, marks, x: range(0), y: range(1), most, names };
}

function mount(node, data) {
  const canvas = el("canvas", {
    tabindex: "0",
    role: "application",
    "aria-label": `Heat map of ${data.names.value} over ${data.names.x} and ${data.names.y}. Arrow keys move a cursor. The table after it has the values.`,
    onkeydown: (event) => onKey(event, node),
  });
  const spoken = el("p", { class: "spoken note", "aria-live": "polite" }, "Arrow keys read single values.");
  node.append(canvas, spoken);
  canvas.addEventListener("pointermove", (event) => onPointer(event, node));
  const redraw = () => draw(node);
  const observer = new ResizeObserver(redraw);
  node.live.state = { canvas, spoken, observer, redraw, cursor: null };
  observer.observe(node);
  document.addEventListener("theme", redraw);
}

function unmount(node) {
  node.live.state.observer.disconnect();
  document.removeEventListener("theme", node.live.state.redraw);
}

function update(node, data) {
  node.live.data = data;
  draw(node);
}

/** Where a point is on the canvas, and how large a cell is. */
function scale({ x, y }, width) {
  const columns = x.max - x.min + 1;
  const rows = y.max - y.min + 1;
  const cell = { width: (width - MARGIN.left - MARGIN.right) / columns, height: (HEIGHT - MARGIN.top - MARGIN.bottom) / rows };
  return {
    cell,
    left: (value) => MARGIN.left + (value - x.min) * cell.width,
    top: (value) => HEIGHT - MARGIN.bottom - (value - y.min + 1) * cell.height,
  };
}

function draw(node) {
  const { data, state } = node.live;
  const width = Math.max(200, node.clientWidth);
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  state.canvas.width = width * ratio;
  state.canvas.height = HEIGHT * ratio;
  state.canvas.style.setProperty("height", `${HEIGHT}px`);
  const pen = state.canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const to = scale(data, width);
  const dark = isDark();
  const ink = dark ? "#f3f4f6" : "#111827";
  for (const [x, y, value] of data.cells) {
    pen.fillStyle = shade(data.most > 0 ? value / data.most : 0, dark);
    pen.fillRect(to.left(x), to.top(y), Math.ceil(to.cell.width), Math.ceil(to.cell.height));
  }
  drawAxes(pen, data, to, width, ink);
  data.lines.forEach((line, index) => drawLine(pen, line.points, to, lineColour(index, dark), DASHES[index % DASHES.length]));
  data.marks.forEach((mark, index) => mark.points.forEach((point) => drawMark(pen, point, to, index, ink)));
  if (state.cursor) {
    pen.strokeStyle = dark ? "#f472b6" : "#be185d";
    pen.lineWidth = 3;
    pen.setLineDash([]);
    pen.strokeRect(to.left(state.cursor.x), to.top(state.cursor.y), Math.max(6, to.cell.width), Math.max(6, to.cell.height));
  }
}

/** From the background to a strong blue; the lightness alone says how much. */
function shade(part, dark) {
  const lightness = dark ? 18 + 55 * Math.sqrt(part) : 94 - 58 * Math.sqrt(part);
  return `hsl(215 70% ${lightness}%)`;
}

function lineColour(index, dark) {
  const colours = dark ? ["#fca5a5", "#fdba74", "#6ee7b7", "#d8b4fe"] : ["#b91c1c", "#7c2d12", "#065f46", "#581c87"];
  return colours[index % colours.length];
}

function drawAxes(pen, data, to, width, ink) {
  pen.fillStyle = ink;
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "center";
  const steps = (range, count) => {
    const step = Math.max(1, Math.ceil((range.max - range.min) / count));
    return Array.from({ length: count + 1 }, (_, index) => range.min + index * step).filter((value) => value <= range.max);
  };
  for (const x of steps(data.x, Math.min(8, Math.floor(width / 80)))) {
    pen.fillText(String(x), to.left(x) + to.cell.width / 2, HEIGHT - MARGIN.bottom + 14);
  }
  pen.fillText(data.names.x, MARGIN.left + (width - MARGIN.left) / 2, HEIGHT - 6);
  pen.textAlign = "right";
  for (const y of steps(data.y, 8)) pen.fillText(String(y), MARGIN.left - 4, to.top(y) + to.cell.height / 2 + 4);
  pen.save();
  pen.translate(11, HEIGHT / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText(data.names.y, 0, 0);
  pen.restore();
}

function drawLine(pen, points, to, colour, dash) {
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  pen.setLineDash(dash);
  pen.beginPath();
  const ordered = [...points].sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  for (const [x, y] of ordered) pen.lineTo(to.left(x) + to.cell.width / 2, to.top(y) + to.cell.height / 2);
  pen.stroke();
  pen.setLineDash([]);
}

/** Circles, squares, triangles: marks differ by their form. */
function drawMark(pen, [x, y], to, form, ink) {
  const [left, top, size] = [to.left(x) + to.cell.width / 2, to.top(y) + to.cell.height / 2, 4.5];
  pen.beginPath();
  if (form % 3 === 0) pen.arc(left, top, size, 0, 2 * Math.PI);
  else if (form % 3 === 1) pen.rect(left - size, top - size, 2 * size, 2 * size);
  else [[0, -size], [size, size], [-size, size]].forEach(([right, down]) => pen.lineTo(left + right, top + down));
  pen.closePath();
  pen.fillStyle = "#facc15";
  pen.fill();
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  pen.stroke();
}

function legend(data) {
  const forms = ["●", "■", "▲"];
  const dashes = ["solid line", "dashed line", "dotted line", "dash and dot"];
  return el(
    "ul",
    { class: "legend" },
    el("li", {}, `${data.names.value}: pale is 0, strong is ${quantity(data.most)}`),
    data.lines.map((line, index) => el("li", { key: `line-${index}` }, `${line.label}: ${dashes[index % dashes.length]}`)),
    data.marks.map((mark, index) => el("li", { key: `mark-${index}` }, `${mark.label}: ${forms[index % 3]} (${mark.points.length})`)),
  );
}

function onKey(event, node) {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!move) return;
  event.preventDefault();
  const { data, state } = node.live;
  const within = (value, { min, max }) => Math.max(min, Math.min(max, value));
  const from = state.cursor ?? { x: data.x.min - move[0], y: data.y.min - move[1] };
  point(node, { x: within(from.x + move[0], data.x), y: within(from.y + move[1], data.y) });
}

function onPointer(event, node) {
  const { data } = node.live;
  const to = scale(data, node.clientWidth);
  const x = data.x.min + Math.floor((event.offsetX - MARGIN.left) / to.cell.width);
  const y = data.y.min + Math.floor((HEIGHT - MARGIN.bottom - event.offsetY) / to.cell.height);
  if (x >= data.x.min && x <= data.x.max && y >= data.y.min && y <= data.y.max) point(node, { x, y });
}

function point(node, cursor) {
  const { data, state } = node.live;
  if (state.cursor?.x === cursor.x && state.cursor?.y === cursor.y) return;
  state.cursor = cursor;
  const is = (it) => it[0] === cursor.x && it[1] === cursor.y;
  const cell = data.cells.find(is);
  const on = [...data.lines, ...data.marks].filter((set) => set.points.some(is)).map((set) => set.label);
  const value = cell ? quantity(cell[2]) : "no value";
  state.spoken.textContent = `${data.names.x} ${cursor.x}, ${data.names.y} ${cursor.y}: ${value}${on.length ? `; ${on.join(", ")}` : ""}`;
  draw(node);
}

function values(data, title) {
  const rows = [...data.cells].sort((one, other) => other[2] - one[2]).slice(0, ROWS_COUNT_MAX);
  const sets = [...data.lines, ...data.marks];
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `Values of the heat map, ${title}` },
    el(
      "table",
      {},
      el("caption", {}, `${rows.length} of ${data.cells.length} cells, the highest first`),
      el("thead", {}, el("tr", {}, [data.names.x, data.names.y, data.names.value].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows.map(([x, y, value]) => el("tr", { key: `${x} ${y}` }, [x, y, quantity(value)].map((it) => el("td", { class: "number" }, String(it)))))),
    ),
    sets.map((set) => el("p", {}, `${set.label}: ${set.points.slice(0, ROWS_COUNT_MAX).map(([x, y]) => `(${x}, ${y})`).join(" ") || "no points"}`)),
  );
}

// How values are written. Pure, and safe for values of any type.

/** Characters of a text in a cell; the rest is in its title. */
const CELL_LENGTH_MAX = 120;
/** Characters of an id that tell it from others. */
const ID_LENGTH = 12;
/** Shown for what is not known. */
const UNKNOWN = "–";

// Controls and marks that change the direction of the text around them, or that do not show at all.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const PRECISE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY_TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A text in which nothing is hidden: controls are written as their code. */
export function visible(text) {
  return String(text).replace(HIDDEN, (it) => `⟨U+${it.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** A text for one line. */
export function short(text, length = CELL_LENGTH_MAX) {
  const characters = [...visible(String(text).slice(0, 4 * length))];
  return characters.length > length ? `${characters.slice(0, length).join("")}…` : characters.join("");
}

/** A value in its `Format` of the panel API. */
export function format(value, kind = "text") {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return short(JSON.stringify(value));
  const number = typeof value === "number" ? value : Number.NaN;
  if (kind === "text" || kind === "state" || !isNumeric(kind)) {
    return kind === "id" ? short(value, ID_LENGTH) : short(value);
  }
  // Amounts may come as texts, since they have more digits than a number.
  if (Number.isNaN(number)) return short(value);
  return FORMATS[kind](number);
}

/** Whether values of this format are numbers, which stand at the right. */
export function isNumeric(kind) {
  return Object.hasOwn(FORMATS, kind);
}

const FORMATS = {
  number: (value) => NUMBER.format(value),
  rate: (value) => `${quantity(value)}/s`,
  share: (value) => `${NUMBER.format(Math.round(value * 1_000) / 10)} %`,
  amount: (value) => quantity(value),
  bytes,
  duration,
  time: (value) => moment(value),
};

/** A number with as many digits as say something. */
export function quantity(value) {
  return Math.abs(value) < 10 ? PRECISE.format(value) : NUMBER.format(Math.round(value * 10) / 10);
}

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let index = 0;
  let rest = value;
  while (Math.abs(rest) >= 1_024 && index + 1 < units.length) {
    rest /= 1_024;
    index += 1;
  }
  return `${quantity(rest)} ${units[index]}`;
}

/** A duration in milliseconds. */
export function duration(value) {
  const seconds = value / 1_000;
  if (Math.abs(seconds) < 1) return `${PRECISE.format(value)} ms`;
  if (seconds < 60) return `${PRECISE.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return days < 100 ? `${days} d ${hours % 24} h` : `${NUMBER.format(days)} d`;
}

/** A point in time: the hour of today, or with its day. */
export function moment(unixMs, now = Date.now()) {
  if (!Number.isFinite(unixMs)) return UNKNOWN;
  const date = new Date(unixMs);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  return Math.abs(now - unixMs) < 12 * 3_600_000 ? TIME.format(date) : DAY_TIME.format(date);
}

/** How long ago. */
export function ago(unixMs, now = Date.now()) {
  return `${duration(Math.max(0, now - unixMs))} ago`;
}

/** `slave_manager` as a heading: `Slave manager`. */
export function heading(name) {
  const words = visible(name).replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Sign and word of a tone, since not everybody sees colours. */
export const TONES = {
  neutral: { sign: "", word: "" },
  good: { sign: "✓", word: "good" },
  warning: { sign: "▲", word: "warning" },
  bad: { sign: "✖", word: "bad" },
};

/** Tone of a severity of the conditions. */
export function toneOf(severity) {
  return { critical: "bad", warning: "warning", info: "neutral" }[severity] ?? "neutral";
}

// What the operator may change, with the token: questions before, results after.

import { control, setToken, token } from "./api.js";
import { el, render } from "./dom.js";
import { short } from "./format.js";

/** Results that are shown at a time, and for how long those stay that went well. */
const NOTICES_COUNT_MAX = 5;
const NOTICE_TIMEOUT_MS = 15_000;
/** Characters of a result that are shown. */
const RESULT_LENGTH_MAX = 600;

const notices = [];
let noticeId = 0;
/** Called when the token changes, and when something was changed. */
let onChange = () => {};

/** Prepares the button that takes the token. */
export function setUpControl(button, changed) {
  onChange = changed;
  button.onclick = () => (token() ? lock(button) : askForToken(button));
  showToken(button);
}

function showToken(button) {
  button.textContent = token() ? "Lock control" : "Unlock control";
}

function lock(button) {
  setToken(null);
  showToken(button);
  notice("Control is locked; the token is forgotten.", "good");
  onChange();
}

/** Whether buttons that change something are shown. */
export function canControl() {
  return token() !== null;
}

/** Asks for the operator's token, tries it, and keeps it for this tab. */
export async function askForToken(button = document.getElementById("unlock")) {
  const field = el("input", { type: "password", id: "token", autocomplete: "off", required: true, maxlength: 1000 });
  const done = await dialog("Unlock control", "Unlock", [
    el("p", {}, "Pausing, draining, reloading and commands need the operator's token. It is kept in this tab only, until you close it."),
    el("p", {}, "No token yet? Put ", el("code", {}, '"operator": {"token_file": "operator_token"}'), " into the host's config, and a random text into that file."),
    el("p", {}, el("label", { for: "token" }, "Operator's token"), field),
  ]);
  if (!done || !field.value.trim()) return;
  setToken(field.value.trim());
  try {
    await control("check");
    notice("Control is unlocked.", "good");
  } catch (error) {
    setToken(null);
    notice(`Control stays locked: ${error.message}`, "bad");
  }
  showToken(button);
  onChange();
}

/** Calls the command of a row's action, after its question. */
export function act(action) {
  const path = `call/${encodeURIComponent(action.extension)}/${encodeURIComponent(action.command)}`;
  return change(action.label, path, action.arguments ?? {}, action.confirm);
}

/** Changes something: a question if there is one, the request, and a notice of what came of it. */
export async function change(label, path, body = {}, question = "") {
  if (question && !(await dialog(label, label, [el("p", {}, short(question, RESULT_LENGTH_MAX))]))) return;
  try {
    const answer = await control(path, body);
    const isRefused = (answer?.reloads ?? []).some((it) => it.outcome === "refused");
    const isBad = isRefused || (Number.isFinite(answer?.code) && answer.code !== 0);
    notice(`${label}: ${result(answer)}`, isBad ? "bad" : "good");
  } catch (error) {
    notice(`${label}: ${error.message}`, "bad");
  }
  onChange();
}

/** What the host has replied, in a few words. */
function result(answer) {
  if (Array.isArray(answer?.reloads)) return answer.reloads.map(reload).join("; ") || "nothing to reload";
  // Whoever ends a shadow or drains gets the host's status.
  if (Array.isArray(answer?.extensions)) return answer.draining ? "the host drains" : "done";
  const words = [...(answer?.progress ?? []), asText(answer?.value)].filter(Boolean).join(" · ");
  if (answer?.code === undefined) return words ? `still at work: ${words}` : "still at work";
  return answer.code === 0 ? words || "done" : `failed with code ${answer.code}: ${words}`;
}

function reload(one) {
  const { name, outcome, ...others } = one;
  const { from, to } = others;
  const words = from && to ? `${from} to ${to}` : asText(others);
  return [name, String(outcome ?? "").replaceAll("_", " "), words].filter(Boolean).join(" ");
}

function asText(value) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "string") return value;
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
}

/** Extensions that have a command of this name: what `tig-host pause` and `resume` call. */
export function extensionsWith(commands, name) {
  const has = (extension) => (extension.commands ?? []).some((command) => command.name === name);
  return (commands ?? []).filter(has).map((extension) => extension.name);
}

/** Asks how long a drain may take, and begins it. */
export async function drain() {
  const field = el("input", { type: "number", id: "drain-seconds", min: "1", max: "604800", inputmode: "numeric" });
  const sure = await dialog("Drain the host", "Drain", [
    el("p", {}, "The host begins no new work, finishes what was paid for, and then ends. It has to be started again by hand or by its service manager."),
    el("p", {}, el("label", { for: "drain-seconds" }, "Seconds at most (empty: as long as it takes)"), field),
  ]);
  if (!sure) return;
  const seconds = Number.parseInt(field.value, 10);
  await change("Drain", "drain", { seconds_max: Number.isFinite(seconds) && seconds > 0 ? seconds : null });
}

/** A question; true if the operator agrees. */
function dialog(title, label, content) {
  return new Promise((resolve) => {
    const close = (agreed) => {
      box.close();
      box.remove();
      resolve(agreed);
    };
    const box = el(
      "dialog",
      { "aria-labelledby": "dialog-title" },
      el(
        "form",
        { onsubmit: (event) => (event.preventDefault(), close(true)) },
        el("h2", { id: "dialog-title" }, title),
        content,
        el("div", { class: "buttons" }, el("button", { type: "submit", class: "main" }, label), el("button", { type: "button", onclick: () => close(false) }, "Cancel")),
      ),
    );
    box.addEventListener("cancel", (event) => (event.preventDefault(), close(false)));
    document.body.append(box);
    box.showModal();
  });
}

/** Shows the result of an action: failures until they are dismissed. */
export function notice(text, tone) {
  noticeId += 1;
  const id = noticeId;
  notices.unshift({ id, tone, text: short(text, RESULT_LENGTH_MAX) });
  notices.length = Math.min(notices.length, NOTICES_COUNT_MAX);
  if (tone === "good") setTimeout(() => dismiss(id), NOTICE_TIMEOUT_MS);
  showNotices();
}

function dismiss(id) {
  const index = notices.findIndex((it) => it.id === id);
  if (index >= 0) notices.splice(index, 1);
  showNotices();
}

function showNotices() {
  const list = notices.map(({ id, tone, text }) =>
    el(
      "p",
      { key: id, class: `notice tone-${tone}` },
      el("span", { "aria-hidden": "true" }, tone === "good" ? "✓ " : "✖ "),
      el("bdi", {}, text),
      el("button", { type: "button", "aria-label": `Dismiss: ${text.slice(0, 60)}`, onclick: () => dismiss(id) }, "×"),
    ),
  );
  render(document.getElementById("notices"), list);
}

"use strict";

const INTERVAL_MS = 1000;
const PAGE_SIZE = 50;
const TEXT_CHARS_MAX = 20000;
// How far a job is on its way.
const STEPS = { Sent: 1, Accepted: 2, Completed: 3, Failed: 3, Rejected: 3 };

const at = (id) => document.getElementById(id);
const notice = (text) => {
  at("notice").textContent = text;
  at("notice").hidden = !text;
};

// The token stands behind "#", which is not sent; it is kept for this tab only.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", "/");
}
at("token").value = sessionStorage.getItem("token") || "";
at("token").addEventListener("input", () => {
  sessionStorage.setItem("token", at("token").value);
  refresh();
});

async function ask(path, body) {
  const headers = { Authorization: "Token " + at("token").value };
  if (body) headers["Content-Type"] = "application/json";
  const method = body ? "POST" : "GET";
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = { detail: text };
  }
  if (!response.ok) throw new Error(answer.detail || "error " + response.status);
  return answer;
}

// Everything foreign goes through here, as text.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = String(text).slice(0, TEXT_CHARS_MAX);
  return made;
}

function row(job) {
  const item = element("li", job.status in STEPS ? job.status : "");
  item.dataset.uuid = job.uuid;
  const head = element("div", "head");
  const dead = job.is_dead ? ", dead: no end in 5 min 30 s" : "";
  head.append(element("span", "state", job.status + dead), element("code", "", job.uuid));
  item.append(head);
  const program = job.docker_image || "script";
  const target = job.miner_hotkey ? ", miner " + job.miner_hotkey : "";
  const parts = [job.version, job.executor_class, program, job.args.join(" ")];
  item.append(element("p", "faint", parts.filter(Boolean).join(" · ") + target));
  const time = (text) => new Date(text).toLocaleTimeString();
  const times = "ordered " + time(job.created_at) + ", last news " + time(job.last_update);
  const deliveries = job.delivery_count ? "" : ", sent to no connection";
  item.append(element("p", "faint", times + deliveries));
  if (STEPS[job.status] < 3 && !job.is_dead) {
    const progress = element("progress");
    progress.max = 3;
    progress.value = STEPS[job.status];
    item.append(progress);
  }
  if (job.comment) item.append(element("p", "faint", job.comment));
  if (job.stdout) item.append(element("pre", "", job.stdout));
  if (job.stderr) item.append(element("pre", "", job.stderr));
  return item;
}

let shown = "";

async function refresh() {
  if (!at("token").value) return;
  try {
    const list = await ask("/api/v1/jobs/?page_size=" + PAGE_SIZE);
    notice("");
    const text = JSON.stringify(list);
    // A list that has not changed stays, with what is selected in it.
    if (text === shown) return;
    shown = text;
    at("count").textContent = list.count ? "(" + list.count + ")" : "";
    at("empty").hidden = list.count > 0;
    at("jobs").replaceChildren(...list.results.map(row));
  } catch (error) {
    notice(error.message);
  }
}

const lines = (id) => at(id).value.split("\n").map((line) => line.trim()).filter(Boolean);

function environment() {
  const env = {};
  for (const line of lines("env")) {
    const end = line.indexOf("=");
    if (end < 1) throw new Error("not NAME=value: " + line);
    env[line.slice(0, end)] = line.slice(end + 1);
  }
  return env;
}

at("kind").addEventListener("change", () => {
  const isRaw = at("kind").value === "raw";
  at("script-label").hidden = !isRaw;
  at("image-label").hidden = isRaw;
});

at("order").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter || at("order").querySelector("button");
  button.disabled = true;
  try {
    const kind = at("kind").value;
    const order = {
      version: at("version").value,
      executor_class: at("class").value,
      args: lines("args"),
      env: environment(),
      use_gpu: at("gpu").checked,
      input_url: at("input").value.trim(),
    };
    if (kind === "raw") order.raw_script = at("script").value;
    else order.docker_image = at("image").value.trim();
    const miner = at("miner").value.trim();
    if (miner) order.miner_hotkey = miner;
    await ask("/api/v1/job-" + kind + "/", order);
    await refresh();
  } catch (error) {
    notice(error.message);
  } finally {
    button.disabled = false;
  }
});

async function watch() {
  if (!document.hidden) await refresh();
  setTimeout(watch, INTERVAL_MS);
}
watch();

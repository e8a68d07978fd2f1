// Requests to the host: with the operator's token if there is one, bounded in time, and never to another host.

const BASE = "/operator/v1/";
/** Time for an answer that the host does not hold. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Time for the answer to a call of a command: the host waits 30 s for it. */
const CALL_TIMEOUT_MS = 40_000;
/** Time for the answer to a reload and the like: the host waits 120 s for a handler that runs. */
const CHANGE_TIMEOUT_MS = 130_000;
/** Pause before the first retry, and the longest one. */
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** Where the token is kept until the tab is closed. */
const TOKEN_KEY = "operator-token";

/** The host refused, or did not answer (`status` 0). */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** Whether the operator's token is missing or wrong. */
  get isForbidden() {
    return this.status === 401 || this.status === 403;
  }
}

/** The operator's token, or null. */
export function token() {
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Keeps the token for this tab; null forgets it. */
export function setToken(value) {
  if (value === null) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, value);
}

/** Answers of the host were seen at this time: for what is shown as stale. */
export const link = { seenMs: 0, error: null, retryAtMs: 0 };

/** `GET /operator/v1/<path>`. */
export function get(path, query = {}, options = {}) {
  return request("GET", BASE + path, query, undefined, options);
}

/** `GET /operator/panel/<name>`. */
export function panel(name, query = {}, options = {}) {
  return request("GET", `/operator/panel/${encodeURIComponent(name)}`, query, undefined, options);
}

/** `POST /operator/v1/control/<path>`. */
export function control(path, body = {}) {
  return request("POST", `${BASE}control/${path}`, {}, body, limits(path));
}

/** How long the answer may take, and what a timeout means: the host goes on with a change that it has begun. */
function limits(path) {
  if (path === "check") return {};
  const timeoutMs = path.startsWith("call/") ? CALL_TIMEOUT_MS : CHANGE_TIMEOUT_MS;
  return { timeoutMs, late: "the host did not answer in time; the change may still be made, so look before you repeat it" };
}

async function request(method, path, query, body, { signal, timeoutMs = ANSWER_TIMEOUT_MS, late = "the host did not answer in time" } = {}) {
  const words = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = words.length ? `?${new URLSearchParams(words.map(([name, value]) => [name, String(value)]))}` : "";
  const headers = {};
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
  let response;
  let text;
  try {
    response = await fetch(path + search, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(signals),
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, error.name === "TimeoutError" ? late : "the host does not answer");
  }
  link.seenMs = Date.now();
  link.error = null;
  if (!response.ok) throw new ApiError(response.status, reason(response.status, text));
  try {
    return parse(text);
  } catch {
    throw new ApiError(response.status, "the answer of the host is not JSON");
  }
}

/** JSON in which whole numbers that a double cannot hold are texts with all their digits. */
export function parse(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) => {
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(context?.source ?? "") ? context.source : value;
  });
}

function reason(status, text) {
  try {
    const { error } = JSON.parse(text);
    if (typeof error === "string" && error) return error;
  } catch {
    // A plain text says it as well.
  }
  return text.trim() || `the host answered with status ${status}`;
}

/**
 * Calls `work` again and again while the page is seen: after `interval` (milliseconds, or a function that returns them) when
 * it went well, later and later when not.
 */
export class Poll {
  #work;
  #interval;
  #onError;
  #failures = 0;
  #timer = 0;
  #abort = null;
  #stopped = false;
  #onVisibility = () => (document.hidden ? this.#rest() : this.now());

  constructor(work, interval, onError = () => {}) {
    this.#work = work;
    this.#interval = interval;
    this.#onError = onError;
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.now();
  }

  /** Calls at once, in place of a call that is under way. */
  now() {
    if (this.#stopped) return;
    this.#rest();
    if (document.hidden) return;
    this.#call();
  }

  stop() {
    this.#stopped = true;
    this.#rest();
    document.removeEventListener("visibilitychange", this.#onVisibility);
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  async #call() {
    const abort = new AbortController();
    this.#abort = abort;
    let retry = 0;
    try {
      await this.#work(abort.signal);
      this.#failures = 0;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#failures += 1;
      retry = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures - 1, 5));
      if (error instanceof ApiError && error.status === 0) {
        link.error = error.message;
        link.retryAtMs = Date.now() + retry;
      }
      this.#onError(error);
    }
    if (abort.signal.aborted || this.#stopped) return;
    const pause = typeof this.#interval === "function" ? this.#interval() : this.#interval;
    this.#timer = setTimeout(() => this.now(), retry || pause);
  }
}

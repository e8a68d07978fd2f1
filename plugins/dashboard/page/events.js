// Recent events: a held request that the host answers when there is one.

import { Poll, get } from "./api.js";

/** Events that the page keeps. */
export const EVENTS_COUNT_MAX = 500;
/** Time for which the host may hold the request, and for its answer. */
const WAIT_MS = 25_000;
const ANSWER_TIMEOUT_MS = 35_000;
/** Pause after an answer, so that many events come together. */
const PAUSE_MS = 1_000;

/** Follows the events of a filter `{extension, name}`. */
export class Feed {
  /** Newest first. */
  events = [];
  /** Number of events that the host no longer had when they were asked for. */
  lost = 0;
  #next = null;
  #poll;

  constructor(filter, onEvents, onError) {
    this.#poll = new Poll((signal) => this.#look(filter, onEvents, signal), PAUSE_MS, onError);
  }

  /** Asks at once. */
  now() {
    this.#poll.now();
  }

  stop() {
    this.#poll.stop();
  }

  async #look(filter, onEvents, signal) {
    // Without a number the host sends the latest at once.
    const query = { after: this.#next, wait_ms: this.#next === null ? null : WAIT_MS, ...filter };
    const answer = await get("events", query, { signal, timeoutMs: ANSWER_TIMEOUT_MS });
    const events = Array.isArray(answer.events) ? answer.events : [];
    // What the host no longer had when the page was opened is not missed.
    if (this.#next !== null) this.lost += Number(answer.lost) || 0;
    this.#next = answer.next ?? this.#next;
    this.events = [...events.reverse(), ...this.events].slice(0, EVENTS_COUNT_MAX);
    onEvents(events);
  }
}

// The live stream: server-sent events read by fetch, because EventSource can send neither a token
// nor a Last-Event-ID of its own choice, and hides why a connection failed.

import { request } from "./api.js";

const SLOWEST_RETRY = 15_000;
const FLUSH = 120;

/** Splits a byte stream into `{id, event, data}` (the WHATWG event stream format). */
export async function* events(stream) {
  let rest = "";
  let event = {};
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data !== undefined || event.event) yield event;
        event = {};
      } else if (line[0] !== ":") {
        const at = line.indexOf(":");
        const name = at < 0 ? line : line.slice(0, at);
        const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
        event[name] = name === "data" && event.data !== undefined ? `${event.data}\n${value}` : value;
      }
    }
  }
}

/**
 * Follows the log from `after` (a `seq`) until `stop()`. Rows come in bunches, a few times a second
 * at most, each once and in order; a lost connection is taken up where it broke off.
 *
 * `onRows(rows)`, `onState("live" | "lost" | "refused", problem)`.
 */
export function follow({ params, after, onRows, onState }) {
  const control = new AbortController();
  let last = after;
  let bunch = [];
  let timer = 0;
  let wake = () => {};

  const flush = () => {
    timer = 0;
    const rows = bunch;
    bunch = [];
    if (rows.length && !control.signal.aborted) onRows(rows);
  };

  const take = (event) => {
    if (event.id) last = event.id;
    if (!event.data) return;
    if (!event.event || event.event === "activity") {
      bunch.push(JSON.parse(event.data));
      timer ||= setTimeout(flush, FLUSH);
    }
  };

  const run = async () => {
    let wait = 500;
    while (!control.signal.aborted) {
      try {
        const headers = { accept: "text/event-stream", "last-event-id": String(last) };
        const response = await request("/activities/stream", { params, headers, signal: control.signal, cache: "no-store" });
        onState("live");
        wait = 500;
        for await (const event of events(response.body)) take(event);
      } catch (problem) {
        if (control.signal.aborted) return;
        if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return onState("refused", problem);
      }
      if (control.signal.aborted) return;
      onState("lost");
      // Jitter, so that many viewers do not return in the same moment.
      await new Promise((done) => { wake = done; setTimeout(done, wait * (0.75 + Math.random() / 2)); });
      wait = Math.min(wait * 2, SLOWEST_RETRY);
    }
  };
  const online = () => wake();
  addEventListener("online", online);
  run();
  return {
    get last() { return last; },
    stop() {
      removeEventListener("online", online);
      clearTimeout(timer);
      control.abort();
    },
  };
}

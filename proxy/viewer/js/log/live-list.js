// The last activities of one integration, live: on its page and in other teams' pages.

import { get } from "../api.js";
import { h } from "../dom.js";
import { follow } from "../live.js";
import { overview } from "../session.js";
import { failedState } from "./empty.js";
import "./activity-table.js";

/**
 * `{element, load(params), leave()}`: the newest `limit` rows that fit `params`, and those that come.
 * `onOpen(row)` is called for a click; `onState(state)` with the state of the connection.
 */
export function liveList({ limit = 50, onOpen, onState = () => {}, none }) {
  const table = document.createElement("activity-table");
  const over = h("div", { class: "list-over", hidden: true });
  const element = h("div", { class: "live-list" }, table, over);
  let turn = new AbortController();
  let feed = null;
  table.limit = limit;
  table.addEventListener("open", (event) => onOpen(event.detail));

  async function load(params) {
    turn.abort();
    feed?.stop();
    turn = new AbortController();
    const { signal } = turn;
    const first = async () => {
      const { items } = await get("/activities", [...params, ["limit", String(limit)]], signal);
      return { items, next: null };
    };
    table.addEventListener("stale", () => load(params), { once: true, signal });
    try {
      const facts = await overview(signal);
      const rows = await table.load(first);
      if (!rows || signal.aborted) return;
      const empty = () => { over.hidden = rows.size > 0; over.replaceChildren(h("div", { class: "empty" }, h("p", {}, none))); };
      empty();
      feed = follow({ params, after: facts.last_seq, onState, onRows: (fresh) => { table.receive(fresh); empty(); element.dispatchEvent(new CustomEvent("rows", { detail: fresh })); } });
    } catch (problem) {
      if (problem.name === "AbortError" || signal.aborted) return;
      over.hidden = false;
      over.replaceChildren(failedState(problem, () => load(params)));
      onState("lost");
      if (problem.status === 0) setTimeout(() => !signal.aborted && load(params), 3000);
    }
  }

  return { element, table, load, leave() { turn.abort(); feed?.stop(); } };
}

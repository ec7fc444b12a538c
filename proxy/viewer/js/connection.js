// The word beside the tools: whether what the page shows is live.

import { h } from "./dom.js";

const TEXTS = { live: "Live", lost: "Reconnecting…", paused: "Paused", refused: "Not live" };

/** Tells the state of the page's live stream; null: the page has none. `problem` says why it was refused. */
export function tellConnection(state, problem) {
  const place = document.getElementById("connection");
  if (!state) {
    place.replaceChildren();
    place.removeAttribute("title");
    delete place.dataset.state;
  } else if (place.dataset.state !== state) {
    place.dataset.state = state;
    place.title = problem?.message ?? TEXTS[state];
    place.replaceChildren(h("i"), h("span", {}, TEXTS[state]));
  }
}

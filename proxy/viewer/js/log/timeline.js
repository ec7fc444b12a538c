// The strip above the rows: how many activities by time, coloured by how they ended. Dragging over
// it chooses a time range.

import { get } from "../api.js";
import { h, s } from "../dom.js";

export function timeline() {
  return Object.assign(h("div", { class: "timeline" }), { load: async () => {}, count() {}, total: null });
}

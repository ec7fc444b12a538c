// What stands in the frame of <integration-activity-log>: waits for a token from the page around it,
// then shows the last activities of its integration.

import { useToken } from "./api.js";
import { tellConnection } from "./connection.js";
import { h, icon } from "./dom.js";
import { visible } from "./format.js";
import { liveList } from "./log/live-list.js";

const main = document.getElementById("main");
let details = null;

const list = liveList({
  none: "Nothing is recorded for this integration yet.",
  onState: tellConnection,
  async onOpen(row) {
    const { openDetails } = await import("./details/dialog.js");
    details = openDetails({
      onClose: () => { details = null; list.table.viewport.focus({ preventScroll: true }); },
      onMove: async (step) => { const next = await list.table.move(step); if (next) details?.show(next.id); },
      onFilter: (filter) => open(`/?${filter}`, "_blank", "noopener"),
    });
    details.show(row.id);
  },
});
list.element.addEventListener("rows", (event) => details?.receive(event.detail));
main.append(h("div", { class: "empty" }, icon("plug"), h("p", {}, "Waiting for the page around this log.")));

addEventListener("message", (event) => {
  // Who may frame this page is settled by frame-ancestors; only the page that does is listened to.
  if (event.source !== parent || event.data?.wiretrail !== "show" || typeof event.data.token !== "string") return;
  const { token, integration, organization, theme } = event.data;
  useToken(token);
  if (theme) document.documentElement.dataset.theme = theme === "dark" ? "dark" : "light";
  document.getElementById("title").textContent = integration ? `${visible(integration)} activity` : "Activity log";
  main.replaceChildren(list.element);
  list.load([["integration", integration], ["organization", organization]].filter(([, value]) => value));
});

// Links lead into the whole viewer, which may not be framed.
document.addEventListener("click", (event) => {
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement && node.href && !node.download);
  if (link && !event.defaultPrevented) { link.target = "_blank"; link.rel = "noopener"; }
}, true);

if (parent !== self) parent.postMessage({ wiretrail: "ready" }, "*");

// Starts the viewer: theme, tools of the top bar, keys, and the page of the address bar.

import { button, h, icon, popover, toast } from "./dom.js";
import { apply, onPreference, prefer, preference } from "./preferences.js";
import { go, place, render, start } from "./router.js";
import { forget, signOut, whoAmI } from "./session.js";

apply();

const THEMES = [["system", "System"], ["light", "Light"], ["dark", "Dark"]];
const TIMES = [["relative", "2 minutes ago"], ["absolute", "14:07:31"]];

function segments(name, options, label) {
  const buttons = options.map(([value, text]) => h("button", {
    type: "button", "aria-pressed": String(preference(name) === value),
    onclick: () => { prefer(name, value); buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(options[i][0] === value))); },
  }, text));
  return h("div", { class: "segments", role: "group", "aria-label": label }, buttons);
}

function settings() {
  const zones = h("select", { class: "field", "aria-label": "Time zone", onchange: (event) => prefer("zone", event.target.value) },
    h("option", { value: "" }, `Browser (${Intl.DateTimeFormat().resolvedOptions().timeZone})`), h("option", { value: "UTC" }, "UTC"),
    Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone }, zone.replaceAll("_", " "))));
  zones.value = preference("zone");
  return h("div", { class: "settings" },
    h("fieldset", {}, h("legend", {}, "Theme"), segments("theme", THEMES, "Theme")),
    h("fieldset", {}, h("legend", {}, "Times"), segments("times", TIMES, "Times")),
    h("fieldset", {}, h("legend", {}, "Time zone"), zones));
}

async function account() {
  const session = await whoAmI();
  const organizations = session.organizations === null ? "All organizations" : session.organizations.join(", ") || "No organization";
  return h("div", { class: "settings" },
    h("div", {}, h("b", {}, session.name), h("p", { class: "dim" }, organizations)),
    h("div", {}, session.rights.map((right) => h("span", { class: "badge plain" }, right))),
    !session.rights.includes("bodies") && h("p", { class: "dim" }, icon("lock"), " Headers and bodies are not shown: your token lacks that right."),
    button({ text: "Sign out", icon: "out", onclick: async () => { await signOut(); location.assign("/sign-in"); } }));
}

function tools() {
  const user = button({ icon: "user", label: "Account", class: "quiet" });
  popover(user, () => {
    const box = h("div", {}, h("p", { class: "dim" }, "…"));
    account().then((content) => box.replaceChildren(content), (problem) => box.replaceChildren(problem.message));
    return box;
  });
  document.getElementById("tools").replaceChildren(
    h("span", { class: "connection", id: "connection", role: "status" }),
    button({ icon: "help", label: "Keyboard help (?)", class: "quiet", onclick: help }),
    popover(button({ icon: "settings", label: "Display settings", class: "quiet" }), settings), user);
}

async function help() {
  const { openHelp } = await import("./help.js");
  openHelp();
}

const typing = (event) => event.composedPath()[0].closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
  if (event.key === "?") { event.preventDefault(); help(); return; }
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "g") {
    const next = (second) => {
      const target = { l: "/", a: "/analytics", i: "/integrations" }[second.key];
      if (target) { second.preventDefault(); second.stopImmediatePropagation(); go(target); }
    };
    document.addEventListener("keydown", next, { once: true, capture: true });
  }
});

addEventListener("wiretrail:signed-out", () => {
  forget();
  if (place().name === "sign-in") return;
  const back = location.pathname + location.search;
  document.querySelector("dialog[open]")?.close();
  go(`/sign-in?next=${encodeURIComponent(back)}`, { replace: true });
});

// What is fetched only when it is wanted may find the connection lost: a button must not do nothing silently.
addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof TypeError) || !/module/i.test(event.reason.message)) return;
  event.preventDefault();
  toast("Wiretrail cannot be reached", "plug");
});

onPreference((name) => name === "zone" && render());
tools();
// The page asks for its data at once; a missing session comes back as 401 and leads to sign-in.
if (place().name !== "sign-in") whoAmI().catch(() => {});
start();

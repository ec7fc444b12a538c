// Addresses to pages. A page is a module with `show(main, place)` that returns what ends it:
// `{leave(), update(place)}`. `update` is called when only the query or a sub-path changed.

import { h, icon } from "./dom.js";

const ROUTES = [
  { name: "log", pattern: /^\/$/, load: () => import("./pages/log.js") },
  { name: "log", pattern: /^\/activities\/(?<id>[^/]+)$/, load: () => import("./pages/activity.js") },
  { name: "analytics", pattern: /^\/analytics$/, load: () => import("./pages/analytics.js") },
  { name: "integrations", pattern: /^\/integrations$/, load: () => import("./pages/integrations.js") },
  { name: "integration", pattern: /^\/integrations\/(?<name>[^/]+)$/, load: () => import("./pages/integration.js") },
  { name: "sign-in", pattern: /^\/sign-in$/, load: () => import("./pages/sign-in.js") },
];

let current = null;
let turn = 0;

/** Null for what no address of ours is (`%E0%A4%A`). */
function decoded(groups) {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, value && decodeURIComponent(value)]));
  } catch {
    return null;
  }
}

/** Where the address bar points: `{name, parts, search}`. */
export function place() {
  for (const route of ROUTES) {
    const match = route.pattern.exec(location.pathname);
    const parts = match && decoded(match.groups ?? {});
    if (parts) return { ...route, parts, search: location.search };
  }
  return { name: "missing", parts: {}, search: "", load: () => import("./pages/missing.js") };
}

/** Changes the address and shows what it names. */
export function go(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return undefined;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  return render();
}

/** Shows the page of the address bar. */
export async function render() {
  const where = place();
  for (const link of document.querySelectorAll("[data-page]")) {
    const here = link.dataset.page === where.name || (link.dataset.page === "integrations" && where.name === "integration");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (current?.name === where.name && current.page.update) return current.page.update(where);
  const mine = (turn += 1);
  const module = await where.load().catch(() => null);
  if (mine !== turn) return undefined;
  current?.page.leave?.();
  const main = document.getElementById("main");
  main.replaceChildren();
  if (!module) return unreachable(main, mine);
  current = { name: where.name, page: module.show(main, where) };
  return undefined;
}

/** The files of a page did not come. They are asked for again until they do. */
function unreachable(main, mine) {
  current = null;
  main.append(h("div", { class: "empty", role: "status" }, icon("plug"), h("h2", {}, "Wiretrail cannot be reached"),
    h("p", {}, "Is it running? The page opens by itself as soon as it is back.")));
  const again = setInterval(async () => {
    if (mine !== turn) { clearInterval(again); return; }
    const back = await fetch("/healthz").catch(() => null);
    // A module that failed once may not be asked for again by the same page.
    if (back && mine === turn) location.reload();
  }, 2000);
}

/** Follows links of our own without loading the page anew. */
export function start() {
  addEventListener("popstate", render);
  document.addEventListener("click", (event) => {
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.hasAttribute("download") || link.target || link.hash) return;
    if (/^\/(api|static|metrics|healthz|readyz)/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  return render();
}

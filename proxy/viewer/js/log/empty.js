// What stands where rows would: why there are none, and what to do next.

import { button, command, h, icon } from "../dom.js";
import { isEmpty } from "../filters.js";
import { visible } from "../format.js";
import { whoAmI } from "../session.js";

/** A word of a shell command, quoted where it has to be. */
const word = (text) => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** ` --data DIR` of this installation; nothing where it is the folder that commands take by themselves. */
function dataOption(ca) {
  const folder = ca?.replace(/\/ca\/[^/]*$/, "");
  return !folder || folder === ca || folder.endsWith("/.local/share/wiretrail") ? "" : ` --data ${word(folder)}`;
}

/** Nothing recorded yet: how to point a client at the proxy, with this installation's addresses and folder. */
function firstSteps(about) {
  const out = about?.listeners.find((one) => one.direction === "outgoing")?.address;
  const hooks = about?.listeners.filter((one) => one.direction === "incoming") ?? [];
  const ca = word(about?.ca_file ?? "wiretrail-ca.pem");
  const data = dataOption(about?.ca_file);
  const part = (title, ...lines) => [h("h3", {}, title), ...lines.map(command)];
  return h("div", { class: "empty" }, icon("inbox"), h("h2", {}, "Nothing recorded yet"),
    h("p", {}, out || hooks.length ? "Send a call through the proxy and it appears here at once." : "This store is only looked at: no proxy of this process records into it."),
    h("div", { class: "commands" },
      out && part("Try one call", `curl --proxy http://${out} --cacert ${ca} https://api.github.com/zen`),
      out && part("Point a service at it", `eval "$(wiretrail env${data})"`, `wiretrail run${data} -- your-service`),
      hooks.length > 0 && part("Receive webhooks", ...hooks.map((one) => `curl -d '{"hello": "world"}' -H 'content-type: application/json' http://${one.address}/`)),
      out && !hooks.length && part("Receive webhooks", `wiretrail up${data} --incoming 127.0.0.1:8081=http://127.0.0.1:3000`),
      !out && !hooks.length && part("Start recording", `wiretrail up${data}`)));
}

/** A word for who may not see bodies, where it matters. */
export function withoutBodies(text) {
  const note = h("p", { class: "hint", hidden: true }, icon("lock"), text);
  whoAmI().then(({ rights }) => { note.hidden = rights.includes("bodies"); }, () => {});
  return note;
}

/** The empty state for a filter; `onChange(filter)` loosens it. */
export function emptyState(filter, about, onChange) {
  if (isEmpty(filter)) return firstSteps(about);
  const ranged = filter.has("since") || filter.has("until");
  const narrowed = [...filter.keys()].some((name) => name !== "since" && name !== "until");
  const withoutTime = new URLSearchParams([...filter].filter(([name]) => name !== "since" && name !== "until"));
  const onlyTime = new URLSearchParams([...filter].filter(([name]) => name === "since" || name === "until"));
  return h("div", { class: "empty" }, icon("filter"), h("h2", {}, "No activity matches"),
    h("p", {}, narrowed && ranged ? "Nothing in this time fits all the filters." : narrowed ? "Nothing fits all the filters." : "Nothing was recorded in this time."),
    filter.has("q") && withoutBodies("Headers and bodies are not searched: your token lacks that right."),
    h("p", {}, ranged && button({ text: "Search all time", onclick: () => onChange(withoutTime) }), " ",
      narrowed && button({ text: "Clear filters", onclick: () => onChange(onlyTime) })));
}

/** What was asked for could not be fetched. A filter that the API does not take is not tried again, but left: `onClear`. */
export function failedState(problem, onAgain, onClear) {
  const lost = problem.status === 0;
  const wrong = onClear && (problem.status === 400 || problem.status === 422);
  return h("div", { class: "empty" }, icon(lost ? "plug" : "broken"), h("h2", {}, lost ? "Wiretrail cannot be reached" : wrong ? "This filter cannot be used" : problem.title ?? "This did not work"),
    h("p", {}, lost ? "Is it running? The page connects again by itself as soon as it is back." : visible(problem.message)),
    h("p", {}, button(wrong ? { text: "Clear filters", onclick: onClear } : { text: "Try again", onclick: onAgain })));
}
